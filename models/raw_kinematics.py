"""Where the leg's bodies are along a trial, and how they move with each coordinate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim

AXES = np.eye(3)


@dataclass(frozen=True)
class BodyMotion:
    """Motion of one body in ground.

    Attributes:
        origin: m, (time, 3).
        rotation: Columns are the body's axes in ground, (time, 3, 3).
        angular: Angular velocity for a unit speed of each coordinate, (time, coordinate, 3).
        linear: The same of the origin's velocity, m, (time, coordinate, 3).
    """

    origin: np.ndarray
    rotation: np.ndarray
    angular: np.ndarray
    linear: np.ndarray

    def point(self, location: np.ndarray) -> np.ndarray:
        """Returns the place in ground, m, of a point given in the body, (3,) or (time, 3)."""
        return self.origin + np.einsum(
            "tij,tj->ti", self.rotation, np.broadcast_to(location, self.origin.shape)
        )

    def force_share(self, point: np.ndarray, force: np.ndarray) -> np.ndarray:
        """Returns generalized forces, (time, coordinate), of a force (N) at a point of the body in ground."""
        lever = (point - self.origin)[:, np.newaxis]
        velocity = self.linear + np.cross(self.angular, lever)
        return np.einsum("tci,ti->tc", velocity, force)


def body_motions(model_file: Path, coordinates: Sequence[str], angle: np.ndarray) -> dict[str, BodyMotion]:
    """Returns the motion of every body.

    Args:
        model_file: The model.
        coordinates: Names of the columns of `angle`.
        angle: rad, (time, coordinate).
    """
    model = opensim.Model(str(model_file))
    state = model.initSystem()
    moved = [model.getCoordinateSet().get(name) for name in coordinates]
    bodies = list(model.getBodySet())
    count = (len(angle), len(moved), 3)
    motion = {
        body.getName(): BodyMotion(
            np.empty((len(angle), 3)), np.empty((len(angle), 3, 3)), np.empty(count), np.empty(count)
        )
        for body in bodies
    }
    for i, posture in enumerate(angle):
        for coordinate, value in zip(moved, posture, strict=True):
            coordinate.setValue(state, float(value), False)
        for j, coordinate in enumerate(moved):
            for other in moved:
                other.setSpeedValue(state, 0.0)
            coordinate.setSpeedValue(state, 1.0)
            model.realizeVelocity(state)
            for body in bodies:
                motion[body.getName()].angular[i, j] = body.getAngularVelocityInGround(state).to_numpy()
                motion[body.getName()].linear[i, j] = body.getLinearVelocityInGround(state).to_numpy()
        for body in bodies:
            one = motion[body.getName()]
            one.origin[i] = body.getPositionInGround(state).to_numpy()
            one.rotation[i] = np.column_stack(
                [body.expressVectorInGround(state, opensim.Vec3(*axis)).to_numpy() for axis in AXES]
            )
    return motion
