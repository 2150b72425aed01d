"""Moment arms of muscles in a pose: from a unit tension, and by OpenSim's own call."""

from collections.abc import Sequence
from typing import final

import numpy as np
import opensim
from jaxtyping import Float, Int

from opensim_difcal.inputs.motion import Motion

_STILL_POINTS = ("PathPoint", "ConditionalPathPoint")  # that keep their place in their body


@final
class UnitTension:
    """What muscles do to the mobilities of a model when each pulls with 1 N.

    The power of a unit tension is the rate of shortening, so the generalized forces that it
    makes, times the speeds of the mobilities when a coordinate moves at unit speed, are the
    moment arm. OpenSim's `computeMomentArm` does the same for one muscle and coordinate, and
    each time projects the speeds onto the constraints, which takes nearly all its time.
    """

    def __init__(self, motion: Motion, muscles: Sequence[opensim.Muscle]) -> None:
        """Takes the motion that poses the model, and its muscles."""
        state = motion.state
        motion.model.realizePosition(state)
        jacobian = opensim.Matrix()
        self._matter = motion.model.getMatterSubsystem()
        self._matter.calcSystemJacobian(state, jacobian)
        nothing = opensim.SpatialVec(opensim.Vec3(0), opensim.Vec3(0))
        self._no_forces = opensim.VectorOfSpatialVec(jacobian.nrow() // 6, nothing)
        self._paths = [(muscle.getPath(), _moves_within_bodies(muscle)) for muscle in muscles]
        self._n_mobilities = state.getNU()

    def generalized_forces(self, state: opensim.State) -> Float[np.ndarray, "muscle mobility"]:
        """Returns generalized forces of every muscle, N m or N.

        Args:
            state: Of the model, realized to positions.
        """
        # Muscle after muscle is added to the same forces on bodies: a new vector for each costs more.
        on_bodies = opensim.VectorOfSpatialVec(self._no_forces)
        within_bodies = opensim.Vector(self._n_mobilities, 0.0)
        added = opensim.Vector(self._n_mobilities, 0.0)
        to_mobilities = self._matter.multiplyBySystemJacobianTranspose
        sums = [within_bodies.to_numpy()]
        moved = np.zeros((len(self._paths) + 1, self._n_mobilities))
        for row, (path, moves_within_bodies) in enumerate(self._paths, start=1):
            path.addInEquivalentForces(state, 1.0, on_bodies, within_bodies)
            to_mobilities(state, on_bodies, added)
            sums.append(added.to_numpy())
            if moves_within_bodies:
                moved[row:] = within_bodies.to_numpy()
        return np.diff(np.array(sums) + moved, axis=0)


def _moves_within_bodies(muscle: opensim.Muscle) -> bool:
    """Whether a path has points that coordinates move within their bodies."""
    points = muscle.getGeometryPath().getPathPointSet()
    return any(points.get(i).getConcreteClassName() not in _STILL_POINTS for i in range(points.getSize()))


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
