"""Coordinates files: labels, units, couplings, and what is missing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.coordinates import coordinate_values, force_label
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import Table, read_storage

TIME = np.linspace(0.0, 1.0, 21)
KNEE = 0.5 + 0.4 * np.sin(2 * np.pi * TIME)


@pytest.fixture
def leg() -> opensim.Model:
    """A free pelvis, a knee on it and a patella coupled to twice the knee; a locked toe."""
    model = opensim.Model()
    model.setName("leg")
    zero = opensim.Vec3(0)
    bodies = {}
    for name in ("pelvis", "shank", "patella", "toe"):
        bodies[name] = opensim.Body(name, 1.0, zero, opensim.Inertia(0.1, 0.1, 0.1))
        model.addBody(bodies[name])
    model.addJoint(opensim.FreeJoint("free", model.getGround(), bodies["pelvis"]))
    for name, parent, child in (
        ("knee", "pelvis", "shank"),
        ("beta", "pelvis", "patella"),
        ("toe", "shank", "toe"),
    ):
        joint = opensim.PinJoint(f"{name}_joint", bodies[parent], bodies[child])
        joint.updCoordinate().setName(name)
        joint.updCoordinate().setRangeMin(-0.2)
        joint.updCoordinate().setRangeMax(2.0)
        model.addJoint(joint)
    coupler = opensim.CoordinateCouplerConstraint()
    names = opensim.ArrayStr()
    names.append("knee")
    coupler.setIndependentCoordinateNames(names)
    coupler.setDependentCoordinateName("beta")
    coupler.setFunction(opensim.LinearFunction(2.0, 0.0))
    model.addConstraint(coupler)
    model.finalizeConnections()
    model.updCoordinateSet().get("toe").setDefaultLocked(True)
    model.initSystem()
    return model


def table(in_degrees: bool = False, **columns: np.ndarray) -> Table:
    labels = tuple(label.replace("__", "/") for label in columns)
    return Table(Path("ik.mot"), "", labels, TIME, np.column_stack(list(columns.values())), in_degrees)


def refused(model: opensim.Model, file: Table, chosen: tuple[str, ...] = ("knee",)) -> str:
    with pytest.raises(TrialError) as caught:
        coordinate_values(file, model, chosen)
    return str(caught.value)


def test_degrees_become_radians_for_rotations_only(leg):
    tx = 20.0 + TIME
    motion = coordinate_values(table(True, knee=np.rad2deg(KNEE), free_coord_3=tx), leg, ["knee"])
    assert motion.values["knee"] == pytest.approx(KNEE)
    assert np.array_equal(motion.values["free_coord_3"], tx)


def test_radians_stay_as_they_are(leg):
    motion = coordinate_values(table(knee=KNEE), leg, ["knee"])
    assert np.array_equal(motion.values["knee"], KNEE)


def test_state_paths_are_read_and_other_states_ignored(leg):
    columns = {
        "/jointset/knee_joint/knee/value": KNEE,
        "/jointset/knee_joint/knee/speed": KNEE,
        "/forceset/soleus/activation": KNEE,
        "knee_u": KNEE,
    }
    file = Table(Path("s.sto"), "", tuple(columns), TIME, np.column_stack(list(columns.values())), False)
    assert np.array_equal(coordinate_values(file, leg, ["knee"]).values["knee"], KNEE)


def test_missing_coordinates_take_the_default_and_are_noted(leg):
    motion = coordinate_values(table(knee=KNEE), leg, ["knee"])
    free = ", ".join(f"free_coord_{i}" for i in range(6))
    assert motion.notes == (f"ik.mot: no columns for {free}; the model's default values were taken.",)
    assert set(motion.values) == {f"free_coord_{i}" for i in range(6)} | {"knee", "beta", "toe"}
    assert np.all(motion.values["free_coord_1"] == 0.0)


def test_a_missing_prescribed_coordinate_follows_its_function(leg):
    free = leg.updCoordinateSet().get("free_coord_0")
    free.setPrescribedFunction(opensim.LinearFunction(0.5, 0.1))
    free.setDefaultIsPrescribed(True)
    leg.initSystem()
    motion = coordinate_values(table(knee=KNEE), leg, ["knee"])
    assert motion.values["free_coord_0"] == pytest.approx(0.1 + 0.5 * TIME)
    assert "free_coord_0" not in motion.notes[0]


def test_a_locked_coordinate_follows_the_file_with_a_note(leg):
    motion = coordinate_values(table(knee=KNEE, toe=np.full(21, 0.3)), leg, ["knee"])
    assert np.all(motion.values["toe"] == 0.3)
    assert motion.notes[0] == (
        "ik.mot: coordinate 'toe' is locked in the model, but the file moves it up to 0.3 away; "
        "the file was followed."
    )


def test_coupled_coordinates_are_recomputed_without_a_column(leg):
    assert coordinate_values(table(knee=KNEE), leg, ["knee"]).values["beta"] == pytest.approx(2 * KNEE)


@pytest.mark.parametrize(
    ("in_degrees", "beta"),
    [(False, 2 * KNEE), (True, 2 * KNEE), (True, np.rad2deg(2 * KNEE))],
    ids=["radians", "radians as OpenSim writes them into degree files", "degrees"],
)
def test_a_coupled_column_that_agrees_needs_no_note(leg, in_degrees, beta):
    knee = np.rad2deg(KNEE) if in_degrees else KNEE
    motion = coordinate_values(table(in_degrees, knee=knee, beta=beta), leg, ["knee"])
    assert motion.values["beta"] == pytest.approx(2 * KNEE)
    assert len(motion.notes) == 1


def test_a_coupled_column_that_disagrees_is_noted_and_not_used(leg):
    motion = coordinate_values(table(knee=KNEE, beta=KNEE), leg, ["knee"])
    assert motion.values["beta"] == pytest.approx(2 * KNEE)
    assert motion.notes[1] == (
        "ik.mot: coordinate 'beta' was recomputed from knee, to which the model couples it. "
        "The file differs by up to 0.9: the column does not satisfy the model's coupler."
    )


def test_patella_columns_in_degrees_are_recomputed_and_the_note_says_why(shared_data):
    model = load_model(shared_data / "moco_walk3d/subject_walk_scaled.osim")
    path = shared_data / "moco_walk3d/ik_original_beta_in_degrees.sto"
    motion = coordinate_values(read_storage(path), model, ["knee_angle_r"])
    right = coordinate_values(read_storage(shared_data / "moco_walk3d/ik.sto"), model, ["knee_angle_r"])
    assert motion.values["knee_angle_r_beta"] == pytest.approx(right.values["knee_angle_r_beta"])
    assert len(right.notes) == 1
    assert motion.notes[1:] == tuple(
        f"{path}: coordinate 'knee_angle_{side}_beta' was recomputed from knee_angle_{side}, to which the "
        f"model couples it. The file differs by up to {difference}: the column holds degrees although the "
        "header says radians."
        for side, difference in (("l", "71.4"), ("r", "71"))
    )


def test_a_column_that_is_no_coordinate_names_the_closest(leg):
    assert refused(leg, table(knee=KNEE, tow=KNEE)) == (
        "ik.mot: column 'tow' is no coordinate of the model. Did you mean 'toe'? Rename or remove the "
        "column. The coordinates are: free_coord_0, free_coord_1, free_coord_2, free_coord_3, free_coord_4, "
        "free_coord_5, knee, beta, toe."
    )


def test_two_columns_for_a_coordinate_are_refused(leg):
    assert refused(leg, table(knee=KNEE, __jointset__knee_joint__knee__value=KNEE)) == (
        "ik.mot: two columns hold coordinate 'knee'; the second is '/jointset/knee_joint/knee/value'. "
        "Remove one."
    )


def test_a_chosen_coordinate_without_a_column_is_refused(leg):
    assert refused(leg, table(toe=0 * KNEE)) == (
        "ik.mot: no column holds the chosen coordinate 'knee'. The columns are: toe."
    )


def test_degrees_in_a_file_of_radians_are_refused(leg):
    assert refused(leg, table(knee=np.rad2deg(KNEE))) == (
        "ik.mot: the header does not say degrees, so angles are radians, but coordinate 'knee' reaches "
        "51.57. At most 4 rad are plausible. If the file holds degrees, write inDegrees=yes into its header."
    )


def test_a_free_body_may_turn_round(leg):
    coordinate_values(table(knee=KNEE, free_coord_1=20 * TIME), leg, ["knee"])


def test_radians_in_a_file_of_degrees_are_refused(leg):
    assert refused(leg, table(True, knee=KNEE)) == (
        "ik.mot: the header says degrees, but no angle moves by more than 0.8 degrees, while as radians all "
        "would fit the model's ranges. If the file holds radians, write inDegrees=no into its header. "
        "If the person stood still, convert the angles to radians to say so."
    )


@pytest.mark.parametrize("knee", [np.full(21, 1.0), 60 + KNEE], ids=["at rest", "bent and almost at rest"])
def test_a_joint_at_rest_in_degrees_is_not_taken_for_radians(leg, knee):
    coordinate_values(table(True, knee=knee), leg, ["knee"])


@pytest.mark.parametrize(
    ("model_file", "coordinates_file"),
    [
        ("rajagopal_walk/subject_walk_scaled.osim", "rajagopal_walk/ik.mot"),
        ("lopes_subj06/gait2392_subj06_scaled_est.osim", "lopes_subj06/walk36/ik.sto"),
        ("moco_walk18/subject_walk_armless_18musc.osim", "moco_walk18/ik.mot"),
        ("moco_walk3d/subject_walk_scaled.osim", "moco_walk3d/ik.sto"),
    ],
)
def test_units_of_real_files_are_accepted_as_stated_and_refused_otherwise(
    shared_data, model_file, coordinates_file
):
    model, file = load_model(shared_data / model_file), read_storage(shared_data / coordinates_file)
    motion = coordinate_values(file, model, ["knee_angle_r"])
    assert np.ptp(motion.values["knee_angle_r"]) == pytest.approx(1.1, abs=0.25)
    refused(model, replace(file, in_degrees=not file.in_degrees))


def test_inverse_dynamics_columns_are_moments_or_forces(leg):
    assert force_label(leg, "knee") == "knee_moment"
    assert force_label(leg, "free_coord_3") == "free_coord_3_force"
