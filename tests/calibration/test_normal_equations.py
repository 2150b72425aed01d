"""Gauss-Newton normal equations against autograd on a small problem."""

import pytest
import torch

from opensim_difcal.calibration.normal_equations import GaussNewton
from opensim_difcal.calibration.unknowns import random_starts
from opensim_difcal.calibration.user_terms import peak_of_summed_forces, unexplained_variance
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.time_parallel import TorchEngine

GROUPS = {"none": {}, "one group": {"arm": ("flexor", "extensor")}}
SETTINGS = {
    "default": {"prior_weight": 0.01},
    "raw": {"moment_error": "raw"},
    "penalized": {
        "prior_weight": 0.1,
        "normalized_fiber_length_range": (0.9, 1.0),
        "tendon_strain_range": (0.01, 0.02),
    },
    "penalized as a whole": {
        "normalized_fiber_length_range": (0.9, 1.0),
        "normalized_fiber_length_penalty": "whole_deviation",
    },
}


STRAINS = {
    "no strains": {},
    "strains of all": {"learned_strains": CURVE_STRAINS},
    "strains of one": {
        "learned_strains": ("tendon_strain_at_one_norm_force", "passive_fiber_strain_at_zero_force"),
        "strain_groups": {"flexors": ("flexor",)},
    },
}


@pytest.fixture(params=["compiled", "torch"])
def engine_of_choice(request, engine):
    return engine if request.param == "compiled" else TorchEngine()


@pytest.fixture(params=STRAINS)
def make(request, make_problem, engine_of_choice):
    """Makes problems on one of the engines, with or without learned strains."""
    fixed = {"engine": engine_of_choice, **STRAINS[request.param]}
    return lambda *arguments, **settings: make_problem(*arguments, **fixed, **settings)


def somewhere(problem) -> torch.Tensor:
    """Two positions away from the start, where every term and tangent is at work."""
    return random_starts(problem.unknowns, 3, seed=3)[1:]


def gradient(problem, position) -> torch.Tensor:
    position = position.clone().requires_grad_(True)
    return torch.autograd.grad(torch.stack(list(problem.cost(position).values())).sum(), position)[0]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("groups", GROUPS)
def test_gradient_is_half_that_of_the_cost(make, groups, settings):
    problem = make(GROUPS[groups], **SETTINGS[settings])
    position = somewhere(problem)
    equations = GaussNewton(problem)(position)
    expected = 0.5 * gradient(problem, position)
    total = sum(problem.cost(position).values())
    # Newton over the time axis leaves 1e-10 of a fiber length; machine code leaves nothing.
    torch.testing.assert_close(equations.total, total, rtol=1e-8, atol=0)
    assert (equations.gradient - expected).abs().max() < 1e-9 * expected.abs().max()


def test_gradients_side_by_side_are_those_one_by_one(make):
    problem = make()
    positions = somewhere(problem)
    together = gradient(problem, positions)
    for position, ours in zip(positions, together, strict=True):
        torch.testing.assert_close(ours, gradient(problem, position), rtol=1e-9, atol=1e-12)


def test_hessian_is_the_jacobian_squared(make):
    alone = {"prior_weight": 0.0, "normalized_fiber_length_weight": 0.0, "tendon_strain_weight": 0.0}
    problem = make(moment_error="raw", **alone)
    position = somewhere(problem)[0].requires_grad_(True)
    gauss_newton = GaussNewton(problem)
    simulation = problem.simulate(position)
    scored = problem.trials.scored.to(torch.float64)
    weight = scored / scored.sum(-1, keepdim=True)
    residual = (
        weight.sqrt().unsqueeze(-1) * (simulation.joint_moment - problem.trials.joint_moment)
    ).flatten()
    jacobian = torch.stack([torch.autograd.grad(r, position, retain_graph=True)[0] for r in residual])
    ((columns, block),) = gauss_newton.jacobian(position.detach().unsqueeze(0))
    ours = torch.zeros_like(jacobian)
    ours[:, columns] = block[0]
    assert (ours - jacobian).abs().max() < 1e-9 * jacobian.abs().max()
    hessian = gauss_newton(position.detach().unsqueeze(0)).hessian[0]
    expected = jacobian.T @ jacobian
    assert (hessian - expected).abs().max() < 1e-9 * expected.abs().max()


def test_a_user_s_term_has_an_exact_gradient_and_the_curvature_of_one_residual(make):
    terms = {"peak": peak_of_summed_forces(0.3), "unexplained": unexplained_variance(0.5)}
    settings = {"prior_weight": 0.0, "moment_error": "raw"}
    with_terms, without = make(terms=terms, **settings), make(**settings)
    position = somewhere(without)
    equations, plain = GaussNewton(with_terms)(position), GaussNewton(without)(position)
    expected = 0.5 * gradient(with_terms, position)
    assert (equations.gradient - expected).abs().max() < 1e-9 * expected.abs().max()
    extra = torch.zeros_like(plain.hessian)
    for name, term in terms.items():
        x = position.clone().requires_grad_(True)
        value = make(terms={name: term}).cost(x)[name]
        (slope,) = torch.autograd.grad(value.sum(), x)
        extra += slope[:, :, None] * slope[:, None, :] / (4.0 * value.detach()[:, None, None])
    found = equations.hessian - plain.hessian
    assert (found - extra).abs().max() < 1e-7 * plain.hessian.abs().max()


def test_what_is_not_a_number_counts_as_an_infinite_cost(make):
    problem = make()
    position = somewhere(problem)
    position[1, 0] = float("nan")
    totals = GaussNewton(problem)(position).total
    assert torch.isfinite(totals[0])
    assert torch.isinf(totals[1])
