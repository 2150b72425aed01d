"""Levenberg-Marquardt on two muscles whose parameters are known."""

from dataclasses import replace

import pytest
import torch

from opensim_difcal.calibration.bounded_step import bounded_step, damped_hessian
from opensim_difcal.calibration.levenberg_marquardt import minimize_levenberg_marquardt
from opensim_difcal.calibration.normal_equations import GaussNewton
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.result import Status
from opensim_difcal.calibration.unknowns import random_starts
from opensim_difcal.errors import NonFiniteError

SETTINGS = OptimizerSettings(max_iterations=20, tolerance=1e-8)


def minimized(problem, settings=SETTINGS, progress=None):
    (found,) = minimize_levenberg_marquardt(
        problem, problem.unknowns.start().unsqueeze(0), settings, progress
    )
    return found


def total(problem, position) -> float:
    return sum(term.item() for term in problem.cost(position).values())


def test_moments_and_strengths_are_recovered_without_noise(make_problem, truth):
    problem = make_problem(prior_weight=0.0)
    found = minimized(problem)
    assert found.cost < 1e-3 * found.cost_history[0]["total"]
    # Lengths and activation parameters trade off against each other in 1 s of data; strength does not.
    strength = problem.unknowns.values(found.position)["strength_coefficient"].tolist()
    assert strength == pytest.approx(truth["strength_coefficient"], abs=0.1)


def test_the_cost_never_rises_and_ends_at_the_point_that_is_kept(make_problem):
    problem = make_problem(prior_weight=0.01)
    found = minimized(problem, replace(SETTINGS, max_iterations=10))
    totals = [terms["total"] for terms in found.cost_history]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] == pytest.approx(total(problem, found.position), rel=1e-12)


def test_parameters_stay_inside_their_bounds_and_may_lie_on_them(make_problem):
    problem = make_problem(prior_weight=0.0)
    problem.trials.joint_moment.mul_(3.0)  # more than the bounds allow
    found = minimized(problem, replace(SETTINGS, max_iterations=8))
    lower, upper = problem.unknowns.limits
    assert bool(((lower <= found.position) & (found.position <= upper)).all())
    assert bool((found.position == upper).any())


def test_a_step_minimizes_the_quadratic_model_inside_the_bounds(generator):
    root = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    hessian, gradient = root @ root.T, torch.randn(5, generator=generator, dtype=torch.float64)
    limits = torch.full((5,), -0.1, dtype=torch.float64), torch.full((5,), 0.1, dtype=torch.float64)
    step = bounded_step(damped_hessian(hessian, 0.5), gradient, torch.zeros_like(gradient), limits)
    slope = gradient + (hessian + 0.5 * torch.diag(hessian.diagonal())) @ step
    inside = step.abs() < 0.1 - 1e-12
    assert slope[inside].abs().max() < 1e-6
    assert bool((~inside).any())


def test_the_budgets_are_kept(make_problem):
    few = minimized(make_problem(), replace(SETTINGS, max_iterations=2))
    assert (few.status, few.n_iterations) == (Status.MAX_ITERATIONS, 2)
    short = minimized(make_problem(), replace(SETTINGS, max_seconds=0.0))
    assert (short.status, short.n_iterations) == (Status.MAX_SECONDS, 0)


def test_the_same_problem_gives_the_same_numbers(make_problem):
    first, second = (minimized(make_problem(), replace(SETTINGS, max_iterations=4)) for _ in range(2))
    assert first.cost_history == second.cost_history
    assert torch.equal(first.position, second.position)


def test_starts_side_by_side_are_those_one_by_one(make_problem):
    problem = make_problem()
    starts = random_starts(problem.unknowns, 3, seed=2)
    together = minimize_levenberg_marquardt(problem, starts, replace(SETTINGS, max_iterations=6))
    for start, ours in zip(starts, together, strict=True):
        (alone,) = minimize_levenberg_marquardt(
            problem, start.unsqueeze(0), replace(SETTINGS, max_iterations=6)
        )
        assert ours.n_iterations == alone.n_iterations
        torch.testing.assert_close(ours.position, alone.position, rtol=1e-7, atol=1e-9)


def test_a_moment_that_is_no_number_is_refused(make_problem):
    problem = make_problem()
    problem.trials.joint_moment[0, 10, 0] = float("nan")
    with pytest.raises(NonFiniteError, match=r"^Cost term moment_error: the value is not a finite number"):
        minimized(problem)


def test_a_length_that_is_no_number_is_named_with_muscle_trial_and_time(make_problem):
    problem = make_problem()
    problem.trials.muscle_tendon_length[1, 12, 0] = float("nan")
    with pytest.raises(NonFiniteError) as caught:
        minimized(problem)
    assert str(caught.value) == (
        "Trial 'trial_2', muscle 'flexor', 0.12 s: the fiber length is nan, not a finite number. Check the "
        "excitation, the path and the parameters of this muscle at that time, and narrow the bounds."
    )


def test_a_step_to_what_is_no_number_is_not_taken(make_problem, monkeypatch):
    problem = make_problem(prior_weight=0.0)
    original = GaussNewton.__call__

    def broken_far_away(self, position):
        equations = original(self, position)
        far = position.abs().amax(1) > 0.3
        terms = {
            name: torch.where(far, torch.nan, term) if name == "moment_error" else term
            for name, term in equations.terms.items()
        }
        return replace(equations, terms=terms)

    monkeypatch.setattr(GaussNewton, "__call__", broken_far_away)
    found = minimized(problem)
    assert found.position.abs().amax() <= 0.3
    assert found.cost < found.cost_history[0]["total"]


def test_an_interrupted_run_keeps_its_best_point(make_problem):
    problem = make_problem()

    def interrupt(iteration, _):
        if iteration == 3:
            raise KeyboardInterrupt

    found = minimized(problem, SETTINGS, interrupt)
    assert (found.status, found.n_iterations) == (Status.INTERRUPTED, 3)
    assert found.cost == pytest.approx(total(problem, found.position), rel=1e-12)


def test_an_interrupt_before_the_first_cost_is_passed_on(make_problem, monkeypatch):
    def interrupt(self, position):
        raise KeyboardInterrupt

    monkeypatch.setattr(GaussNewton, "__call__", interrupt)
    with pytest.raises(KeyboardInterrupt):
        minimized(make_problem())
