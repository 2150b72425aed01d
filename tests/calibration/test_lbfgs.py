"""L-BFGS on two muscles whose parameters are known."""

from dataclasses import replace

import pytest
import torch

from opensim_difcal.calibration.lbfgs import minimize_lbfgs
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.result import Status
from opensim_difcal.errors import NonFiniteError

SETTINGS = OptimizerSettings(max_iterations=60, tolerance=1e-6)


def total(problem, position) -> float:
    return sum(term.item() for term in problem.cost(position).values())


def test_the_cost_falls_and_belongs_to_the_point_that_is_kept(make_problem):
    problem = make_problem(prior_weight=0.0)
    found = minimize_lbfgs(problem, problem.unknowns.start(), SETTINGS)
    assert found.cost < 0.02 * found.cost_history[0]["total"]
    assert found.cost == pytest.approx(total(problem, found.position), rel=1e-12)
    assert found.cost_history[0]["total"] == pytest.approx(total(problem, problem.unknowns.start()))


def test_no_point_leaves_the_bounds(make_problem):
    problem = make_problem(prior_weight=0.0)
    problem.trials.joint_moment.mul_(3.0)  # more than the bounds allow
    found = minimize_lbfgs(problem, problem.unknowns.start(), SETTINGS)
    lower, upper = problem.unknowns.limits
    assert bool(((lower <= found.position) & (found.position <= upper)).all())
    assert bool((found.position == upper).any())


def test_the_budgets_are_kept(make_problem):
    problem = make_problem()
    few = minimize_lbfgs(problem, problem.unknowns.start(), replace(SETTINGS, max_iterations=3))
    assert (few.status, few.n_iterations) == (Status.MAX_ITERATIONS, 3)
    short = minimize_lbfgs(problem, problem.unknowns.start(), replace(SETTINGS, max_seconds=0.0))
    assert (short.status, short.n_iterations) == (Status.MAX_SECONDS, 1)


def test_without_improvement_it_stops(make_problem):
    problem = make_problem()
    found = minimize_lbfgs(problem, problem.unknowns.start(), replace(SETTINGS, tolerance=0.99))
    assert found.status is Status.CONVERGED
    assert found.n_iterations < 20


def test_an_interrupted_run_keeps_its_best_point(make_problem):
    problem = make_problem()

    def interrupt(iteration, _):
        if iteration == 3:
            raise KeyboardInterrupt

    found = minimize_lbfgs(problem, problem.unknowns.start(), SETTINGS, interrupt)
    assert (found.status, found.n_iterations) == (Status.INTERRUPTED, 3)
    assert found.cost == pytest.approx(total(problem, found.position), rel=1e-12)


def test_a_start_that_is_no_number_is_refused(make_problem):
    problem = make_problem()
    problem.trials.excitation[0, 7, 1] = float("nan")
    with pytest.raises(NonFiniteError) as caught:
        minimize_lbfgs(problem, problem.unknowns.start(), SETTINGS)
    assert str(caught.value) == (
        "Trial 'trial_1', muscle 'extensor', 0.07 s: the activation is nan, not a finite number. Check the "
        "excitation, the path and the parameters of this muscle at that time, and narrow the bounds."
    )


def test_it_turns_back_from_points_that_are_no_numbers(make_problem, monkeypatch):
    problem = make_problem(prior_weight=0.0)
    original = type(problem).cost

    def cost(self, position):
        terms = original(self, position)
        broken = (position - self.unknowns.start()).abs().amax() > 0.3
        return terms | {"moment_error": torch.where(broken, torch.nan, terms["moment_error"])}

    monkeypatch.setattr(type(problem), "cost", cost)
    found = minimize_lbfgs(problem, problem.unknowns.start(), SETTINGS)
    assert found.position.abs().amax() <= 0.3
    assert found.cost < found.cost_history[0]["total"]
