"""What a reduction of electrodes found, as tables."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.electrode_sets import SetScores, ranked
from opensim_difcal.calibration.electrode_statistics import Comparison, Step

_MEASURES = ("calibration_rmse", "calibration_r2", "rmse", "r2", "parameter_difference")


def write_ranking(path: Path, single: Sequence[SetScores]) -> None:
    """Writes the error that the removal of each electrode leaves, lowest first.

    Args:
        path: The .csv file.
        single: Of calibrations that each lack one electrode.
    """
    rows = [
        [i, scores.removed[0], float(np.mean(scores.calibration_rmse))]
        for i, scores in enumerate(ranked(single), start=1)
    ]
    _write(path, ["rank", "electrode", "calibration_rmse"], rows)


def write_steps(path: Path, steps: Sequence[Step]) -> None:
    """Writes both methods at every number of electrodes.

    Args:
        path: The .csv file.
        steps: From all electrodes to the fewest.
    """
    header = ["n_electrodes", "removed", "electrodes", "method", *_MEASURES]
    for what in _MEASURES:
        header += [f"{what}_p", f"{what}_test", f"{what}_better"]
    rows = []
    for step in steps:
        tests = [cell for what in _MEASURES for cell in _cells(step, what)]
        for scores, differences in zip(step.scores, step.differences, strict=True):
            values = {what: getattr(scores, what, differences) for what in _MEASURES}
            numbers = [float(np.mean(each)) for each in values.values()]
            left = " ".join(step.electrodes)
            rows.append([len(step.electrodes), step.removed, left, scores.method, *numbers, *tests])
    _write(path, header, rows)


def _cells(step: Step, what: str) -> list[Any]:
    """p, test, and the method that is significantly better."""
    comparison: Comparison = step.parameters if what == "parameter_difference" else getattr(step, what)
    if comparison.lower is None:
        return [comparison.p, comparison.test, ""]
    better = 1 - comparison.lower if what.endswith("r2") else comparison.lower
    return [comparison.p, comparison.test, step.scores[better].method]


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    write_atomically(path, text.getvalue().encode())
