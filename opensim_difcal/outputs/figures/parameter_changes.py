"""How far each parameter moved, against its bounds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.confidence import Interval
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
INTERVAL, UNSURE = "#303030", "#909090"


def parameter_changes(result: CalibrationResult) -> Figure:
    """Draws every parameter's start and final value within its bounds.

    The three parameters that are written to the model are shown as a ratio to their start
    value, the others as they are. A thin line is the 95 % interval that the trials alone
    allow, open where it is cut off at a bound; a hollow mark stands for a value that they do
    not determine.

    Args:
        result: The calibration.

    Returns:
        One panel per parameter, one row per muscle.
    """
    known = result.identifiability
    n_rows = -(-len(result.parameters) // N_COLUMNS)
    figure = new_figure(0.5 + n_rows * (0.6 + 0.17 * len(result.muscle_names)))
    panels = figure.subplots(n_rows, N_COLUMNS, squeeze=False).ravel()
    for panel, (name, change) in zip(panels, result.parameters.items(), strict=False):
        interval = known and known.by_trials[name]
        _panel(panel, name, change, interval, known and (known.informed[name] | ~known.is_calibrated(name)))
    for i, panel in enumerate(panels):
        panel.set_visible(i < len(result.parameters))
        muscle_axis(panel, result.muscle_names, labels=i % N_COLUMNS == 0)
    legend_above(figure, _legend(with_intervals=known is not None))
    return figure


def _panel(
    axes: Axes,
    name: str,
    change: ParameterChange,
    interval: Interval | None,
    informed: np.ndarray | None,
) -> None:
    relative = name in RELATIVE
    scale = change.initial if relative else np.ones_like(change.initial)
    rows = np.arange(len(scale))
    initial, final = change.initial / scale, change.final / scale
    axes.hlines(rows, change.lower / scale, change.upper / scale, color=BOUNDS, linewidth=5.0, zorder=1)
    colors = np.where(change.at_bound, AT_BOUND, CALIBRATED)
    axes.hlines(rows, initial, final, color=colors, linewidth=1.5, zorder=2)
    axes.scatter(initial, rows, marker="|", s=40, color=UNCALIBRATED, zorder=3)
    known = np.ones_like(change.at_bound) if informed is None else informed
    if interval is not None:
        lower, upper = interval.lower_95, interval.upper_95
        shades = np.where(known, INTERVAL, UNSURE)
        axes.hlines(rows, lower / scale, upper / scale, color=shades, linewidth=0.8, zorder=3)
        for end, is_cut_off in ((lower, lower <= change.lower), (upper, upper >= change.upper)):
            caps = ~is_cut_off
            axes.scatter(
                (end / scale)[caps], rows[caps], marker="|", s=14, color=shades[caps], lw=0.8, zorder=3
            )
    for at, size, marker, color in ((False, 18, "o", CALIBRATED), (True, 28, "D", AT_BOUND)):
        for sure, face in ((True, color), (False, "white")):
            chosen = (change.at_bound == at) & (known == sure)
            axes.scatter(
                final[chosen], rows[chosen], s=size, marker=marker, facecolor=face, edgecolor=color, zorder=4
            )
    tidy(axes)
    left_title(axes, name, bold=True)
    axes.set_xlabel("ratio to start value" if relative else "value (dimensionless)", fontsize=NORMAL)


def _legend(*, with_intervals: bool) -> list[Line2D]:
    hollow = {"marker": "o", "markersize": 5, "markerfacecolor": "white", "linestyle": ""}
    intervals = [
        Line2D([], [], color=INTERVAL, linewidth=0.8, label="95 % interval"),
        Line2D([], [], color=CALIBRATED, label="not determined", **hollow),
    ]
    return [
        Line2D([], [], color=BOUNDS, linewidth=5.0, label="allowed"),
        Line2D([], [], color=UNCALIBRATED, marker="|", markersize=8, linestyle="", label="start value"),
        Line2D([], [], color=CALIBRATED, marker="o", markersize=5, label="calibrated"),
        Line2D([], [], color=AT_BOUND, marker="D", markersize=5, label="calibrated, at a bound"),
        *(intervals if with_intervals else ()),
    ]
