"""Where on the active force-length curve each muscle works."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.result import CalibrationResult, Prediction
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    NORMAL,
    UNCALIBRATED,
    Curve,
    Range,
    draw_span,
    legend_above,
    muscle_axis,
    new_figure,
    tidy,
)
from opensim_difcal.outputs.trial_pairs import scored_range

ACTIVE = 0.1
SHOWN_LENGTHS = (0.3, 1.8)


def fiber_ranges(
    result: CalibrationResult, active_force_length: Curve, *, allowed: Range = (0.5, 1.5)
) -> Figure:
    """Draws each muscle's normalized fiber lengths over all trials, before and after.

    Args:
        result: The calibration.
        active_force_length: Default active force-length curve: normalized fiber lengths
            and multipliers.
        allowed: Normalized fiber lengths that cost nothing.

    Returns:
        One row per muscle; thin over all samples, thick where the activation exceeds
        `ACTIVE`.
    """
    figure = new_figure(1.1 + 0.24 * len(result.muscle_names))
    axes = figure.subplots()
    draw_fiber_ranges(axes, result, active_force_length)
    for limit in allowed:
        axes.axvline(limit, color="#444444", linewidth=0.8, linestyle="--")
    legend_above(figure, fiber_legend())
    return figure


def draw_fiber_ranges(axes: Axes, result: CalibrationResult, active_force_length: Curve) -> None:
    """Draws the ranges of all muscles over the curve."""
    draw_curve(axes, active_force_length)
    for row in range(len(result.muscle_names)):
        draw_predicted(axes, row - 0.16, row, result.uncalibrated, UNCALIBRATED)
        draw_predicted(axes, row + 0.16, row, result.calibrated, CALIBRATED)
    finish(axes, result.muscle_names)


def finish(axes: Axes, muscle_names: Sequence[str]) -> None:
    """Names the axes once all ranges are drawn, and shows the usual lengths at least."""
    muscle_axis(axes, muscle_names)
    drawn = axes.dataLim.intervalx
    axes.set_xlim(min(SHOWN_LENGTHS[0], drawn[0]), max(SHOWN_LENGTHS[1], drawn[1]))
    tidy(axes)
    axes.set_xlabel("normalized fiber length (fiber length / optimal_fiber_length)", fontsize=NORMAL)


def fiber_legend(before: str = "before calibration", after: str = "calibrated") -> list[Line2D]:
    """Returns the legend entries of the ranges.

    Args:
        before: What the grey ranges are; empty for none.
        after: What the blue ranges are.
    """
    grey = Line2D([], [], color=UNCALIBRATED, linewidth=4.5, label=before)
    return [
        *([grey] if before else []),
        Line2D([], [], color=CALIBRATED, linewidth=4.5, label=after),
        Line2D([], [], color="#444444", linewidth=1.5, label="thin: all samples"),
        Line2D([], [], color="#444444", linewidth=4.5, label=f"thick: activation above {ACTIVE}"),
    ]


def draw_predicted(
    axes: Axes, height: float, muscle: int, predictions: Sequence[Prediction], color: str
) -> None:
    """Draws a muscle's range over all trials, thin everywhere and thick where it is active."""
    everywhere = scored_range(predictions, "normalized_fiber_length", muscle)
    active = scored_range(predictions, "normalized_fiber_length", muscle, above_activation=ACTIVE)
    draw_span(axes, height, everywhere, color=color)
    draw_span(axes, height, active, color=color, thick=True)


def draw_curve(axes: Axes, active_force_length: Curve) -> None:
    """Draws the active force-length curve behind the ranges."""
    length, multiplier = active_force_length
    behind = axes.twinx()
    behind.fill_between(length, multiplier, color="#f3ead7", linewidth=0.0)
    behind.plot(length, multiplier, color="#b89b5e", linewidth=1.0)
    behind.set_ylim(0.0, 1.05)
    behind.set_ylabel("active force-length multiplier (shaded)", fontsize=NORMAL, color="#8a6d2f")
    tidy(behind)
    axes.axvline(1.0, color="#b89b5e", linewidth=0.8, linestyle=":")
    axes.set_zorder(behind.get_zorder() + 1)
    axes.patch.set_visible(False)
