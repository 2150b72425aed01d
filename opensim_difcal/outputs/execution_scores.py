"""How well executed moments agree with measured ones: by trial, by task, over all trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opensim_difcal.calibration.metrics import Agreement, pooled_agreement
from opensim_difcal.calibration.result import Prediction
from opensim_difcal.execution.modes import ADJUSTING_MODES
from opensim_difcal.execution.result import ExecutedTrial, ExecutionResult

OPEN_LOOP = "open_loop"


@dataclass(frozen=True)
class Scores:
    """Agreement of one trial, or of several joined.

    Attributes:
        trial: Name of the trial; empty for several.
        task: What the person does in all of them; empty where no task is named, and for
            trials of any task.
        coordinates: Agreement by coordinate and mode, the open loop first where there is
            another mode; empty without measured moments.
    """

    trial: str
    task: str
    coordinates: Mapping[str, Mapping[str, Agreement]]


def trial_scores(result: ExecutionResult) -> tuple[Scores, ...]:
    """Returns the scores of every trial, in the order of the setup."""
    return tuple(_scores(result.mode, [each], each.trial.name, each.trial.task) for each in result.trials)


def task_scores(result: ExecutionResult) -> tuple[Scores, ...]:
    """Returns the scores of every task that is named, its trials joined."""
    tasks = dict.fromkeys(each.trial.task for each in result.trials if each.trial.task)
    return tuple(
        _scores(result.mode, [each for each in result.trials if each.trial.task == task], "", task)
        for task in tasks
    )


def pooled_scores(result: ExecutionResult) -> Scores:
    """Returns the scores of all trials joined."""
    return _scores(result.mode, result.trials, "", "")


def _scores(mode: str, trials: Sequence[ExecutedTrial], name: str, task: str) -> Scores:
    measured = [each for each in trials if each.trial.has_joint_moment]
    if not measured:
        return Scores(name, task, {})
    predictions: dict[str, list[Prediction]] = {}
    if mode in ADJUSTING_MODES:
        predictions[OPEN_LOOP] = [each.open_loop for each in measured]
    predictions[mode] = [each.prediction for each in measured]
    agreements = {label: pooled_agreement(joined) for label, joined in predictions.items()}
    coordinates = {
        coordinate: {label: by_coordinate[coordinate] for label, by_coordinate in agreements.items()}
        for coordinate in agreements[mode]
    }
    return Scores(name, task, coordinates)
