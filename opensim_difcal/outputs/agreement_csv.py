"""agreement.csv: how well every moment agrees with the measured one, one per row."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs.execution_scores import Scores, pooled_scores, task_scores, trial_scores

HEADER = ("trial", "task", "coordinate", "mode", "rmse", "r2", "nrmse", "peak_error")


def write_agreement(path: Path, result: ExecutionResult) -> None:
    """Writes one row per trial, coordinate and mode, atomically and without rounding.

    Below stand rows over all trials of a task, whose column trial is empty, and rows over
    all trials, whose columns trial and task are empty. rmse and peak_error are in N m.
    Trials without measured moments have no row; what is not a finite number is empty.

    Args:
        path: The file, usually agreement.csv.
        result: The execution.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for scores in (*trial_scores(result), *task_scores(result), pooled_scores(result)):
        writer.writerows(_rows(scores))
    write_atomically(path, text.getvalue().encode())


def _rows(scores: Scores) -> Iterator[list[str | float]]:
    for coordinate, by_mode in scores.coordinates.items():
        for mode, found in by_mode.items():
            numbers = (found.rmse, found.r2, found.nrmse, found.peak_error)
            cells = ["" if not math.isfinite(number) else number for number in numbers]
            yield [scores.trial, scores.task, coordinate, mode, *cells]
