"""Which errors go together, and how much the trials say in every direction."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.confidence import INTERVAL_FACTOR, Identifiability
from opensim_difcal.outputs.figures.style import (
    AT_BOUND,
    CALIBRATED,
    MEASURED,
    NORMAL,
    SMALL,
    UNCALIBRATED,
    left_title,
    new_figure,
    tidy,
)

_LEAST = 1e-3  # information below is drawn here
_MOST_LARGE_NAMES = 25
_GRID = "#c8c8c8"


def correlations(known: Identifiability, muscle_names: tuple[str, ...]) -> Figure:
    """Draws the correlation of all unknowns' errors, muscle by muscle, and the singular values.

    Args:
        known: What the trials determine.
        muscle_names: In the order to draw; groups of muscles follow.
    """
    figure = new_figure(7.0)
    matrix, spectrum = figure.subplots(1, 2, width_ratios=(3.6, 1.0))
    _matrix(figure, matrix, known, muscle_names)
    _spectrum(spectrum, known)
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
    image = axes.imshow(
        known.correlation[np.ix_(order, order)],
        cmap="RdBu_r",
        vmin=-1.0,
        vmax=1.0,
        aspect="auto",
        interpolation="none",  # one pixel of the file for one pair, however large it is shown
    )
    ends = np.cumsum([len(row) for row in rows])
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color=_GRID, linewidth=0.5)
        axes.axvline(end - 0.5, color=_GRID, linewidth=0.5)
    labels = [*muscle_names, *(["groups"] if rows[-1] else [])]
    middles = [end - 0.5 - 0.5 * len(row) for end, row in zip(ends, rows, strict=True)][: len(labels)]
    size = SMALL if len(muscle_names) <= _MOST_LARGE_NAMES else 0.7 * SMALL
    axes.set_xticks(middles, labels, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(middles, labels, fontsize=size, parse_math=False)
    axes.tick_params(length=0)
    left_title(axes, "correlation of errors", bold=True)
    figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02).ax.tick_params(labelsize=SMALL)


def _spectrum(axes: Axes, known: Identifiability) -> None:
    """Information by direction; triangles stand for less than the scale shows."""
    information = known.singular_values
    number = np.arange(1, len(information) + 1)
    is_sure, is_shown = information >= INTERVAL_FACTOR, information >= _LEAST
    for chosen, color, marker in (
        (is_sure, CALIBRATED, "o"),
        (~is_sure & is_shown, AT_BOUND, "o"),
        (~is_shown, AT_BOUND, "v"),
    ):
        heights = np.maximum(information[chosen], _LEAST)
        axes.scatter(number[chosen], heights, s=9, color=color, marker=marker)
    axes.axhline(INTERVAL_FACTOR, color=UNCALIBRATED, linewidth=1.0)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.6 * _LEAST)
    axes.set_xlabel("direction, the best known first", fontsize=NORMAL)
    axes.set_ylabel("information (standard errors in a half range)", fontsize=NORMAL)
    title = f"{known.n_determined} of {len(information)} determined"
    left_title(axes, title, color=MEASURED, bold=True)
    axes.legend(handles=_legend(), loc="upper right", fontsize=SMALL, frameon=False, handletextpad=0.0)
    tidy(axes)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=color, marker="o", markersize=4, linestyle="", label=label)
        for color, label in ((CALIBRATED, "determined"), (AT_BOUND, "not determined"))
    ]
