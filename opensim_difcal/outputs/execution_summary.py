"""summary.json: the outcome of an execution for programs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from opensim_difcal.execution.result import ExecutedTrial, ExecutionResult
from opensim_difcal.outputs.execution_changes import change_by_muscle, overall_change
from opensim_difcal.outputs.execution_scores import Scores, pooled_scores, task_scores, trial_scores
from opensim_difcal.outputs.summary import without_nan

STAGES = ("geometry", "execution", "report")


def execution_summary(result: ExecutionResult, *, tool: str, seconds: Mapping[str, float]) -> dict[str, Any]:
    """Returns the outcome of an execution as plain values, ready for JSON.

    Args:
        result: The execution.
        tool: Name of the tool that ran it.
        seconds: Wall-clock seconds by stage (`STAGES`); a stage that is missing is None.

    Returns:
        Nested dicts and lists. A value that is not a finite number is None. Agreement
        (rmse and peak_error in N m, r2, nrmse) stands by coordinate and mode; it is empty
        where no moments were measured. The search is None in mode open_loop.
    """
    values: dict[str, Any] = {
        "tool": tool,
        "name": result.name,
        "mode": result.mode,
        "seconds": {"total": sum(seconds.values()), **dict.fromkeys(STAGES), **seconds},
        "trials": [
            {
                "name": each.trial.name,
                "task": each.trial.task,
                "coordinates": _agreements(scores),
                "search": _search(each),
            }
            for each, scores in zip(result.trials, trial_scores(result), strict=True)
        ],
        "pooled": {
            "tasks": {scores.task: _agreements(scores) for scores in task_scores(result)},
            "all": _agreements(pooled_scores(result)),
        },
        "projected": list(result.projected),
        "warnings": list(result.warnings),
    }
    return without_nan(values)


def _agreements(scores: Scores) -> dict[str, dict[str, dict[str, float]]]:
    return {
        coordinate: {mode: asdict(agreement) for mode, agreement in by_mode.items()}
        for coordinate, by_mode in scores.coordinates.items()
    }


def _search(executed: ExecutedTrial) -> dict[str, Any] | None:
    search = executed.search
    if search is None:
        return None
    by_muscle = change_by_muscle([executed])
    return {
        "status": search.status.name.lower(),
        "reason": search.status.value,
        "iterations": search.n_iterations,
        "cost": {"initial": dict(search.first_cost), "final": dict(search.cost)},
        "adjusted": list(search.adjusted),
        "synthesized": list(search.synthesized),
        "rms_change": {"all": overall_change(by_muscle), "by_muscle": by_muscle},
    }
