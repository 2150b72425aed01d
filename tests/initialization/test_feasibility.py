"""Muscles without room for their fibers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from two_muscles import muscle_pair

from opensim_difcal.initialization.feasibility import MuscleRepair, repaired, unrepaired
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.rigid_tendon import rigid_fiber_length

BOUNDS = {"tendon_slack_length_bounds": (0.85, 1.15), "optimal_fiber_length_bounds": (0.85, 1.15)}


@pytest.fixture(scope="module")
def muscles() -> Muscles:
    """A flexor without pennation and an extensor with 0.2 rad."""
    return muscle_pair()


def lengths(muscles: Muscles, normalized: list[list[float]]) -> np.ndarray:
    """Muscle-tendon lengths, m, that leave so many optimal fiber lengths along slack tendons."""
    along = torch.tensor(normalized, dtype=torch.float64)
    return (muscles.tendon_slack_length + along * muscles.optimal_fiber_length).numpy()


def test_muscles_with_room_stay_untouched(muscles):
    series = lengths(muscles, [[0.01, 0.05], [1.2, 1.6]])
    same, repairs = repaired(muscles, {"walk": series}, shortest=0.5, **BOUNDS)
    assert same is muscles
    assert repairs == ()


def test_a_fiber_of_negative_length_gets_the_shortest_that_costs_nothing(muscles):
    trials = {
        "walk": lengths(muscles, [[0.4, 0.5], [1.0, 1.1]]),
        "run": lengths(muscles, [[-0.05, 0.6], [1.1, 1.0]]),
    }
    new, (repair,) = repaired(muscles, trials, shortest=0.5, **BOUNDS)
    assert (repair.name, repair.trial, repair.is_feasible) == ("flexor", "run", True)
    assert repair.shortest_before == pytest.approx(-0.05)
    assert repair.shortest_after == pytest.approx(0.5)
    assert repair.longest_after == pytest.approx(1.65)
    slack, optimal = (float(each[0]) for each in (muscles.tendon_slack_length, muscles.optimal_fiber_length))
    assert repair.tendon_slack_length == pytest.approx((slack, slack - 0.55 * optimal))
    assert repair.optimal_fiber_length == (optimal, optimal)
    assert float(new.tendon_slack_length[0]) == repair.tendon_slack_length[1]
    assert new.tendon_slack_length[1] == muscles.tendon_slack_length[1]
    assert new.optimal_fiber_length.tolist() == muscles.optimal_fiber_length.tolist()
    shortest = rigid_fiber_length(torch.from_numpy(trials["run"]), new) / new.optimal_fiber_length
    assert float(shortest[:, 0].min()) == pytest.approx(0.5)


def test_a_fiber_beyond_the_largest_pennation_angle_has_no_room_either(muscles):
    least = np.sin(0.2) / np.tan(float(muscles.maximum_pennation_angle[1]))
    for along, n_repairs in ((0.99 * least, 1), (1.01 * least, 0)):
        _, repairs = repaired(muscles, {"run": lengths(muscles, [[1.0, along]])}, shortest=0.5, **BOUNDS)
        assert len(repairs) == n_repairs


def test_the_fiber_is_shortened_where_the_tendons_bound_comes_first(muscles):
    bounds = {"tendon_slack_length_bounds": (0.9, 1.1), "optimal_fiber_length_bounds": (0.5, 1.5)}
    _, (repair,) = repaired(muscles, {"run": lengths(muscles, [[-0.05, 1.0]])}, shortest=0.5, **bounds)
    assert repair.tendon_slack_length[1] == pytest.approx(0.9 * repair.tendon_slack_length[0])
    room = 0.1 * repair.tendon_slack_length[0] - 0.05 * repair.optimal_fiber_length[0]
    assert repair.optimal_fiber_length[1] == pytest.approx(room / 0.5)
    assert repair.shortest_after == pytest.approx(0.5)
    assert repair.is_feasible
    assert "started from tendon_slack_length 0.2700 m instead of 0.3000 m (-10.0 %) and " in repair.sentence
    assert " optimal_fiber_length 0.0520 m instead of 0.0800 m (-35.0 %), which leaves " in repair.sentence


def test_what_the_bounds_do_not_allow_is_said(muscles):
    bounds = {"tendon_slack_length_bounds": (0.99, 1.01), "optimal_fiber_length_bounds": (0.9, 1.1)}
    _, (repair,) = repaired(muscles, {"run": lengths(muscles, [[-0.3, 1.0]])}, shortest=0.5, **bounds)
    assert not repair.is_feasible
    assert repair.tendon_slack_length[1] == pytest.approx(0.99 * repair.tendon_slack_length[0])
    assert repair.optimal_fiber_length[1] == repair.optimal_fiber_length[0]
    assert repair.sentence.endswith(
        "It still has none: widen <tendon_slack_length_bounds> or <optimal_fiber_length_bounds>, or correct "
        "the scaling of the model."
    )


def test_sentences_say_what_was_wrong_and_what_was_done():
    repair = MuscleRepair("semimem_r", "run", -0.07, 0.43, 1.48, (0.3538, 0.3148), (0.0788, 0.0788), True)
    assert repair.sentence == (
        "The model leaves semimem_r no room for its fiber in trial 'run': with the tendon at slack length, "
        "-0.07 optimal fiber lengths remain along it. The calibration started from tendon_slack_length "
        "0.3148 m instead of 0.3538 m (-11.0 %), which leaves 0.43 to 1.48; bounds are relative to that. "
        "Check the scaling of the model, and its markers and joint angles."
    )


def test_repairs_can_be_undone(muscles):
    new, repairs = repaired(muscles, {"run": lengths(muscles, [[-0.05, -0.1]])}, shortest=0.5, **BOUNDS)
    assert len(repairs) == 2
    old = unrepaired(new, repairs)
    assert old.tendon_slack_length.tolist() == muscles.tendon_slack_length.tolist()
    assert old.optimal_fiber_length.tolist() == muscles.optimal_fiber_length.tolist()


SIZES = st.floats(-1.0, 2.0)
LOW, HIGH = st.floats(0.5, 0.999), st.floats(1.001, 1.5)


@settings(deadline=None)
@given(
    normalized=st.lists(st.tuples(SIZES, SIZES).map(list), min_size=1, max_size=5),
    shortest=st.floats(0.0, 0.95),
    slack=st.tuples(LOW, HIGH),
    optimal=st.tuples(LOW, HIGH),
)
def test_repairs_stay_within_bounds_and_never_take_room(muscles, normalized, shortest, slack, optimal):
    new, repairs = repaired(
        muscles,
        {"run": lengths(muscles, normalized)},
        shortest=shortest,
        tendon_slack_length_bounds=slack,
        optimal_fiber_length_bounds=optimal,
    )
    for bounds, name in ((slack, "tendon_slack_length"), (optimal, "optimal_fiber_length")):
        ratio = getattr(new, name) / getattr(muscles, name)
        assert bool(torch.isfinite(ratio).all())
        assert float(ratio.min()) >= bounds[0] - 1e-12
        assert float(ratio.max()) <= 1.0
    for repair in repairs:
        assert repair.shortest_after >= repair.shortest_before - 1e-9
        _, again = repaired(
            new,
            {"run": lengths(muscles, normalized)},
            shortest=shortest,
            tendon_slack_length_bounds=slack,
            optimal_fiber_length_bounds=optimal,
        )
        assert (repair.name in [each.name for each in again]) == (not repair.is_feasible)
