"""Lengths and moment arms: against closed forms, and against OpenSim's own calls."""

import numpy as np
import opensim
import pytest
from two_segments import COORDINATES, arm_model, initialized, motion, parabola

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.crossing import crossing
from opensim_difcal.inputs.geometry import muscle_geometry
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage


def test_length_and_moment_arm_of_a_hinge_are_those_of_a_triangle():
    elbow = np.array([0.2, 0.7, 1.3])
    geometry = muscle_geometry(
        initialized(arm_model()), np.arange(3.0), {"elbow": elbow}, ["flexor"], ["elbow"]
    )
    length = np.sqrt(0.2**2 + 0.1**2 - 2 * 0.2 * 0.1 * np.sin(elbow))
    assert geometry.muscle_tendon_length[:, 0] == pytest.approx(length, abs=1e-12)
    assert geometry.moment_arm[:, 0, 0] == pytest.approx(0.02 * np.cos(elbow) / length, abs=1e-12)
    assert geometry.exact_moment_arms == ()


def test_a_coordinate_that_a_muscle_does_not_span_has_moment_arms_of_exactly_zero():
    model = initialized(arm_model())
    geometry = muscle_geometry(
        model, np.arange(2.0), {"elbow": np.array([0.3, 0.9])}, ["flexor", "long_flexor"], ["elbow", "wrist"]
    )
    assert np.all(geometry.moment_arm[:, 1, 0] == 0.0)
    assert np.all(geometry.moment_arm[:, 1, 1] != 0.0)


def test_absent_coordinates_keep_their_default():
    model = arm_model()
    model.updCoordinateSet().get("wrist").setDefaultValue(0.4)
    model = initialized(model)
    given = muscle_geometry(
        model, np.zeros(1), {"elbow": np.zeros(1), "wrist": np.full(1, 0.4)}, ["long_flexor"], []
    )
    absent = muscle_geometry(model, np.zeros(1), {"elbow": np.zeros(1)}, ["long_flexor"], [])
    assert absent.muscle_tendon_length == pytest.approx(given.muscle_tendon_length)


@pytest.mark.parametrize("hold", ["locked", "prescribed"])
def test_locked_and_prescribed_coordinates_take_the_given_values(hold):
    free, held = initialized(arm_model()), arm_model()
    if hold == "locked":
        held.updCoordinateSet().get("elbow").setDefaultLocked(True)
    else:
        held.updCoordinateSet().get("elbow").setPrescribedFunction(opensim.Constant(0.1))
        held.updCoordinateSet().get("elbow").setDefaultIsPrescribed(True)
    values = {"elbow": np.array([0.3, 0.9])}
    expected = muscle_geometry(free, np.arange(2.0), values, ["flexor"], ["elbow"])
    geometry = muscle_geometry(initialized(held), np.arange(2.0), values, ["flexor"], ["elbow"])
    assert geometry.muscle_tendon_length == pytest.approx(expected.muscle_tendon_length, abs=1e-12)
    assert geometry.moment_arm == pytest.approx(expected.moment_arm, abs=1e-12)


def test_the_model_keeps_its_state():
    model = initialized(arm_model())
    before = model.getWorkingState().getQ().to_numpy().copy()
    muscle_geometry(model, np.zeros(1), {"elbow": np.array([0.8])}, ["flexor"], ["elbow"])
    assert np.array_equal(model.getWorkingState().getQ().to_numpy(), before)


def test_a_coupled_coordinate_moves_with_the_slope_of_its_coupler():
    model = initialized(arm_model(("wrist", "elbow", parabola())))
    elbow = np.array([0.2, 0.8, 1.4])
    values = {"elbow": elbow, "wrist": np.full(3, 57.0)}  # the coupled column is not believed
    geometry = muscle_geometry(model, np.arange(3.0), values, ["long_flexor"], ["elbow"])
    state = opensim.State(model.getWorkingState())
    muscle, coordinates = model.getMuscles().get("long_flexor"), model.getCoordinateSet()
    for frame in range(3):
        coordinates.get("elbow").setValue(state, float(elbow[frame]), False)
        coordinates.get("wrist").setValue(state, float(0.5 * elbow[frame] ** 2 + 0.1), False)
        model.realizePosition(state)
        arm = muscle.computeMomentArm(state, coordinates.get("elbow"))
        assert geometry.muscle_tendon_length[frame, 0] == pytest.approx(muscle.getLength(state), abs=1e-12)
        assert geometry.moment_arm[frame, 0, 0] == pytest.approx(arm, abs=1e-9)


def test_a_path_without_length_is_refused():
    with pytest.raises(ModelError) as caught:
        muscle_geometry(
            initialized(arm_model()), np.array([0.0, 0.5]), {"elbow": np.array([0.0, np.nan])}, ["flexor"], []
        )
    assert str(caught.value) == (
        "The path of muscle 'flexor' has the length nan m at 0.5 s. "
        "Check the coordinates at that time, and the path's wrap objects."
    )


def test_a_closed_loop_is_assembled_and_its_moment_arms_are_those_of_opensim():
    model = initialized(arm_model(loop=True))
    geometry = muscle_geometry(
        model, np.zeros(1), {"elbow": np.array([0.3])}, ["flexor", "long_flexor"], ["elbow"]
    )
    assert geometry.exact_moment_arms == (("elbow", "flexor"), ("elbow", "long_flexor"))
    assert np.all(np.isfinite(geometry.moment_arm))
    assert crossing(model, ["flexor", "long_flexor"], ["elbow"]).all()


def test_lengths_and_moment_arms_of_a_walk_agree_with_opensim(rajagopal, walk):
    frames = np.arange(20, 230, 30)
    muscles = ("soleus_r", "gasmed_r", "vaslat_r", "semimem_r", "recfem_r", "glmax2_r", "psoas_r", "tibant_r")
    values = motion(walk, frames)
    geometry = muscle_geometry(rajagopal, walk.time[frames], values, muscles, COORDINATES)
    state = opensim.State(rajagopal.getWorkingState())
    coordinates = rajagopal.getCoordinateSet()
    reference = np.zeros_like(geometry.moment_arm)
    for frame in range(len(frames)):
        for name, series in values.items():
            coordinates.get(name).setValue(state, float(series[frame]), False)
        rajagopal.assemble(state)
        rajagopal.realizePosition(state)
        for m, name in enumerate(muscles):
            muscle = rajagopal.getMuscles().get(name)
            length = geometry.muscle_tendon_length[frame, m]
            # The assembled patella is within the assembly tolerance of its coupler.
            assert length == pytest.approx(muscle.getLength(state), abs=1e-6)
            reference[frame, :, m] = [muscle.computeMomentArm(state, coordinates.get(c)) for c in COORDINATES]
    spans = crossing(rajagopal, muscles, COORDINATES)
    # The assembled patella is within the assembly tolerance of its coupler.
    assert geometry.moment_arm[:, spans] == pytest.approx(reference[:, spans], abs=1e-6)
    # OpenSim gives the gastrocnemius some 0.3 mm at the hip, which it does not pass.
    assert np.max(np.abs(geometry.moment_arm - reference)) < 5e-4
    assert geometry.exact_moment_arms == ()


def test_a_wrapping_path_has_no_moment_arm_at_a_joint_it_does_not_span(rajagopal, walk):
    frames = np.arange(20, 230, 50)
    geometry = muscle_geometry(rajagopal, walk.time[frames], motion(walk, frames), ["gasmed_r"], COORDINATES)
    assert np.all(geometry.moment_arm[:, 0, 0] == 0.0)


def test_moment_arms_of_gait2392_are_those_of_the_data_description(shared_data):
    model = load_model(shared_data / "lopes_subj06/gait2392_subj06_scaled_est.osim")
    table = read_storage(shared_data / "lopes_subj06/walk36/ik.sto")
    frames = np.arange(45, 260, 5)
    values = motion(table, frames)
    arms = muscle_geometry(
        model, table.time[frames], values, ("soleus_r", "vas_lat_r", "semimem_r"), COORDINATES
    ).moment_arm
    assert (arms[:, 2, 0].min(), arms[:, 2, 0].max()) == pytest.approx((-0.039, -0.034), abs=5e-4)
    assert (arms[:, 1, 1].min(), arms[:, 1, 1].max()) == pytest.approx((0.030, 0.043), abs=1e-3)
    assert (arms[:, 0, 2].min(), arms[:, 0, 2].max()) == pytest.approx((-0.058, -0.041), abs=1e-3)
