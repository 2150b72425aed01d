"""Builds OpenSim models from plain tables.

A model is a chain of bodies joined by planar or spatial custom joints and a list of
`Muscle` rows. Everything is in SI units and radians.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import opensim

FIBER_DAMPING = 0.01  # a tenth of the default: see README, "Damping"
MINIMUM_ACTIVATION = 0.01
MAX_CONTRACTION_VELOCITY = 10.0  # optimal fiber lengths per second
TENDON_STRAIN_AT_ONE_NORM_FORCE = 0.049


@dataclass(frozen=True)
class Point:
    """A path point fixed in a body, m."""

    body: str
    x: float
    y: float
    z: float


@dataclass(frozen=True)
class MovingPoint:
    """A path point whose x and y in a body are natural cubic splines of a coordinate.

    Attributes:
        body: Body the point is given in.
        coordinate: Path of the coordinate, such as `/jointset/knee_r/knee_angle_r`.
        angle: Knots of the splines, rad.
        x: Values at the knots, m.
        y: Values at the knots, m.
        z: Constant third component, m.
    """

    body: str
    coordinate: str
    angle: Sequence[float]
    x: Sequence[float]
    y: Sequence[float]
    z: float


@dataclass(frozen=True)
class Cylinder:
    """A wrap cylinder; its axis is the body's z axis unless turned by `rotation`."""

    name: str
    body: str
    center: tuple[float, float, float]
    radius: float
    quadrant: str
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    length: float = 0.3


@dataclass(frozen=True)
class Muscle:
    """One row of a muscle table.

    Attributes:
        name: Name in the model.
        group: Strength group; its members share one strength coefficient.
        max_isometric_force: N.
        optimal_fiber_length: m.
        tendon_slack_length: m.
        pennation_angle: At optimal fiber length, rad.
        path: Points from origin to insertion.
        wraps: Names of the cylinders that the path may touch.
    """

    name: str
    group: str
    max_isometric_force: float
    optimal_fiber_length: float
    tendon_slack_length: float
    pennation_angle: float
    path: Sequence[Point | MovingPoint]
    wraps: Sequence[str] = field(default_factory=tuple)


def spline(angle: Sequence[float], value: Sequence[float]) -> opensim.SimmSpline:
    """Returns a natural cubic spline through the knots."""
    function = opensim.SimmSpline()
    for knot, y in zip(angle, value, strict=True):
        function.addPoint(knot, y)
    return function


def linear(slope: float) -> opensim.LinearFunction:
    """Returns slope * x."""
    return opensim.LinearFunction(slope, 0.0)


def add_body(model: opensim.Model, name: str, mass: float, length: float) -> opensim.Body:
    """Adds a slender body whose mass lies around the middle of its length (m, along -y)."""
    transverse = mass * length**2 / 12
    axial = 0.1 * transverse
    inertia = opensim.Inertia(transverse, axial, transverse)
    body = opensim.Body(name, mass, opensim.Vec3(0, -length / 2, 0), inertia)
    model.addBody(body)
    return body


def add_rotation(
    axis: opensim.TransformAxis, coordinate: str, direction: Sequence[float], slope: float = 1.0
) -> None:
    """Lets one rotation axis of a spatial transform follow a coordinate."""
    names = opensim.ArrayStr()
    names.append(coordinate)
    axis.setCoordinateNames(names)
    axis.setAxis(opensim.Vec3(*direction))
    axis.set_function(linear(slope))


def hinge(
    coordinate: str,
    axis: Sequence[float],
    second_axis: Sequence[float],
    third_axis: Sequence[float],
) -> opensim.SpatialTransform:
    """Returns a rotation about one axis; the other two, kept still, must be independent of it."""
    transform = opensim.SpatialTransform()
    add_rotation(transform.upd_rotation1(), coordinate, axis)
    transform.upd_rotation2().setAxis(opensim.Vec3(*second_axis))
    transform.upd_rotation3().setAxis(opensim.Vec3(*third_axis))
    return transform


def set_coordinate(model: opensim.Model, name: str, span: Sequence[float]) -> None:
    """Sets the range of a coordinate (rad) and its neutral default."""
    model.finalizeFromProperties()
    coordinate = model.updCoordinateSet().get(name)
    coordinate.setRangeMin(span[0])
    coordinate.setRangeMax(span[1])
    coordinate.setDefaultValue(0.0)
    coordinate.setDefaultClamped(False)


def add_cylinder(model: opensim.Model, cylinder: Cylinder) -> None:
    """Adds a wrap cylinder to its body."""
    shape = opensim.WrapCylinder()
    shape.setName(cylinder.name)
    shape.set_translation(opensim.Vec3(*cylinder.center))
    shape.set_xyz_body_rotation(opensim.Vec3(*cylinder.rotation))
    shape.set_radius(cylinder.radius)
    shape.set_length(cylinder.length)
    shape.set_quadrant(cylinder.quadrant)
    frame_of(model, cylinder.body).addWrapObject(shape)


def frame_of(model: opensim.Model, body: str) -> opensim.PhysicalFrame:
    """Returns ground or the body of that name."""
    return model.updGround() if body == "ground" else model.updBodySet().get(body)


def add_muscle(model: opensim.Model, row: Muscle) -> None:
    """Adds one Millard2012EquilibriumMuscle with an elastic tendon."""
    muscle = opensim.Millard2012EquilibriumMuscle(
        row.name,
        row.max_isometric_force,
        row.optimal_fiber_length,
        row.tendon_slack_length,
        row.pennation_angle,
    )
    set_common_properties(muscle)
    path = muscle.updGeometryPath()
    for index, point in enumerate(row.path, start=1):
        if isinstance(point, MovingPoint):
            append_moving_point(model, path, row.name, index, point)
        else:
            location = opensim.Vec3(point.x, point.y, point.z)
            path.appendNewPathPoint(f"{row.name}-P{index}", frame_of(model, point.body), location)
    bodies = [model.getGround(), *model.getBodySet()]
    for name in row.wraps:
        for body in bodies:
            wraps = body.getWrapObjectSet()
            if wraps.getIndex(name) >= 0:
                path.addPathWrap(wraps.get(name))
    model.addForce(muscle)


def append_moving_point(
    model: opensim.Model, path: opensim.GeometryPath, muscle: str, index: int, row: MovingPoint
) -> None:
    """Appends a point that moves in its body with a coordinate."""
    point = opensim.MovingPathPoint()
    point.setName(f"{muscle}-P{index}")
    point.setParentFrame(frame_of(model, row.body))
    coordinate = opensim.Coordinate.safeDownCast(model.getComponent(row.coordinate))
    point.setXCoordinate(coordinate)
    point.setYCoordinate(coordinate)
    point.setZCoordinate(coordinate)
    point.set_x_location(spline(row.angle, row.x))
    point.set_y_location(spline(row.angle, row.y))
    point.set_z_location(opensim.Constant(row.z))
    path.updPathPointSet().adoptAndAppend(point)


def set_common_properties(muscle: opensim.Millard2012EquilibriumMuscle) -> None:
    """Sets what all muscles share: an elastic tendon and the class's own curves."""
    muscle.set_ignore_tendon_compliance(False)
    muscle.set_ignore_activation_dynamics(False)
    muscle.setMaxContractionVelocity(MAX_CONTRACTION_VELOCITY)
    muscle.set_fiber_damping(FIBER_DAMPING)
    muscle.set_minimum_activation(MINIMUM_ACTIVATION)
    muscle.set_default_activation(0.05)


def write_variant(source: Path, target: Path, parameters: Mapping[str, Mapping[str, float]]) -> None:
    """Writes a copy of a model in which only the given muscle numbers differ.

    Args:
        source: Model file to start from.
        target: Model file to write.
        parameters: Per muscle: max_isometric_force, optimal_fiber_length, tendon_slack_length.
    """
    model = opensim.Model(str(source))
    for name, values in parameters.items():
        muscle = model.updMuscles().get(name)
        muscle.setMaxIsometricForce(values["max_isometric_force"])
        muscle.setOptimalFiberLength(values["optimal_fiber_length"])
        muscle.setTendonSlackLength(values["tendon_slack_length"])
    model.finalizeFromProperties()
    model.finalizeConnections()
    model.printToXML(str(target))
