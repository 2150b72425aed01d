"""Poses a model along a motion, and says how it moves when one coordinate does."""

from collections.abc import Mapping
from typing import final

import numpy as np
import opensim
from jaxtyping import Float

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.coupled_coordinates import coupled_coordinates, enforced_constraints
from opensim_difcal.inputs.opensim_model import find_coordinate
from opensim_difcal.shapes import TimeArray

Speeds = Float[np.ndarray, "frame mobility"]


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
        for name in coordinate_values:
            find_coordinate(model, name)
        for coordinate in every:  # OpenSim's solvers would hold a locked or prescribed coordinate
            if coordinate.getLocked(self.state):
                coordinate.setLocked(self.state, False)
            if coordinate.isPrescribed(self.state):
                coordinate.setIsPrescribed(self.state, False)
        self._values = {c.getName(): np.full(len(time), c.getDefaultValue()) for c in every}
        self._values |= coordinate_values
        for name, coupling in self.couplings.items():
            self._values[name] = coupling.evaluate(self._values)
        places = {c.getName(): _places(self.state, c) for c in every}
        self._mobility = {name: mobility for name, (_, mobility) in places.items()}
        self._q = np.zeros((len(time), self.state.getNQ()))
        for name, (place, _) in places.items():
            self._q[:, place] = self._values[name]

    def pose(self, frame: int) -> opensim.State:
        """Returns the state in the pose of a frame, realized to positions."""
        self.state.setTime(float(self.time[frame]))
        self.state.setQ(opensim.Vector.createFromMat(self._q[frame]))
        if self.has_loops:
            self.model.assemble(self.state)
        self.model.realizePosition(self.state)
        return self.state

    def unit_speed(self, name: str) -> Speeds:
        """Returns how all mobilities move in each frame when one coordinate moves at unit speed.

        Coordinates that are coupled to it move as their coupler says; all others rest.

        Args:
            name: A coordinate that is not coupled to others.
        """
        speeds = {name: np.ones(len(self.time))}
        for dependent, coupling in self.couplings.items():
            if any(independent in speeds for independent in coupling.independents):
                speeds[dependent] = coupling.speed(self._values, speeds)
        rows = np.zeros((len(self.time), self.state.getNU()))
        for each, speed in speeds.items():
            rows[:, self._mobility[each]] = speed
        return rows

    def shares_a_coupler(self, name: str) -> bool:
        """Whether a coordinate depends on this one and on others as well."""
        moving = {name}
        for dependent, coupling in self.couplings.items():
            if moving.intersection(coupling.independents):
                moving.add(dependent)
                if len(coupling.independents) > 1:
                    return True
        return False


def _places(state: opensim.State, coordinate: opensim.Coordinate) -> tuple[int, int]:
    """Where a coordinate stands among the positions and among the speeds of a state."""
    state.setQ(opensim.Vector(state.getNQ(), 0.0))
    state.setU(opensim.Vector(state.getNU(), 0.0))
    coordinate.setValue(state, 1.0, False)
    coordinate.setSpeedValue(state, 1.0)
    places = int(state.getQ().to_numpy().argmax()), int(state.getU().to_numpy().argmax())
    state.setU(opensim.Vector(state.getNU(), 0.0))
    return places


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
