"""The motion of a model, from a coordinates file: SI units, every coordinate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.coupled_coordinates import CoordinateCoupling, coupled_coordinates
from opensim_difcal.inputs.opensim_model import find_coordinate
from opensim_difcal.inputs.storage import Table
from opensim_difcal.shapes import TimeArray
from opensim_difcal.wording import did_you_mean

_ROTATIONAL = 1  # opensim.Coordinate.Rotational
_MAX_RADIANS = 4.0  # no joint angle is larger; a free joint's may be
_MOVING, _STILL = 0.2, 3.0  # a motion in radians has a largest range between these
_RANGE_MARGIN = 0.5  # rad, by which a motion may leave the model's ranges
_COUPLING_TOLERANCE = 0.01  # rad or m


@dataclass(frozen=True)
class CoordinateValues:
    """The coordinates of a model along a motion.

    Attributes:
        time: s, as in the file.
        values: Every coordinate of the model, rad or m.
        notes: Sentences for the report: what was filled in or recomputed.
    """

    time: TimeArray
    values: Mapping[str, TimeArray]
    notes: tuple[str, ...] = ()


def coordinate_values(
    table: Table, model: opensim.Model, coordinate_names: Sequence[str]
) -> CoordinateValues:
    """Returns the motion that a coordinates file holds.

    Columns are coordinates or state paths (`/jointset/knee/knee_angle/value`); other states are
    ignored. Only rotational coordinates are converted from degrees, as OpenSim does. Coupled
    coordinates are always recomputed, because files are about that hold them in another unit.
    Coordinates without a column keep the model's value, or its prescribed function.

    Args:
        table: The coordinates file.
        model: An initialized model.
        coordinate_names: Chosen coordinates, which the file must hold.

    Raises:
        TrialError: If a column is no coordinate, a chosen coordinate has no column, or degrees and
            radians seem to be mixed up.
    """
    coordinates = _coordinates(model)
    columns = _columns(table, coordinates)
    couplings = coupled_coordinates(model)
    for name in coordinate_names:
        if name not in columns and name not in couplings:
            raise TrialError(
                f"{table.path}: no column holds the chosen coordinate {name!r}.{did_you_mean(name, columns)} "
                f"The columns are: {', '.join(columns)}."
            )
    written = {name: values for name, values in columns.items() if name not in couplings}
    angles = {n: v for n, v in written.items() if coordinates[n].getMotionType() == _ROTATIONAL}
    if table.in_degrees:
        _refuse_radians(table.path, angles, coordinates)
        angles = {name: np.deg2rad(values) for name, values in angles.items()}
    else:
        _refuse_degrees(table.path, angles, coordinates)
    values, notes = _filled_in(table, model, coordinates, written | angles, couplings)
    for name, coupling in couplings.items():
        values[name] = coupling.evaluate(values)
        if name in columns:
            notes += _coupling_notes(table, name, coupling, columns[name], values[name])
    return CoordinateValues(table.time, values, tuple(notes))


def force_label(model: opensim.Model, coordinate_name: str) -> str:
    """Returns the column of a coordinate in an inverse dynamics file.

    Args:
        model: An initialized model.
        coordinate_name: One of its coordinates.

    Raises:
        ModelError: If the model has no such coordinate.
    """
    rotates = find_coordinate(model, coordinate_name).getMotionType() == _ROTATIONAL
    return f"{coordinate_name}_moment" if rotates else f"{coordinate_name}_force"


def _coordinates(model: opensim.Model) -> dict[str, opensim.Coordinate]:
    every = model.getCoordinateSet()
    return {every.get(i).getName(): every.get(i) for i in range(every.getSize())}


def _columns(table: Table, coordinates: Mapping[str, opensim.Coordinate]) -> dict[str, TimeArray]:
    columns: dict[str, TimeArray] = {}
    for label in table.labels:
        parts = label.split("/")
        if label.startswith("/") and parts[-1] != "value":
            continue  # a speed, or the state of a muscle
        name = parts[-2] if label.startswith("/") else label
        if name not in coordinates and name.removesuffix("_u") in coordinates:
            continue  # a speed in an older states file
        if name not in coordinates:
            raise TrialError(
                f"{table.path}: column {label!r} is no coordinate of the model."
                f"{did_you_mean(name, coordinates)} Rename or remove the column. "
                f"The coordinates are: {', '.join(coordinates)}."
            )
        if name in columns:
            raise TrialError(
                f"{table.path}: two columns hold coordinate {name!r}; the second is {label!r}. Remove one."
            )
        columns[name] = table.column(label)
    return columns


def _refuse_degrees(
    path: Path, angles: Mapping[str, TimeArray], coordinates: Mapping[str, opensim.Coordinate]
) -> None:
    for name, values in angles.items():
        coordinate = coordinates[name]
        if coordinate.getJoint().numCoordinates() == 6:
            continue  # a free body may turn round and round
        range_limit = max(abs(coordinate.getRangeMin()), abs(coordinate.getRangeMax()))
        largest = float(np.max(np.abs(values)))
        limit = max(_MAX_RADIANS, 1.5 * range_limit)
        if largest > limit:
            raise TrialError(
                f"{path}: the header does not say degrees, so angles are radians, but coordinate {name!r} "
                f"reaches {largest:.4g}. At most {limit:.3g} rad are plausible. If the file holds degrees, "
                "write inDegrees=yes into its header."
            )


def _refuse_radians(
    path: Path, angles: Mapping[str, TimeArray], coordinates: Mapping[str, opensim.Coordinate]
) -> None:
    if not angles:
        return
    largest = max(float(np.ptp(values)) for values in angles.values())
    if not _MOVING < largest < _STILL:
        return
    for name, values in angles.items():
        coordinate = coordinates[name]
        if (
            values.min() < coordinate.getRangeMin() - _RANGE_MARGIN
            or values.max() > coordinate.getRangeMax() + _RANGE_MARGIN
        ):
            return
    raise TrialError(
        f"{path}: the header says degrees, but no angle moves by more than {largest:.2g} degrees, while as "
        "radians all would fit the model's ranges. If the file holds radians, write inDegrees=no into its "
        "header. If the person stood still, convert the angles to radians to say so."
    )


def _filled_in(
    table: Table,
    model: opensim.Model,
    coordinates: Mapping[str, opensim.Coordinate],
    written: Mapping[str, TimeArray],
    couplings: Mapping[str, CoordinateCoupling],
) -> tuple[dict[str, TimeArray], list[str]]:
    state = model.getWorkingState()
    values, notes, absent = dict(written), [], []
    for name, coordinate in coordinates.items():
        default = coordinate.getDefaultValue()
        if name in written:
            away = float(np.max(np.abs(written[name] - default)))
            if coordinate.getLocked(state) and away > _COUPLING_TOLERANCE:
                notes.append(
                    f"{table.path}: coordinate {name!r} is locked in the model, but the file moves it up to "
                    f"{away:.3g} away; the file was followed."
                )
        elif coordinate.isPrescribed(state):
            function = coordinate.getPrescribedFunction()
            values[name] = np.array([function.calcValue(opensim.Vector(1, float(t))) for t in table.time])
        else:
            values[name] = np.full(len(table.time), default)
            if name not in couplings and not coordinate.getLocked(state):
                absent.append(name)
    if absent:
        notes.append(
            f"{table.path}: no columns for {', '.join(absent)}; the model's default values were taken."
        )
    return values, notes


def _coupling_notes(
    table: Table, name: str, coupling: CoordinateCoupling, written: TimeArray, recomputed: TimeArray
) -> list[str]:
    difference = float(np.max(np.abs(written - recomputed)))
    as_degrees = float(np.max(np.abs(np.deg2rad(written) - recomputed)))
    if difference < _COUPLING_TOLERANCE or (table.in_degrees and as_degrees < _COUPLING_TOLERANCE):
        return []
    reason = (
        "the column holds degrees although the header says radians"
        if as_degrees < _COUPLING_TOLERANCE
        else "the column does not satisfy the model's coupler"
    )
    return [
        f"{table.path}: coordinate {name!r} was recomputed from {', '.join(coupling.independents)}, to "
        f"which the model couples it. The file differs by up to {difference:.3g}: {reason}."
    ]
