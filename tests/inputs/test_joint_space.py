"""Coordinates that muscles span, and paths in poses of them."""

import numpy as np
import pytest

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.joint_space import coordinate_range, lengths_in_poses, spanned_coordinates
from opensim_difcal.inputs.opensim_model import load_model

pytestmark = pytest.mark.opensim


@pytest.fixture(scope="module")
def rajagopal(shared_data):
    return load_model(shared_data / "models" / "Rajagopal2016.osim")


def test_muscles_span_the_free_coordinates_of_their_joints(rajagopal):
    names = ("soleus_r", "gasmed_r", "vasmed_r", "recfem_r", "glmax1_l")
    hip = tuple(f"hip_{name}" for name in ("flexion", "adduction", "rotation"))
    assert spanned_coordinates(rajagopal, names) == {
        "soleus_r": ("ankle_angle_r",),  # subtalar and mtp are locked
        "gasmed_r": ("knee_angle_r", "ankle_angle_r"),
        "vasmed_r": ("knee_angle_r",),  # the patella's coordinate is coupled
        "recfem_r": (*(f"{name}_r" for name in hip), "knee_angle_r"),
        "glmax1_l": tuple(f"{name}_l" for name in hip),
    }


def test_lengths_are_those_of_opensim_in_every_pose(rajagopal):
    poses = {"knee_angle_r": np.array([0.0, 1.0, 1.5]), "ankle_angle_r": np.array([0.2, 0.0, -0.3])}
    lengths = lengths_in_poses(rajagopal, poses, ("gasmed_r", "vasmed_r"))
    state = rajagopal.initSystem()
    for pose in range(3):
        for name, values in poses.items():
            rajagopal.getCoordinateSet().get(name).setValue(state, float(values[pose]), False)
        rajagopal.assemble(state)
        rajagopal.realizePosition(state)
        for i, name in enumerate(("gasmed_r", "vasmed_r")):
            expected = rajagopal.getMuscles().get(name).getLength(state)
            # The assembly puts the patella where its coupler says to 1e-5 only; ours is exact.
            assert lengths[pose, i] == pytest.approx(expected, abs=1e-6)


def test_ranges_are_the_models(rajagopal):
    assert coordinate_range(rajagopal, "knee_angle_r") == (0.0, 2.0944)
    with pytest.raises(ModelError, match="no coordinate 'knee_angle'. Did you mean 'knee_angle_"):
        coordinate_range(rajagopal, "knee_angle")
