"""Levenberg-Marquardt on two muscles whose parameters are known."""

from dataclasses import replace

import pytest

from opensim_difcal.calibration.levenberg_marquardt import minimize_levenberg_marquardt
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.result import Status

SETTINGS = OptimizerSettings(max_iterations=20, tolerance=1e-8)


def test_moments_and_strengths_are_recovered_without_noise(make_problem, truth):
    problem = make_problem(prior_weight=0.0)
    found = minimize_levenberg_marquardt(problem, SETTINGS)
    assert found.cost_history[-1]["total"] < 1e-3 * found.cost_history[0]["total"]
    # Lengths and activation parameters trade off against each other in 1 s of data; strength does not.
    strength = problem.unknowns.parameter["strength_coefficient"].value.tolist()
    assert strength == pytest.approx(truth["strength_coefficient"], abs=0.1)


def test_the_cost_never_rises_and_ends_at_the_point_that_is_kept(make_problem):
    problem = make_problem(prior_weight=0.01)
    found = minimize_levenberg_marquardt(problem, replace(SETTINGS, max_iterations=10))
    totals = [terms["total"] for terms in found.cost_history]
    assert totals == sorted(totals, reverse=True)
    now = sum(term.item() for term in problem.cost().values())
    # The integrator is warm-started, so its last digits depend on where it comes from.
    assert totals[-1] == pytest.approx(now, rel=1e-4)


def test_parameters_stay_inside_their_bounds(make_problem):
    problem = make_problem(prior_weight=0.0)
    problem.trials.joint_moment.mul_(3.0)  # more than the bounds allow
    minimize_levenberg_marquardt(problem, replace(SETTINGS, max_iterations=8))
    for bounded in problem.unknowns.parameter.values():
        value = bounded.value
        assert bool(((bounded.lower < value) & (value < bounded.upper)).all())
    strength = problem.unknowns.parameter["strength_coefficient"]
    assert (strength.upper - strength.value).min() < 0.01


def test_the_budgets_are_kept(make_problem):
    problem = make_problem()
    few = minimize_levenberg_marquardt(problem, replace(SETTINGS, max_iterations=2))
    assert (few.status, few.n_iterations) == (Status.MAX_ITERATIONS, 2)
    short = minimize_levenberg_marquardt(make_problem(), replace(SETTINGS, max_seconds=1e-9))
    assert (short.status, short.n_iterations) == (Status.MAX_SECONDS, 0)


def test_the_same_problem_gives_the_same_numbers(make_problem):
    first, second = (
        minimize_levenberg_marquardt(make_problem(), replace(SETTINGS, max_iterations=4)) for _ in range(2)
    )
    assert first.cost_history == second.cost_history


def test_a_cost_that_is_no_number_stops_the_run(make_problem):
    problem = make_problem()
    problem.trials.joint_moment[0, 10, 0] = float("nan")
    found = minimize_levenberg_marquardt(problem, SETTINGS)
    assert found.status is Status.NON_FINITE


def test_an_interrupted_run_keeps_its_best_point(make_problem):
    problem = make_problem()

    def interrupt(iteration, _):
        if iteration == 3:
            raise KeyboardInterrupt

    found = minimize_levenberg_marquardt(problem, SETTINGS, interrupt)
    assert (found.status, found.n_iterations) == (Status.INTERRUPTED, 3)
    now = sum(term.item() for term in problem.cost().values())
    assert found.cost_history[-1]["total"] == pytest.approx(now, rel=1e-4)


def test_the_last_cost_belongs_to_the_parameters_also_when_the_budget_ends(make_problem):
    problem = make_problem(prior_weight=0.01)
    found = minimize_levenberg_marquardt(problem, replace(SETTINGS, max_iterations=2))
    assert found.status is Status.MAX_ITERATIONS
    assert found.n_iterations == 2
    now = sum(term.item() for term in problem.cost().values())
    assert found.cost_history[-1]["total"] == pytest.approx(now, rel=1e-4)


def test_an_interrupt_before_the_first_cost_is_passed_on(make_problem, monkeypatch):
    problem = make_problem()

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(problem), "simulate", lambda self: interrupt())
    with pytest.raises(KeyboardInterrupt):
        minimize_levenberg_marquardt(problem, SETTINGS)
