"""How far each parameter moved, against its bounds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.result import CalibrationResult, ParameterChange
from opensim_difcal.outputs.figures.style import (
    AT_BOUND,
    BOUNDS,
    CALIBRATED,
    NORMAL,
    UNCALIBRATED,
    left_title,
    legend_above,
    muscle_axis,
    new_figure,
    tidy,
)

RELATIVE = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")
N_COLUMNS = 3


def parameter_changes(result: CalibrationResult) -> Figure:
    """Draws every parameter's start and final value within its bounds.

    The three parameters that are written to the model are shown as a ratio to their start
    value, the activation parameters as they are.

    Args:
        result: The calibration.

    Returns:
        One panel per parameter, one row per muscle.
    """
    n_rows = -(-len(result.parameters) // N_COLUMNS)
    figure = new_figure(0.5 + n_rows * (0.6 + 0.17 * len(result.muscle_names)))
    panels = figure.subplots(n_rows, N_COLUMNS, squeeze=False).ravel()
    for panel, (name, change) in zip(panels, result.parameters.items(), strict=False):
        _panel(panel, name, change)
    for i, panel in enumerate(panels):
        panel.set_visible(i < len(result.parameters))
        muscle_axis(panel, result.muscle_names, labels=i % N_COLUMNS == 0)
    legend_above(figure, _legend())
    return figure


def _panel(axes: Axes, name: str, change: ParameterChange) -> None:
    relative = name in RELATIVE
    scale = change.initial if relative else np.ones_like(change.initial)
    rows = np.arange(len(scale))
    initial, final = change.initial / scale, change.final / scale
    axes.hlines(rows, change.lower / scale, change.upper / scale, color=BOUNDS, linewidth=5.0, zorder=1)
    colors = np.where(change.at_bound, AT_BOUND, CALIBRATED)
    axes.hlines(rows, initial, final, color=colors, linewidth=1.5, zorder=2)
    axes.scatter(initial, rows, marker="|", s=40, color=UNCALIBRATED, zorder=3)
    inside, at = ~change.at_bound, change.at_bound
    axes.scatter(final[inside], rows[inside], s=18, color=CALIBRATED, zorder=4)
    axes.scatter(final[at], rows[at], s=28, marker="D", color=AT_BOUND, zorder=4)
    tidy(axes)
    left_title(axes, name, bold=True)
    axes.set_xlabel("ratio to start value" if relative else "value (dimensionless)", fontsize=NORMAL)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=BOUNDS, linewidth=5.0, label="allowed"),
        Line2D([], [], color=UNCALIBRATED, marker="|", markersize=8, linestyle="", label="start value"),
        Line2D([], [], color=CALIBRATED, marker="o", markersize=5, label="calibrated"),
        Line2D([], [], color=AT_BOUND, marker="D", markersize=5, label="calibrated, at a bound"),
    ]
