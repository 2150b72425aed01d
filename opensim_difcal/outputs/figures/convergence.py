"""How the cost fell."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.figures.style import MEASURED, NORMAL, TERMS, new_figure, tidy


def convergence(result: CalibrationResult) -> Figure:
    """Draws the weighted cost of every term against the iteration, on a log scale.

    Args:
        result: The calibration.

    Returns:
        One line per term and one for the total; a term that is zero has no line there.
    """
    figure = new_figure(3.2)
    axes = figure.subplots()
    names = sorted({name for cost in result.cost_history for name in cost} - {"total"})
    for i, name in enumerate(["total", *names]):
        cost = np.array([cost.get(name, np.nan) for cost in result.cost_history], dtype=np.float64)
        color = MEASURED if name == "total" else TERMS[(i - 1) % len(TERMS)]
        marker = "o" if len(cost) == 1 else ""
        positive = np.where(cost > 0.0, cost, np.nan)
        axes.plot(positive, color=color, marker=marker, linewidth=2.0 if name == "total" else 1.3, label=name)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(axes)
    axes.set_xlabel("iteration", fontsize=NORMAL)
    axes.set_ylabel("weighted cost (dimensionless)", fontsize=NORMAL)
    figure.legend(loc="outside right upper", fontsize=NORMAL, frameon=False)
    return figure
