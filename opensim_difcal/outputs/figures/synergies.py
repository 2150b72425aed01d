"""Synergies: weights, primitives, and the excitations they make; Fig. 4 of Hambly et al."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome, SynergyTrial, recording_of
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    MEASURED,
    NORMAL,
    SMALL,
    SYNTHESIZED,
    TERMS,
    UNCALIBRATED,
    UNSEEN,
    left_title,
    legend_above,
    new_figure,
    tidy,
)
from opensim_difcal.outputs.wording import shortened, vaf_text
from opensim_difcal.shapes import TimeArray

N_COLUMNS = 3
MOST_CALIBRATION, MOST_VALIDATION = 3, 2
_LEAST_SCALE = 0.1  # of an excitation axis, so that a silent muscle looks silent
_LONGEST_NAME = 24
_TRIAL_COLORS = (MEASURED, TERMS[3], TERMS[5])  # none that the bars have a meaning for


def weights_and_primitives(outcome: SynergyOutcome) -> Figure:
    """Draws one row per synergy: weights as bars, primitives as curves.

    Args:
        outcome: The synergies.

    Returns:
        Weights (means over trials where every trial has its own) share one scale, with
        the extracted ones as marks; primitives are those of the first calibration trials,
        over the scored part of each.
    """
    names = [*outcome.channel_names, *outcome.synthesized_muscles]
    longest = max(len(shortened(name, _LONGEST_NAME)) for name in names)
    figure = new_figure(1.2 + 0.075 * longest + 1.0 * outcome.n_synergies)
    grid = figure.add_gridspec(outcome.n_synergies, 2, width_ratios=(2.6, 1.0))
    trials = _of_role(outcome.trials, "calibration", MOST_CALIBRATION)
    weights = outcome.shared_weights
    highest = 1.08 * max(weights.max(), outcome.extracted.weights.max(), 1e-3)
    highest_primitive = 1.05 * max(1.0, *(t.primitives[t.trial.scored].max() for t in trials))
    for synergy in range(outcome.n_synergies):
        bars, curves = figure.add_subplot(grid[synergy, 0]), figure.add_subplot(grid[synergy, 1])
        _draw_weights(bars, outcome, synergy)
        bars.set(ylim=(0.0, highest))
        _draw_primitives(curves, trials, synergy)
        curves.set(xlim=(0.0, 100.0), ylim=(0.0, highest_primitive))
        left_title(bars, f"synergy {synergy + 1}: weights", size=SMALL)
        left_title(curves, f"synergy {synergy + 1}: primitive", size=SMALL)
        _finish_row(bars, curves, names, is_last=synergy == outcome.n_synergies - 1)
    legend_above(figure, _weights_legend(bool(outcome.synthesized_muscles)))
    _legend_below(figure, trials)
    return figure


def reconstructions(outcome: SynergyOutcome) -> Figure:
    """Draws every recorded channel against what synergies make of it, a few trials in a row.

    Args:
        outcome: The synergies.

    Returns:
        One panel per channel, each with a scale of its own.
    """
    trials = _shown(outcome.trials)
    by_channel = outcome.variance_accounted_for.by_channel
    titles = [
        f"{shortened(name, _LONGEST_NAME)}, VAF {vaf_text(by_channel[name])}"
        for name in outcome.channel_names
    ]

    def draw(panel: Axes, channel: int) -> float:
        highest = 0.0
        for x, each in enumerate(trials):
            measured = recording_of(each.trial).excitation[each.trial.scored, channel]
            rebuilt = each.reconstructed[each.trial.scored, channel]
            _draw_series(panel, x, measured, MEASURED)
            _draw_series(panel, x, rebuilt, CALIBRATED)
            highest = max(highest, measured.max(), rebuilt.max())
        return highest

    legend = [
        Line2D([], [], color=MEASURED, linewidth=1.5, label="recorded"),
        Line2D([], [], color=CALIBRATED, linewidth=1.5, label="reconstructed by synergies"),
    ]
    return _excitation_page(titles, trials, draw, legend)


def synthesized_excitations(outcome: SynergyOutcome) -> Figure:
    """Draws the excitations of unrecorded muscles, a few trials in a row.

    Args:
        outcome: The synergies; they drive at least one muscle.

    Returns:
        One panel per muscle, each with a scale of its own.
    """
    trials = _shown(outcome.trials)
    titles = [f"{shortened(name, _LONGEST_NAME)} (synthesized)" for name in outcome.synthesized_muscles]

    def draw(panel: Axes, muscle: int) -> float:
        highest = 0.0
        for x, each in enumerate(trials):
            column = each.trial.muscle_names.index(outcome.synthesized_muscles[muscle])
            series = each.trial.excitation[each.trial.scored, column]
            _draw_series(panel, x, series, SYNTHESIZED)
            highest = max(highest, series.max())
        return highest

    legend = [Line2D([], [], color=SYNTHESIZED, linewidth=1.5, label="synthesized (no recording)")]
    return _excitation_page(titles, trials, draw, legend)


def _of_role(trials: Sequence[SynergyTrial], role: str, most: int) -> list[SynergyTrial]:
    return [each for each in trials if each.trial.role == role][:most]


def _shown(trials: Sequence[SynergyTrial]) -> list[SynergyTrial]:
    return [
        *_of_role(trials, "calibration", MOST_CALIBRATION),
        *_of_role(trials, "validation", MOST_VALIDATION),
    ]


def _draw_weights(axes: Axes, outcome: SynergyOutcome, synergy: int) -> None:
    n_channels = len(outcome.channel_names)
    weights = outcome.shared_weights[:, synergy]
    rows = np.arange(len(weights))
    colors = [CALIBRATED] * n_channels + [SYNTHESIZED] * (len(weights) - n_channels)
    axes.bar(rows, weights, width=0.7, color=colors)
    initial = outcome.extracted.weights[:, synergy]
    axes.hlines(initial, rows[:n_channels] - 0.45, rows[:n_channels] + 0.45, color=MEASURED, linewidth=1.0)
    axes.set_xlim(-0.7, len(weights) - 0.3)


def _draw_primitives(axes: Axes, trials: Sequence[SynergyTrial], synergy: int) -> None:
    for i, each in enumerate(trials):
        series = each.primitives[each.trial.scored, synergy]
        percent = np.linspace(0.0, 100.0, len(series))
        axes.plot(percent, series, color=_TRIAL_COLORS[i], linewidth=1.1)


def _finish_row(bars: Axes, curves: Axes, names: Sequence[str], *, is_last: bool) -> None:
    for panel in (bars, curves):
        tidy(panel)
    rows = range(len(names))
    if is_last:
        labels = [shortened(name, _LONGEST_NAME) for name in names]
        bars.set_xticks(rows, labels, rotation=90, parse_math=False)
        curves.set_xlabel("scored part of the trial (%)", fontsize=SMALL)
    else:
        bars.set_xticks(rows, [])
        curves.tick_params(labelbottom=False)
    bars.tick_params(axis="x", length=0)


def _weights_legend(with_synthesized: bool) -> list[Artist]:
    artists: list[Artist] = [
        Patch(color=CALIBRATED, label="recorded channel"),
        Line2D([], [], color=MEASURED, linewidth=1.0, label="its weight as extracted"),
    ]
    if with_synthesized:
        artists.insert(1, Patch(color=SYNTHESIZED, label="synthesized muscle (no recording)"))
    return artists


def _legend_below(figure: Figure, trials: Sequence[SynergyTrial]) -> None:
    handles = [
        Line2D([], [], color=_TRIAL_COLORS[i], linewidth=1.5, label=shortened(each.trial.name, _LONGEST_NAME))
        for i, each in enumerate(trials)
    ]
    legend = figure.legend(
        handles=handles,
        loc="outside lower right",
        ncols=len(handles),
        fontsize=NORMAL,
        frameon=False,
    )
    for label in legend.get_texts():
        label.set_parse_math(False)  # names of trials are the user's


def _excitation_page(
    titles: Sequence[str],
    trials: Sequence[SynergyTrial],
    draw: Callable[[Axes, int], float],
    legend: Sequence[Artist],
) -> Figure:
    """Returns one panel per title; every trial takes one unit of the horizontal axis."""
    n_rows = -(-len(titles) // N_COLUMNS)
    figure = new_figure(1.0 + 0.95 * n_rows)
    grid = figure.add_gridspec(n_rows, N_COLUMNS)
    for i, title in enumerate(titles):
        panel = figure.add_subplot(grid[i])
        highest = draw(panel, i)
        for x, each in enumerate(trials):
            if each.trial.role == "validation":
                panel.axvspan(x, x + 1.0, color=UNSEEN, linewidth=0.0, zorder=0.0)
        left_title(panel, title, size=SMALL)
        panel.set(xlim=(0.0, len(trials)), ylim=(0.0, max(1.08 * highest, _LEAST_SCALE)))
        _trial_axis(panel, trials, labels=i + N_COLUMNS >= len(titles))
        tidy(panel)
    numbered = [f"{i}: {shortened(each.trial.name, _LONGEST_NAME)}" for i, each in enumerate(trials, start=1)]
    figure.supxlabel(f"trials   {'   '.join(numbered)}", fontsize=NORMAL, parse_math=False)
    figure.supylabel("excitation (own scale in each panel)", fontsize=NORMAL)
    if any(each.trial.role == "validation" for each in trials):
        label = "validation trial (synergies projected from the recorded EMG)"
        legend = [*legend, Patch(color=UNSEEN, label=label)]
    legend_above(figure, legend)
    return figure


def _draw_series(axes: Axes, x: int, series: TimeArray, color: str) -> None:
    # A small gap keeps neighboring trials apart.
    axes.plot(x + np.linspace(0.03, 0.97, len(series)), series, color=color, linewidth=0.9)


def _trial_axis(axes: Axes, trials: Sequence[SynergyTrial], *, labels: bool) -> None:
    centers = np.arange(len(trials)) + 0.5
    axes.set_xticks(centers, [str(i + 1) if labels else "" for i in range(len(trials))])
    axes.tick_params(axis="x", length=0)
    for x in range(1, len(trials)):
        axes.axvline(x, color=UNCALIBRATED, linewidth=0.4)
