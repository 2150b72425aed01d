"""How far each tendon is stretched."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.figures.style import (
    ALLOWED,
    AT_BOUND,
    CALIBRATED,
    NORMAL,
    UNCALIBRATED,
    Range,
    draw_span,
    legend_above,
    muscle_axis,
    new_figure,
    tidy,
)
from opensim_difcal.outputs.trial_pairs import scored_range


def tendon_strains(result: CalibrationResult, *, allowed: Range = (0.0, 0.05)) -> Figure:
    """Draws each muscle's range of tendon strain over all trials, before and after.

    Args:
        result: The calibration.
        allowed: Strains that cost nothing.

    Returns:
        One row per muscle; a calibrated range that leaves the allowed one stands out.
    """
    figure = new_figure(1.1 + 0.22 * len(result.muscle_names))
    axes = figure.subplots()
    axes.axvspan(100.0 * allowed[0], 100.0 * allowed[1], color=ALLOWED, linewidth=0.0, zorder=0)
    for row in range(len(result.muscle_names)):
        before = _percent(scored_range(result.uncalibrated, "tendon_strain", row))
        after = _percent(scored_range(result.calibrated, "tendon_strain", row))
        outside = after is not None and (after[0] < 100.0 * allowed[0] or after[1] > 100.0 * allowed[1])
        draw_span(axes, row - 0.16, before, color=UNCALIBRATED, thick=True)
        draw_span(axes, row + 0.16, after, color=AT_BOUND if outside else CALIBRATED, thick=True)
    muscle_axis(axes, result.muscle_names)
    tidy(axes)
    axes.set_xlabel("tendon strain (% of tendon_slack_length)", fontsize=NORMAL)
    legend_above(figure, _legend())
    return figure


def _percent(span: Range | None) -> Range | None:
    return None if span is None else (100.0 * span[0], 100.0 * span[1])


def _legend() -> list[Line2D | Patch]:
    return [
        Patch(color=ALLOWED, label="allowed"),
        Line2D([], [], color=UNCALIBRATED, linewidth=4.5, label="before calibration"),
        Line2D([], [], color=CALIBRATED, linewidth=4.5, label="calibrated"),
        Line2D([], [], color=AT_BOUND, linewidth=4.5, label="calibrated, leaves the allowed range"),
    ]
