"""Moment arms from a unit tension are those of OpenSim's own call."""

from pathlib import Path

import numpy as np
import opensim
import pytest
from two_segments import COORDINATES, ORIGIN, arm_model, initialized, parabola

from opensim_difcal.inputs.geometry import muscle_geometry
from opensim_difcal.inputs.moment_arms import UnitTension, opensim_moment_arms
from opensim_difcal.inputs.motion import Motion, independent_coordinate
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import find_muscles, load_model

LEG = Path(__file__).parents[2] / "models" / "leg" / "leg_scaled.osim"


def bends(n_frames: int) -> dict[str, np.ndarray]:
    """A leg that bends at hip, knee and ankle."""
    phase = np.linspace(0, 2 * np.pi, n_frames)
    ranges = zip(COORDINATES, (0.4, -0.7, 0.1), (0.6, 0.65, 0.3), strict=True)
    return {name: middle + half * np.sin(phase + half) for name, middle, half in ranges}


def test_a_unit_tension_gives_the_moment_arms_of_every_muscle_of_a_leg():
    model = load_model(LEG)
    motion = Motion(model, np.arange(7.0), bends(7))
    muscles = find_muscles(model, muscle_names(model))
    coordinates = [independent_coordinate(motion, name) for name in COORDINATES]
    pairs = list(np.ndindex(len(coordinates), len(muscles)))
    expected = opensim_moment_arms(motion, muscles, coordinates, pairs, np.arange(7))
    tension = UnitTension(motion, muscles)
    for frame in range(7):
        forces = tension.generalized_forces(motion.pose(frame))
        arms = [forces @ motion.unit_speed(name)[frame] for name in COORDINATES]
        # OpenSim projects speeds onto the constraints to 1e-10.
        assert np.ravel(arms) == pytest.approx(expected[frame], abs=1e-9)


def test_a_point_that_moves_in_its_body_adds_to_the_moment_arm():
    model = initialized(arm_model_with_moving_point())
    values = {"elbow": np.linspace(0.2, 1.4, 241)}
    geometry = muscle_geometry(model, np.arange(241.0), values, ["slider", "flexor", "slider"], ["elbow"])
    # The insertion at (x, 0.02) in the forearm, x a function of the elbow; the origin is at (0, 0.2).
    rate = np.gradient(geometry.muscle_tendon_length[:, 0], values["elbow"], edge_order=2)
    assert geometry.moment_arm[:, 0, 0] == pytest.approx(-rate, abs=1e-5)
    # Each muscle for itself, whatever was added before.
    assert geometry.moment_arm[:, 0, 0] == pytest.approx(geometry.moment_arm[:, 0, 2], abs=1e-15)
    assert geometry.exact_moment_arms == ()


def test_a_coordinate_that_shares_a_coupler_has_the_moment_arms_of_opensim():
    function = opensim.MultivariatePolynomialFunction(
        opensim.Vector.createFromMat(np.array([0.1, 0.5, 0.25])), 2, 1
    )
    model = arm_model(("wrist", "elbow", parabola()))
    coupler = opensim.CoordinateCouplerConstraint.safeDownCast(model.updConstraintSet().get(0))
    names = opensim.ArrayStr()
    names.append("shoulder")
    names.append("elbow")
    coupler.setIndependentCoordinateNames(names)
    coupler.setFunction(function)
    add_shoulder(model)
    model = initialized(model)
    values = {"elbow": np.array([0.3, 0.9]), "shoulder": np.array([0.2, 0.4])}
    geometry = muscle_geometry(model, np.arange(2.0), values, ["flexor", "long_flexor"], ["elbow"])
    assert geometry.exact_moment_arms == (("elbow", "flexor"), ("elbow", "long_flexor"))
    motion = Motion(model, np.arange(2.0), values)
    assert motion.shares_a_coupler("elbow")
    muscles = find_muscles(model, ["flexor", "long_flexor"])
    elbow = [independent_coordinate(motion, "elbow")]
    expected = opensim_moment_arms(motion, muscles, elbow, [(0, 0), (0, 1)], np.arange(2))
    assert np.array_equal(geometry.moment_arm[:, 0], expected)


def test_a_pair_that_differs_from_opensim_takes_its_whole_coordinate_along(monkeypatch):
    model = initialized(arm_model())
    values = {"elbow": np.linspace(0.2, 1.4, 5)}
    arguments = (model, np.arange(5.0), values, ["flexor", "long_flexor"], ["elbow", "wrist"])
    expected = muscle_geometry(*arguments)
    forces = UnitTension.generalized_forces
    elbow_doubled = np.array([2.0, 1.0])
    monkeypatch.setattr(
        UnitTension, "generalized_forces", lambda tension, state: forces(tension, state) * elbow_doubled
    )
    geometry = muscle_geometry(*arguments)
    assert geometry.exact_moment_arms == (("elbow", "flexor"), ("elbow", "long_flexor"))
    assert geometry.moment_arm == pytest.approx(expected.moment_arm, abs=1e-12)


def arm_model_with_moving_point() -> opensim.Model:
    model = arm_model()
    moves = opensim.SimmSpline()
    for angle, x in ((0.0, 0.05), (1.0, 0.06), (2.0, 0.09)):
        moves.addPoint(angle, x)
    point = opensim.MovingPathPoint()
    point.setName("slides")
    point.updSocket("parent_frame").setConnecteePath("/bodyset/elbow_body")
    point.set_x_location(moves)
    point.set_y_location(opensim.Constant(0.02))
    point.set_z_location(opensim.Constant(0.0))
    for axis in "xyz":
        point.updSocket(f"{axis}_coordinate").setConnecteePath("/jointset/elbow_joint/elbow")
    slider = opensim.Millard2012EquilibriumMuscle("slider", 100.0, 0.1, 0.2, 0.0)
    slider.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0, 0.2, 0))
    slider.updGeometryPath().updPathPointSet().cloneAndAppend(point)
    model.addForce(slider)
    return model


def add_shoulder(model: opensim.Model) -> None:
    body = opensim.Body("shoulder_body", 1.0, ORIGIN, opensim.Inertia(0.1, 0.1, 0.1))
    hinge = opensim.PinJoint("shoulder_joint", model.getGround(), ORIGIN, ORIGIN, body, ORIGIN, ORIGIN)
    hinge.updCoordinate().setName("shoulder")
    model.addBody(body)
    model.addJoint(hinge)
