"""Excitations of an execution, one panel per muscle."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs.execution_changes import change_by_muscle
from opensim_difcal.outputs.figures.muscle_panels import draw_background, draw_foreground, muscle_panels
from opensim_difcal.outputs.figures.style import CALIBRATED, SYNTHESIZED, UNCALIBRATED
from opensim_difcal.outputs.wording import shortened

_LONGEST_NAME = 16
_WIDE, _THIN = 2.2, 0.6  # given excitations show on both sides of those used, where these lie on them


def executed_excitations(result: ExecutionResult) -> Figure:
    """Draws how every muscle was driven, all trials overlaid.

    Args:
        result: The execution; has at least one trial.

    Returns:
        In mode open_loop excitations and the activations they become; in the other modes
        the given excitations and those that were used. Titles mark muscles that were
        projected, synthesized or adjusted, with the RMS change over all trials. Panels
        share their scales; time is in percent of the scored part of each trial.
    """
    if result.mode == "open_loop":
        return _driven(result)
    return _searched(result)


def _driven(result: ExecutionResult) -> Figure:
    def draw(panel: Axes, muscle: int) -> None:
        for each in result.trials:
            scored = each.trial.scored
            draw_background(panel, each.trial.excitation[scored, muscle], UNCALIBRATED)
            draw_foreground(panel, each.prediction.activation[scored, muscle], CALIBRATED)

    legend = [
        _line(UNCALIBRATED, "excitation (EMG or projected)" if result.projected else "excitation (EMG)"),
        _line(CALIBRATED, "activation"),
    ]
    return muscle_panels(_titles(result), draw, legend, quantity="excitation and activation (0 to 1)")


def _searched(result: ExecutionResult) -> Figure:
    synthesized = _synthesized(result)
    names = result.trials[0].trial.muscle_names
    has_given = len(synthesized) < len(names)

    def draw(panel: Axes, muscle: int) -> None:
        nothing_given = names[muscle] in synthesized
        for each in result.trials:
            scored = each.trial.scored
            if not nothing_given:
                draw_background(panel, each.given_excitation[scored, muscle], UNCALIBRATED, width=_WIDE)
            color = SYNTHESIZED if nothing_given else CALIBRATED
            draw_foreground(panel, each.trial.excitation[scored, muscle], color, width=_THIN)

    given = "given (EMG or projected)" if result.projected else "given (EMG)"
    legend = [
        *([_line(UNCALIBRATED, given), _line(CALIBRATED, "used")] if has_given else []),
        *([_line(SYNTHESIZED, "synthesized (nothing recorded)")] if synthesized else []),
    ]
    return muscle_panels(_titles(result), draw, legend, quantity="excitation (0 to 1)")


def _titles(result: ExecutionResult) -> list[str]:
    changes = change_by_muscle(result.trials)
    synthesized = _synthesized(result)
    titles = []
    for name in result.trials[0].trial.muscle_names:
        marks = [
            *(["projected"] if name in result.projected else []),
            *([f"adjusted by {changes[name]:.3f}"] if name in changes else []),
            *(["synthesized"] if name in synthesized else []),
        ]
        titles.append(shortened(name, _LONGEST_NAME) + (f" ({', '.join(marks)})" if marks else ""))
    return titles


def _synthesized(result: ExecutionResult) -> tuple[str, ...]:
    search = result.trials[0].search
    return search.synthesized if search else ()


def _line(color: str, label: str) -> Line2D:
    return Line2D([], [], color=color, linewidth=1.5, label=label)
