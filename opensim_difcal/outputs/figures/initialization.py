"""How start values differ from the scaled model's."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.initialization.result import InitializationResult
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    NORMAL,
    UNCALIBRATED,
    left_title,
    legend_above,
    muscle_axis,
    new_figure,
    svg,
    tidy,
)
from opensim_difcal.outputs.report_page import Html, picture

_RATIOS = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")


def initialization_figure(result: InitializationResult) -> Figure:
    """Draws each muscle's start values as ratios to the scaled model's, and what the lengths achieve.

    Args:
        result: The start values.

    Returns:
        One row per muscle; panels for what was looked at: lengths and the remaining difference to
        the reference model's fibers, forces.
    """
    names = [muscle.name for muscle in result.muscles]
    titles = [*(_RATIOS[:2] if result.has_reference else ()), *(_RATIOS[2:] if result.leg_volume else ())]
    figure = new_figure(1.2 + 0.16 * len(names))
    panels = figure.subplots(1, len(titles) + int(result.has_reference), squeeze=False)[0]
    for panel, title in zip(panels, titles, strict=False):
        ratios = [after / before for before, after in (getattr(each, title) for each in result.muscles)]
        _ratio_panel(panel, title, ratios)
    if result.has_reference:
        _difference_panel(panels[-1], result)
    for i, panel in enumerate(panels):
        muscle_axis(panel, names, labels=i == 0)
    legend_above(
        figure,
        [
            Line2D([], [], color=UNCALIBRATED, marker="o", markersize=4, linestyle="", label="scaled model"),
            Line2D([], [], color=CALIBRATED, marker="o", markersize=4, linestyle="", label="start value"),
        ],
    )
    return figure


def initialization_picture(result: InitializationResult) -> Html:
    """Returns the figure with a caption that says how to read it."""
    caption = (
        "How to read: one row per muscle. Blue is the new value, as a ratio to the scaled model's (grey)."
    )
    if result.has_reference:
        caption += (
            " On the right the root mean squared difference of normalized fiber length to the unscaled "
            "model, over all poses of the joints that the muscle spans: the further left, the more alike the "
            "muscles work."
        )
    alt = "Ratio of start values to the scaled model's, one row per muscle"
    return picture(
        svg(initialization_figure(result), "initialization"), "image/svg+xml", alt=alt, caption=caption
    )


def _ratio_panel(axes: Axes, title: str, ratios: Sequence[float]) -> None:
    rows = range(len(ratios))
    axes.axvline(1.0, color=UNCALIBRATED, linewidth=1.0, zorder=1)
    axes.hlines(rows, 1.0, ratios, color=CALIBRATED, linewidth=1.2, zorder=2)
    axes.scatter(ratios, rows, s=14, color=CALIBRATED, zorder=3)
    _labels(axes, title, "ratio to the scaled model")


def _difference_panel(axes: Axes, result: InitializationResult) -> None:
    for row, muscle in enumerate(result.muscles):
        if muscle.fiber_difference is not None:
            axes.plot(muscle.fiber_difference, (row, row), color=CALIBRATED, linewidth=1.2, zorder=1)
            for value, color in zip(muscle.fiber_difference, (UNCALIBRATED, CALIBRATED), strict=True):
                axes.scatter([value], [row], s=14, color=color, zorder=2)
    axes.set_xlim(left=0.0)
    _labels(axes, "difference to the reference", "normalized fiber length, RMS")


def _labels(axes: Axes, title: str, label: str) -> None:
    tidy(axes)
    left_title(axes, title, bold=True)
    axes.set_xlabel(label, fontsize=NORMAL)
