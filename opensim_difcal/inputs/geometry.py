"""Muscle-tendon lengths and moment arms of a model along a motion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import opensim

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.crossing import Crossing, crossing
from opensim_difcal.inputs.moment_arms import UnitTension, opensim_moment_arms
from opensim_difcal.inputs.motion import Motion, independent_coordinate
from opensim_difcal.inputs.opensim_model import find_muscles, quiet_opensim
from opensim_difcal.shapes import MomentArmArray, MuscleArray, TimeArray

METHOD = 2
"""Number of the method; raised when the same motion would give other numbers."""

_N_CHECKED_FRAMES = 12
_MAX_DIFFERENCE = 1e-5  # m, between moment arms from a unit tension and OpenSim's
_NOTHING = 1e-9  # m, rounding error of a moment arm that is zero


@dataclass(frozen=True)
class MuscleGeometry:
    """Muscle paths along a motion.

    Attributes:
        muscle_tendon_length: m.
        moment_arm: Rate of shortening by the rate of the coordinate: m for rotational
            coordinates, dimensionless for translational ones; OpenSim's sign. Exactly zero
            where a muscle does not span a coordinate.
        exact_moment_arms: (coordinate, muscle) pairs whose moment arms come from
            OpenSim's `computeMomentArm` in every frame, because the fast method may differ.
    """

    muscle_tendon_length: MuscleArray
    moment_arm: MomentArmArray
    exact_moment_arms: tuple[tuple[str, str], ...] = ()


def muscle_geometry(
    model: opensim.Model,
    time: TimeArray,
    coordinate_values: Mapping[str, TimeArray],
    muscle_names: Sequence[str],
    coordinate_names: Sequence[str],
    *,
    crosses: Crossing | None = None,
) -> MuscleGeometry:
    """Returns muscle-tendon lengths and moment arms along a motion.

    A muscle that pulls with 1 N does work on all mobilities; that on the mobilities which move
    with a coordinate is its moment arm (see `UnitTension`). These are the numbers of OpenSim's
    `computeMomentArm`, at a cost of one pass per muscle. Each pair is compared with that call in one
    of 12 frames. The rate of lengthening at unit speed is no substitute, as OpenSim's is up to 1.8 mm
    off for paths with several wrap objects; nor are central differences of lengths, which are wrong
    over whole regions where paths wrap.

    Coordinates that are coupled are recomputed. Locked and prescribed coordinates take the given
    values. Where a coordinate shares a coupler with others its moment arms are OpenSim's. When other
    constraints close loops (welds, points), the model is assembled in every frame and all are.

    Args:
        model: An initialized model; it is not changed.
        time: s.
        coordinate_values: rad or m, by coordinate; absent coordinates keep the model's default.
        muscle_names: Wanted muscles.
        coordinate_names: Coordinates whose moment arms are wanted.
        crosses: The model's `crossing`, if known already.

    Raises:
        ModelError: If a muscle or coordinate does not exist, a wanted coordinate is coupled
            to another, or a path has no length.
    """
    with quiet_opensim():
        motion = Motion(model, time, coordinate_values)
        muscles = find_muscles(model, muscle_names)
        coordinates = [independent_coordinate(motion, name) for name in coordinate_names]
        length, arm = _along(motion, muscles, coordinate_names)
        _check_lengths(length, time, muscle_names)
        if crosses is None:
            crosses = crossing(model, muscle_names, coordinate_names)
        arm[:, ~crosses] = 0.0
        exact = _doubtful_pairs(arm, motion, muscles, coordinates, crosses)
        if exact:
            series = opensim_moment_arms(motion, muscles, coordinates, exact, np.arange(len(time)))
            for (c, m), each in zip(exact, series.T, strict=True):
                arm[:, c, m] = np.where(np.abs(each).max() > _NOTHING, each, 0.0)
    pairs = tuple((coordinate_names[c], muscle_names[m]) for c, m in exact)
    return MuscleGeometry(length, arm, pairs)


def _along(
    motion: Motion, muscles: Sequence[opensim.Muscle], coordinate_names: Sequence[str]
) -> tuple[MuscleArray, MomentArmArray]:
    """Lengths, and moment arms from a unit tension."""
    speeds = np.zeros((len(motion.time), len(coordinate_names), motion.state.getNU()))
    for c, name in enumerate(coordinate_names):
        speeds[:, c] = motion.unit_speed(name)
    tension = UnitTension(motion, muscles)
    length = np.zeros((len(motion.time), len(muscles)))
    arm = np.zeros((len(motion.time), len(coordinate_names), len(muscles)))
    for frame in range(len(motion.time)):
        state = motion.pose(frame)
        length[frame] = [muscle.getLength(state) for muscle in muscles]
        if len(coordinate_names):
            arm[frame] = speeds[frame] @ tension.generalized_forces(state).T
    return length, arm


def _doubtful_pairs(
    arm: MomentArmArray,
    motion: Motion,
    muscles: Sequence[opensim.Muscle],
    coordinates: Sequence[opensim.Coordinate],
    crosses: Crossing,
) -> list[tuple[int, int]]:
    """Which moment arms differ from OpenSim's, or belong to a coordinate where one does."""
    if motion.has_loops:  # whose closing moves coordinates that no coupler names
        return list(np.ndindex(len(coordinates), len(muscles)))
    doubtful = np.array([motion.shares_a_coupler(each.getName()) for each in coordinates], dtype=bool)
    pairs = [(int(c), int(m)) for c, m in np.argwhere(crosses)]
    checked = [(c, m) for c, m in pairs if not doubtful[c]]
    frames = np.unique(np.linspace(0, len(arm) - 1, _N_CHECKED_FRAMES).round().astype(int))
    for row, frame in enumerate(frames):
        some = checked[row :: len(frames)]
        if some:
            (reference,) = opensim_moment_arms(motion, muscles, coordinates, some, frames[row : row + 1])
            for (c, m), exact in zip(some, reference, strict=True):
                doubtful[c] |= abs(exact - arm[frame, c, m]) > _MAX_DIFFERENCE
    return [(c, m) for c, m in pairs if doubtful[c]]


def _check_lengths(length: MuscleArray, time: TimeArray, muscle_names: Sequence[str]) -> None:
    frames, muscles = np.nonzero(~np.isfinite(length) | (length <= 0))
    if len(frames):
        raise ModelError(
            f"The path of muscle {muscle_names[muscles[0]]!r} has the length {length[frames[0], muscles[0]]} "
            f"m at {time[frames[0]]:g} s. Check the coordinates at that time, and the path's wrap objects."
        )
