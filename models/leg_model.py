"""The right leg: bodies, joints and muscle table.

Geometry and joint kinematics: Delp et al. (1990), IEEE Trans Biomed Eng 37(8):757-767, in the
numbers of the public gait2392 model; knee translations and the path of the patella from Yamaguchi &
Zajac (1989), J Biomech 22(1):1-10. Simplified here: subtalar and toe joints are welded, the hip
has flexion only, conditional path points are replaced by wrap cylinders or left out, so that every
length is continuous. Gluteus medius and the peronei are left out: they act mainly in the frontal plane.

Muscle architecture (max isometric force, optimal fiber length, pennation): Delp et al. (1990), in
the numbers of gait2392. Tendon slack lengths were refitted to these paths so that
fibers work around their optimum in the trials, as Arnold et al. (2010), Ann Biomed Eng
38(2):269-279, and Rajagopal et al. (2016), IEEE Trans Biomed Eng 63(10):2068-2079, did for theirs.

Segment masses: Winter (2009), Biomechanics and Motor Control of Human Movement, table 4.1, for 75 kg.
"""

from pathlib import Path

import opensim
import osim_build as build
from leg_muscles import MUSCLES
from osim_build import Cylinder

COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")

HIP_CENTER = (-0.0707, -0.0661, 0.0835)  # in pelvis, m
ANKLE_CENTER = (0.0, -0.43, 0.0)  # in tibia, m
ANKLE_AXIS = (-0.10501, -0.17402, 0.97913)  # Inman's oblique axis
# Translation of the tibia in the femur against knee flexion (positive), rad and m.
KNEE_X_ANGLE = (-0.197, 0.1745, 0.3491, 0.6981, 1.0472, 1.3963, 1.7453, 2.0944)
KNEE_X = (-0.005227, -0.0031, -0.001, 0.00212, 0.0041, 0.00411, 0.00179, -0.0032)
KNEE_Y_ANGLE = (-0.1592, 0.1745, 0.3491, 0.5236, 1.2217, 2.0944)
KNEE_Y = (-0.39526, -0.3966, -0.3976, -0.399, -0.4082, -0.4226)

CYLINDERS = (
    Cylinder("femoral_head", "pelvis", HIP_CENTER, 0.036, "x"),
    Cylinder("condyles_behind", "femur_r", (-0.003, -0.407, 0.0), 0.027, "-x"),
    Cylinder("condyles_front", "femur_r", (0.004, -0.403, 0.0), 0.028, "x"),
)


def write_model(path: Path) -> None:
    """Writes the scaled leg model."""
    model = opensim.Model()
    model.setName("leg_right")
    model.set_credits("opensim_difcal virtual subject; geometry after Delp et al. (1990), simplified.")
    pelvis_body = build.add_body(model, "pelvis", 11.8, 0.1)
    femur_body = build.add_body(model, "femur_r", 7.5, 0.4)
    tibia_body = build.add_body(model, "tibia_r", 3.49, 0.43)
    foot_body = build.add_body(model, "foot_r", 1.09, 0.08)
    zero = opensim.Vec3(0)
    ground_height = opensim.Vec3(0, 1.0, 0)
    model.addJoint(
        opensim.WeldJoint("ground_pelvis", model.getGround(), ground_height, zero, pelvis_body, zero, zero)
    )

    hip = build.hinge("hip_flexion_r", (0, 0, 1), (0, 1, 0), (1, 0, 0))
    add_joint(model, "hip_r", pelvis_body, HIP_CENTER, femur_body, hip, "hip_flexion_r", (-0.7, 2.1))

    knee = build.hinge("knee_angle_r", (0, 0, -1), (0, 1, 0), (1, 0, 0))
    for axis, direction, angle, value in (
        (knee.upd_translation1(), (1, 0, 0), KNEE_X_ANGLE, KNEE_X),
        (knee.upd_translation2(), (0, 1, 0), KNEE_Y_ANGLE, KNEE_Y),
    ):
        build.add_rotation(axis, "knee_angle_r", direction)
        axis.set_function(build.spline(angle, value))
    add_joint(model, "knee_r", femur_body, (0, 0, 0), tibia_body, knee, "knee_angle_r", (-0.17, 2.1))

    ankle = build.hinge("ankle_angle_r", ANKLE_AXIS, (0, 1, 0), (0.97913, 0, 0.10501))
    add_joint(model, "ankle_r", tibia_body, ANKLE_CENTER, foot_body, ankle, "ankle_angle_r", (-1.0, 0.7))

    for cylinder in CYLINDERS:
        build.add_cylinder(model, cylinder)
    model.finalizeConnections()
    for muscle in MUSCLES:
        build.add_muscle(model, muscle)
    model.finalizeFromProperties()
    model.finalizeConnections()
    model.printToXML(str(path))


def add_joint(
    model: opensim.Model,
    name: str,
    parent: opensim.Body,
    location: tuple[float, float, float],
    child: opensim.Body,
    transform: opensim.SpatialTransform,
    coordinate: str,
    span: tuple[float, float],
) -> None:
    """Adds a custom joint with one rotational coordinate."""
    zero = opensim.Vec3(0)
    joint = opensim.CustomJoint(name, parent, opensim.Vec3(*location), zero, child, zero, zero, transform)
    model.addJoint(joint)
    build.set_coordinate(model, coordinate, span)
