"""OpenSim's inverse dynamics along a motion file."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import opensim


@contextmanager
def quiet_output() -> Iterator[None]:
    """Drops what OpenSim prints past its logger."""
    sys.stdout.flush()
    console = os.dup(1)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(console, 1)
        os.close(console)


def read_columns(path: Path, labels: list[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns time (s) and the columns of a .mot or .sto file, (time, column), as they are stored."""
    table = opensim.TimeSeriesTable(str(path))
    wanted = list(table.getColumnLabels()) if labels is None else labels
    values = np.column_stack([table.getDependentColumn(name).to_numpy() for name in wanted])
    return np.array(table.getIndependentColumn()), values


def moments_without_loads(
    model_file: Path, motion_file: Path, labels: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns time (s) and the generalized forces (N m) that gravity and inertia alone ask for."""
    tool = opensim.InverseDynamicsTool()
    model = opensim.Model(str(model_file))
    tool.setModel(model)
    tool.setCoordinatesFileName(str(motion_file))
    muscles = opensim.ArrayStr()
    muscles.append("Muscles")
    tool.setExcludedForces(muscles)
    with tempfile.TemporaryDirectory() as folder:
        tool.setResultsDir(folder)
        tool.setOutputGenForceFileName("moments.sto")
        with quiet_output():
            tool.run()
        return read_columns(Path(folder) / "moments.sto", labels)
