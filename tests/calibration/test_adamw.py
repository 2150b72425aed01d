"""AdamW on a problem small enough to know its minimum."""

from dataclasses import replace

import pytest
import torch

from opensim_difcal.calibration.adamw import minimize_adamw
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.result import Status

SETTINGS = OptimizerSettings(max_iterations=300, patience=300, weight_decay=0.0, learning_rate_decay=0.99)
TARGET = -0.8


@pytest.fixture
def parabola(make_problem, monkeypatch):
    """Makes problems whose cost is lowest where every C1 is at the target."""

    def make(factor=1.0):
        problem = make_problem()
        c1 = problem.unknowns.parameter["c1"]
        monkeypatch.setattr(problem, "cost", lambda: {"distance": factor * ((c1.value - TARGET) ** 2).sum()})
        return problem

    return make


def test_the_minimum_is_found(parabola):
    problem = parabola()
    found = minimize_adamw(problem, SETTINGS)
    assert problem.unknowns.parameter["c1"].value.tolist() == pytest.approx([TARGET, TARGET], abs=5e-3)
    assert found.status is Status.MAX_ITERATIONS
    assert found.n_iterations == 300
    assert set(found.cost_history[0]) == {"distance", "total"}


def test_the_best_point_is_kept_and_ends_the_history(parabola):
    problem = parabola()
    found = minimize_adamw(problem, replace(SETTINGS, learning_rate=3.0, max_iterations=20))
    totals = [terms["total"] for terms in found.cost_history]
    assert totals[-1] == min(totals) < totals[-2]
    assert problem.cost()["distance"].item() == pytest.approx(totals[-1])


def test_without_improvement_it_stops_early(parabola):
    found = minimize_adamw(parabola(), replace(SETTINGS, patience=5, tolerance=0.9))
    assert found.status is Status.CONVERGED
    assert found.n_iterations < 300


def test_the_time_budget_is_kept(parabola):
    found = minimize_adamw(parabola(), replace(SETTINGS, max_seconds=1e-9))
    assert (found.status, found.n_iterations) == (Status.MAX_SECONDS, 0)


def test_a_cost_that_is_no_number_stops_the_run(parabola):
    found = minimize_adamw(parabola(float("nan")), SETTINGS)
    assert (found.status, found.n_iterations) == (Status.NON_FINITE, 0)


def test_an_interrupted_run_keeps_its_best_point(parabola):
    def interrupt(iteration, _):
        if iteration == 7:
            raise KeyboardInterrupt

    problem = parabola()
    found = minimize_adamw(problem, SETTINGS, interrupt)
    assert (found.status, found.n_iterations) == (Status.INTERRUPTED, 7)
    assert problem.cost()["distance"].item() == pytest.approx(found.cost_history[-1]["total"])


def test_a_calibration_comes_closer_to_the_measured_moments(make_problem):
    problem = make_problem(moment_error="raw")
    found = minimize_adamw(problem, replace(SETTINGS, max_iterations=15))
    assert found.cost_history[-1]["total"] < 0.8 * found.cost_history[0]["total"]
    assert all(torch.isfinite(p.value).all() for p in problem.unknowns.parameter.values())
