"""What the report of an execution says in words."""

from collections.abc import Mapping

from opensim_difcal.calibration.metrics import Agreement
from opensim_difcal.execution.modes import ADJUSTING_MODES, TRACKING_MODES
from opensim_difcal.execution.result import ExecutionResult, SearchStatus
from opensim_difcal.outputs.execution_scores import OPEN_LOOP
from opensim_difcal.outputs.quantities import RECORDED_EXCITATIONS
from opensim_difcal.outputs.report_sentences import HOW_TO_READ_NUMBERS
from opensim_difcal.outputs.wording import (
    moment_text,
    percent_text,
    r2_text,
    readable_coordinate,
    sentence_start,
    words_of_mode,
)
from opensim_difcal.wording import counted

_DRIVEN = {
    "open_loop": "recorded excitations drove the muscles",
    "emg_assisted": "recorded excitations were adjusted so that the joint moments are tracked",
    "emg_hybrid": "recorded excitations were adjusted, and muscles without a recording got the smallest "
    "excitations that help, so that the joint moments are tracked",
    "static_optimization": "no EMG was used; all excitations are as small as the joint moments allow",
}
_MOST_NAMED = 3

HOW_TO_READ_AGREEMENT = (
    f"{HOW_TO_READ_NUMBERS} The normalized RMSE is the RMSE over the range of the measured moment, the peak "
    "error the largest difference at any instant."
)


def execution_introduction(result: ExecutionResult) -> str:
    """Says what was run, and how."""
    n_muscles = len(result.trials[0].trial.muscle_names)
    return (
        f"{counted(len(result.trials), 'trial')} run with {counted(n_muscles, 'muscle')}, "
        f"{words_of_mode(result.mode)}: {_DRIVEN[result.mode]}."
    )


def execution_headline(result: ExecutionResult) -> str:
    """Opens the list of `execution_coordinate`."""
    n_measured = sum(each.trial.has_joint_moment for each in result.trials)
    if not n_measured:
        return (
            "No trial has measured joint moments, so nothing here shows whether the predicted ones are right."
        )
    if n_measured < len(result.trials):
        return f"On the {n_measured} of {len(result.trials)} trials that have measured joint moments:"
    return f"On all {n_measured} trials:" if n_measured > 1 else "On the only trial:"


def execution_coordinate(coordinate: str, by_mode: Mapping[str, Agreement]) -> str:
    """Says how well one coordinate's moment agrees, for a reader who knows the joint, not the code."""
    label = sentence_start(readable_coordinate(coordinate))
    *_, after = by_mode.values()
    before = by_mode.get(OPEN_LOOP)
    if before is None or before is after:
        return (
            f"{label}: the moment's error is {moment_text(after.rmse)} N m, {percent_text(after.nrmse)} of "
            f"the measured range (R² {r2_text(after.r2)})."
        )
    verb = "rose" if after.rmse > before.rmse else "fell"
    return (
        f"{label}: the moment's error {verb} from {moment_text(before.rmse)} N m in open loop to "
        f"{moment_text(after.rmse)} N m, {percent_text(after.nrmse)} of the measured range "
        f"(R² {r2_text(before.r2)} to {r2_text(after.r2)})."
    )


def tracking_caution(result: ExecutionResult) -> str:
    """Says what a small error does not show; empty where moments were not tracked."""
    if result.mode not in TRACKING_MODES:
        return ""
    where, silent = "a run in mode open_loop", ""
    if result.mode == "emg_assisted":
        where = "the open loop"
    if result.mode == "emg_hybrid":
        silent = " In what is called open loop here, muscles without a recording are silent."
    return (
        "The measured moments were used to find the excitations. So a small error shows that these "
        f"muscles can produce the moments, not that the model predicts them; only {where} shows that.{silent}"
    )


def unmeasured_trials(result: ExecutionResult) -> str:
    """Names the trials that could not be scored; empty where there are none."""
    names = [each.trial.name for each in result.trials if not each.trial.has_joint_moment]
    if not names:
        return ""
    return f"Without measured joint moments, and so without errors: {', '.join(names)}."


def search_sentences(
    result: ExecutionResult, changes: Mapping[str, float], overall: float | None
) -> list[str]:
    """Says how excitations were found; nothing for mode open_loop.

    Args:
        result: The execution.
        changes: RMS change by adjusted muscle over all trials.
        overall: The same over all muscles.
    """
    searches = [each.search for each in result.trials if each.search is not None]
    if not searches:
        return []
    n_done = sum(search.status is SearchStatus.CONVERGED for search in searches)
    sentences = [f"The search for excitations converged in {n_done} of {counted(len(searches), 'trial')}."]
    if overall is not None:
        most = sorted(changes, key=lambda name: -changes[name])[:_MOST_NAMED]
        named = ", ".join(f"{name} {changes[name]:.3f}" for name in most)
        sentences.append(
            f"{counted(len(changes), 'excitation')} could be adjusted and changed by {overall:.3f} (RMS, on "
            f"the scale of 0 to 1); most: {named}."
        )
    synthesized = searches[0].synthesized
    if len(synthesized) == len(result.trials[0].trial.muscle_names):
        sentences.append("Excitations of all muscles were synthesized.")
    elif synthesized:
        sentences.append(f"Synthesized excitations: {', '.join(synthesized)}.")
    return sentences


def projected_sentence(result: ExecutionResult) -> str:
    """Names muscles that synergies drive; empty where there are none."""
    if not result.projected:
        return ""
    return (
        f"Nothing was recorded of {', '.join(result.projected)}; the subject's synergies drive them, "
        "projected from the recorded EMG."
    )


def how_to_go_on(result: ExecutionResult) -> list[str]:
    """Says what to do with the files beside the report, and what to try next."""
    lines = [
        "The .sto tables beside this page hold excitations, activations, fiber lengths, tendon forces and "
        "joint moments of every trial. Plot them in OpenSim (Tools, Plot) or load them with the motion."
    ]
    if result.mode in ADJUSTING_MODES:
        lines.append(
            f"The tables named <trial>_{RECORDED_EXCITATIONS}.sto hold the excitations before they were "
            "adjusted."
        )
    lines.append(
        "agreement.csv and summary.json hold the numbers of this page for a spreadsheet or a program."
    )
    return [*lines, *_next_steps(result)]


def _next_steps(result: ExecutionResult) -> list[str]:
    steps = []
    if not all(each.trial.has_joint_moment for each in result.trials):
        steps.append("To see errors of every trial, give its inverse dynamics (<generalized_forces_file>).")
    if result.mode == "open_loop":
        steps.append(
            "Where a moment does not follow the measured one, mode emg_assisted finds the smallest change of "
            "the excitations that explains it."
        )
    if result.mode in ADJUSTING_MODES:
        steps.append(
            "A larger <gamma> keeps the excitations closer to the EMG; a smaller one lets the moments come "
            "closer to the measured ones."
        )
    if result.mode == "emg_hybrid":
        steps.append("A larger <beta> makes synthesized excitations smaller.")
    if result.mode == "static_optimization":
        steps.append("A larger <alpha> brings the moments closer to the measured ones.")
    return steps
