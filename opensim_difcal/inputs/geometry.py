"""Muscle-tendon lengths and moment arms of a model along a motion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import opensim

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.crossing import Crossing, crossing
from opensim_difcal.inputs.motion import Motion, independent_coordinate, opensim_moment_arms
from opensim_difcal.inputs.opensim_model import find_muscles, quiet_opensim
from opensim_difcal.shapes import MomentArmArray, MuscleArray, TimeArray

_N_CHECKED_FRAMES = 12
_MAX_DIFFERENCE = 5e-4  # m, between unit-speed and OpenSim's moment arms
_NOTHING = 1e-9  # m, rounding error of a moment arm that is zero


@dataclass(frozen=True)
class MuscleGeometry:
    """Muscle paths along a motion.

    Attributes:
        muscle_tendon_length: m.
        moment_arm: Rate of shortening by the rate of the coordinate: m for rotational
            coordinates, dimensionless for translational ones; OpenSim's sign. Exactly zero
            where a muscle does not span a coordinate.
        exact_moment_arms: (coordinate, muscle) pairs whose moment arms are those of
            OpenSim's `computeMomentArm` in every frame, because the fast method differs.
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
) -> MuscleGeometry:
    """Returns muscle-tendon lengths and moment arms along a motion.

    With all other independent coordinates at rest, a coordinate moving at unit speed
    lengthens a muscle at minus its moment arm; coupled coordinates move as their coupler says.
    That needs one position and a few velocity passes per frame, where `computeMomentArm` solves
    for each muscle and coordinate. The two are compared in up to 12 frames. Central differences
    of lengths are no substitute: they are wrong over whole regions where paths wrap.

    Coordinates that are coupled are recomputed. Locked and prescribed coordinates take
    the given values. When other constraints close loops (welds, points), the model is assembled in
    every frame and all moment arms are OpenSim's.

    Args:
        model: An initialized model; it is not changed.
        time: s.
        coordinate_values: rad or m, by coordinate; absent coordinates keep the model's default.
        muscle_names: Wanted muscles.
        coordinate_names: Coordinates whose moment arms are wanted.

    Raises:
        ModelError: If a muscle or coordinate does not exist, a wanted coordinate is coupled
            to another, or a path has no length.
    """
    with quiet_opensim():
        motion = Motion(model, time, coordinate_values)
        muscles = find_muscles(model, muscle_names)
        coordinates = [independent_coordinate(motion, name) for name in coordinate_names]
        length = np.zeros((len(time), len(muscles)))
        arm = np.zeros((len(time), len(coordinates), len(muscles)))
        for frame in range(len(time)):
            state = motion.pose(frame)
            length[frame] = [muscle.getLength(state) for muscle in muscles]
            for c, name in enumerate(coordinate_names):
                motion.move(frame, name)
                arm[frame, c] = [-muscle.getLengtheningSpeed(state) for muscle in muscles]
        _check_lengths(length, time, muscle_names)
        crosses = crossing(model, muscle_names, coordinate_names)
        arm[:, ~crosses] = 0.0
        exact = _replace_by_opensim(arm, motion, muscles, coordinates, crosses)
    pairs = tuple((coordinate_names[c], muscle_names[m]) for c, m in exact)
    return MuscleGeometry(length, arm, pairs)


def _replace_by_opensim(
    arm: MomentArmArray,
    motion: Motion,
    muscles: Sequence[opensim.Muscle],
    coordinates: Sequence[opensim.Coordinate],
    crosses: Crossing,
) -> list[tuple[int, int]]:
    """Overwrites, in place, moment arms that differ from OpenSim's; returns which."""
    pairs = [(int(c), int(m)) for c, m in np.argwhere(crosses)]
    if not motion.has_loops:
        frames = np.unique(np.linspace(0, len(arm) - 1, _N_CHECKED_FRAMES).round().astype(int))
        reference = opensim_moment_arms(motion, muscles, coordinates, pairs, frames)
        checked = np.array([[arm[frame, c, m] for c, m in pairs] for frame in frames])
        worst = np.abs(reference - checked).max(axis=0, initial=0.0)
        pairs = [pair for pair, difference in zip(pairs, worst, strict=True) if difference > _MAX_DIFFERENCE]
    else:
        pairs = list(np.ndindex(len(coordinates), len(muscles)))
    if pairs:
        frames = np.arange(len(arm))
        exact = opensim_moment_arms(motion, muscles, coordinates, pairs, frames)
        for (c, m), series in zip(pairs, exact.T, strict=True):
            arm[:, c, m] = np.where(np.abs(series).max() > _NOTHING, series, 0.0)
    return pairs


def _check_lengths(length: MuscleArray, time: TimeArray, muscle_names: Sequence[str]) -> None:
    frames, muscles = np.nonzero(~np.isfinite(length) | (length <= 0))
    if len(frames):
        raise ModelError(
            f"The path of muscle {muscle_names[muscles[0]]!r} has the length {length[frames[0], muscles[0]]} "
            f"m at {time[frames[0]]:g} s. Check the coordinates at that time, and the path's wrap objects."
        )
