import torch

from opensim_difcal.physics.elastic_tendon import elastic_tendon_force, integrate_sequentially
from opensim_difcal.physics.time_parallel import TimeParallelIntegrator

H = 0.005


def motion(pair, generator):
    time = H * torch.arange(80, dtype=torch.float64).reshape(1, 80, 1)
    phase = 6.28 * torch.rand(2, 1, 3, generator=generator, dtype=torch.float64)
    activation = 0.3 + 0.25 * torch.sin(12.0 * time + phase)
    rest = pair.muscles.tendon_slack_length * 1.01 + 0.9 * pair.muscles.optimal_fiber_length
    return activation, rest + 0.15 * pair.muscles.optimal_fiber_length * torch.sin(6.0 * time + 2 * phase)


def cost_and_gradients(integrate, activation, length, muscles):
    sizes = [
        x.clone().requires_grad_(True) for x in (muscles.optimal_fiber_length, muscles.tendon_slack_length)
    ]
    activation = activation.clone().requires_grad_(True)
    changed = muscles.with_parameters(
        optimal_fiber_length=sizes[0],
        tendon_slack_length=sizes[1],
        max_isometric_force=muscles.max_isometric_force,
    )
    force, strain = elastic_tendon_force(integrate(activation, length, changed, H), length, changed)
    cost = (force**2).mean() + strain.mean()
    return cost.detach(), torch.autograd.grad(cost, [activation, *sizes])


def test_time_parallel_integration_equals_sequential_steps_and_their_gradients(pair, generator):
    activation, length = motion(pair, generator)
    expected, expected_gradients = cost_and_gradients(
        integrate_sequentially, activation, length, pair.muscles
    )
    integrate = TimeParallelIntegrator()
    for _ in range(2):  # the second call starts warm
        cost, gradients = cost_and_gradients(integrate, activation, length, pair.muscles)
        torch.testing.assert_close(cost, expected, rtol=1e-12, atol=0)
        for ours, theirs in zip(gradients, expected_gradients, strict=True):
            assert (ours - theirs).abs().max() < 1e-8 * theirs.abs().max()


def test_a_warm_start_from_other_parameters_converges_to_the_same(pair, generator):
    activation, length = motion(pair, generator)
    integrate = TimeParallelIntegrator()
    integrate(0.8 * activation, length, pair.muscles, H)
    torch.testing.assert_close(
        integrate(activation, length, pair.muscles, H),
        integrate_sequentially(activation, length, pair.muscles, H),
        rtol=1e-10,
        atol=0,
    )


def test_it_falls_back_to_sequential_steps_where_newton_finds_no_way(pair, generator):
    activation, length = motion(pair, generator)
    crushed = length - 1.2 * pair.muscles.optimal_fiber_length
    integrate = TimeParallelIntegrator()
    integrate(activation, length, pair.muscles, H)
    torch.testing.assert_close(
        integrate(activation, crushed, pair.muscles, H),
        integrate_sequentially(activation, crushed, pair.muscles, H),
        rtol=1e-8,
        atol=1e-12,
    )
