"""Muscle-tendon lengths and moment arms of a model along a motion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import opensim
from jaxtyping import Bool, Float

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.shapes import MomentArmArray, MuscleArray, TimeArray
from opensim_difcal.wording import did_you_mean

Crossing = Bool[np.ndarray, "coordinate muscle"]

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


@final
@dataclass(frozen=True)
class CoordinateCoupling:
    """A coordinate that a CoordinateCouplerConstraint makes a function of others."""

    independents: tuple[str, ...]
    function: opensim.Function

    def evaluate(self, values: Mapping[str, TimeArray]) -> TimeArray:
        """Returns the dependent coordinate, rad or m.

        Args:
            values: Series of at least the independent coordinates, rad or m.
        """
        rows = np.column_stack([values[name] for name in self.independents])
        return np.array([self.function.calcValue(opensim.Vector.createFromMat(row)) for row in rows])

    def speed(self, values: Mapping[str, float], speeds: Mapping[str, float]) -> float:
        """Returns the speed of the dependent coordinate at one instant.

        Args:
            values: At least the independent coordinates, rad or m.
            speeds: Their speeds; absent ones stand still.
        """
        at = opensim.Vector.createFromMat(np.array([values[name] for name in self.independents]))
        moving = [(i, speeds[name]) for i, name in enumerate(self.independents) if speeds.get(name)]
        return float(sum(self.function.calcDerivative([i], at) * speed for i, speed in moving))


def coupled_coordinates(model: opensim.Model) -> dict[str, CoordinateCoupling]:
    """Returns the coordinates that enforced couplers determine, such as the patella's.

    Args:
        model: An initialized model.

    Returns:
        Couplings by the dependent coordinate; none depends on a later one.
    """
    found = {}
    for constraint in _enforced_constraints(model):
        coupler = opensim.CoordinateCouplerConstraint.safeDownCast(constraint)
        if coupler is not None:
            names = coupler.getIndependentCoordinateNames()
            independents = tuple(names.get(i) for i in range(names.getSize()))
            # The clone lives on when the model is gone.
            coupling = CoordinateCoupling(independents, coupler.getFunction().clone())
            found[coupler.getDependentCoordinateName()] = coupling
    ordered: dict[str, CoordinateCoupling] = {}
    while len(ordered) < len(found):
        waiting = {name for name in found if name not in ordered}
        free = [name for name in waiting if not waiting.intersection(found[name].independents)]
        if not free:
            raise ModelError(
                f"{model.getName()}: the coupled coordinates {sorted(waiting)} depend on each other "
                "in a circle. Remove one of their CoordinateCouplerConstraint objects."
            )
        ordered.update({name: found[name] for name in sorted(free)})
    return ordered


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
        motion = _Motion(model, time, coordinate_values)
        muscles = _muscles(model, muscle_names)
        coordinates = [_independent_coordinate(model, motion, name) for name in coordinate_names]
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


def crossing(model: opensim.Model, muscle_names: Sequence[str], coordinate_names: Sequence[str]) -> Crossing:
    """Returns which muscle spans which coordinate, whatever the trial.

    A muscle spans a coordinate that moves the bodies of its path points and wrap objects
    against each other. Moment arms alone cannot tell: a wrapping path leaves tenths of a
    millimeter at joints that the muscle never passes. Looked at are the default pose and a
    third and two thirds of every wanted coordinate's range.

    Args:
        model: An initialized model.
        muscle_names: Muscles to look at.
        coordinate_names: Coordinates to look at.

    Raises:
        ModelError: As for `muscle_geometry`.
    """
    poses = {}
    for coordinate in (find_coordinate(model, name) for name in coordinate_names):
        low, high = np.clip([coordinate.getRangeMin(), coordinate.getRangeMax()], -3.0, 3.0)
        default = coordinate.getDefaultValue()
        poses[coordinate.getName()] = np.array([default, low + (high - low) / 3, high - (high - low) / 3])
    with quiet_opensim():
        motion = _Motion(model, np.zeros(3), poses)
        muscles = _muscles(model, muscle_names)
        coordinates = [_independent_coordinate(model, motion, name) for name in coordinate_names]
        if motion.has_loops:
            pairs = list(np.ndindex(len(coordinates), len(muscles)))
            arms = _opensim_arms(motion, muscles, coordinates, pairs, np.arange(3))
            return (np.abs(arms).max(axis=0) > _NOTHING).reshape(len(coordinates), len(muscles))
        spans = np.zeros((len(coordinates), len(muscles)), dtype=bool)
        bodies = [_bodies(muscle) for muscle in muscles]
        for frame in range(3):
            state = motion.pose(frame)
            for c, name in enumerate(coordinate_names):
                motion.move(frame, name)
                spans[c] |= [_moves_against_each_other(state, each) for each in bodies]
    return spans


def find_coordinate(model: opensim.Model, name: str) -> opensim.Coordinate:
    """Returns a coordinate by name.

    Args:
        model: An initialized model.
        name: Name of the coordinate.

    Raises:
        ModelError: If the model has no such coordinate; the closest name is suggested.
    """
    coordinates = model.getCoordinateSet()
    names = [coordinates.get(i).getName() for i in range(coordinates.getSize())]
    if name not in names:
        raise ModelError(
            f"{model.getName()}: the model has no coordinate {name!r}.{did_you_mean(name, names)} "
            f"The coordinates are: {', '.join(names)}."
        )
    return coordinates.get(name)


@final
class _Motion:
    """Poses a model frame by frame, on a state of its own."""

    def __init__(
        self, model: opensim.Model, time: TimeArray, coordinate_values: Mapping[str, TimeArray]
    ) -> None:
        self.model, self.time = model, time
        self.state = opensim.State(model.getWorkingState())
        self.couplings = coupled_coordinates(model)
        kinds = [opensim.CoordinateCouplerConstraint.safeDownCast(c) for c in _enforced_constraints(model)]
        self.has_loops = None in kinds
        coordinate_set = model.getCoordinateSet()
        every = [coordinate_set.get(i) for i in range(coordinate_set.getSize())]
        self._coordinates = {coordinate.getName(): coordinate for coordinate in every}
        for name in coordinate_values:
            find_coordinate(model, name)
        for coordinate in every:  # a locked or prescribed coordinate silently ignores setValue
            if coordinate.getLocked(self.state):
                coordinate.setLocked(self.state, False)
            if coordinate.isPrescribed(self.state):
                coordinate.setIsPrescribed(self.state, False)
        self._values = {c.getName(): np.full(len(time), c.getDefaultValue()) for c in every}
        self._values |= coordinate_values
        for name, coupling in self.couplings.items():
            self._values[name] = coupling.evaluate(self._values)
        self._rest = opensim.Vector(self.state.getNU(), 0.0)

    def pose(self, frame: int) -> opensim.State:
        """Returns the state in the pose of a frame, realized to positions."""
        self.state.setTime(float(self.time[frame]))
        for name, coordinate in self._coordinates.items():
            coordinate.setValue(self.state, float(self._values[name][frame]), False)
        if self.has_loops:
            self.model.assemble(self.state)
        self.model.realizePosition(self.state)
        return self.state

    def move(self, frame: int, name: str) -> None:
        """Moves one coordinate, and those coupled to it, at unit speed; all others rest."""
        speeds = {name: 1.0}
        values = {each: series[frame] for each, series in self._values.items()}
        for dependent, coupling in self.couplings.items():
            speeds[dependent] = coupling.speed(values, speeds)
        self.state.setU(self._rest)
        for each, speed in speeds.items():
            self._coordinates[each].setSpeedValue(self.state, float(speed))
        self.model.realizeVelocity(self.state)


def _bodies(muscle: opensim.Muscle) -> list[opensim.Frame]:
    points = muscle.getGeometryPath().getPathPointSet()
    wraps = muscle.getGeometryPath().getWrapSet()
    frames = [points.get(i).getParentFrame() for i in range(points.getSize())]
    frames += [wraps.get(i).getWrapObject().getFrame() for i in range(wraps.getSize())]
    bases = [frame.findBaseFrame() for frame in frames]
    return list({base.getAbsolutePathString(): base for base in bases}.values())


def _moves_against_each_other(state: opensim.State, bodies: Sequence[opensim.Frame]) -> bool:
    """Whether the velocities of the bodies differ from those of one rigid body."""
    velocities = []
    for body in bodies:
        angular = body.getAngularVelocityInGround(state).to_numpy()
        linear = body.getLinearVelocityInGround(state).to_numpy()
        at_origin = linear - np.cross(angular, body.getPositionInGround(state).to_numpy())
        velocities.append(np.concatenate([angular, at_origin]))
    return bool(np.ptp(velocities, axis=0).max() > _NOTHING)


def _replace_by_opensim(
    arm: MomentArmArray,
    motion: _Motion,
    muscles: Sequence[opensim.Muscle],
    coordinates: Sequence[opensim.Coordinate],
    crosses: Crossing,
) -> list[tuple[int, int]]:
    """Overwrites, in place, moment arms that differ from OpenSim's; returns which."""
    pairs = [(int(c), int(m)) for c, m in np.argwhere(crosses)]
    if not motion.has_loops:
        frames = np.unique(np.linspace(0, len(arm) - 1, _N_CHECKED_FRAMES).round().astype(int))
        reference = _opensim_arms(motion, muscles, coordinates, pairs, frames)
        checked = np.array([[arm[frame, c, m] for c, m in pairs] for frame in frames])
        worst = np.abs(reference - checked).max(axis=0, initial=0.0)
        pairs = [pair for pair, difference in zip(pairs, worst, strict=True) if difference > _MAX_DIFFERENCE]
    else:
        pairs = list(np.ndindex(len(coordinates), len(muscles)))
    if pairs:
        frames = np.arange(len(arm))
        exact = _opensim_arms(motion, muscles, coordinates, pairs, frames)
        for (c, m), series in zip(pairs, exact.T, strict=True):
            arm[:, c, m] = np.where(np.abs(series).max() > _NOTHING, series, 0.0)
    return pairs


def _opensim_arms(
    motion: _Motion,
    muscles: Sequence[opensim.Muscle],
    coordinates: Sequence[opensim.Coordinate],
    pairs: Sequence[tuple[int, int]],
    frames: np.ndarray,
) -> Float[np.ndarray, "frame pair"]:
    arms = np.zeros((len(frames), len(pairs)))
    for row, frame in enumerate(frames):
        state = motion.pose(int(frame))
        arms[row] = [muscles[m].computeMomentArm(state, coordinates[c]) for c, m in pairs]
    return arms


def _enforced_constraints(model: opensim.Model) -> list[opensim.Constraint]:
    constraints = model.getConstraintSet()
    every = [constraints.get(i) for i in range(constraints.getSize())]
    return [constraint for constraint in every if constraint.get_isEnforced()]


def _muscles(model: opensim.Model, names: Sequence[str]) -> list[opensim.Muscle]:
    muscles = model.getMuscles()
    known = [muscles.get(i).getName() for i in range(muscles.getSize())]
    for name in names:
        if name not in known:
            raise ModelError(
                f"{model.getName()}: the model has no muscle {name!r}.{did_you_mean(name, known)} "
                f"The muscles are: {', '.join(known)}."
            )
    return [muscles.get(name) for name in names]


def _independent_coordinate(model: opensim.Model, motion: _Motion, name: str) -> opensim.Coordinate:
    coordinate = find_coordinate(model, name)
    if name in motion.couplings:
        independents = ", ".join(motion.couplings[name].independents)
        raise ModelError(
            f"{model.getName()}: coordinate {name!r} is a function of {independents}, so it has no "
            f"moment arms of its own. Choose {independents} instead."
        )
    return coordinate


def _check_lengths(length: MuscleArray, time: TimeArray, muscle_names: Sequence[str]) -> None:
    frames, muscles = np.nonzero(~np.isfinite(length) | (length <= 0))
    if len(frames):
        raise ModelError(
            f"The path of muscle {muscle_names[muscles[0]]!r} has the length {length[frames[0], muscles[0]]} "
            f"m at {time[frames[0]]:g} s. Check the coordinates at that time, and the path's wrap objects."
        )
