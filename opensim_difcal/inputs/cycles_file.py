"""Reads the cycles of a trial, as EMGProcessingTool writes them."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.errors import TrialError
from opensim_difcal.user_file import read_user_file
from opensim_difcal.wording import shortened

COLUMNS = ("cycle", "start", "toe_off", "end", "good", "reasons")


@dataclass(frozen=True)
class ListedCycle:
    """One line of a cycles file.

    Attributes:
        number: From 1, in the order of time.
        start: s.
        toe_off: s; None where the file has none.
        end: s.
        is_good: Whether it is fit for a calibration.
    """

    number: int
    start: float
    toe_off: float | None
    end: float
    is_good: bool


def read_cycles(path: Path) -> tuple[ListedCycle, ...]:
    """Returns the cycles of a file, good and bad.

    Args:
        path: A .csv file with the columns cycle, start, end and good; toe_off and others may be there.

    Raises:
        TrialError: If the file cannot be read.
    """
    remedy = "Run EMGProcessingTool, or check the path."
    text = read_user_file(path, TrialError, remedy=remedy).decode("utf-8-sig", errors="replace")
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise TrialError(f"{path}: no comma-separated text ({error}). {_REMEDY}") from None
    header = [cell.strip() for cell in rows[0]] if rows else []
    missing = [name for name in ("cycle", "start", "end", "good") if header.count(name) != 1]
    if missing:
        raise TrialError(
            f"{path}: the first line must name the columns cycle, start, end and good once each; "
            f"{missing[0]!r} is missing or stands twice. {_REMEDY}"
        )
    found: list[ListedCycle] = []
    for line, row in enumerate(rows[1:], start=2):
        cycle = _cycle(dict(zip(header, (cell.strip() for cell in row), strict=False)))
        if cycle is None or any(cycle.number == other.number for other in found):
            raise TrialError(
                f"{path}: line {line}: expected a number that no other cycle has, start, toe_off (or "
                f"nothing) and end that rise, in s, and 1 or 0 for good; it is {shortened(','.join(row))!r}. "
                f"{_REMEDY}"
            )
        found.append(cycle)
    return tuple(found)


_REMEDY = "Correct the line, or run EMGProcessingTool again."


def _cycle(cells: dict[str, str]) -> ListedCycle | None:
    """Returns what a line says, or None if it cannot be understood."""
    try:
        number, start, end = int(cells["cycle"]), float(cells["start"]), float(cells["end"])
        toe_off = float(cells["toe_off"]) if cells.get("toe_off") else None
        is_good = {"0": False, "1": True}[cells["good"]]
    except (KeyError, ValueError):
        return None
    instants = [start, *([] if toe_off is None else [toe_off]), end]
    rises = all(map(math.isfinite, instants)) and instants == sorted(set(instants))
    return ListedCycle(number, start, toe_off, end, is_good) if rises else None
