"""Random muscles along random motions, for tests that compare ways to compute."""

from dataclasses import replace

import torch
from torch import Tensor

from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters, simulate

H = 0.005  # s
N_SAMPLES, N_MUSCLES, N_TRIALS = 40, 3, 2


class Case:
    """Random muscles along a random motion; slack tendons and silent muscles among them.

    Odd seeds have curves of other strains than tabulated, among what is learned.
    """

    def __init__(self, muscles: Muscles, seed: int, level: float, stretch: float) -> None:
        generator = torch.Generator().manual_seed(seed)

        def random(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator, dtype=torch.float64)

        time = H * torch.arange(N_SAMPLES, dtype=torch.float64)[:, None]
        self.excitation = level * (
            0.5
            + 0.5
            * torch.sin(25.0 * random(N_TRIALS, 1, N_MUSCLES) * time + 6.28 * random(N_TRIALS, 1, N_MUSCLES))
        )
        rigid = random(N_MUSCLES) < 0.25
        self.muscles = replace(muscles, rigid_tendon=rigid)
        self.optimal = muscles.optimal_fiber_length * (0.8 + 0.4 * random(N_MUSCLES))
        self.slack = muscles.tendon_slack_length * (0.8 + 0.4 * random(N_MUSCLES))
        swing = 0.15 * torch.sin(12.0 * random(N_TRIALS, 1, N_MUSCLES) * time + 6.28 * random(N_TRIALS, 1, 1))
        self.length = self.slack + self.optimal * (0.95 + stretch + swing)
        self.arm = random(N_TRIALS, N_SAMPLES, 2, N_MUSCLES) - 0.5
        self.activation = [
            -0.95 + 0.9 * random(N_MUSCLES),
            -0.95 + 0.9 * random(N_MUSCLES),
            -2.9 * random(N_MUSCLES),
        ]
        self.strains: list[Tensor] = []
        if seed % 2:
            zero, one, tendon = (0.5 + random(N_MUSCLES) for _ in range(3))
            self.strains = [0.2 * (zero - 1.0), 0.7 * one, 0.049 * tendon]
        self.upstream = [random(N_TRIALS, N_SAMPLES, n) for n in (2, N_MUSCLES, N_MUSCLES, N_MUSCLES)]

    def parameters(self) -> list[Tensor]:
        """C1, C2, shape factor, optimal fiber length, tendon slack length, perhaps strains."""
        values = (*self.activation, self.optimal, self.slack, *self.strains)
        return [x.clone().requires_grad_(True) for x in values]

    def arguments(self, parameters: list[Tensor]) -> dict:
        return {
            "activation_parameters": ActivationParameters(*parameters[:3]),
            "muscles": self.muscles.with_mechanical(parameters[3:]),
            "time_step": H,
        }

    def value_and_gradient(self, operations) -> tuple[Tensor, list[Tensor]]:
        """A cost of everything that is simulated, and its gradient by parameters and excitation."""
        parameters, excitation = self.parameters(), self.excitation.clone().requires_grad_(True)
        simulation = simulate(
            excitation, self.length, self.arm, operations=operations, **self.arguments(parameters)
        )
        series = (
            simulation.joint_moment / 1000.0,
            simulation.normalized_fiber_length,
            simulation.tendon_strain * 10.0,
            simulation.activation,
        )
        value = sum((up * each).sum() for up, each in zip(self.upstream, series, strict=True))
        assert isinstance(value, Tensor)
        gradients = torch.autograd.grad(value, [*parameters, excitation], materialize_grads=True)
        return value.detach(), list(gradients)


def close(ours: Tensor, expected: Tensor, tolerance: float = 1e-8) -> bool:
    return bool((ours - expected).abs().max() <= tolerance * max(1e-6, float(expected.abs().max())))
