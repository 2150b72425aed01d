"""Small panels, one per muscle, with all trials on top of each other."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.outputs.figures.style import NORMAL, SMALL, left_title, legend_above, new_figure, tidy

N_COLUMNS = 5


def muscle_panels(
    titles: Sequence[str], draw: Callable[[Axes, int], None], legend: Sequence[Line2D], *, quantity: str
) -> Figure:
    """Draws series of 0 to 1 over percent of the scored part of each trial.

    Args:
        titles: One per muscle.
        draw: Draws the muscle of an index into a panel.
        legend: What the curves are.
        quantity: Names the vertical axes.

    Returns:
        Panels that share their scales.
    """
    n_rows = -(-len(titles) // N_COLUMNS)
    figure = new_figure(0.8 + 1.05 * n_rows)
    grid = figure.add_gridspec(n_rows, N_COLUMNS)
    for muscle, title in enumerate(titles):
        panel = figure.add_subplot(grid[muscle])
        draw(panel, muscle)
        left_title(panel, title, size=SMALL)
        panel.set(xlim=(0.0, 100.0), ylim=(0.0, 1.0), xticks=(0.0, 50.0, 100.0), yticks=(0.0, 0.5, 1.0))
        panel.label_outer()
        tidy(panel)
    figure.supxlabel("scored part of the trial (%)", fontsize=NORMAL)
    figure.supylabel(quantity, fontsize=NORMAL)
    legend_above(figure, legend)
    return figure


def draw_background(
    axes: Axes, series: Float[np.ndarray, " sample"], color: str, *, width: float = 0.6
) -> None:
    """Draws a faint curve over percent of its length; its width is in points."""
    axes.plot(_percent(series), series, color=color, linewidth=width, alpha=0.6)


def draw_foreground(
    axes: Axes, series: Float[np.ndarray, " sample"], color: str, *, width: float = 0.9
) -> None:
    """Draws a curve over percent of its length; its width is in points."""
    axes.plot(_percent(series), series, color=color, linewidth=width, alpha=0.85)


def _percent(series: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " sample"]:
    return np.linspace(0.0, 100.0, len(series))
