"""What a reduction of electrodes found, as tables."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.electrode_sets import SetScores
from opensim_difcal.calibration.electrode_statistics import Comparison, Step


def write_ranking(path: Path, single: Sequence[SetScores]) -> None:
    """Writes the error that the removal of each electrode leaves, lowest first.

    Args:
        path: The .csv file.
        single: Of calibrations that each lack one electrode.
    """
    ranked = sorted(single, key=lambda scores: scores.calibration_rmse)
    rows = [[i, scores.removed[0], scores.calibration_rmse] for i, scores in enumerate(ranked, start=1)]
    _write(path, ["rank", "electrode", "calibration_rmse"], rows)


def write_steps(path: Path, steps: Sequence[Step]) -> None:
    """Writes both methods at every number of electrodes.

    Args:
        path: The .csv file.
        steps: From all electrodes to the fewest.
    """
    header = ["n_electrodes", "removed", "electrodes", "method", "rmse", "r2", "parameter_difference"]
    for what in ("rmse", "r2", "parameter_difference"):
        header += [f"{what}_p", f"{what}_test", f"{what}_better"]
    rows = []
    for step in steps:
        tests = [
            *_cells(step.rmse, step),
            *_cells(step.r2, step, higher_is_better=True),
            *_cells(step.parameters, step),
        ]
        for scores, differences in zip(step.scores, step.differences, strict=True):
            numbers = [float(np.mean(each)) for each in (scores.rmse, scores.r2, differences)]
            left = " ".join(step.electrodes)
            rows.append([len(step.electrodes), step.removed, left, scores.method, *numbers, *tests])
    _write(path, header, rows)


def _cells(comparison: Comparison, step: Step, *, higher_is_better: bool = False) -> list[Any]:
    """p, test, and the method that is significantly better."""
    if comparison.lower is None:
        return [comparison.p, comparison.test, ""]
    better = 1 - comparison.lower if higher_is_better else comparison.lower
    return [comparison.p, comparison.test, step.scores[better].method]


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    write_atomically(path, text.getvalue().encode())
