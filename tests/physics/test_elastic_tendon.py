from dataclasses import replace

import pytest
import torch
from torch.autograd import gradcheck

from opensim_difcal.physics.differentiable import first_length
from opensim_difcal.physics.elastic_tendon import (
    elastic_tendon_force,
    integrate_sequentially,
    rosenbrock_step,
)
from opensim_difcal.physics.muscle import cos_pennation_angle, force_balance
from opensim_difcal.physics.time_parallel import TorchEngine

H = 0.005


def state(pair, strain: float = 0.02):
    muscles = pair.muscles
    fiber_length = (0.9 * muscles.optimal_fiber_length).unsqueeze(0)
    velocity = -0.2 * muscles.optimal_fiber_length.unsqueeze(0)
    a0 = torch.full((1, 3), 0.3, dtype=torch.float64)
    along = fiber_length * cos_pennation_angle(fiber_length, muscles)
    length = along + (1.0 + strain) * muscles.tendon_slack_length
    return fiber_length, velocity, a0, a0 + 0.05, length, length + 1e-4


def test_step_equals_the_formula_with_partials_from_autograd(pair):
    muscles = pair.muscles
    fiber, v, a0, a1, length0, length1 = state(pair)
    variables = [x.clone().requires_grad_(True) for x in (fiber, v, a0, length0)]
    f = force_balance(variables[0], variables[1], variables[2], variables[3], muscles)
    f_l, f_v, f_a, f_length = torch.autograd.grad(f.sum(), variables)
    change = (f_v * v - f - f_a * (a1 - a0) - f_length * (length1 - length0)) / (f_l + f_v / H)
    ours = rosenbrock_step(fiber, v, (a0, a1), (length0, length1), muscles, H)
    torch.testing.assert_close(ours, (fiber + change).detach(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("strain", [-0.01, 0.0, 0.02, 0.08])
def test_step_gradient_also_at_zero_strain(pair, strain):
    muscles = pair.muscles
    inputs = [x.clone().requires_grad_(True) for x in state(pair, strain)]
    sizes = [
        x.clone().requires_grad_(True) for x in (muscles.optimal_fiber_length, muscles.tendon_slack_length)
    ]

    def step(fiber, v, a0, a1, length0, length1, optimal, slack):
        changed = replace(muscles, optimal_fiber_length=optimal, tendon_slack_length=slack)
        return rosenbrock_step(fiber, v, (a0, a1), (length0, length1), changed, H)

    assert gradcheck(step, (*inputs, *sizes), eps=1e-8, atol=1e-4)


def test_constant_controls_keep_equilibrium(pair):
    length = (pair.muscles.tendon_slack_length + 0.95 * pair.muscles.optimal_fiber_length).expand(1, 60, 3)
    activation = torch.full((1, 60, 3), 0.3, dtype=torch.float64)
    first = first_length(TorchEngine(), activation, length, pair.muscles)
    fiber_length = integrate_sequentially(first, activation, length, pair.muscles, H)
    assert (fiber_length - fiber_length[:, :1]).abs().max() < 1e-9


def test_slack_tendon_pushes_less_than_a_thousandth(pair):
    muscles = pair.muscles
    fiber_length = muscles.optimal_fiber_length.unsqueeze(0)
    along = fiber_length * cos_pennation_angle(fiber_length, muscles)
    force, strain = elastic_tendon_force(fiber_length, along + 0.99 * muscles.tendon_slack_length, muscles)
    torch.testing.assert_close(strain, torch.full_like(strain, -0.01))
    assert (force < 0).all()
    assert (force > -1e-3).all()
