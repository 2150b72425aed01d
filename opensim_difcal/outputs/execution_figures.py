"""The figures of an execution's report, each with a caption that says how to read it."""

from collections.abc import Mapping

from opensim_difcal.execution.modes import ADJUSTING_MODES
from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs.figures.executed_excitations import executed_excitations
from opensim_difcal.outputs.figures.executed_fibers import executed_fibers
from opensim_difcal.outputs.figures.executed_moments import executed_moments
from opensim_difcal.outputs.figures.fiber_ranges import ACTIVE
from opensim_difcal.outputs.figures.style import Curve, Range
from opensim_difcal.outputs.report_figures import embedded, moment_page_pictures
from opensim_difcal.outputs.report_page import Html
from opensim_difcal.outputs.report_pictures import ExecutionPictures

_OVERLAID = (
    "How to read: one panel per muscle, all trials on top of each other, time from the start to the end of "
    "each trial. "
)
_CHANGED = (
    "Where blue leaves grey, the EMG alone did not explain the joint moments. The number in a title is the "
    "RMS change over all trials."
)


def draw_execution_pictures(
    result: ExecutionResult, *, active_force_length: Curve, calibrated: Mapping[str, Range]
) -> ExecutionPictures:
    """Draws everything that the report shows.

    Args:
        result: The execution; has at least one trial.
        active_force_length: Default active force-length curve: normalized fiber lengths
            and multipliers.
        calibrated: Shortest and longest normalized fiber length of the calibration trials
            by muscle; empty where that is not known.
    """
    return ExecutionPictures(
        moments=tuple(executed_moment_pictures(result)),
        excitations=excitation_picture(result),
        fibers=executed_fiber_picture(result, active_force_length, calibrated),
    )


def executed_moment_pictures(result: ExecutionResult) -> list[Html]:
    """Returns the moments, one picture per page of trials."""
    measured = any(each.trial.has_joint_moment for each in result.trials)
    compared = result.mode in ADJUSTING_MODES
    sentences = [
        "How to read: one column per trial, one row per coordinate",
        ", numbers open loop → this run. " if compared else ". ",
        "Black is the moment from inverse dynamics, " if measured else "",
        "dashed grey what the given excitations lead to, " if compared else "",
        "blue what the model predicts." if measured else "Blue is what the model predicts.",
        _how_blue_should_be(result.mode) if measured else "",
    ]
    return moment_page_pictures(executed_moments(result), "".join(sentences))


def excitation_picture(result: ExecutionResult) -> Html:
    """Returns how every muscle was driven."""
    captions = {
        "open_loop": "Grey is the excitation after the electromechanical delay, colored the activation that "
        "drives the muscle. An activation should follow its excitation, a little later and smoother.",
        "emg_assisted": f"Grey is the excitation that was given, blue the one that was used. {_CHANGED}",
        "emg_hybrid": "Grey is the excitation that was given, blue the one that was used; green excitations "
        f"were found from nothing, and nothing measured shows whether they are right. {_CHANGED}",
        "static_optimization": "Excitations were found from the joint moments alone, as small as these "
        "allow. Nothing measured shows whether they are right: such a solution has little co-contraction.",
    }
    caption = _OVERLAID + captions[result.mode]
    if result.projected:
        caption += (
            " In a panel marked (projected) nothing was recorded: there grey is what the subject's synergies "
            "make of the recorded EMG."
        )
    alt = "Excitation of each muscle over all trials."
    return embedded(executed_excitations(result), "excitations", alt=alt, caption=caption)


def executed_fiber_picture(
    result: ExecutionResult, active_force_length: Curve, calibrated: Mapping[str, Range]
) -> Html:
    """Returns the fiber operating ranges."""
    caption = (
        "How to read: each blue bar spans the shortest to the longest normalized fiber length over all "
        f"trials, thin for all samples, thick where the muscle is active (activation above {ACTIVE}). The "
        "shaded hill is the active force-length curve: at 1 (dotted) a fiber is strongest, far to either "
        "side it can hardly produce force."
    )
    if calibrated:
        caption += (
            " Grey is what the calibration trials reached. Where blue goes well beyond grey, nothing shows "
            "whether the calibrated muscle is right."
        )
    alt = "Normalized fiber lengths of each muscle in this run and in the calibration."
    figure = executed_fibers(result, active_force_length, calibrated)
    return embedded(figure, "fibers", alt=alt, caption=caption)


def _how_blue_should_be(mode: str) -> str:
    if mode == "open_loop":
        return " Blue should follow black, which it never used."
    return (
        " Blue was made to follow black. Where it does not, the muscles cannot, or the weights of the search "
        "held the excitations back."
    )
