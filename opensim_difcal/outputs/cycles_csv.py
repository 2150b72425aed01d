"""Cycles of a trial as a table, for people and for the trials of a calibration."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.inputs.cycles_file import COLUMNS
from opensim_difcal.preprocessing.cycle_quality import JudgedCycle


def write_cycles(path: Path, cycles: Sequence[JudgedCycle]) -> None:
    """Writes every cycle with its times (s), whether it is good, and what speaks against it.

    Args:
        path: The .csv file.
        cycles: In the order of time.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, judged in enumerate(cycles, start=1):
        cycle = judged.cycle
        times = [
            f"{cycle.start:.4f}",
            "" if cycle.toe_off is None else f"{cycle.toe_off:.4f}",
            f"{cycle.end:.4f}",
        ]
        writer.writerow([number, *times, int(judged.is_good), "; ".join(judged.reasons)])
    write_atomically(path, text.getvalue().encode())
