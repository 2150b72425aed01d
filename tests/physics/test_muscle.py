import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from opensim_difcal.physics.muscle import (
    cos_pennation_angle,
    fiber_force_multiplier,
    fiber_length_from_projection,
    force_balance,
    minimum_fiber_length,
    tendon_force_multiplier,
)


def test_minimum_fiber_length_equals_opensim(pair):
    theirs = [pair.opensim_muscle(i).getMinimumFiberLength() for i in range(3)]
    np.testing.assert_allclose(minimum_fiber_length(pair.muscles).numpy(), theirs, rtol=1e-12)


def test_pennation_keeps_the_fiber_width(pair):
    muscles = pair.muscles
    fiber_length = muscles.optimal_fiber_length * torch.tensor([[1.0], [0.8], [1.3]], dtype=torch.float64)
    angle = torch.acos(cos_pennation_angle(fiber_length, muscles))
    width = muscles.optimal_fiber_length * torch.sin(muscles.pennation_angle_at_optimal)
    torch.testing.assert_close(fiber_length * torch.sin(angle), width.expand(3, 3), atol=1e-9, rtol=0)


def test_fiber_length_from_projection_inverts_the_projection(pair):
    fiber_length = pair.muscles.optimal_fiber_length * 0.9
    along = fiber_length * cos_pennation_angle(fiber_length, pair.muscles)
    torch.testing.assert_close(fiber_length_from_projection(along, pair.muscles), fiber_length)


def test_fiber_is_never_shorter_than_the_minimum(pair):
    crushed = torch.full((3,), -1.0, dtype=torch.float64)
    shortest = minimum_fiber_length(pair.muscles)
    torch.testing.assert_close(fiber_length_from_projection(crushed, pair.muscles), shortest)


def test_tendon_extension_is_smooth_small_and_pulls_back(pair):
    strain = torch.linspace(-0.2, 0.0, 400, dtype=torch.float64).unsqueeze(-1).expand(400, 3)
    force, slope = tendon_force_multiplier(1.0 + strain, pair.muscles)
    assert (force[:-1] < 0).all()
    assert force[-1].abs().max() < 1e-15
    assert (slope <= 1e-3 * pair.muscles.tendon_stiffness * (1 + 1e-12)).all()
    assert force.min() > -0.01  # of Fmax, at a strain of -20 %


@pytest.mark.parametrize("strain", [-0.02, -1e-3, 0.0, 1e-3, 0.02, 0.06])
def test_tendon_force_and_its_slope_have_gradients_also_at_zero_strain(pair, strain):
    length = torch.full((1, 3), 1.0 + strain, dtype=torch.float64, requires_grad=True)
    # The slope's own slope reaches 1e3: the tolerance is a small part of that.
    assert gradcheck(lambda x: tendon_force_multiplier(x, pair.muscles), (length,), eps=1e-8, atol=0.1)


def test_tendon_slope_is_the_derivative_of_the_force(pair):
    length = (
        torch.linspace(0.98, 1.08, 60, dtype=torch.float64).unsqueeze(-1).repeat(1, 3).requires_grad_(True)
    )
    force, slope = tendon_force_multiplier(length, pair.muscles)
    (derivative,) = torch.autograd.grad(force.sum(), length)
    torch.testing.assert_close(derivative, slope, atol=1e-9, rtol=1e-9)


def test_force_balance_gradient(pair):
    muscles = pair.muscles
    scale = torch.tensor([[0.8], [1.0], [1.2]], dtype=torch.float64)
    fiber_length = (scale * muscles.optimal_fiber_length).requires_grad_(True)
    velocity = (0.3 * muscles.optimal_fiber_length * (scale - 1.0)).requires_grad_(True)
    activation = torch.full((3, 3), 0.4, dtype=torch.float64, requires_grad=True)
    length = (fiber_length * 0.9 + muscles.tendon_slack_length * 1.03).detach().requires_grad_(True)
    assert gradcheck(
        lambda length, v, a, l_mt: force_balance(length, v, a, l_mt, muscles),
        (fiber_length, velocity, activation, length),
        atol=1e-3,
    )


def test_force_balance_at_rest_is_that_at_zero_velocity(pair):
    scale = torch.tensor([[0.6], [0.9], [1.2], [1.5]], dtype=torch.float64)
    fiber_length = scale * pair.muscles.optimal_fiber_length
    activation = torch.full_like(fiber_length, 0.3)
    length = fiber_length + 1.01 * pair.muscles.tendon_slack_length
    balance = force_balance(fiber_length, torch.zeros_like(length), activation, length, pair.muscles)
    at_rest = force_balance(fiber_length, None, activation, length, pair.muscles)
    torch.testing.assert_close(at_rest, balance, rtol=1e-13, atol=1e-14)


def test_maximally_active_fiber_at_rest_and_optimal_length_gives_the_maximum_force(pair):
    muscles = pair.muscles
    force = fiber_force_multiplier(
        muscles.optimal_fiber_length,
        torch.zeros(3, dtype=torch.float64),
        torch.ones(3, dtype=torch.float64),
        muscles,
    )
    torch.testing.assert_close(force, torch.ones(3, dtype=torch.float64), atol=1e-9, rtol=0)
