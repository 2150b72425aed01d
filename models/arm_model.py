"""The right arm: bodies and joints.

After Holzbaur, Murray & Delp (2005), Ann Biomed Eng 33(6):829-840, simplified: the shoulder girdle is
fixed, the upper arm is raised in the plane of the shoulder blade and turned about its long axis,
the elbow is a hinge. Segment masses: Winter (2009), table 4.1, for 75 kg.
"""

from math import cos, radians, sin
from pathlib import Path

import opensim
import osim_build as build
from arm_muscles import MUSCLES, SHOULDER_CENTER
from osim_build import Cylinder

COORDINATES = ("shoulder_elevation", "shoulder_rotation", "elbow_flexion")

SCAPULAR_PLANE = radians(30)  # in front of the frontal plane
ELBOW_CENTER = (0.0061, -0.2904, -0.0123)  # in humerus, m

CYLINDERS = (
    Cylinder("elbow_front", "humerus", ELBOW_CENTER, 0.012, "x"),
    Cylinder("elbow_behind", "humerus", ELBOW_CENTER, 0.016, "-x"),
)


def write_model(path: Path) -> None:
    """Writes the scaled arm model."""
    model = opensim.Model()
    model.setName("arm_right")
    model.set_credits("opensim_difcal virtual subject; geometry after Holzbaur et al. (2005), simplified.")
    thorax = build.add_body(model, "thorax", 15.0, 0.4)
    humerus = build.add_body(model, "humerus", 2.1, 0.29)
    forearm = build.add_body(model, "forearm", 1.65, 0.3)
    zero = opensim.Vec3(0)
    height = opensim.Vec3(0, 1.4, 0)
    model.addJoint(opensim.WeldJoint("ground_thorax", model.getGround(), height, zero, thorax, zero, zero))

    out_of_plane = (sin(SCAPULAR_PLANE), 0.0, cos(SCAPULAR_PLANE))
    raise_axis = (-cos(SCAPULAR_PLANE), 0.0, sin(SCAPULAR_PLANE))
    shoulder = build.hinge("shoulder_elevation", raise_axis, (0, 1, 0), out_of_plane)
    build.add_rotation(shoulder.upd_rotation2(), "shoulder_rotation", (0, 1, 0))
    location = opensim.Vec3(*SHOULDER_CENTER)
    model.addJoint(opensim.CustomJoint("shoulder", thorax, location, zero, humerus, zero, zero, shoulder))
    elbow = build.hinge("elbow_flexion", (0, 0, 1), (0, 1, 0), (1, 0, 0))
    location = opensim.Vec3(*ELBOW_CENTER)
    model.addJoint(opensim.CustomJoint("elbow", humerus, location, zero, forearm, zero, zero, elbow))
    for name, span in zip(COORDINATES, ((-0.2, 2.1), (-1.3, 1.3), (0.0, 2.5)), strict=True):
        build.set_coordinate(model, name, span)

    for cylinder in CYLINDERS:
        build.add_cylinder(model, cylinder)
    model.finalizeConnections()
    for muscle in MUSCLES:
        build.add_muscle(model, muscle)
    model.finalizeFromProperties()
    model.finalizeConnections()
    model.printToXML(str(path))
