"""Reads raw EMG: OpenSim storage files, comma-separated text, and C3D."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from opensim_difcal.errors import EMGError
from opensim_difcal.inputs.c3d_channels import analog_channels
from opensim_difcal.inputs.c3d_header import check_c3d
from opensim_difcal.inputs.signals import is_uniform
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.shapes import TimeArray
from opensim_difcal.user_file import read_user_file
from opensim_difcal.wording import did_you_mean, enumerated, shortened

_TIME = re.compile(
    r"^\s*(?:time|timestamp|t|x)\s*(?:[\[(]?\s*(s|sec|seconds|ms|milliseconds)\s*[\])]?)?\s*$", re.I
)
_LONGEST = 1e10  # s, a clock that counts from 1970 too
_LARGEST = 1e100
_DELIMITERS = ",;\t"
_CHECK_PATH = "Check the path in the setup file."


@dataclass(frozen=True)
class RawEMG:
    """A raw recording.

    Attributes:
        path: The file.
        labels: Columns of the file, of EMG and whatever else was recorded beside it. In a C3D file
            several may be alike, or empty.
        time: s, uniform.
        values: One column per label, all finite, in the unit of the file.
    """

    path: Path
    labels: tuple[str, ...]
    time: TimeArray
    values: Float[np.ndarray, "time label"]

    @property
    def clear_labels(self) -> tuple[str, ...]:
        """Labels that name one column."""
        return tuple(label for label in self.labels if label and self.labels.count(label) == 1)

    @property
    def rate(self) -> float:
        """Samples per second."""
        return (len(self.time) - 1) / float(self.time[-1] - self.time[0])

    def columns(self, labels: tuple[str, ...]) -> Float[np.ndarray, "time channel"]:
        """Returns some of the columns.

        Raises:
            EMGError: If there is no such column, or several.
        """
        for label in labels:
            if label not in self.labels:
                raise EMGError(
                    f"{self.path}: no column {shortened(label)!r}.{did_you_mean(label, self.labels)} The "
                    f"columns are: {enumerated(self.labels)}."
                )
            if self.labels.count(label) > 1:
                raise EMGError(
                    f"{self.path}: {self.labels.count(label)} channels are called {shortened(label)!r}. "
                    "Rename them where the recording is exported, or leave them out of <channels>."
                )
        return self.values[:, [self.labels.index(label) for label in labels]]


def read_raw_emg(path: Path) -> RawEMG:
    """Returns what a recording holds.

    Args:
        path: .sto or .mot; .csv or .txt with a header line and a column of times (`time`,
            `time (s)` or `time (ms)`), separated by commas, semicolons (decimal commas allowed
            then) or tabs; or .c3d, whose analog channels are read.

    Raises:
        EMGError: If the file cannot be read, has gaps, or its time is not uniform.
        StorageFileError: If a storage file cannot be read.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise EMGError(
            f"{shortened(str(path), 1000)}: raw EMG is read from {', '.join(_READERS)} files. Export the "
            "recording as one of them."
        )
    emg = reader(path)
    _check(emg)
    return replace(emg, time=_unrounded(emg.time))


def _storage(path: Path) -> RawEMG:
    table = read_storage(path)
    return RawEMG(path, table.labels, table.time, table.values)


def _text(path: Path) -> RawEMG:
    content = read_user_file(path, EMGError, remedy=_CHECK_PATH).decode("utf-8-sig", errors="replace")
    lines = [line for line in content.splitlines() if line.strip(" \t,;")]
    if len(lines) < 2:
        raise EMGError(f"{path}: the file has no header line with numbers below it. Export it again.")
    if "\0" in content:
        raise EMGError(f"{path}: the file is no text. Export the recording as comma-separated text in UTF-8.")
    delimiter = max(_DELIMITERS, key=lines[0].count)
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error as error:
        raise EMGError(f"{path}: no comma-separated text ({error}). Export the recording again.") from None
    labels = [label.strip() for label in rows[0]]
    while labels and not labels[-1]:
        labels.pop()
    unit = _TIME.match(labels[0]) if labels else None
    if unit is None:
        first = labels[0] if labels else ""
        raise EMGError(
            f"{path}: the first column is {shortened(first)!r}. It must hold the time and be called 'time', "
            "'time (s)' or 'time (ms)', in the file's first line."
        )
    _check_labels(path, labels)
    body = rows[1:] if _is_number(rows[1][0], delimiter) else rows[2:]  # a line of units
    numbers = _numbers(path, labels, body, delimiter, first_line=len(rows) - len(body) + 1)
    in_milliseconds = (unit.group(1) or "").lower().startswith("m")
    return RawEMG(path, tuple(labels[1:]), numbers[:, 0] * (1e-3 if in_milliseconds else 1.0), numbers[:, 1:])


def _check_labels(path: Path, labels: list[str]) -> None:
    if "" in labels:
        raise EMGError(f"{path}: column {labels.index('') + 1} has no name. Give every column a name.")
    repeated, count = Counter(labels).most_common(1)[0]
    if count > 1:
        raise EMGError(
            f"{path}: {count} columns are called {shortened(repeated)!r}. Give every column its own name."
        )


def _is_number(cell: str, delimiter: str) -> bool:
    try:
        float(_decimal(cell, delimiter))
    except ValueError:
        return False
    return True


def _decimal(cell: str, delimiter: str) -> str:
    return cell.replace(",", ".") if delimiter != "," else cell


def _numbers(
    path: Path, labels: list[str], rows: list[list[str]], delimiter: str, *, first_line: int
) -> Float[np.ndarray, "time label"]:
    found = np.empty((len(rows), len(labels)))
    for i, row in enumerate(rows):
        cells = [_decimal(cell, delimiter) for cell in row]
        while len(cells) > len(labels) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(labels):
            raise EMGError(
                f"{path}: line {first_line + i}: {len(cells)} values for {len(labels)} columns. The file is "
                "cut short or was edited; export it again."
            )
        try:
            found[i] = [float(cell) for cell in cells]
        except ValueError:
            bad = next(c for c, cell in enumerate(cells) if not _is_number(cell, "."))
            raise EMGError(
                f"{path}: line {first_line + i}: column {shortened(labels[bad])!r} holds "
                f"{shortened(row[bad])!r}, which is no number. No cell may be empty; numbers need a decimal "
                "point, or decimal commas and semicolons between them."
            ) from None
    return found


def _c3d(path: Path) -> RawEMG:
    header = check_c3d(path, read_user_file(path, EMGError, remedy=_CHECK_PATH))
    names, values = analog_channels(path)
    if values.size == 0:
        raise EMGError(f"{path}: the file holds no analog channels. Export the recording with its EMG.")
    labels = [*names, *[""] * values.shape[1]][: values.shape[1]]
    time = np.arange(len(values)) / header.analog_rate
    return RawEMG(path, tuple(labels), time, values)


_READERS: dict[str, Callable[[Path], RawEMG]] = {
    ".sto": _storage,
    ".mot": _storage,
    ".csv": _text,
    ".txt": _text,
    ".c3d": _c3d,
}


def _is_rounded(time: TimeArray) -> bool:
    """Whether times lie on a uniform grid but for the rounding of their printed decimals."""
    grid = np.linspace(time[0], time[-1], len(time))
    step, worst = grid[1] - grid[0], float(np.max(np.abs(time - grid)))
    for decimals in range(3, 8):
        digit = 10.0**-decimals
        is_printed = bool(np.all(np.abs(time / digit - np.round(time / digit)) < 1e-3))
        if is_printed and step > 2 * digit:
            return worst <= 1.01 * digit
    return False


def _unrounded(time: TimeArray) -> TimeArray:
    """The uniform grid that times were printed from."""
    return time if is_uniform(time) else np.linspace(time[0], time[-1], len(time))


def _check(emg: RawEMG) -> None:
    """Refuses gaps, times that are not uniform, and recordings without length."""
    if len(emg.time) < 2 or not emg.labels:
        raise EMGError(f"{emg.path}: fewer than two samples, or no channel. Export the recording again.")
    if not np.isfinite(emg.time).all() or np.any(np.diff(emg.time) <= 0):
        raise EMGError(f"{emg.path}: time must rise from sample to sample. Remove repeated lines.")
    if np.abs(emg.time).max() > _LONGEST:
        raise EMGError(
            f"{emg.path}: time goes from {emg.time[0]:.3g} to {emg.time[-1]:.3g}. Times are seconds; at most "
            f"{_LONGEST:g} are expected. Check the column."
        )
    bad = np.argwhere(~(np.abs(emg.values) < _LARGEST))
    if len(bad):
        row, column = bad[0]
        raise EMGError(
            f"{emg.path}: column {shortened(emg.labels[column])!r} holds {emg.values[row, column]} at "
            f"{emg.time[row]:g} s ({len(bad)} such values). Fill the gaps, or cut the recording there."
        )
    if not (is_uniform(emg.time) or _is_rounded(emg.time)):
        steps = np.diff(emg.time)
        worst = int(np.argmax(np.abs(steps - np.median(steps))))
        raise EMGError(
            f"{emg.path}: the time steps differ: {np.median(steps):.6g} s is usual, but "
            f"{emg.time[worst]:.6g} s is followed by {emg.time[worst + 1]:.6g} s. Filters need a uniform "
            "rate: fill the gap, or resample the file."
        )
