"""Simulated annealing on small functions, and on two muscles whose parameters are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from opensim_difcal.calibration.optimization import AnnealingSettings, OptimizerSettings
from opensim_difcal.calibration.result import Status
from opensim_difcal.calibration.simulated_annealing import (
    Annealing,
    adjusted,
    minimize_simulated_annealing,
)
from opensim_difcal.calibration.user_terms import peak_of_summed_forces
from opensim_difcal.errors import CalibrationError

QUICK = AnnealingSettings(
    initial_temperature=10.0,
    temperature_reduction_factor=0.3,
    sweeps_per_adjustment=15,
    adjustments_per_temperature=5,
    max_evaluations=100_000,
)
SETTINGS = OptimizerSettings(
    max_iterations=10,
    annealing=replace(
        QUICK, initial_temperature=0.03, sweeps_per_adjustment=4, adjustments_per_temperature=3
    ),
)


class Formula:
    """A landscape given by a formula."""

    def __init__(self, formula):
        self.formula = formula
        self.asked: list[np.ndarray] = []

    def move_to(self, position):
        self.position = position.copy()
        return self.formula(position)

    def changed(self, index, value):
        self.asked.append(self.position.copy())
        self.asked[-1][index] = value
        return self.formula(self.asked[-1])

    def accept(self):
        self.position = self.asked[-1]


def bowl(x):
    return float(((x - np.array([0.3, -1.2, 0.7])) ** 2).sum())


def rosenbrock(x):
    return float(100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2)


def annealed(formula, n, settings=QUICK, width=2.0):
    limits = np.full(n, -width), np.full(n, width)
    annealing = Annealing(Formula(formula), np.zeros(n), limits, settings)
    return annealing, sum(1 for _ in annealing.run())


def total(problem, position) -> float:
    return sum(term.item() for term in problem.cost(position).values())


def test_it_finds_the_bottom_of_a_bowl_and_says_that_it_has_settled():
    annealing, _ = annealed(bowl, 3)
    assert annealing.has_settled
    assert annealing.best_cost < 1e-4
    assert annealing.best_position == pytest.approx([0.3, -1.2, 0.7], abs=0.01)


def test_it_finds_the_end_of_a_bent_valley():
    annealing, _ = annealed(rosenbrock, 2, replace(QUICK, cost_epsilon=1e-8, max_evaluations=200_000))
    assert annealing.best_cost < 5e-3
    assert annealing.best_position == pytest.approx([1.0, 1.0], abs=0.15)


def test_it_leaves_a_hollow_that_is_not_the_deepest():
    def two_hollows(x):
        return float(np.minimum((x[0] + 1.0) ** 2 + 0.5, 4.0 * (x[0] - 1.5) ** 2))

    annealing, _ = annealed(two_hollows, 1)
    assert annealing.best_position == pytest.approx([1.5], abs=0.01)


def test_the_bounds_hold_and_a_change_beyond_them_is_drawn_evenly_between_them():
    landscape = Formula(lambda x: float(-x.sum()))
    limits = np.array([-1.0, -1.0]), np.array([1.0, 3.0])
    annealing = Annealing(landscape, np.zeros(2), limits, replace(QUICK, initial_temperature=1e9))
    next(run := annealing.run())
    next(run)
    asked = np.array(landscape.asked)
    assert (asked >= limits[0]).all()
    assert (asked <= limits[1]).all()
    for _ in range(3):  # every change is accepted: the steps grow to the range, and no further
        next(run)
    assert annealing.step_sizes.tolist() == [2.0, 4.0]
    assert annealing.n_evaluations == 1 + 4 * 15 * 2


def test_step_sizes_follow_the_part_that_is_accepted():
    steps, ranges = np.ones(6), np.array([10.0, 10.0, 10.0, 10.0, 10.0, 2.0])
    parts = np.array([0.0, 0.2, 0.5, 0.8, 1.0, 1.0])
    assert adjusted(steps, parts, ranges) == pytest.approx([1 / 3, 0.5, 1.0, 2.0, 3.0, 2.0])


def test_it_stops_after_the_round_in_which_the_evaluations_are_used_up():
    annealing, n_yields = annealed(bowl, 3, replace(QUICK, initial_temperature=1e6, max_evaluations=300))
    assert not annealing.has_settled
    assert annealing.n_evaluations == 1 + 2 * 5 * 15 * 3
    assert n_yields == 1 + 2 * 5


def test_it_settles_when_the_last_rounds_end_at_the_best():
    settings = replace(QUICK, n_epsilon=2, cost_epsilon=1.0)
    annealing, n_yields = annealed(lambda x: 5.0, 2, settings)
    assert annealing.has_settled
    assert n_yields == 1 + 3 * 5  # this round and two before


def test_a_cost_that_is_no_number_is_never_accepted():
    annealing, _ = annealed(lambda x: float("nan") if x[0] > 0.5 else bowl(x), 3)
    assert annealing.best_cost < 1e-3
    broken, _ = annealed(lambda x: float("nan") if np.abs(x).max() > 0.0 else 1.0, 3)
    assert broken.best_position.tolist() == [0.0, 0.0, 0.0]


def test_the_same_seed_gives_the_same_and_another_seed_something_else():
    first, second, other = (annealed(bowl, 3, replace(QUICK, seed=seed))[0] for seed in (4, 4, 5))
    assert first.best_position.tolist() == second.best_position.tolist()
    assert first.n_evaluations == second.n_evaluations
    assert first.best_position.tolist() != other.best_position.tolist()


@pytest.mark.parametrize("elastic_tendon", ["rosenbrock", "equilibrium"])
def test_a_calibration_lowers_the_cost_and_tells_what_it_took(make_problem, elastic_tendon):
    problem = make_problem(prior_weight=0.0, normalized_fiber_length_penalty="whole_deviation")
    muscles = problem.unknowns.muscles.with_elastic_tendon(elastic_tendon)
    problem = replace(problem, unknowns=replace(problem.unknowns, muscles=muscles))
    shown = []
    found = minimize_simulated_annealing(
        problem, problem.unknowns.start(), SETTINGS, lambda *each: shown.append(each)
    )
    totals = [entry["total"] for entry in found.cost_history]
    assert found.cost < 0.3 * totals[0]
    assert totals == sorted(totals, reverse=True)
    assert found.cost == pytest.approx(total(problem, found.position), rel=1e-12)
    assert totals[0] == pytest.approx(total(problem, problem.unknowns.start()))
    assert (found.status, found.n_iterations) == (Status.MAX_ITERATIONS, 10)
    assert [number for number, _ in shown] == list(range(11))
    evaluations = [effort.n_evaluations for effort in found.efforts]
    assert evaluations == [*(1 + 4 * 12 * i for i in range(11)), 1 + 4 * 12 * 10]
    seconds = [effort.cpu_seconds for effort in found.efforts]
    assert seconds == sorted(seconds)
    lower, upper = problem.limits
    assert bool(((lower <= found.position) & (found.position <= upper)).all())
    again = minimize_simulated_annealing(problem, problem.unknowns.start(), SETTINGS)
    assert torch.equal(found.position, again.position)


def test_the_budgets_are_kept(make_problem):
    problem, start = make_problem(), torch.zeros(12, dtype=torch.float64)
    late = minimize_simulated_annealing(problem, start, replace(SETTINGS, max_seconds=0.0))
    assert (late.status, late.n_iterations) == (Status.MAX_SECONDS, 0)
    few = replace(SETTINGS, annealing=replace(SETTINGS.annealing, max_evaluations=100))
    spent = minimize_simulated_annealing(problem, start, few)
    assert (spent.status, spent.n_iterations) == (Status.MAX_EVALUATIONS, 3)
    easy = replace(few, annealing=replace(SETTINGS.annealing, n_epsilon=1, cost_epsilon=1e9))
    assert minimize_simulated_annealing(problem, start, easy).status is Status.CONVERGED
    assert Status.MAX_EVALUATIONS.value == (
        "The limit of evaluations was reached. Raise <max_evaluations> or lower <initial_temperature>."
    )


def test_an_interrupted_run_keeps_its_best_point(make_problem):
    problem = make_problem()

    def interrupt(iteration, _):
        if iteration == 3:
            raise KeyboardInterrupt

    found = minimize_simulated_annealing(problem, problem.unknowns.start(), SETTINGS, interrupt)
    assert (found.status, found.n_iterations) == (Status.INTERRUPTED, 3)
    assert found.cost == pytest.approx(total(problem, found.position), rel=1e-12)


def test_terms_of_a_user_are_refused(make_problem):
    problem = make_problem(None, {"peak": peak_of_summed_forces(1.0)})
    with pytest.raises(CalibrationError) as caught:
        minimize_simulated_annealing(problem, problem.unknowns.start(), SETTINGS)
    assert str(caught.value) == (
        "The optimizer simulated_annealing computes one muscle at a time; it knows neither cost terms of "
        "your own nor synergies. Choose another <optimizer>, or remove <cost_terms> and set <mode> to "
        "emg_driven."
    )
