"""Which muscle spans which coordinate."""

from collections.abc import Sequence

import numpy as np
import opensim
from jaxtyping import Bool

from opensim_difcal.inputs.motion import Motion, independent_coordinate, opensim_moment_arms
from opensim_difcal.inputs.opensim_model import find_coordinate, find_muscles, quiet_opensim

Crossing = Bool[np.ndarray, "coordinate muscle"]

_NOTHING = 1e-9  # m or rad/s, rounding error of what is zero


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
        motion = Motion(model, np.zeros(3), poses)
        muscles = find_muscles(model, muscle_names)
        coordinates = [independent_coordinate(motion, name) for name in coordinate_names]
        if motion.has_loops:
            pairs = list(np.ndindex(len(coordinates), len(muscles)))
            arms = opensim_moment_arms(motion, muscles, coordinates, pairs, np.arange(3))
            return (np.abs(arms).max(axis=0) > _NOTHING).reshape(len(coordinates), len(muscles))
        spans = np.zeros((len(coordinates), len(muscles)), dtype=bool)
        bodies = [_bodies(muscle) for muscle in muscles]
        for frame in range(3):
            state = motion.pose(frame)
            for c, name in enumerate(coordinate_names):
                motion.move(frame, name)
                spans[c] |= [_moves_against_each_other(state, each) for each in bodies]
    return spans


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
