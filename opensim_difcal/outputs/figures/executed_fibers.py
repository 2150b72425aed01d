"""Where on the active force-length curve each muscle worked, and where it was calibrated."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs.figures.fiber_ranges import draw_curve, draw_predicted, fiber_legend, finish
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    UNCALIBRATED,
    Curve,
    Range,
    draw_span,
    legend_above,
    new_figure,
)


def executed_fibers(
    result: ExecutionResult, active_force_length: Curve, calibrated: Mapping[str, Range]
) -> Figure:
    """Draws each muscle's normalized fiber lengths over all trials, and those of the calibration.

    Args:
        result: The execution; has at least one trial.
        active_force_length: Default active force-length curve: normalized fiber lengths
            and multipliers.
        calibrated: Shortest and longest normalized fiber length of the calibration trials
            by muscle; a muscle may be missing.

    Returns:
        One row per muscle; thin over all samples, thick where the activation exceeds
        `fiber_ranges.ACTIVE`. Lengths of the calibration are known over all samples only.
    """
    names = result.trials[0].trial.muscle_names
    predictions = [each.prediction for each in result.trials]
    figure = new_figure(1.1 + 0.24 * len(names))
    axes = figure.subplots()
    draw_curve(axes, active_force_length)
    for row, name in enumerate(names):
        draw_predicted(axes, row - 0.16, row, predictions, CALIBRATED)
        draw_span(axes, row + 0.16, calibrated.get(name), color=UNCALIBRATED)
    finish(axes, names)
    seen = any(name in calibrated for name in names)
    legend_above(figure, fiber_legend(before="calibration trials" if seen else "", after="executed trials"))
    return figure
