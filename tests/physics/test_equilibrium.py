"""The fiber at rest, and its derivatives."""

import pytest
import torch
from torch.autograd import gradcheck

from opensim_difcal.physics.differentiable import first_length
from opensim_difcal.physics.equilibrium import equilibrium
from opensim_difcal.physics.muscle import force_balance, minimum_fiber_length
from opensim_difcal.physics.time_parallel import TorchEngine


@pytest.fixture(params=["torch", "compiled"])
def engine(request, engine):
    return TorchEngine() if request.param == "torch" else engine


def test_equilibrium_balances_forces(pair, engine):
    muscles = pair.muscles
    activation = torch.tensor([[0.05], [0.5], [1.0]], dtype=torch.float64).expand(3, 3)
    length = muscles.tendon_slack_length + 0.95 * muscles.optimal_fiber_length.expand(3, 3)
    fiber_length = equilibrium(engine, activation, length, muscles).fiber_length
    balance = force_balance(fiber_length, torch.zeros_like(length), activation, length, muscles)
    assert balance.abs().max() < 1e-9


def test_equilibrium_gradient(pair, engine):
    muscles = pair.muscles
    activation = torch.full((1, 3), 0.4, dtype=torch.float64, requires_grad=True)
    optimal, slack = (
        x.clone().requires_grad_(True) for x in (muscles.optimal_fiber_length, muscles.tendon_slack_length)
    )
    length = (muscles.tendon_slack_length + 0.95 * muscles.optimal_fiber_length).unsqueeze(0)
    assert gradcheck(
        lambda a, o, s: first_length(engine, a, length, muscles.with_lengths(o, s)),
        (activation, optimal, slack),
        eps=1e-7,
        atol=1e-4,
    )


def test_equilibrium_of_a_crushed_muscle_is_its_shortest_fiber(pair, engine):
    length = 0.5 * pair.muscles.tendon_slack_length.unsqueeze(0)
    rest = equilibrium(engine, torch.full_like(length, 0.5), length, pair.muscles)
    torch.testing.assert_close(rest.fiber_length[0], minimum_fiber_length(pair.muscles), rtol=1e-6, atol=0)
    torch.testing.assert_close(rest.by_mechanical[0][0], pair.muscles.minimum_normalized_fiber_length)
    assert torch.equal(rest.by_activation, torch.zeros_like(length))
