"""Lengths and moment arms: against closed forms, and against OpenSim's own calls."""

import gc

import numpy as np
import opensim
import pytest

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.geometry import (
    coupled_coordinates,
    crossing,
    find_coordinate,
    muscle_geometry,
)
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage

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


@pytest.fixture(scope="module")
def rajagopal(shared_data):
    return load_model(shared_data / "rajagopal_walk/subject_walk_scaled.osim")


@pytest.fixture(scope="module")
def walk(shared_data):
    return read_storage(shared_data / "rajagopal_walk/ik.mot")


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


def test_couplers_outlive_their_model():
    couplings = coupled_coordinates(initialized(arm_model(("wrist", "elbow", parabola()))))
    gc.collect()
    assert couplings["wrist"].independents == ("elbow",)
    wrist = couplings["wrist"].evaluate({"elbow": np.array([0.0, 2.0])})
    assert wrist.tolist() == pytest.approx([0.1, 2.1])


def test_a_coupler_that_is_switched_off_couples_nothing():
    model = arm_model(("wrist", "elbow", parabola()))
    opensim.CoordinateCouplerConstraint.safeDownCast(model.updConstraintSet().get(0)).set_isEnforced(False)
    assert coupled_coordinates(initialized(model)) == {}


def test_couplers_in_a_circle_are_refused():
    model = arm_model(("wrist", "elbow", parabola()), ("elbow", "wrist", parabola()))
    with pytest.raises(ModelError) as caught:
        coupled_coordinates(model)
    assert str(caught.value) == (
        "arm: the coupled coordinates ['elbow', 'wrist'] depend on each other in a circle. "
        "Remove one of their CoordinateCouplerConstraint objects."
    )


def test_a_coupled_coordinate_has_no_moment_arms_of_its_own():
    model = initialized(arm_model(("wrist", "elbow", parabola())))
    with pytest.raises(ModelError) as caught:
        muscle_geometry(model, np.zeros(1), {}, ["flexor"], ["wrist"])
    assert str(caught.value) == (
        "arm: coordinate 'wrist' is a function of elbow, so it has no moment arms of its own. "
        "Choose elbow instead."
    )


def test_an_unknown_coordinate_names_the_closest():
    with pytest.raises(ModelError) as caught:
        find_coordinate(initialized(arm_model()), "elbo")
    assert str(caught.value) == (
        "arm: the model has no coordinate 'elbo'. Did you mean 'elbow'? The coordinates are: elbow, wrist."
    )


def test_an_unknown_muscle_names_the_closest():
    with pytest.raises(ModelError) as caught:
        crossing(initialized(arm_model()), ["longflexor"], ["elbow"])
    assert str(caught.value) == (
        "arm: the model has no muscle 'longflexor'. Did you mean 'long_flexor'? "
        "The muscles are: flexor, long_flexor."
    )


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
    difference = geometry.moment_arm - reference
    # DESIGN measured 0.16 mm over the whole trial with the gastrocnemii, which are replaced here.
    assert np.sqrt(np.mean(difference**2)) < 1.6e-4
    assert np.max(np.abs(difference)) < 1e-3
    assert set(geometry.exact_moment_arms) <= {("knee_angle_r", "gasmed_r")}


def test_the_patella_follows_the_knee(rajagopal, walk):
    couplings = coupled_coordinates(rajagopal)
    assert {name: c.independents for name, c in couplings.items()} == {
        "knee_angle_l_beta": ("knee_angle_l",),
        "knee_angle_r_beta": ("knee_angle_r",),
    }
    beta = couplings["knee_angle_r_beta"].evaluate({"knee_angle_r": in_si(walk, "knee_angle_r")})
    # OpenSim's IK tool satisfies the coupler within its tolerance.
    assert beta == pytest.approx(walk.column("knee_angle_r_beta"), abs=1e-4)


def test_crossing_finds_the_anatomy(rajagopal):
    muscles = ("soleus_r", "gasmed_r", "vaslat_r", "recfem_r", "iliacus_r", "soleus_l")
    spans = crossing(rajagopal, muscles, COORDINATES)
    assert {name: tuple(spans[:, m].tolist()) for m, name in enumerate(muscles)} == {
        "soleus_r": (False, False, True),
        "gasmed_r": (False, True, True),
        "vaslat_r": (False, True, False),
        "recfem_r": (True, True, False),
        "iliacus_r": (True, False, False),
        "soleus_l": (False, False, False),
    }


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
