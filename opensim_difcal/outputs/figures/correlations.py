"""Which errors go together, and how much the trials say in every direction."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opensim_difcal.calibration.confidence import INTERVAL_FACTOR, Identifiability
from opensim_difcal.outputs.figures.style import (
    AT_BOUND,
    CALIBRATED,
    NORMAL,
    SMALL,
    left_title,
    new_figure,
    tidy,
)

_LEAST = 1e-3  # information below is drawn here


def correlations(known: Identifiability, muscle_names: tuple[str, ...]) -> Figure:
    """Draws the correlation of all unknowns' errors, muscle by muscle, and the singular values.

    Args:
        known: What the trials determine.
        muscle_names: In the order to draw; groups of muscles follow.
    """
    figure = new_figure(7.2)
    grid = figure.add_gridspec(1, 2, width_ratios=(3.2, 1.0))
    _matrix(figure, figure.add_subplot(grid[0]), known, muscle_names)
    _spectrum(figure.add_subplot(grid[1]), known)
    return figure


def order_by_muscle(unknowns: tuple[str, ...], muscle_names: tuple[str, ...]) -> list[list[int]]:
    """Returns the places of the unknowns by muscle, then those of groups of muscles."""
    owners = [label.split(" of ", 1)[1] for label in unknowns]
    rows = [[i for i, owner in enumerate(owners) if owner == muscle] for muscle in muscle_names]
    taken = {i for row in rows for i in row}
    return [*rows, [i for i in range(len(unknowns)) if i not in taken]]


def _matrix(figure: Figure, axes: Axes, known: Identifiability, muscle_names: tuple[str, ...]) -> None:
    rows = order_by_muscle(known.unknowns, muscle_names)
    order = np.array([i for row in rows for i in row])
    image = axes.imshow(known.correlation[np.ix_(order, order)], cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    ends = np.cumsum([len(row) for row in rows])
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color="white", linewidth=0.6)
        axes.axvline(end - 0.5, color="white", linewidth=0.6)
    labels = [*muscle_names, *(["groups"] if rows[-1] else [])]
    middles = [end - 0.5 - 0.5 * len(row) for end, row in zip(ends, rows, strict=True)][: len(labels)]
    size = SMALL if len(muscle_names) <= 25 else 0.6 * SMALL
    axes.set_xticks(middles, labels, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(middles, labels, fontsize=size, parse_math=False)
    axes.tick_params(length=0)
    left_title(axes, "correlation of errors", bold=True)
    figure.colorbar(image, ax=axes, shrink=0.6).ax.tick_params(labelsize=SMALL)


def _spectrum(axes: Axes, known: Identifiability) -> None:
    values = np.maximum(known.singular_values, _LEAST)
    number = np.arange(1, len(values) + 1)
    colors = [CALIBRATED if value >= INTERVAL_FACTOR else AT_BOUND for value in values]
    axes.scatter(number, values, s=8, color=colors)
    axes.axhline(INTERVAL_FACTOR, color=AT_BOUND, linewidth=1.0)
    axes.set_yscale("log")
    axes.set_xlabel("direction", fontsize=NORMAL)
    axes.set_ylabel("information (standard errors per half range)", fontsize=NORMAL)
    left_title(axes, f"{known.n_determined} of {len(values)} determined", bold=True)
    tidy(axes)
