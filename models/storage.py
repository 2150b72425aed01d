"""Writes OpenSim Storage files (version 1) and small CSV tables."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np


def write_storage(
    path: Path, time: np.ndarray, columns: Mapping[str, np.ndarray], *, degrees: bool, digits: int
) -> None:
    """Writes a .mot or .sto file.

    Args:
        path: File to write; its name is the first line of the header.
        time: s.
        columns: Values by column label, each as long as `time`.
        degrees: Whether rotational columns are in degrees (`inDegrees=yes`).
        digits: Significant digits of the values.
    """
    table = np.column_stack(list(columns.values()))
    header = [
        path.stem,
        "version=1",
        f"nRows={len(time)}",
        f"nColumns={table.shape[1] + 1}",
        f"inDegrees={'yes' if degrees else 'no'}",
        "endheader",
        "\t".join(["time", *columns]),
    ]
    rows = (
        "\t".join([f"{instant:.6g}", *(f"{value:.{digits}g}" for value in row)])
        for instant, row in zip(time, table, strict=True)
    )
    path.write_text("\n".join([*header, *rows]) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a comma-separated table with one header line."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
