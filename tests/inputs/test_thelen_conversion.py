"""Thelen muscles become Millard muscles, and nothing else of the model changes."""

import opensim
import pytest
from thelen_elbow import NAMES, SOURCE_VALUES, thelen_elbow

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim
from opensim_difcal.inputs.thelen_conversion import (
    convert_thelen_muscles,
    parameter_pairs,
    thelen_muscle_names,
)

pytestmark = pytest.mark.opensim
CURVES = pytest.mark.parametrize("curves", ["thelen", "millard"])


def force_names(model):
    forces = model.getForceSet()
    return [forces.get(i).getName() for i in range(forces.getSize())]


def millard(model, name):
    return opensim.Millard2012EquilibriumMuscle.safeDownCast(model.getMuscles().get(name))


@CURVES
def test_every_shared_property_carries_over(curves):
    model = thelen_elbow()
    assert convert_thelen_muscles(model, curves) == NAMES
    for name in NAMES:
        muscle = millard(model, name)
        for prop, value in SOURCE_VALUES.items():
            if prop[0].islower() and not prop.startswith("fv_"):
                assert getattr(muscle, f"get_{prop}")() == value, prop
        assert muscle.getMaxIsometricForce() == 100.0
        assert muscle.getGeometryPath().getPathPointSet().getSize() == 2
        assert muscle.get_TendonForceLengthCurve().get_strain_at_one_norm_force() == 0.035
        assert muscle.get_FiberForceLengthCurve().get_strain_at_one_norm_force() == 0.55
    assert millard(model, "extensor").getGeometryPath().getWrapSet().getSize() == 1


def test_thelens_curves_shape_millards_only_where_that_is_asked_for():
    top = {}
    for curves in ("thelen", "millard"):
        model = thelen_elbow()
        convert_thelen_muscles(model, curves)
        curve = millard(model, "flexor").getForceVelocityCurve()
        top[curves] = curve.getMaxEccentricVelocityForceMultiplier()
    assert top["millard"] == 1.4
    assert 1.7 < top["thelen"] < 2.0  # Flen is 1.8, and the curve goes on beyond 0.9 of it


def test_the_order_of_forces_groups_controllers_and_probes_stay(tmp_path):
    model = thelen_elbow()
    names, length = force_names(model), model.getMuscles().get("extensor").getLength(model.getWorkingState())
    convert_thelen_muscles(model)
    path = tmp_path / "converted.osim"
    with quiet_opensim():
        model.printToXML(str(path))
    again = load_model(path)
    assert force_names(again) == names == ["flexor", "spring", "extensor"]
    assert again.getForceSet().getGroup("flexors").contains("flexor")
    assert again.getMuscles().get("extensor").getLength(again.getWorkingState()) == pytest.approx(length)
    state = again.initSystem()
    again.realizeDynamics(state)
    assert again.getMuscles().get("flexor").getControl(state) == pytest.approx(0.4)
    probe = opensim.ActuatorForceProbe.safeDownCast(again.getProbeSet().get("force"))
    assert probe.get_actuator_names(0) == "extensor"


def test_groups_of_a_published_model_stay(shared_data):
    path = shared_data / "models/gait2392_thelen2003muscle.osim"
    before, after = load_model(path), load_model(path)
    assert len(convert_thelen_muscles(after)) == 92
    assert force_names(after) == force_names(before)
    assert thelen_muscle_names(after) == ()
    n_groups = before.getForceSet().getNumGroups()
    assert n_groups == after.getForceSet().getNumGroups() == 30
    for i in range(n_groups):
        groups = [model.getForceSet().getGroup(i) for model in (before, after)]
        members = [[name for name in force_names(before) if group.contains(name)] for group in groups]
        assert members[0] == members[1] != []


def test_parameters_are_listed_before_and_after():
    before, after = thelen_elbow(), thelen_elbow()
    convert_thelen_muscles(after, "thelen")
    old = opensim.Thelen2003Muscle.safeDownCast(before.getMuscles().get("flexor"))
    pairs = list(parameter_pairs(old, millard(after, "flexor")))
    by_thelen = {pair.thelen_property: pair for pair in pairs if pair.thelen_property}
    assert set(by_thelen) >= SOURCE_VALUES.keys()
    assert all(by_thelen[name].thelen == value for name, value in SOURCE_VALUES.items())
    assert by_thelen["KshapeActive"].millard is None
    tendon = by_thelen["FmaxTendonStrain"]
    assert (tendon.millard_property, tendon.millard) == (
        "TendonForceLengthCurve/strain_at_one_norm_force",
        0.035,
    )
    properties = [pair.millard_property for pair in pairs if pair.millard_property]
    assert len(properties) == len(set(properties))
    only_millard = {pair.millard_property: pair.millard for pair in pairs if not pair.thelen_property}
    assert only_millard["fiber_damping"] == 0.1
    assert only_millard["TendonForceLengthCurve/norm_force_at_toe_end"] == 0.33


def test_a_force_velocity_curve_without_end_is_refused():
    model = thelen_elbow()
    muscle = opensim.Thelen2003Muscle.safeDownCast(model.getMuscles().get("flexor"))
    muscle.set_fv_linear_extrap_threshold(1.0)
    with pytest.raises(ModelError) as caught:
        convert_thelen_muscles(model)
    assert str(caught.value) == (
        "Unassigned: muscle 'flexor': <fv_linear_extrap_threshold> is 1; expected a number below 1, or its "
        "force has no value in fast lengthening. Correct it in the model; OpenSim's default is 0.95."
    )
