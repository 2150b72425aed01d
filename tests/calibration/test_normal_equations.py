"""Gauss-Newton normal equations against autograd on a small problem."""

import pytest
import torch

from opensim_difcal.calibration.cost import cost
from opensim_difcal.calibration.normal_equations import (
    bounded_parameters,
    cost_terms,
    normal_equations,
)

GROUPS = {"none": {}, "one group": {"arm": ("flexor", "extensor")}}
SETTINGS = {
    "default": {"prior_weight": 0.01},
    "raw": {"moment_error": "raw"},
    "penalized": {
        "prior_weight": 0.1,
        "normalized_fiber_length_range": (0.9, 1.0),
        "tendon_strain_range": (0.01, 0.02),
    },
}


def moved(problem):
    """Away from the start, where every term and tangent is at work."""
    generator = torch.Generator().manual_seed(3)
    for bounded in bounded_parameters(problem):
        with torch.no_grad():
            bounded.raw.copy_(0.3 * torch.randn(bounded.raw.shape, generator=generator, dtype=torch.float64))
    return problem


def scale(bounded) -> torch.Tensor:
    """Derivative of the raw value by the deviation in half bound ranges."""
    position = (bounded.value.detach() - bounded.lower) / (bounded.upper - bounded.lower)
    return 0.5 / (position * (1.0 - position))


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("groups", GROUPS)
def test_gradient_is_half_that_of_the_cost(make_problem, groups, settings):
    problem = moved(make_problem(GROUPS[groups], **SETTINGS[settings]))
    equations = normal_equations(problem)
    total = torch.stack(list(problem.cost().values())).sum()
    parameters = bounded_parameters(problem)
    by_raw = torch.autograd.grad(total, [bounded.raw for bounded in parameters])
    by_deviation = torch.cat([g * scale(p) for g, p in zip(by_raw, parameters, strict=True)])
    largest = by_deviation.abs().max()
    assert equations.total == pytest.approx(total.item(), rel=1e-12)
    # Newton over the time axis leaves 1e-10 of a fiber length.
    assert (equations.gradient - 0.5 * by_deviation).abs().max() < 1e-7 * largest


def test_hessian_is_the_jacobian_squared(make_problem):
    alone = {"prior_weight": 0.0, "normalized_fiber_length_weight": 0.0, "tendon_strain_weight": 0.0}
    problem = moved(make_problem(moment_error="raw", **alone))
    equations = normal_equations(problem)
    simulation = problem.simulate()
    weight = problem.trials.scored / problem.trials.scored.sum(-1, keepdim=True)
    residual = weight.sqrt().unsqueeze(-1) * (simulation.joint_moment - problem.trials.joint_moment)
    parameters = bounded_parameters(problem)
    rows = []
    for entry in residual.flatten()[weight.flatten() > 0]:
        by_raw = torch.autograd.grad(entry, [p.raw for p in parameters], retain_graph=True)
        rows.append(torch.cat([g * scale(p) for g, p in zip(by_raw, parameters, strict=True)]))
    jacobian = torch.stack(rows)
    expected = jacobian.T @ jacobian
    assert (equations.hessian - expected).abs().max() < 1e-7 * expected.abs().max()


def test_terms_are_those_of_the_cost(make_problem):
    problem = moved(make_problem(prior_weight=0.01))
    expected = cost(problem.simulate(), problem.trials, problem.unknowns, problem.settings)
    found = cost_terms(problem)
    assert found == {name: pytest.approx(term.item()) for name, term in expected.items()}
    assert normal_equations(problem).terms == {name: pytest.approx(value) for name, value in found.items()}
