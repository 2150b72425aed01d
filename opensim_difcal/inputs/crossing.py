"""Which muscle spans which coordinate."""

from collections.abc import Sequence

import numpy as np
import opensim
from jaxtyping import Bool, Float

from opensim_difcal.inputs.moment_arms import opensim_moment_arms
from opensim_difcal.inputs.motion import Motion, independent_coordinate
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
        return _moves_bodies_of(motion, muscles, coordinate_names)


def _moves_bodies_of(
    motion: Motion, muscles: Sequence[opensim.Muscle], coordinate_names: Sequence[str]
) -> Crossing:
    """Whether a coordinate moves the bodies of a muscle against each other in any frame."""
    by_muscle = [_bodies(muscle) for muscle in muscles]
    bodies = {path: body for each in by_muscle for path, body in each.items()}
    places = {path: i for i, path in enumerate(bodies)}
    members = [[places[path] for path in each] for each in by_muscle]
    speeds = [motion.unit_speed(name) for name in coordinate_names]
    spans = np.zeros((len(coordinate_names), len(muscles)), dtype=bool)
    for frame in range(len(motion.time)):
        state = motion.pose(frame)
        for c, rows in enumerate(speeds):
            state.setU(opensim.Vector.createFromMat(rows[frame]))
            motion.model.realizeVelocity(state)
            velocities = _velocities(state, list(bodies.values()))
            spans[c] |= [np.ptp(velocities[each], axis=0).max() > _NOTHING for each in members]
    return spans


def _bodies(muscle: opensim.Muscle) -> dict[str, opensim.Frame]:
    """The bodies of a muscle's path points and wrap objects, by path."""
    points = muscle.getGeometryPath().getPathPointSet()
    wraps = muscle.getGeometryPath().getWrapSet()
    frames = [points.get(i).getParentFrame() for i in range(points.getSize())]
    frames += [wraps.get(i).getWrapObject().getFrame() for i in range(wraps.getSize())]
    bases = [frame.findBaseFrame() for frame in frames]
    return {base.getAbsolutePathString(): base for base in bases}


def _velocities(state: opensim.State, bodies: Sequence[opensim.Frame]) -> Float[np.ndarray, "body 6"]:
    """Angular velocity, and velocity of the body's point at the origin of ground."""
    angular = np.array([body.getAngularVelocityInGround(state).to_numpy() for body in bodies])
    linear = np.array([body.getLinearVelocityInGround(state).to_numpy() for body in bodies])
    position = np.array([body.getPositionInGround(state).to_numpy() for body in bodies])
    return np.hstack([angular, linear - np.cross(angular, position)])
