"""Tendons along a trajectory with the derivatives of everything they do, ready for chain rules."""

from typing import NamedTuple

import torch
from torch import Tensor

from opensim_difcal.physics.differentiable import coupling
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.equilibrium import Equilibrium, equilibrium
from opensim_difcal.physics.equilibrium_tendon import elastic_trajectory
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.muscle_functions import ELASTIC_FORCE, RIGID_FORCE
from opensim_difcal.physics.simulation import muscle_tendon_velocity
from opensim_difcal.shapes import MuscleSeries


class LinearizedElastic(NamedTuple):
    """An elastic tendon's trajectory with its partial derivatives.

    Attributes:
        rest: Equilibrium at the first instant.
        fiber_length: m.
        step: Derivatives of every step, as `muscle_functions.STEP` has them.
        values: Tendon force in max_isometric_force, and strain.
        partials: Their derivatives by fiber length and what is learned of the mechanics.
        coefficients: Of the recurrence that changes of the fiber length follow.
    """

    rest: Equilibrium
    fiber_length: Tensor
    step: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    partials: tuple[tuple[Tensor, ...], ...]
    coefficients: tuple[Tensor, Tensor]

    def activation_drive(self, by_activation: Tensor) -> Tensor:
        """What a change of activation adds to every step."""
        _, _, by_before, by_after, *_ = self.step
        first = self.rest.by_activation * by_activation[..., :1, :]
        steps = by_activation[..., :-1, :] * by_before
        return torch.cat([first, steps.addcmul_(by_activation[..., 1:, :], by_after)], dim=-2)

    def activation_drive_adjoint(self, by_drive: Tensor) -> Tensor:
        """Gradient by activation, given the gradient by what is added to every step."""
        _, _, by_before, by_after, *_ = self.step
        first, steps = self.rest.by_activation * by_drive[..., :1, :], by_drive[..., 1:, :]
        by_activation = torch.cat([first, steps * by_after], dim=-2)
        by_activation[..., :-1, :] += steps * by_before
        return by_activation


def linearized_elastic(
    engine: Engine,
    activations: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    muscles: Muscles,
    time_step: float,
) -> LinearizedElastic:
    """Integrates elastic tendons and returns the derivatives along the way.

    Args:
        engine: What computes.
        activations: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
    """
    rest = equilibrium(engine, activations[..., :1, :], muscle_tendon_length[..., :1, :], muscles)
    fibers, step = elastic_trajectory(
        engine, rest.fiber_length, activations, muscle_tendon_length, muscles, time_step, with_partials=True
    )
    assert step is not None
    variables = fibers, *muscles.mechanical, muscle_tendon_length
    values, partials = engine.with_partials(ELASTIC_FORCE, variables, muscles)
    return LinearizedElastic(rest, fibers, step, values, partials, coupling(step[0], step[1], time_step))


def linearized_rigid(
    engine: Engine,
    activations: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    muscles: Muscles,
    time_step: float,
) -> tuple[tuple[Tensor, ...], tuple[tuple[Tensor, ...], ...]]:
    """Returns force and fiber length of rigid tendons, and their derivatives as `RIGID_FORCE` has them.

    Args:
        engine: What computes.
        activations: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
    """
    velocity = muscle_tendon_velocity(muscle_tendon_length, time_step)
    variables = activations, *muscles.mechanical, muscle_tendon_length, velocity
    return engine.with_partials(RIGID_FORCE, variables, muscles)
