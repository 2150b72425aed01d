"""Couplers: what they compute, and how long they live."""

import gc

import numpy as np
import opensim
import pytest
from two_segments import arm_model, in_si, initialized, parabola

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.coupled_coordinates import coupled_coordinates


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


def test_the_patella_follows_the_knee(rajagopal, walk):
    couplings = coupled_coordinates(rajagopal)
    assert {name: c.independents for name, c in couplings.items()} == {
        "knee_angle_l_beta": ("knee_angle_l",),
        "knee_angle_r_beta": ("knee_angle_r",),
    }
    beta = couplings["knee_angle_r_beta"].evaluate({"knee_angle_r": in_si(walk, "knee_angle_r")})
    # OpenSim's IK tool satisfies the coupler within its tolerance.
    assert beta == pytest.approx(walk.column("knee_angle_r_beta"), abs=1e-4)
