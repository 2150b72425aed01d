import numpy as np
import pytest

from opensim_difcal.synergies.projection import project

WEIGHTS = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
PRIMITIVES = np.array([[0.2, 0.9], [0.0, 0.4], [0.7, 0.0]])


def test_primitives_are_found_again_from_what_they_drive():
    np.testing.assert_allclose(project(PRIMITIVES @ WEIGHTS.T, WEIGHTS), PRIMITIVES, atol=1e-12)


def test_primitives_are_never_negative():
    recorded = np.array([[1.0, 0.0, 0.2], [0.0, 1.0, 0.1]])
    assert (project(recorded, WEIGHTS) >= 0.0).all()


def test_the_ratio_makes_the_other_muscles_excitations_smaller():
    recorded, others = PRIMITIVES @ WEIGHTS.T, np.array([[0.9, 0.9]])
    free, held = project(recorded, WEIGHTS), project(recorded, WEIGHTS, others=others, ratio=0.5)
    assert ((others @ held.T) < (others @ free.T)).all()


def test_the_ratio_is_that_of_eq_5():
    recorded, others, ratio = PRIMITIVES @ WEIGHTS.T, np.array([[0.3, 0.6], [0.8, 0.1]]), 0.3
    h = project(recorded, WEIGHTS, others=others, ratio=ratio)
    slope = ((h @ WEIGHTS.T - recorded) @ WEIGHTS) / 3 + ratio * (h @ others.T) @ others / 2
    assert slope[h > 0.0] == pytest.approx(0.0, abs=1e-12)
    assert (slope[h == 0.0] >= -1e-12).all()


def test_no_synergies_give_no_primitives():
    assert project(np.ones((4, 2)), np.zeros((2, 0))).shape == (4, 0)
