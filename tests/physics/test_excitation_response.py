from dataclasses import replace

import pytest
import torch

from opensim_difcal.physics.differentiable import EngineOperations
from opensim_difcal.physics.excitation_response import excitation_response
from opensim_difcal.physics.simulation import ActivationParameters, simulate
from opensim_difcal.physics.time_parallel import TorchEngine

H, N_SAMPLES = 0.005, 60


@pytest.fixture(params=["elastic", "rigid", "both", "no activation dynamics"])
def case(request, pair):
    """Muscles, their excitations along a swing, and a simulation that autograd can differentiate."""
    muscles = pair.muscles
    rigid = {"rigid": [True] * 3, "both": [False, True, False]}.get(request.param, [False] * 3)
    muscles = replace(muscles, rigid_tendon=torch.tensor(rigid))
    time = H * torch.arange(N_SAMPLES, dtype=torch.float64)[:, None]
    phase = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    excitation = 0.4 + 0.35 * torch.sin(18.0 * time + phase)
    length = muscles.tendon_slack_length + muscles.optimal_fiber_length * (1.0 + 0.1 * torch.sin(9.0 * time))
    c1, c2, shape = ([-0.6, -0.4, -0.8], [-0.3, -0.7, -0.5], [-1.0, -0.1, -2.5])
    if request.param == "no activation dynamics":
        c1, c2, shape = [0.0] * 3, [0.0] * 3, [0.0] * 3
    parameters = ActivationParameters(*(torch.tensor(x, dtype=torch.float64) for x in (c1, c2, shape)))
    engine = TorchEngine()

    def forces(excitations):
        arm = torch.zeros(N_SAMPLES, 1, 3, dtype=torch.float64)
        return simulate(
            excitations,
            length,
            arm,
            activation_parameters=parameters,
            muscles=muscles,
            time_step=H,
            operations=EngineOperations(engine),
        ).tendon_force

    response = excitation_response(
        excitation,
        length,
        activation_parameters=parameters,
        muscles=muscles,
        time_step=H,
        engine=engine,
    )
    return response, forces, excitation


def test_forces_are_those_of_the_simulation(case):
    response, forces, excitation = case
    torch.testing.assert_close(response.tendon_force, forces(excitation), rtol=1e-12, atol=1e-9)


def test_gradient_is_that_of_autograd(case):
    response, forces, excitation = case
    upstream = torch.cos(torch.arange(3.0 * N_SAMPLES, dtype=torch.float64)).reshape(N_SAMPLES, 3)
    leaf = excitation.clone().requires_grad_(True)
    (expected,) = torch.autograd.grad((forces(leaf) * upstream).sum(), leaf)
    torch.testing.assert_close(response.gradient(upstream), expected, rtol=1e-9, atol=1e-9)


def test_change_of_forces_is_the_transposed_map(case):
    response, _, _ = case
    change = torch.sin(torch.arange(3.0 * N_SAMPLES, dtype=torch.float64)).reshape(N_SAMPLES, 3)
    upstream = torch.cos(2.0 * torch.arange(3.0 * N_SAMPLES, dtype=torch.float64)).reshape(N_SAMPLES, 3)
    forward = (response.change_of_forces(change) * upstream).sum()
    torch.testing.assert_close(forward, (response.gradient(upstream) * change).sum(), rtol=1e-10, atol=1e-8)


def test_several_changes_at_once(case):
    response, _, _ = case
    changes = torch.eye(N_SAMPLES, dtype=torch.float64)[:2, :, None].expand(2, N_SAMPLES, 3)
    both = response.change_of_forces(changes)
    for change, forces in zip(changes, both, strict=True):
        torch.testing.assert_close(response.change_of_forces(change), forces)
