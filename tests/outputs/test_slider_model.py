"""One muscle alone in OpenSim behaves as it does in its own model."""

import numpy as np
import pytest

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.slider_model import (
    find_muscle,
    frames,
    integrated_tendon_force,
    slider_model,
    tendon_force_by_muscle,
)

pytestmark = pytest.mark.opensim
NAMES = ("soleus_r", "vaslat_r", "iliacus_r")


@pytest.fixture(scope="module")
def model_path(shared_data):
    return shared_data / "models" / "Rajagopal2016.osim"


@pytest.fixture(scope="module")
def model(model_path):
    return load_model(model_path)


def resting_length(muscle):
    along_tendon = muscle.get_optimal_fiber_length() * np.cos(muscle.get_pennation_angle_at_optimal())
    return muscle.get_tendon_slack_length() + along_tendon


@pytest.mark.parametrize("name", NAMES)
def test_a_muscle_held_still_settles_at_the_force_opensim_calls_equilibrium(model, model_path, name):
    muscle = find_muscle(model, name, model_path)
    time = np.linspace(3.0, 3.5, 51)
    length = np.full(51, 1.01 * resting_length(muscle))
    activation = np.full(51, 0.3)
    force = integrated_tendon_force(slider_model(muscle), time, activation, length, 1e-6)

    alone = slider_model(muscle)
    alone.muscle.set_ignore_activation_dynamics(False)
    state = alone.model.initSystem()
    alone.coordinate.setValue(state, float(length[0]))
    alone.muscle.setActivation(state, 0.3)
    alone.muscle.computeEquilibrium(state)
    alone.model.realizeDynamics(state)
    # The integrator may wander from rest by its accuracy; the equilibrium itself is solved to 1e-8.
    scale = muscle.get_max_isometric_force()
    np.testing.assert_allclose(force / scale, alone.muscle.getTendonForce(state) / scale, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_copy_bears_what_the_muscle_bears_in_the_whole_model(model, model_path, name):
    muscle = find_muscle(model, name, model_path)
    state = model.initSystem()
    model.getCoordinateSet().get("hip_flexion_r").setValue(state, 0.1)
    model.getCoordinateSet().get("hip_flexion_r").setSpeedValue(state, -0.7)
    model.realizeVelocity(state)
    muscle.setActivation(state, 0.4)
    fiber_length = 0.9 * muscle.get_optimal_fiber_length()
    if not muscle.get_ignore_tendon_compliance():
        muscle.setFiberLength(state, fiber_length)
    model.realizeDynamics(state)
    alone = frames(
        slider_model(muscle),
        np.array([0.4]),
        np.array([fiber_length]),
        np.array([muscle.getLength(state)]),
        np.array([muscle.getLengtheningSpeed(state)]),
    )
    assert alone.tendon_force[0] == pytest.approx(muscle.getTendonForce(state), rel=1e-9)
    assert alone.fiber_velocity[0] == pytest.approx(muscle.getFiberVelocity(state), rel=1e-6)


def test_a_fiber_at_its_shortest_length_is_marked(model, model_path):
    muscle = find_muscle(model, "soleus_r", model_path)
    shortest = muscle.getMinimumFiberLength()
    alone = frames(
        slider_model(muscle),
        np.array([0.4, 0.4]),
        np.array([shortest, 1.5 * shortest]),
        np.full(2, resting_length(muscle)),
        np.zeros(2),
    )
    assert alone.is_at_shortest.tolist() == [True, False]


def test_activation_is_not_limited_by_the_bounds_of_the_control(model, model_path):
    muscle = find_muscle(model, "soleus_r", model_path)
    limited = muscle.clone()
    limited.setMinControl(0.2)
    limited.setMaxControl(0.3)
    time, length = np.linspace(0.0, 0.1, 11), np.full(11, resting_length(muscle))
    activation = np.linspace(0.05, 0.9, 11)
    free = integrated_tendon_force(slider_model(muscle), time, activation, length, 1e-6)
    np.testing.assert_array_equal(
        integrated_tendon_force(slider_model(limited), time, activation, length, 1e-6), free
    )


def test_one_muscle_that_cannot_be_integrated_leaves_the_others_alone(model_path):
    time = np.linspace(0.0, 0.1, 11)
    activation = np.full((11, 2), 0.5)
    activation[3, 0] = np.nan
    length = np.full((11, 2), 0.33)
    forces = tendon_force_by_muscle(model_path, NAMES[:2], time, (activation, length), 1e-6)
    assert forces["soleus_r"] == "its activation or muscle-tendon length is not finite"
    assert np.isfinite(forces["vaslat_r"]).all()


def test_a_reason_of_opensim_is_one_line_without_names_of_functions(model_path):
    time = np.linspace(0.0, 0.01, 3)
    series = np.full((3, 1), 0.5), np.full((3, 1), 0.33)
    reason = tendon_force_by_muscle(model_path, NAMES[:1], time, series, 1e-6)["soleus_r"]
    assert "Too few data points" in reason
    assert "\n" not in reason
    assert "std::exception" not in reason


def test_a_missing_muscle_is_named(model, model_path):
    with pytest.raises(ModelError) as error:
        find_muscle(model, "solus_r", model_path)
    assert str(error.value) == (
        f"{model_path}: the model has no Millard2012EquilibriumMuscle 'solus_r'. "
        "Check that the model is the one that was calibrated."
    )


def test_a_muscle_of_another_class_is_refused(shared_data):
    path = shared_data / "models" / "arm26.osim"
    with pytest.raises(ModelError) as error:
        find_muscle(load_model(path), "BIClong", path)
    assert str(error.value) == (
        f"{path}: the model has no Millard2012EquilibriumMuscle 'BIClong'. "
        "Check that the model is the one that was calibrated."
    )
