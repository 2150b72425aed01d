"""Joint moments against inverse dynamics, one panel per coordinate and trial."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.metrics import trial_agreement
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    MEASURED,
    NORMAL,
    SMALL,
    UNCALIBRATED,
    Range,
    left_title,
    legend_above,
    new_figure,
    tidy,
)
from opensim_difcal.outputs.trial_pairs import TrialPair, trial_pairs
from opensim_difcal.outputs.wording import moment_text, r2_text, readable_coordinate, shortened

MAX_COLUMNS = 5
LONGEST_NAME = 20


def moments(result: CalibrationResult) -> tuple[Figure, ...]:
    """Draws measured and predicted joint moments over the scored time.

    Args:
        result: The calibration.

    Returns:
        One figure per page of at most five trials, the calibration trials first; rows are
        coordinates and share their scale across all pages.
    """
    pairs = trial_pairs(result)
    n_pages = -(-len(pairs) // MAX_COLUMNS)
    limits = [_limits(pairs, row) for row in range(len(pairs[0].trial.coordinate_names))]
    pages = np.array_split(np.arange(len(pairs)), n_pages)
    return tuple(_page([pairs[i] for i in page], limits) for page in pages)


def draw_moment(axes: Axes, pair: TrialPair, coordinate: int) -> None:
    """Draws one coordinate's measured, uncalibrated and calibrated moment, N m."""
    trial = pair.trial
    time = trial.time[trial.scored]
    axes.axhline(0.0, color="#cccccc", linewidth=0.8, zorder=0)
    before, after = (
        both.joint_moment[trial.scored, coordinate] for both in (pair.uncalibrated, pair.calibrated)
    )
    axes.plot(time, before, color=UNCALIBRATED, linestyle="--", linewidth=1.2)
    axes.plot(time, trial.joint_moment[trial.scored, coordinate], color=MEASURED, linewidth=1.4)
    axes.plot(time, after, color=CALIBRATED, linewidth=1.4)
    axes.margins(x=0.02)
    tidy(axes)


def moment_legend() -> list[Line2D]:
    """Returns the legend entries of the three moment curves."""
    return [
        Line2D([], [], color=MEASURED, linewidth=1.4, label="measured (inverse dynamics)"),
        Line2D([], [], color=UNCALIBRATED, linestyle="--", linewidth=1.2, label="before calibration"),
        Line2D([], [], color=CALIBRATED, linewidth=1.4, label="calibrated"),
    ]


def agreement_text(pair: TrialPair, coordinate: str) -> str:
    """Returns R2 and RMSE before and after, two short lines."""
    before = trial_agreement(pair.uncalibrated)[coordinate]
    after = trial_agreement(pair.calibrated)[coordinate]
    return (
        f"R² {r2_text(before.r2)} → {r2_text(after.r2)}\n"
        f"RMSE {moment_text(before.rmse)} → {moment_text(after.rmse)} N m"
    )


def _page(pairs: Sequence[TrialPair], limits: Sequence[Range]) -> Figure:
    names = pairs[0].trial.coordinate_names
    figure = new_figure(0.7 + 1.9 * len(names))
    panels = figure.subplots(len(names), len(pairs), squeeze=False)
    for row, coordinate in enumerate(names):
        panels[row, 0].set_ylabel(f"{readable_coordinate(coordinate)}\nmoment (N m)", fontsize=NORMAL)
        for column, pair in enumerate(pairs):
            _panel(panels[row, column], pair, row, with_name=row == 0)
            panels[row, column].set_ylim(limits[row])
            panels[row, column].label_outer()
    for panel in panels[-1]:
        panel.set_xlabel("time (s)", fontsize=NORMAL)
    legend_above(figure, moment_legend())
    return figure


def _panel(axes: Axes, pair: TrialPair, coordinate: int, *, with_name: bool) -> None:
    draw_moment(axes, pair, coordinate)
    numbers = agreement_text(pair, pair.trial.coordinate_names[coordinate])
    left_title(axes, numbers, size=SMALL, color=CALIBRATED)
    if with_name:
        axes.annotate(
            f"{shortened(pair.trial.name, LONGEST_NAME)}\n({pair.trial.role})",
            (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0, 27),
            textcoords="offset points",
            fontsize=NORMAL,
            fontweight="bold",
            parse_math=False,
        )


def _limits(pairs: Sequence[TrialPair], coordinate: int) -> Range:
    series = [
        moment[pair.trial.scored, coordinate]
        for pair in pairs
        for moment in (pair.trial.joint_moment, pair.uncalibrated.joint_moment, pair.calibrated.joint_moment)
    ]
    values = np.concatenate(series)
    values = values[np.isfinite(values)]
    margin = 0.05 * float(np.ptp(values)) + 1e-3
    return float(values.min()) - margin, float(values.max()) + margin
