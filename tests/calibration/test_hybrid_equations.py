"""The arrow of the synergy-hybrid problem against autograd."""

from dataclasses import replace

import pytest
import torch

from opensim_difcal.calibration.cost import CostSettings, measured_variance
from opensim_difcal.calibration.drive import SynergyDrive
from opensim_difcal.calibration.hybrid_equations import HybridEquations, HybridGaussNewton
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.synergy_hybrid import SynergySettings, extract_synergies
from opensim_difcal.inputs.batch import batch_trials

COST = CostSettings(
    normalized_fiber_length_range=(0.0, 3.0), tendon_strain_range=(-1.0, 1.0), prior_weight=0.1
)
CHOICES = {
    "spline": SynergySettings(n_synergies=2, n_restarts=3, spacing=0.1),
    "gaussian": SynergySettings(n_synergies=2, n_restarts=3, spacing=0.15, primitives="gaussian"),
    "by trial": SynergySettings(n_synergies=2, n_restarts=3, spacing=0.1, weights_by_trial=True),
}


@pytest.fixture(params=CHOICES)
def problem(request, half_recorded, unknowns, engine) -> CalibrationProblem:
    trials = batch_trials([trial for trial in half_recorded if trial.role == "calibration"])
    start = extract_synergies(trials, CHOICES[request.param], seed=1)
    return CalibrationProblem(trials, unknowns, COST, engine, {}, start.drive)


@pytest.fixture
def position(problem, half_recorded) -> torch.Tensor:
    """Away from the start, inside all ranges but for some primitives and weights."""
    generator = torch.Generator().manual_seed(2)
    muscles = 0.2 * torch.randn(len(problem.unknowns.initial), generator=generator, dtype=torch.float64)
    drive = problem.drive
    parts = [0.2 + 0.6 * torch.rand(drive.n_weights, generator=generator, dtype=torch.float64)]
    parts += [0.5 * torch.rand(size, generator=generator, dtype=torch.float64) for size in drive.sizes]
    return torch.cat([muscles, *parts])


def residuals(problem: CalibrationProblem, position: torch.Tensor) -> torch.Tensor:
    """Everything whose squares the cost sums, while penalties are zero."""
    drive, trials, settings = problem.drive, problem.trials, problem.settings
    assert isinstance(drive, SynergyDrive)
    of_muscles, of_drive = problem.split(position)
    simulation = problem.simulate(position)
    scored = trials.scored.to(torch.float64)
    weight = (scored / scored.sum(-1, keepdim=True)).unsqueeze(-1) / measured_variance(trials).unsqueeze(-2)
    moments = weight.sqrt() * (simulation.joint_moment - trials.joint_moment)
    found = drive.split(of_drive)
    made = found.primitives @ found.weights.mT
    root = drive.sample_weight.sqrt().unsqueeze(-1)
    n = drive.n_channels
    tracking = (settings.excitation_tracking_weight / n) ** 0.5 * root * (made[..., :n] - drive.recorded)
    size = (settings.synthesized_excitation_weight / (drive.n_rows - n)) ** 0.5 * root * made[..., n:]
    held = [
        (settings.prior_weight / len(part)) ** 0.5 * part
        for part in problem.unknowns.split(of_muscles).values()
    ]
    return torch.cat([each.flatten() for each in (moments, tracking, size, *held)])


def dense(equations: HybridEquations) -> torch.Tensor:
    n_border = len(equations.border)
    n = len(equations.gradient)
    whole = torch.zeros(n, n, dtype=torch.float64)
    whole[:n_border, :n_border] = equations.border
    at = n_border
    for own, cross in equations.trials:
        to = at + len(own)
        whole[at:to, at:to] = own
        whole[:n_border, at:to], whole[at:to, :n_border] = cross, cross.mT
        at = to
    return whole


def test_j_t_j_is_that_of_autograd(problem, position):
    problem = replace(problem, settings=replace(COST, synergy_range_weight=0.0))
    jacobian = torch.autograd.functional.jacobian(lambda x: residuals(problem, x), position)
    assert isinstance(jacobian, torch.Tensor)
    equations = HybridGaussNewton(problem)(position[None])
    expected = jacobian.mT @ jacobian
    torch.testing.assert_close(dense(equations), expected, rtol=1e-7, atol=1e-9 * float(expected.max()))


def test_gradient_is_half_that_of_the_cost(problem, position):
    equations = HybridGaussNewton(problem)(position[None])
    variable = position.clone().requires_grad_(True)
    cost = torch.stack(list(problem.cost(variable).values())).sum()
    torch.testing.assert_close(equations.total[0], cost.detach(), rtol=1e-9, atol=0.0)
    torch.testing.assert_close(equations.gradient, 0.5 * torch.autograd.grad(cost, variable)[0])


def test_the_derivative_by_weights_and_primitives_is_that_of_differences(problem, position):
    def cost(x: torch.Tensor) -> float:
        with torch.no_grad():
            return float(torch.stack(list(problem.cost(x).values())).sum())

    gradient = 2.0 * HybridGaussNewton(problem)(position[None]).gradient
    first = len(problem.unknowns.initial)
    for i in (first, first + 3, first + problem.drive.n_weights + 2, len(position) - 4):
        step = torch.zeros_like(position)
        step[i] = 1e-5
        difference = (cost(position + step) - cost(position - step)) / 2e-5
        assert gradient[i].item() == pytest.approx(difference, rel=1e-4, abs=1e-6)


def test_a_step_by_blocks_solves_the_whole_system(problem, position):
    equations = HybridGaussNewton(problem)(position[None])
    free = (torch.full_like(position, -torch.inf), torch.full_like(position, torch.inf))
    step, promised = equations.step(0, position, free, 0.1)
    hessian = dense(equations)
    scale = hessian.diagonal()
    damped = hessian + torch.diag(0.1 * scale + 1e-9 * scale.max())
    expected = -torch.linalg.solve(damped, equations.gradient)
    torch.testing.assert_close(step, expected, rtol=1e-6, atol=1e-9)
    change = float(2.0 * equations.gradient @ expected + expected @ hessian @ expected)
    assert promised == pytest.approx(-change, rel=1e-6)


def test_a_step_keeps_the_muscles_inside_their_bounds(problem, position):
    equations = HybridGaussNewton(problem)(position[None])
    step, _ = equations.step(0, position, problem.limits, 1e-6)
    lower, upper = problem.limits
    assert bool(((position + step >= lower - 1e-12) & (position + step <= upper + 1e-12)).all())


def test_penalties_outside_the_unit_range_stand_in_j_t_j(problem, position):
    without = HybridGaussNewton(replace(problem, settings=replace(COST, synergy_range_weight=0.0)))
    outside = position.clone()
    outside[len(problem.unknowns.initial)] = 1.5  # the first weight
    with_penalty = HybridGaussNewton(problem)(outside[None])
    more = dense(with_penalty) - dense(without(outside[None]))
    i = len(problem.unknowns.initial)
    n_trials = 1 if problem.drive.weights_by_trial else len(problem.drive.shapes)
    assert more[i, i].item() == pytest.approx(n_trials * COST.synergy_range_weight)


def test_without_the_drive_is_what_a_dense_inverse_leaves(problem, position):
    equations = HybridGaussNewton(problem)(position.unsqueeze(0))
    n = len(problem.unknowns.initial)
    whole = dense(equations)
    whole = whole + 1e-10 * torch.diag((torch.arange(len(whole)) >= n) * whole.diagonal().max())
    expected = torch.linalg.inv(torch.linalg.inv(whole)[:n, :n])
    found = equations.without_drive(n)
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()
