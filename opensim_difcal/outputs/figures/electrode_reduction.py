"""Error and parameters against the number of electrodes, as the paper's Fig. 5."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from opensim_difcal.calibration.electrode_statistics import Comparison, Step
from opensim_difcal.outputs.figures.style import CALIBRATED, NORMAL, SYNTHESIZED, left_title, new_figure, tidy

_METHODS = ("EMG-driven", "synergy-hybrid")
_COLORS = (CALIBRATED, SYNTHESIZED)


def electrode_reduction(steps: Sequence[Step]) -> Figure:
    """Returns mean and standard error of both methods at every number of electrodes.

    A star marks numbers where the methods differ significantly.

    Args:
        steps: From all electrodes to the fewest.
    """
    figure = new_figure(3.4)
    panels = figure.subplots(1, 4)
    rows: list[tuple[str, list[tuple[Sequence[float] | np.ndarray, ...]], list[Comparison]]] = [
        (
            "RMSE, calibration trials, N m",
            [tuple(s.calibration_rmse for s in step.scores) for step in steps],
            [step.calibration_rmse for step in steps],
        ),
        (
            "RMSE, unseen trials, N m",
            [tuple(s.rmse for s in step.scores) for step in steps],
            [step.rmse for step in steps],
        ),
        (
            "R², unseen trials",
            [tuple(s.r2 for s in step.scores) for step in steps],
            [step.r2 for step in steps],
        ),
        (
            "parameter difference",
            [step.differences for step in steps],
            [step.parameters for step in steps],
        ),
    ]
    counts = np.array([len(step.electrodes) for step in steps])
    for axes, (title, values, comparisons) in zip(panels, rows, strict=True):
        tops = np.full(len(steps), -np.inf)
        for method, (name, color) in enumerate(zip(_METHODS, _COLORS, strict=True)):
            means = np.array([np.mean(each[method]) for each in values])
            errors = np.array([_standard_error(each[method]) for each in values])
            shift = 0.12 * (2 * method - 1)
            axes.errorbar(counts + shift, means, errors, color=color, marker="o", markersize=4, label=name)
            tops = np.maximum(tops, means + errors)
        for count, top, comparison in zip(counts, tops, comparisons, strict=True):
            if comparison.lower is not None:
                color = _COLORS[1 - comparison.lower if title.startswith("R²") else comparison.lower]
                axes.annotate("*", (count, top), ha="center", color=color, fontsize=14)
        left_title(axes, title)
        axes.set_xlabel("recorded electrodes", fontsize=NORMAL)
        axes.invert_xaxis()
        axes.margins(y=0.15)
        tidy(axes)
    low = min(float(np.mean(s.r2)) for step in steps for s in step.scores)
    panels[2].set_ylim(max(low - 0.1, -1.0), 1.02)
    panels[0].legend(frameon=False, fontsize=NORMAL)
    return figure


def _standard_error(values: Sequence[float] | np.ndarray) -> float:
    """Of the mean; zero where there is only one value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
