"""AdamW on a problem small enough to know its minimum."""

from dataclasses import replace

import pytest
import torch

from opensim_difcal.calibration.adamw import minimize_adamw
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status
from opensim_difcal.errors import NonFiniteError

SETTINGS = OptimizerSettings(max_iterations=300, patience=300, weight_decay=0.0, learning_rate_decay=0.99)
TARGET = -0.8


@pytest.fixture
def problem(make_problem, monkeypatch):
    """A problem whose cost is lowest where every C1 is at the target."""

    def cost(self, position):
        return {"distance": ((self.unknowns.values(position)["c1"] - TARGET) ** 2).sum()}

    monkeypatch.setattr(CalibrationProblem, "cost", cost)
    return make_problem()


def test_the_minimum_is_found(problem):
    found = minimize_adamw(problem, problem.unknowns.start(), SETTINGS)
    assert problem.unknowns.values(found.position)["c1"].tolist() == pytest.approx([TARGET] * 2, abs=5e-3)
    assert found.status is Status.MAX_ITERATIONS
    assert found.n_iterations == 300
    assert set(found.cost_history[0]) == {"distance", "total"}


def test_the_best_point_is_kept_and_ends_the_history(problem):
    hasty = replace(SETTINGS, learning_rate=3.0, max_iterations=20)
    found = minimize_adamw(problem, problem.unknowns.start(), hasty)
    totals = [terms["total"] for terms in found.cost_history]
    assert totals[-1] == min(totals) < totals[-2]
    assert problem.cost(found.position)["distance"].item() == pytest.approx(totals[-1])


def test_without_improvement_it_stops_early(problem):
    found = minimize_adamw(problem, problem.unknowns.start(), replace(SETTINGS, patience=5, tolerance=0.9))
    assert found.status is Status.CONVERGED
    assert found.n_iterations < 300


def test_the_time_budget_is_kept(problem):
    found = minimize_adamw(problem, problem.unknowns.start(), replace(SETTINGS, max_seconds=0.0))
    assert (found.status, found.n_iterations) == (Status.MAX_SECONDS, 0)


def test_an_interrupted_run_keeps_its_best_point(problem):
    def interrupt(iteration, _):
        if iteration == 7:
            raise KeyboardInterrupt

    found = minimize_adamw(problem, problem.unknowns.start(), SETTINGS, interrupt)
    assert (found.status, found.n_iterations) == (Status.INTERRUPTED, 7)
    assert problem.cost(found.position)["distance"].item() == pytest.approx(found.cost)


def test_an_interrupt_within_the_first_iteration_is_passed_on(make_problem, monkeypatch):
    def interrupt(self, position):
        raise KeyboardInterrupt

    monkeypatch.setattr(CalibrationProblem, "cost", interrupt)
    problem = make_problem()
    with pytest.raises(KeyboardInterrupt):
        minimize_adamw(problem, problem.unknowns.start(), SETTINGS)


def test_a_start_off_the_middle_is_where_it_starts(problem):
    start = 0.5 * torch.ones_like(problem.unknowns.start())
    found = minimize_adamw(problem, start, replace(SETTINGS, max_iterations=1))
    assert found.cost_history[0]["distance"] == pytest.approx(problem.cost(start)["distance"].item())


def test_no_point_leaves_the_bounds(make_problem):
    problem = make_problem()
    found = minimize_adamw(
        problem, problem.unknowns.start(), replace(SETTINGS, learning_rate=50.0, max_iterations=3)
    )
    lower, upper = problem.unknowns.limits
    assert bool(((lower <= found.position) & (found.position <= upper)).all())


def test_a_calibration_comes_closer_to_the_measured_moments(make_problem):
    problem = make_problem(moment_error="raw")
    found = minimize_adamw(problem, problem.unknowns.start(), replace(SETTINGS, max_iterations=15))
    assert found.cost < 0.8 * found.cost_history[0]["total"]


def test_a_moment_that_is_no_number_is_named(make_problem):
    problem = make_problem()
    problem.trials.joint_moment[0, 10, 0] = float("nan")
    with pytest.raises(NonFiniteError) as caught:
        minimize_adamw(problem, problem.unknowns.start(), SETTINGS)
    assert str(caught.value) == (
        "Cost term moment_error: the value is not a finite number, though all that was simulated is. Check "
        "its weight, its range and the measured moments."
    )
