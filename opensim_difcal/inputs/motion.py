"""Poses a model along a motion, and moves one coordinate at a time."""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import opensim
from jaxtyping import Float, Int

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.coupled_coordinates import coupled_coordinates, enforced_constraints
from opensim_difcal.inputs.opensim_model import find_coordinate
from opensim_difcal.shapes import TimeArray


@final
class Motion:
    """Poses a model frame by frame, on a state of its own.

    Coupled coordinates are recomputed; locked and prescribed ones take the given values.

    Attributes:
        model: The model; it is not changed.
        time: s.
        couplings: Coordinates that are functions of others.
        has_loops: Whether constraints beside couplers have to be assembled.
    """

    def __init__(
        self, model: opensim.Model, time: TimeArray, coordinate_values: Mapping[str, TimeArray]
    ) -> None:
        """Takes the values of coordinates, rad or m; absent ones keep the model's default."""
        self.model, self.time = model, time
        self.state = opensim.State(model.getWorkingState())
        self.couplings = coupled_coordinates(model)
        kinds = [opensim.CoordinateCouplerConstraint.safeDownCast(c) for c in enforced_constraints(model)]
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


def independent_coordinate(motion: Motion, name: str) -> opensim.Coordinate:
    """Returns a coordinate that has moment arms of its own.

    Args:
        motion: A motion of the model.
        name: Name of the coordinate.

    Raises:
        ModelError: If the model has no such coordinate, or couples it to others.
    """
    coordinate = find_coordinate(motion.model, name)
    if name in motion.couplings:
        independents = ", ".join(motion.couplings[name].independents)
        raise ModelError(
            f"{motion.model.getName()}: coordinate {name!r} is a function of {independents}, so it has no "
            f"moment arms of its own. Choose {independents} instead."
        )
    return coordinate


def opensim_moment_arms(
    motion: Motion,
    muscles: Sequence[opensim.Muscle],
    coordinates: Sequence[opensim.Coordinate],
    pairs: Sequence[tuple[int, int]],
    frames: Int[np.ndarray, " frame"],
) -> Float[np.ndarray, "frame pair"]:
    """Returns moment arms by OpenSim's `computeMomentArm`, exact and slow.

    Args:
        motion: A motion of the model.
        muscles: Muscles.
        coordinates: Coordinates.
        pairs: Wanted (coordinate, muscle) pairs.
        frames: Wanted frames.
    """
    arms = np.zeros((len(frames), len(pairs)))
    for row, frame in enumerate(frames):
        state = motion.pose(int(frame))
        arms[row] = [muscles[m].computeMomentArm(state, coordinates[c]) for c, m in pairs]
    return arms
