"""The figures of a conversion's report: curves of both muscles, and forces along trials."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.outputs.conversion_forces import ComparedTrial, ForceChange
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    MEASURED,
    SMALL,
    Curve,
    left_title,
    legend_above,
    new_figure,
    tidy,
)

PANELS = (
    ("active force-length", "fiber length / optimal_fiber_length"),
    ("passive force-length", "fiber length / optimal_fiber_length"),
    ("force-velocity, fully active", "fiber velocity / max_contraction_velocity"),
    ("tendon", "tendon length / tendon_slack_length"),
)
_COLUMNS = 4


def curve_figure(curves: Sequence[tuple[Curve, Curve]]) -> Figure:
    """Draws the four curves of both muscles.

    Args:
        curves: Thelen's and Millard's curve for each of `PANELS`.
    """
    figure = new_figure(2.9)
    for axes, (title, label), (thelen, millard) in zip(
        figure.subplots(1, len(PANELS)), PANELS, curves, strict=True
    ):
        _draw_pair(axes, thelen, millard)
        left_title(axes, title)
        axes.set_xlabel(label, fontsize=SMALL)
    legend_above(figure, _legend())
    return figure


def force_figure(shown: Sequence[tuple[ComparedTrial, ForceChange]]) -> Figure:
    """Draws tendon forces of some muscles along a trial, in max_isometric_force.

    Args:
        shown: Trial and change of each panel; at least one.
    """
    n_rows = -(-len(shown) // _COLUMNS)
    figure = new_figure(0.6 + 1.9 * n_rows)
    every = figure.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
    for axes, (trial, change) in zip(every, shown, strict=False):
        before, after = trial.forces[change.muscle]
        strength = change.max_isometric_force
        curves = [(trial.time, each.tendon_force / strength) for each in (before, after)]
        _draw_pair(axes, *curves)
        axes.axvline(change.time, color=MEASURED, linewidth=0.5, linestyle=":")
        left_title(axes, f"{change.muscle}, {trial.name}: {100 * change.relative_rms:.1f} %", size=SMALL)
        axes.set_xlabel("s", fontsize=SMALL)
    for axes in every[len(shown) :]:
        axes.set_visible(False)
    legend_above(figure, _legend())
    return figure


def _draw_pair(axes: Axes, thelen: Curve, millard: Curve) -> None:
    axes.plot(*thelen, color=MEASURED, linewidth=1.2)
    axes.plot(*millard, color=CALIBRATED, linewidth=1.2)
    axes.set_ylim(bottom=min(0.0, float(np.min(millard[1]))))
    tidy(axes)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=MEASURED, label="Thelen2003Muscle"),
        Line2D([], [], color=CALIBRATED, label="Millard2012EquilibriumMuscle"),
    ]
