"""A small arm whose lengths and moment arms are known in closed form, and columns in SI units."""

import numpy as np
import opensim

COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
ORIGIN = opensim.Vec3(0)


def arm_model(*couplers: tuple[str, str, opensim.Function], loop: bool = False) -> opensim.Model:
    """Two 0.3 m segments on hinges, elbow and wrist; a flexor of the elbow, one of both."""
    model = opensim.Model()
    model.setName("arm")
    parent = model.getGround()
    for name, joint in (("elbow", "elbow_joint"), ("wrist", "wrist_joint")):
        body = opensim.Body(f"{name}_body", 1.0, ORIGIN, opensim.Inertia(0.1, 0.1, 0.1))
        at = ORIGIN if name == "elbow" else opensim.Vec3(0.3, 0, 0)
        hinge = opensim.PinJoint(joint, parent, at, ORIGIN, body, ORIGIN, ORIGIN)
        hinge.updCoordinate().setName(name)
        hinge.updCoordinate().setRangeMin(0.0)
        hinge.updCoordinate().setRangeMax(2.0)
        model.addBody(body)
        model.addJoint(hinge)
        parent = body
    for name, insertion in (("flexor", "elbow_body"), ("long_flexor", "wrist_body")):
        muscle = opensim.Millard2012EquilibriumMuscle(name, 100.0, 0.1, 0.2, 0.0)
        muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0, 0.2, 0))
        body = model.getBodySet().get(insertion)
        muscle.addNewPathPoint("insertion", body, opensim.Vec3(0.1, 0, 0))
        model.addForce(muscle)
    for dependent, independent, function in couplers:
        coupler = opensim.CoordinateCouplerConstraint()
        coupler.setName(f"{dependent}_coupler")
        names = opensim.ArrayStr()
        names.append(independent)
        coupler.setIndependentCoordinateNames(names)
        coupler.setDependentCoordinateName(dependent)
        coupler.setFunction(function)
        model.addConstraint(coupler)
    if loop:
        hand, grip = model.getBodySet().get("wrist_body"), opensim.Vec3(0.1, 0, 0)
        rod = opensim.ConstantDistanceConstraint(model.getGround(), opensim.Vec3(0, 0.1, 0), hand, grip, 0.35)
        model.addConstraint(rod)
    return model


def initialized(model: opensim.Model) -> opensim.Model:
    model.finalizeConnections()
    model.initSystem()
    return model


def parabola() -> opensim.Function:
    """0.5 x**2 + 0.1."""
    return opensim.PolynomialFunction(opensim.Vector.createFromMat(np.array([0.5, 0.0, 0.1])))


def motion(table, frames) -> dict[str, np.ndarray]:
    return {label: in_si(table, label)[frames] for label in table.labels}


def in_si(table, label: str) -> np.ndarray:
    translates = label.endswith(("_tx", "_ty", "_tz", "_beta"))
    return table.column(label) if translates else np.deg2rad(table.column(label))
