"""Excitations and the activations they become, one panel per muscle."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    NORMAL,
    SMALL,
    UNCALIBRATED,
    VALIDATION,
    left_title,
    legend_above,
    new_figure,
    tidy,
)
from opensim_difcal.outputs.trial_pairs import TrialPair, trial_pairs

N_COLUMNS = 5


def activations(result: CalibrationResult) -> Figure:
    """Draws every muscle's excitation and calibrated activation, all trials overlaid.

    Args:
        result: The calibration.

    Returns:
        Small panels that share their scales; time is in percent of the scored part of
        each trial. Muscles that synergies drive are marked.
    """
    n_rows = -(-len(result.muscle_names) // N_COLUMNS)
    figure = new_figure(0.8 + 1.05 * n_rows)
    grid = figure.add_gridspec(n_rows, N_COLUMNS)
    pairs = trial_pairs(result)
    synthesized = result.synergies.synthesized_muscles if result.synergies else ()
    for muscle, name in enumerate(result.muscle_names):
        panel = figure.add_subplot(grid[muscle])
        for pair in pairs:
            _draw_trial(panel, pair, muscle)
        left_title(panel, f"{name} (synthesized)" if name in synthesized else name, size=SMALL)
        panel.set(xlim=(0.0, 100.0), ylim=(0.0, 1.0), xticks=(0.0, 50.0, 100.0), yticks=(0.0, 0.5, 1.0))
        panel.label_outer()
        tidy(panel)
    figure.supxlabel("scored part of the trial (%)", fontsize=NORMAL)
    figure.supylabel("excitation and activation (0 to 1)", fontsize=NORMAL)
    legend_above(figure, _legend("excitation (EMG or synthesized)" if synthesized else "excitation (EMG)"))
    return figure


def _draw_trial(axes: Axes, pair: TrialPair, muscle: int) -> None:
    trial = pair.trial
    excitation = trial.excitation[trial.scored, muscle]
    activation = pair.calibrated.activation[trial.scored, muscle]
    percent = np.linspace(0.0, 100.0, len(excitation))
    axes.plot(percent, excitation, color=UNCALIBRATED, linewidth=0.6, alpha=0.6)
    color = VALIDATION if pair.is_validation else CALIBRATED
    axes.plot(percent, activation, color=color, linewidth=0.9, alpha=0.85)


def _legend(excitation: str) -> list[Line2D]:
    return [
        Line2D([], [], color=UNCALIBRATED, linewidth=1.0, label=excitation),
        Line2D([], [], color=CALIBRATED, linewidth=1.5, label="activation, calibration trials"),
        Line2D([], [], color=VALIDATION, linewidth=1.5, label="activation, validation trials"),
    ]
