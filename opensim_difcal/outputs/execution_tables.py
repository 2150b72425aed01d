"""The tables of an execution's report."""

from collections.abc import Mapping, Sequence

from opensim_difcal.calibration.metrics import Agreement
from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs.execution_changes import change_by_muscle, overall_change
from opensim_difcal.outputs.execution_scores import Scores, pooled_scores, task_scores, trial_scores
from opensim_difcal.outputs.report_page import Html, cell, table
from opensim_difcal.outputs.verdict import USABLE_R2
from opensim_difcal.outputs.wording import NOT_AVAILABLE, moment_text, parameter_text, percent_text, r2_text

_MEASURES = ("RMSE (N m)", "R²", "Normalized RMSE", "Peak error (N m)")
TERMS = {
    "total": "Cost",
    "moment_error": "Moment error",
    "synthesized_excitation": "Synthesized excitations",
    "adjustment": "Adjustment",
}
_STANDS_OUT = f"R² below {USABLE_R2} stands out."


def pooled_table(result: ExecutionResult) -> Html:
    """Returns the agreement over all trials, and of each task where there are several."""
    tasks = {each.trial.task for each in result.trials}
    joined = [*(task_scores(result) if len(tasks) > 1 else ()), pooled_scores(result)]
    rows = [
        (f"All trials of {scores.task}" if scores.task else "All trials", _agreement_row(coordinate, by_mode))
        for scores in joined
        for coordinate, by_mode in scores.coordinates.items()
    ]
    return table(f"{_arrow(joined)}{_STANDS_OUT}", ["Trials", "Coordinate", *_MEASURES], rows)


def trial_table(result: ExecutionResult) -> Html:
    """Returns the agreement of every trial that has measured moments."""
    every = trial_scores(result)
    rows = [
        (scores.trial, [cell(scores.task), *_agreement_row(coordinate, by_mode)])
        for scores in every
        for coordinate, by_mode in scores.coordinates.items()
    ]
    return table(f"{_arrow(every)}{_STANDS_OUT}", ["Trial", "Task", "Coordinate", *_MEASURES], rows)


def search_table(result: ExecutionResult) -> Html:
    """Returns how the excitations of every trial were found, one row each."""
    rows: list[tuple[str, Sequence[Html]]] = []
    for each in result.trials:
        search = each.search
        if search is not None:
            costs = [
                cell(f"{parameter_text(search.first_cost[term])} → {parameter_text(search.cost[term])}")
                for term in TERMS
            ]
            change = overall_change(change_by_muscle([each]))
            ended = cell(search.status.name.lower().replace("_", " "))
            rows.append(
                (each.trial.name, [ended, cell(str(search.n_iterations)), *costs, _change_cell(change)])
            )
    header = ["Trial", "Ended", "Iterations", *TERMS.values(), "RMS change of adjusted excitations"]
    return table("Cost by term, first → last.", header, rows)


def change_table(changes: Mapping[str, float]) -> Html:
    """Returns the RMS change of every adjusted excitation, the largest first.

    Args:
        changes: By muscle, 0..1.
    """
    ordered = sorted(changes.items(), key=lambda item: -item[1])
    rows = [(name, [_change_cell(change)]) for name, change in ordered]
    return table("Over all trials; excitations are 0 to 1.", ["Muscle", "RMS change"], rows)


def _agreement_row(coordinate: str, by_mode: Mapping[str, Agreement]) -> list[Html]:
    found = list(by_mode.values())
    r2 = found[-1].r2
    texts = [
        " → ".join(moment_text(each.rmse) for each in found),
        " → ".join(r2_text(each.r2) for each in found),
        " → ".join(percent_text(each.nrmse) for each in found),
        " → ".join(moment_text(each.peak_error) for each in found),
    ]
    marks = ["", "low" if r2 < USABLE_R2 else "", "", ""]
    cells = [cell(text, css=css) for text, css in zip(texts, marks, strict=True)]
    return [cell(coordinate), *cells]


def _arrow(every: Sequence[Scores]) -> str:
    compared = any(len(by_mode) > 1 for scores in every for by_mode in scores.coordinates.values())
    return "Open loop → this run. " if compared else ""


def _change_cell(change: float | None) -> Html:
    return cell(NOT_AVAILABLE if change is None else f"{change:.3f}")
