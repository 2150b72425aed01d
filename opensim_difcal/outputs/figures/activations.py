"""Excitations and the activations they become, one panel per muscle."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.figures.muscle_panels import draw_background, draw_foreground, muscle_panels
from opensim_difcal.outputs.figures.style import CALIBRATED, UNCALIBRATED, VALIDATION
from opensim_difcal.outputs.trial_pairs import trial_pairs


def activations(result: CalibrationResult) -> Figure:
    """Draws every muscle's excitation and calibrated activation, all trials overlaid.

    Args:
        result: The calibration.

    Returns:
        Small panels that share their scales; time is in percent of the scored part of
        each trial. Muscles that synergies drive are marked.
    """
    pairs = trial_pairs(result)
    synthesized = result.synergies.synthesized_muscles if result.synergies else ()
    titles = [f"{name} (synthesized)" if name in synthesized else name for name in result.muscle_names]

    def draw(panel: Axes, muscle: int) -> None:
        for pair in pairs:
            trial = pair.trial
            draw_background(panel, trial.excitation[trial.scored, muscle], UNCALIBRATED)
            color = VALIDATION if pair.is_validation else CALIBRATED
            draw_foreground(panel, pair.calibrated.activation[trial.scored, muscle], color)

    legend = _legend("excitation (EMG or synthesized)" if synthesized else "excitation (EMG)")
    return muscle_panels(titles, draw, legend, quantity="excitation and activation (0 to 1)")


def _legend(excitation: str) -> list[Line2D]:
    return [
        Line2D([], [], color=UNCALIBRATED, linewidth=1.0, label=excitation),
        Line2D([], [], color=CALIBRATED, linewidth=1.5, label="activation, calibration trials"),
        Line2D([], [], color=VALIDATION, linewidth=1.5, label="activation, validation trials"),
    ]
