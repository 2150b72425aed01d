"""Reads OpenSim storage files (.sto, .mot) in every dialect that is about."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from opensim_difcal.errors import StorageFileError
from opensim_difcal.shapes import TimeArray
from opensim_difcal.user_file import read_user_file
from opensim_difcal.wording import did_you_mean, enumerated, quoted

# Of lines without blanks at their ends: a pattern that cuts them off tries every blank as the last one.
_KEY_VALUE = re.compile(r"(\w+)\s*=\s*(.*)")
_LEGACY_COUNT = re.compile(r"(datacolumns|datarows)\s+(\d+)", re.IGNORECASE)
_LEGACY_NAME = re.compile(r"name\s+(.+)")
_ANGLES = re.compile(r"\bangles\s+are\s+in\s+(degrees|radians)\b", re.IGNORECASE)
_LARGEST = 1e100
_COUNT_KEYS = {"nrows": "rows", "datarows": "rows", "ncolumns": "columns", "datacolumns": "columns"}


@dataclass(frozen=True)
class Table:
    """The content of a storage file, values as written.

    Attributes:
        path: The file.
        name: Name of the table, empty when the header has none.
        labels: Columns other than time.
        time: s, strictly rising.
        values: One column per label, all finite, in the units of the file.
        in_degrees: Whether the header says that rotations are in degrees. Without a
            statement they are in radians, as for OpenSim.
    """

    path: Path
    name: str
    labels: tuple[str, ...]
    time: TimeArray
    values: Float[np.ndarray, "time label"]
    in_degrees: bool

    def column(self, label: str) -> TimeArray:
        """Returns the values of one column.

        Args:
            label: One of `labels`.

        Raises:
            StorageFileError: If there is no such column.
        """
        if label not in self.labels:
            raise StorageFileError(
                f"{self.path}: no column {label!r}.{did_you_mean(label, self.labels)} "
                f"The columns are: {enumerated(self.labels)}."
            )
        return self.values[:, self.labels.index(label)]


@dataclass(frozen=True)
class _Header:
    name: str
    counts: tuple[tuple[str, int], ...]  # as written: key and number
    in_degrees: bool


def read_storage(path: Path) -> Table:
    """Returns the table of a .sto or .mot file.

    Understood are version 1 (`nRows=`, `nColumns=`, a name line), version 3 (only
    `key=value` lines), the older `datacolumns`/`datarows`, "Angles are in degrees.",
    tabs or spaces, trailing tabs, blank lines before the labels and Windows line ends.

    Args:
        path: The file.

    Raises:
        StorageFileError: If the file is missing, cut short or contradicts itself.
    """
    lines = _lines(read_user_file(path, StorageFileError, remedy="Check the path in the setup file."))
    end = next((i for i, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None:
        raise StorageFileError(
            f"{path}: no line says 'endheader', so the file is cut short or no OpenSim storage file. "
            "Export it again as .sto or .mot."
        )
    header = _read_header(path, lines[:end])
    body = [(i, line) for i, line in enumerate(lines[end + 1 :], start=end + 2) if line.strip()]
    labels = _read_labels(path, header, body)
    numbers = _read_numbers(path, header, labels, body[1:])
    table = Table(path, header.name, labels[1:], numbers[:, 0], numbers[:, 1:], header.in_degrees)
    _check_values(table)
    return table


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _read_header(path: Path, lines: list[str]) -> _Header:
    name = ""
    counts: list[tuple[str, int]] = []
    degrees: dict[bool, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        pair, legacy = _KEY_VALUE.fullmatch(line), _LEGACY_COUNT.fullmatch(line)
        angles = _ANGLES.search(line)
        if angles:
            degrees.setdefault(angles.group(1).lower() == "degrees", angles.group(0))
        elif legacy:
            counts.append((legacy.group(1), _count(path, number, *legacy.groups())))
        elif pair and pair.group(1).lower() == "indegrees":
            degrees.setdefault(_yes_or_no(path, number, pair.group(2)), line)
        elif pair and pair.group(1).lower() in _COUNT_KEYS:
            counts.append((pair.group(1), _count(path, number, pair.group(1), pair.group(2))))
        elif pair and pair.group(1).lower() == "datatype":
            _check_data_type(path, number, pair.group(2))
        elif not pair and not name and (number == 1 or _LEGACY_NAME.fullmatch(line)):
            name = _LEGACY_NAME.sub(r"\1", line)
    if len(degrees) == 2:
        raise StorageFileError(
            f"{path}: the header says both {quoted(degrees[True])} and {quoted(degrees[False])}. "
            "Keep the one that is true."
        )
    return _Header(name, tuple(counts), True in degrees)


def _yes_or_no(path: Path, number: int, value: str) -> bool:
    if value.lower() not in ("yes", "no"):
        raise StorageFileError(
            f"{path}: line {number}: inDegrees is {quoted(value)}. Allowed are 'yes' and 'no'."
        )
    return value.lower() == "yes"


def _count(path: Path, number: int, key: str, value: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", value):
        raise StorageFileError(f"{path}: line {number}: {key} is {quoted(value)}. Allowed are whole numbers.")
    return int(value)


def _check_data_type(path: Path, number: int, value: str) -> None:
    if value != "double":
        raise StorageFileError(
            f"{path}: line {number}: DataType is {quoted(value)}. Only 'double' can be read: "
            "one number in each column."
        )


def _read_labels(path: Path, header: _Header, body: list[tuple[int, str]]) -> tuple[str, ...]:
    if not body:
        raise StorageFileError(f"{path}: nothing follows the header. Export the file again.")
    number, line = body[0]
    labels = [label.strip() for label in line.split("\t")]
    if labels[0].lower() != "time":
        labels = line.split()
    while labels and not labels[-1]:
        labels.pop()
    if not labels or labels[0].lower() != "time":
        first = labels[0] if labels else ""
        raise StorageFileError(
            f"{path}: line {number}: the first column is {quoted(first)}. It must be 'time', "
            "and tabs or spaces must separate the columns."
        )
    counts = Counter(labels)
    repeated = min((label for label, count in counts.items() if count > 1), default=None)
    if repeated is not None:
        raise StorageFileError(
            f"{path}: line {number}: {counts[repeated]} columns are called {quoted(repeated)}. "
            "Give every column its own name."
        )
    for key, count in header.counts:
        if _COUNT_KEYS[key.lower()] == "columns" and count != len(labels):
            raise StorageFileError(
                f"{path}: line {number}: the header says {key} {count}, but {len(labels)} columns have a "
                "label, time included. The file is cut short or was edited; export it again."
            )
    return tuple(labels)


def _read_numbers(
    path: Path, header: _Header, labels: tuple[str, ...], rows: list[tuple[int, str]]
) -> Float[np.ndarray, "time label"]:
    cells = [line.split() for _, line in rows]
    for (number, _), row in zip(rows, cells, strict=True):
        if len(row) != len(labels):
            last = " It is the last row, so the file seems to be cut short." if row is cells[-1] else ""
            raise StorageFileError(
                f"{path}: line {number}: {len(row)} values for {len(labels)} columns.{last} "
                "Export the file again."
            )
    for key, count in header.counts:
        if _COUNT_KEYS[key.lower()] == "rows" and count != len(rows):
            raise StorageFileError(
                f"{path}: the header says {key} {count}, but {len(rows)} rows follow. "
                "The file is cut short or was edited; export it again."
            )
    if not rows:
        raise StorageFileError(f"{path}: the table has labels but no rows. Export the file again.")
    try:
        if any("_" in line for _, line in rows):  # Python reads 1_000, which no other program means
            raise ValueError
        return np.array(cells, dtype=np.float64)
    except ValueError:
        raise _text_for_number(path, labels, rows, cells) from None


def _text_for_number(
    path: Path, labels: tuple[str, ...], rows: list[tuple[int, str]], cells: list[list[str]]
) -> StorageFileError:
    for (number, _), row in zip(rows, cells, strict=True):
        for label, cell in zip(labels, row, strict=True):
            try:
                float(cell.replace("_", "?"))
            except ValueError:
                return StorageFileError(
                    f"{path}: line {number}: column {quoted(label)} holds {quoted(cell)}, which is no "
                    "number. Numbers need a decimal point, and no cell may be empty."
                )
    raise AssertionError("numpy refused a number that Python reads")


def _beyond_measure(values: np.ndarray) -> np.ndarray:
    """Whether each value is NaN, infinite or so large that splines and squares of it would be."""
    return ~(np.abs(values) <= _LARGEST)


def _check_values(table: Table) -> None:
    bad = _beyond_measure(table.time)
    if bad.any():
        row = int(np.argmax(bad))
        raise StorageFileError(
            f"{table.path}: column 'time' holds {table.time[row]} in data row {row + 1}. "
            "Times must be finite numbers of s."
        )
    falling = np.diff(table.time) <= 0
    if falling.any():
        row = int(np.argmax(falling))
        raise StorageFileError(
            f"{table.path}: time {table.time[row]:g} s is followed by {table.time[row + 1]:g} s. "
            "Time must rise from row to row; remove repeated rows, or write time with more digits."
        )
    rows, columns = np.nonzero(_beyond_measure(table.values))
    if len(rows):
        row, column = int(rows[0]), int(columns[0])
        raise StorageFileError(
            f"{table.path}: column {quoted(table.labels[column])} holds {table.values[row, column]} at "
            f"{table.time[row]:g} s ({len(rows)} such values in the file). Fill the gap or cut the file."
        )
