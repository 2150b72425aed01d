"""Muscles of a model: those that can be calibrated, and those that are converted on request."""

import re

import opensim
import pytest
from two_segments import arm_model, initialized

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.muscles import convert_thelen_muscles, muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim


def one_muscle_model(muscle: opensim.Muscle) -> opensim.Model:
    model = opensim.Model()
    muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0))
    muscle.addNewPathPoint("insertion", model.getGround(), opensim.Vec3(0.3, 0, 0))
    model.addForce(muscle)
    with quiet_opensim():
        model.initSystem()
    return model


def test_parameters_are_those_of_the_model():
    muscle = opensim.Millard2012EquilibriumMuscle("soleus", 3000.0, 0.05, 0.25, 0.45)
    muscle.set_ignore_tendon_compliance(True)
    muscle.setMinControl(0.03)
    muscle.setMinimumActivation(0.03)
    muscles = read_muscles(one_muscle_model(muscle), ["soleus"])
    assert muscles.names == ("soleus",)
    assert muscles.max_isometric_force.tolist() == [3000.0]
    assert muscles.optimal_fiber_length.tolist() == [0.05]
    assert muscles.tendon_slack_length.tolist() == [0.25]
    assert muscles.pennation_angle_at_optimal.tolist() == [0.45]
    assert muscles.minimum_activation.tolist() == [0.03]
    assert muscles.rigid_tendon.tolist() == [True]


def test_a_thelen_muscle_is_refused_with_the_way_to_convert_it():
    model = one_muscle_model(opensim.Thelen2003Muscle("soleus", 3000.0, 0.05, 0.25, 0.45))
    with pytest.raises(ModelError) as caught:
        read_muscles(model, ["soleus"])
    assert str(caught.value) == (
        "Unassigned: muscle 'soleus' is a Thelen2003Muscle; only Millard2012EquilibriumMuscle can be "
        "calibrated. Set <convert_thelen_muscles> to true to replace them."
    )


def test_a_muscle_of_another_class_is_refused():
    muscle = opensim.RigidTendonMuscle()
    muscle.setName("soleus")
    with pytest.raises(ModelError) as caught:
        read_muscles(one_muscle_model(muscle), ["soleus"])
    assert str(caught.value) == (
        "Unassigned: muscle 'soleus' is a RigidTendonMuscle; only Millard2012EquilibriumMuscle can be "
        "calibrated. Replace it in the model."
    )


def test_conversion_keeps_every_parameter():
    old = opensim.Thelen2003Muscle("soleus", 3000.0, 0.05, 0.25, 0.45)
    old.setMaxContractionVelocity(9.0)
    old.setMinControl(0.02)
    old.setMinimumActivation(0.02)
    old.set_FmaxTendonStrain(0.04)
    model = one_muscle_model(old)
    assert convert_thelen_muscles(model) == ("soleus",)
    muscles = read_muscles(model, ["soleus"])
    assert muscles.max_isometric_force.tolist() == [3000.0]
    assert muscles.optimal_fiber_length.tolist() == [0.05]
    assert muscles.tendon_slack_length.tolist() == [0.25]
    assert muscles.pennation_angle_at_optimal.tolist() == [0.45]
    assert muscles.max_contraction_velocity.tolist() == [9.0]
    assert muscles.minimum_activation.tolist() == [0.02]
    new = opensim.Millard2012EquilibriumMuscle.safeDownCast(model.getMuscles().get("soleus"))
    assert new.get_TendonForceLengthCurve().getStrainAtOneNormForce() == pytest.approx(0.04)


def test_a_model_without_thelen_muscles_is_left_alone():
    model = one_muscle_model(opensim.Millard2012EquilibriumMuscle("soleus", 3000.0, 0.05, 0.25, 0.45))
    assert convert_thelen_muscles(model) == ()


def test_gait2392_is_converted_with_its_paths_and_loads_again(shared_data, tmp_path):
    path = shared_data / "models/gait2392_thelen2003muscle.osim"
    thelen, model = load_model(path), load_model(path)
    names = muscle_names(model)
    assert convert_thelen_muscles(model) == names
    with quiet_opensim():
        model.printToXML(str(tmp_path / "converted.osim"))
    millard = load_model(tmp_path / "converted.osim")
    assert muscle_names(millard) == names
    assert read_muscles(millard, names).names == names
    for name in ("soleus_r", "rect_fem_r", "psoas_l"):
        lengths = [m.getMuscles().get(name).getLength(m.getWorkingState()) for m in (thelen, millard)]
        assert lengths[0] == lengths[1]


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        ("max_isometric_force", "0", "is 0.0; expected a positive, finite number"),
        ("max_isometric_force", "NaN", "is nan; expected a positive, finite number"),
        ("optimal_fiber_length", "inf", "is inf; expected a positive, finite number"),
        ("tendon_slack_length", "-1", "is -1.0; expected a positive, finite number"),
        ("pennation_angle_at_optimal", "NaN", "is nan; expected a finite number"),
    ],
)
def test_a_number_that_opensim_accepts_but_no_muscle_can_have_is_refused(tmp_path, tag, value, expected):
    path = tmp_path / "arm.osim"
    initialized(arm_model()).printToXML(str(path))
    text, count = re.subn(f"<{tag}>[^<]*<", f"<{tag}>{value}<", path.read_text(), count=1)
    assert count == 1
    path.write_text(text)
    with pytest.raises(ModelError) as caught:
        read_muscles(load_model(path), ["flexor"])
    assert str(caught.value) == (f"{path}: muscle 'flexor': <{tag}> {expected}. Correct it in the model.")
