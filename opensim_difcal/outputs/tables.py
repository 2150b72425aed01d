"""Time series as .sto tables that the OpenSim GUI opens."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.result import Prediction
from opensim_difcal.errors import StorageFileError
from opensim_difcal.outputs.quantities import QUANTITIES
from opensim_difcal.shapes import TimeArray


def write_storage(
    path: Path,
    name: str,
    time: TimeArray,
    columns: Mapping[str, Float[np.ndarray, " _"]],
    *,
    in_degrees: bool = False,
) -> None:
    """Writes a storage file, version 1; numbers are read back exactly.

    Args:
        path: The .sto or .mot file; its folder exists.
        name: Name of the table.
        time: s.
        columns: Values by label.
        in_degrees: Whether rotations are in degrees.

    Raises:
        StorageFileError: If a column is not as long as time, or a label holds a tab or
            a line break.
    """
    for label, values in columns.items():
        if len(values) != len(time):
            raise StorageFileError(
                f"{path}: column {label!r} has {len(values)} values. "
                f"Expected {len(time)}, one per time. Write one value per time."
            )
        if len(label.splitlines()) != 1 or "\t" in label:
            raise StorageFileError(
                f"{path}: column {label!r} cannot be written. Expected a label without tabs and line breaks. "
                "Rename the column."
            )
    header = (
        name,
        "version=1",
        f"nRows={len(time)}",
        f"nColumns={1 + len(columns)}",
        f"inDegrees={'yes' if in_degrees else 'no'}",
        "endheader",
        "\t".join(["time", *columns]),
    )
    rows = np.stack([time, *columns.values()], axis=-1).tolist()
    lines = [*header, *("\t".join(map(repr, row)) for row in rows)]
    write_atomically(path, ("\n".join(lines) + "\n").encode())


def write_trial_tables(directory: Path, prediction: Prediction) -> tuple[Path, ...]:
    """Writes everything predicted for a trial, one file per quantity.

    Files are named `<trial>_<quantity>.sto` with the quantities excitations (as the
    muscles received them: delayed and clipped), activations, fiber_lengths (m),
    normalized_fiber_lengths, tendon_forces (N) and joint_moments (N m).

    Args:
        directory: Made when it does not exist.
        prediction: What was predicted.

    Returns:
        The files.
    """
    trial = prediction.trial
    moments = tuple(f"{name}_moment" for name in trial.coordinate_names)
    tables = (
        (trial.muscle_names, trial.excitation),
        (trial.muscle_names, prediction.activation),
        (trial.muscle_names, prediction.fiber_length),
        (trial.muscle_names, prediction.normalized_fiber_length),
        (trial.muscle_names, prediction.tendon_force),
        (moments, prediction.joint_moment),
    )
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for quantity, (labels, series) in zip(QUANTITIES, tables, strict=True):
        name = f"{trial.name}_{quantity}"
        path = directory / f"{name}.sto"
        write_storage(path, name, trial.time, dict(zip(labels, series.T, strict=True)))
        paths.append(path)
    return tuple(paths)
