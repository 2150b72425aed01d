"""Several starts, in one chunk or in several, stopped or not."""

import pytest
import torch

from opensim_difcal.calibration import starts as starts_module
from opensim_difcal.calibration.optimization import AnnealingSettings, OptimizerSettings
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status
from opensim_difcal.calibration.starts import OPTIMIZERS, minimize, starts_side_by_side
from opensim_difcal.calibration.unknowns import random_starts
from opensim_difcal.errors import NonFiniteError
from opensim_difcal.physics.best_engine import best_engine

SETTINGS = OptimizerSettings(max_iterations=3, annealing=AnnealingSettings(sweeps_per_adjustment=1))


@pytest.fixture(params=[1, 2, 3])
def chunk(request, monkeypatch) -> int:
    """How many starts fit side by side."""
    monkeypatch.setattr(starts_module, "starts_side_by_side", lambda problem: request.param)
    return request.param


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_start_is_searched_and_the_best_stands_first(make_problem, chunk, optimizer):
    problem = make_problem()
    searches = minimize(problem, random_starts(problem.unknowns, 3, 2), optimizer, SETTINGS)
    costs = [each.cost for each in searches.found]
    assert len(costs) == 3
    assert costs == sorted(costs)
    assert searches.status is searches.found[0].status


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("n_calls", [1, 3, 5, 6])
def test_an_interrupt_ends_all_searches_and_keeps_what_was_found(make_problem, chunk, optimizer, n_calls):
    problem = make_problem()
    calls = []

    def interrupt(iteration, cost):
        calls.append(iteration)
        if len(calls) == n_calls:
            raise KeyboardInterrupt

    searches = minimize(problem, random_starts(problem.unknowns, 4, 2), optimizer, SETTINGS, interrupt)
    assert len(calls) == n_calls
    assert searches.status is Status.INTERRUPTED
    assert searches.found


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_interrupt_before_a_later_start_has_a_cost_keeps_the_earlier_ones(
    make_problem, monkeypatch, optimizer
):
    monkeypatch.setattr(starts_module, "starts_side_by_side", lambda problem: 1)
    problem, done = make_problem(), []
    original = OPTIMIZERS[optimizer]

    def second_is_interrupted(*arguments):
        if done:
            raise KeyboardInterrupt
        done.extend(original(*arguments))
        return done

    monkeypatch.setattr(starts_module, "OPTIMIZERS", {optimizer: second_is_interrupted})
    searches = minimize(problem, random_starts(problem.unknowns, 3, 2), optimizer, SETTINGS)
    assert searches.status is Status.INTERRUPTED
    assert [each.cost for each in searches.found] == [done[0].cost]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_start_without_a_cost_is_left_out(make_problem, monkeypatch, chunk, optimizer):
    problem = make_problem()
    starts = random_starts(problem.unknowns, 3, 2)
    starts[1, 0] = float("nan")
    assert len(minimize(problem, starts, optimizer, SETTINGS).found) == 2
    starts[0, 0] = float("nan")
    with pytest.raises(NonFiniteError):
        minimize(problem, starts, optimizer, SETTINGS)


def test_no_time_for_more_than_the_first_chunk(make_problem, monkeypatch):
    monkeypatch.setattr(starts_module, "starts_side_by_side", lambda problem: 2)
    problem = make_problem()
    settings = OptimizerSettings(max_iterations=3, max_seconds=0.0)
    searches = minimize(problem, random_starts(problem.unknowns, 4, 2), "levenberg_marquardt", settings)
    assert (len(searches.found), searches.status) == (2, Status.MAX_SECONDS)


def test_longer_trials_leave_room_for_fewer_starts(make_problem):
    problem = make_problem()
    assert starts_side_by_side(problem) == int(1e9 / (8 * 60 * problem.trials.excitation.numel()))


@pytest.mark.slow
def test_several_starts_work_on_an_empty_kernel_folder(make_problem, muscles, tmp_path):
    problem = make_problem(engine=best_engine(muscles, tmp_path))
    searches = minimize(problem, random_starts(problem.unknowns, 3, 2), "levenberg_marquardt", SETTINGS)
    assert len(searches.found) == 3


def _no_slope(prediction, trials):
    force = prediction.tendon_force
    return torch.sqrt(((force - force.detach()) ** 2).sum()) + 1.0


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "simulated_annealing"])
def test_a_term_whose_derivative_is_not_a_number_is_named(make_problem, optimizer):
    problem: CalibrationProblem = make_problem(terms={"mine": _no_slope})
    with pytest.raises(NonFiniteError) as caught:
        minimize(problem, problem.unknowns.start().unsqueeze(0), optimizer, SETTINGS)
    assert str(caught.value) == (
        "Cost term mine: the derivative is not a finite number, though the value is. A root of zero or a "
        "division by zero in a term of your own is a usual reason; add a small number to its argument."
    )
