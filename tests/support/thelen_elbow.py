"""An elbow with Thelen muscles that more than the force set knows of, and a trial for it."""

from pathlib import Path

import opensim
from elbow_trial import ELBOW, FLEXION, TIME, write

from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.inputs.trial_files import MotionFiles

NAMES = ("flexor", "extensor")
SOURCE_VALUES = {
    "FmaxTendonStrain": 0.035,
    "FmaxMuscleStrain": 0.55,
    "KshapeActive": 0.5,
    "KshapePassive": 4.0,
    "Af": 0.3,
    "Flen": 1.8,
    "fv_linear_extrap_threshold": 0.9,
    "max_contraction_velocity": 9.0,
    "activation_time_constant": 0.012,
    "deactivation_time_constant": 0.045,
    "minimum_activation": 0.02,
    "default_activation": 0.07,
    "default_fiber_length": 0.11,
    "maximum_pennation_angle": 1.3,
    "min_control": 0.02,
    "max_control": 0.9,
    "optimal_force": 1.5,
}


def thelen_elbow() -> opensim.Model:
    """Flexor, a spring, extensor; a group, a controller and a probe that name muscles; a wrapping path."""
    model = opensim.Model()
    model.setName("arm")
    zero = opensim.Vec3(0)
    body = opensim.Body("forearm", 1.0, zero, opensim.Inertia(0.1, 0.1, 0.1))
    hinge = opensim.PinJoint("elbow_joint", model.getGround(), zero, zero, body, zero, zero)
    hinge.updCoordinate().setName("elbow")
    hinge.updCoordinate().setRangeMin(0.0)
    hinge.updCoordinate().setRangeMax(2.5)
    cylinder = opensim.WrapCylinder()
    cylinder.setName("condyle")
    cylinder.set_radius(0.02)
    cylinder.set_length(0.2)
    model.updGround().addWrapObject(cylinder)
    model.addBody(body)
    model.addJoint(hinge)
    for name, x in (("flexor", 0.1), ("spring", 0.0), ("extensor", -0.05)):
        if name == "spring":
            spring = opensim.SpringGeneralizedForce("elbow")
            spring.setName("spring")
            model.addForce(spring)
            continue
        muscle = opensim.Thelen2003Muscle(name, 100.0, 0.12, 0.4, 0.1)
        for prop, value in SOURCE_VALUES.items():
            getattr(muscle, f"set_{prop}")(value)
        muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0, 0.5, 0))
        muscle.addNewPathPoint("insertion", body, opensim.Vec3(x, 0, 0))
        if name == "extensor":
            muscle.updGeometryPath().addPathWrap(cylinder)
        model.addForce(muscle)
    model.updForceSet().addGroup("flexors")
    model.updForceSet().addObjectToGroup("flexors", "flexor")
    controller = opensim.PrescribedController()
    controller.setName("control")
    controller.addActuator(model.getMuscles().get("flexor"))
    controller.prescribeControlForActuator("flexor", opensim.Constant(0.4))
    model.addController(controller)
    probe = opensim.ActuatorForceProbe()
    probe.setName("force")
    probe.append_actuator_names("extensor")
    model.addProbe(probe)
    with quiet_opensim():
        model.finalizeConnections()
        model.initSystem()
    return model


def write_thelen_elbow(folder: Path) -> Path:
    """Writes the model and returns its file."""
    path = folder / "arm.osim"
    with quiet_opensim():
        thelen_elbow().printToXML(str(path))
    return path


def elbow_motion(folder: Path, name: str = "curl", **properties) -> MotionFiles:
    """Writes coordinates and excitations, and returns the trial."""
    coordinates, excitations = folder / "ik.mot", folder / "emg.sto"
    write(coordinates, TIME, "yes", elbow=ELBOW)
    write(excitations, TIME, flexor=FLEXION)
    return MotionFiles(name=name, coordinates_file=coordinates, excitations_file=excitations, **properties)
