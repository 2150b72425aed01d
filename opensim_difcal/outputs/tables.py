"""Time series as .sto tables that the OpenSim GUI opens."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.result import Prediction
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome, SynergyTrial
from opensim_difcal.errors import StorageFileError
from opensim_difcal.execution.result import ExecutedTrial
from opensim_difcal.outputs.quantities import QUANTITIES, RECORDED_EXCITATIONS, SYNERGY_QUANTITIES
from opensim_difcal.outputs.wording import synergy_names
from opensim_difcal.shapes import TimeArray

_OWN_KEYS = ("version", "nrows", "ncolumns", "datarows", "datacolumns", "indegrees", "datatype", "name")


def write_storage(
    path: Path,
    name: str,
    time: TimeArray,
    columns: Mapping[str, Float[np.ndarray, " _"]],
    *,
    in_degrees: bool = False,
    header: Mapping[str, str] | None = None,
) -> None:
    """Writes a storage file, version 1; numbers are read back exactly.

    Args:
        path: The .sto or .mot file; its folder exists.
        name: Name of the table.
        time: s.
        columns: Values by label.
        in_degrees: Whether rotations are in degrees.
        header: More lines `key=value` for the header, which OpenSim keeps as metadata.

    Raises:
        StorageFileError: If a column is not as long as time, a label holds a tab or
            a line break, or a line of the header could be taken for something else.
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
    more = header or {}
    for key, value in more.items():
        if not re.fullmatch(r"\w+", key) or key.lower() in _OWN_KEYS or len(value.splitlines()) > 1:
            raise StorageFileError(
                f"{path}: the header line {key!r} cannot be written. Expected a key of letters, digits and "
                f"underscores other than {', '.join(_OWN_KEYS)}, and a value on one line. Rename the key."
            )
    head = (
        name,
        "version=1",
        f"nRows={len(time)}",
        f"nColumns={1 + len(columns)}",
        f"inDegrees={'yes' if in_degrees else 'no'}",
        *(f"{key}={value}" for key, value in more.items()),
        "endheader",
        "\t".join(["time", *columns]),
    )
    rows = np.stack([time, *columns.values()], axis=-1).tolist()
    lines = [*head, *("\t".join(map(repr, row)) for row in rows)]
    write_atomically(path, ("\n".join(lines) + "\n").encode())


def write_trial_tables(
    directory: Path, prediction: Prediction, *, synthesized: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Writes everything predicted for a trial, one file per quantity.

    Files are named `<trial>_<quantity>.sto` with the quantities excitations (as the
    muscles received them: delayed and clipped), activations, fiber_lengths (m),
    normalized_fiber_lengths, tendon_forces (N) and joint_moments (N m).

    Args:
        directory: Made when it does not exist.
        prediction: What was predicted.
        synthesized: Muscles whose excitations were not recorded; the header of the
            excitations names them.

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
        marks = _marks(synthesized) if quantity == "excitations" else None
        write_storage(path, name, trial.time, dict(zip(labels, series.T, strict=True)), header=marks)
        paths.append(path)
    return tuple(paths)


def write_execution_tables(
    directory: Path, executed: ExecutedTrial, *, projected: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Writes everything that an execution made of a trial, one file per quantity.

    Beside the files of `write_trial_tables`, where excitations were adjusted,
    `<trial>_recorded_excitations.sto` holds those that the search began with: delayed,
    clipped, and zero for muscles without a recording that no synergies drive.

    Args:
        directory: Made when it does not exist.
        executed: The trial.
        projected: Muscles that the subject's synergies drive; the headers of excitations
            name them and those whose excitations the search found from nothing.

    Returns:
        The files.
    """
    search, trial = executed.search, executed.trial
    synthesized = (*projected, *(search.synthesized if search else ()))
    paths = write_trial_tables(directory, executed.prediction, synthesized=synthesized)
    if search is None or not search.adjusted:
        return paths
    name = f"{trial.name}_{RECORDED_EXCITATIONS}"
    path = directory / f"{name}.sto"
    columns = dict(zip(trial.muscle_names, executed.given_excitation.T, strict=True))
    write_storage(path, name, trial.time, columns, header=_marks(synthesized))
    return (*paths, path)


def write_synergy_tables(
    directory: Path, outcome: SynergyOutcome, synergy_trial: SynergyTrial
) -> tuple[Path, ...]:
    """Writes what synergies make of a trial, one file per quantity.

    Files are named `<trial>_<quantity>.sto` with the quantities primitives,
    reconstructed_excitations (the recorded channels) and synthesized_excitations (the
    other muscles; no file where every muscle was recorded).

    Args:
        directory: Exists.
        outcome: The synergies.
        synergy_trial: One of its trials.

    Returns:
        The files.
    """
    trial, synthesized = synergy_trial.trial, outcome.synthesized_muscles
    columns = [trial.muscle_names.index(name) for name in synthesized]
    tables = (
        (synergy_names(outcome.n_synergies), synergy_trial.primitives),
        (outcome.channel_names, synergy_trial.reconstructed),
        (synthesized, trial.excitation[:, columns]),
    )
    paths = []
    for quantity, (labels, series) in zip(SYNERGY_QUANTITIES, tables, strict=True):
        if not labels:
            continue
        name = f"{trial.name}_{quantity}"
        path = directory / f"{name}.sto"
        write_storage(path, name, trial.time, dict(zip(labels, series.T, strict=True)))
        paths.append(path)
    return tuple(paths)


def _marks(synthesized: Sequence[str]) -> dict[str, str] | None:
    """The header's line that names muscles without a recording."""
    return {"synthesized": " ".join(synthesized)} if synthesized else None
