"""The whole way from excitation to joint moment, differentiable."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from opensim_difcal.physics.differentiable import Operations
from opensim_difcal.physics.moments import joint_moments
from opensim_difcal.physics.muscle import Muscles, pick
from opensim_difcal.physics.muscle_functions import ACTIVATION, ELASTIC_FORCE, RIGID_FORCE
from opensim_difcal.shapes import CoordinateSeries, MomentArms, MuscleParameter, MuscleSeries


@dataclass(frozen=True)
class ActivationParameters:
    """Parameters of Eqs 1 and 2, one entry per muscle; c1 and c2 belong to the time step."""

    c1: MuscleParameter
    c2: MuscleParameter
    shape_factor: MuscleParameter


@dataclass(frozen=True)
class Simulation:
    """What the muscles do; axes (start, trial, time, muscle or coordinate), or fewer in front.

    Attributes:
        activation: As the muscle uses it, at least its minimum_activation.
        fiber_length: m.
        normalized_fiber_length: In optimal fiber lengths.
        tendon_force: N.
        tendon_strain: Zero for rigid tendons.
        joint_moment: N m.
    """

    activation: MuscleSeries
    fiber_length: MuscleSeries
    normalized_fiber_length: MuscleSeries
    tendon_force: MuscleSeries
    tendon_strain: MuscleSeries
    joint_moment: CoordinateSeries


def simulate(
    excitation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    moment_arm: MomentArms,
    *,
    activation_parameters: ActivationParameters,
    muscles: Muscles,
    time_step: float,
    operations: Operations,
) -> Simulation:
    """Simulates muscles of rigid and elastic tendons along measured lengths.

    Parameters have one entry per muscle, or the axes (start, 1, 1, muscle): then all starts
    are simulated side by side.

    Args:
        excitation: 0..1, delayed.
        muscle_tendon_length: m.
        moment_arm: m.
        activation_parameters: Eqs 1 and 2.
        muscles: Parameters.
        time_step: s.
        operations: How values and derivatives are computed.
    """
    activations = activation_of(excitation, activation_parameters, muscles, operations)
    fiber_length, force, strain = tendon_mechanics(
        activations, muscle_tendon_length, muscles, time_step, operations
    )
    force = force * muscles.max_isometric_force
    return Simulation(
        activation=activations,
        fiber_length=fiber_length,
        normalized_fiber_length=fiber_length / muscles.optimal_fiber_length,
        tendon_force=force,
        tendon_strain=strain,
        joint_moment=joint_moments(moment_arm, force),
    )


def activation_of(
    excitation: MuscleSeries, parameters: ActivationParameters, muscles: Muscles, operations: Operations
) -> MuscleSeries:
    """Returns activation as the muscles use it, from excitation, both 0..1.

    Args:
        excitation: Delayed.
        parameters: Eqs 1 and 2.
        muscles: Parameters.
        operations: How values and derivatives are computed.
    """
    neural = operations.neural_activation(excitation, parameters.c1, parameters.c2)
    (activations,) = operations.apply(ACTIVATION, (neural, parameters.shape_factor), muscles)
    return activations


def tendon_mechanics(
    activations: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    muscles: Muscles,
    time_step: float,
    operations: Operations,
) -> tuple[MuscleSeries, MuscleSeries, MuscleSeries]:
    """Returns fiber length, m, tendon force in max_isometric_force, and tendon strain.

    Args:
        activations: As the muscles use it.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
        operations: How values and derivatives are computed.
    """
    parts = []
    for index, mechanics in ((elastic_muscles(muscles), _elastic), (rigid_muscles(muscles), _rigid)):
        if len(index):
            chosen = mechanics(
                pick(activations, index),
                pick(muscle_tendon_length, index),
                muscles.select(index),
                time_step,
                operations,
            )
            parts.append((index, chosen))
    fiber_length, force, strain = (merge([(index, chosen[i]) for index, chosen in parts]) for i in range(3))
    return fiber_length, force, strain


def elastic_muscles(muscles: Muscles) -> Tensor:
    """Indices of the muscles whose tendon stretches."""
    return torch.nonzero(~muscles.rigid_tendon).squeeze(-1)


def rigid_muscles(muscles: Muscles) -> Tensor:
    """Indices of the muscles whose tendon keeps its slack length."""
    return torch.nonzero(muscles.rigid_tendon).squeeze(-1)


def merge(parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Puts picked muscles back in their order.

    Args:
        parts: Indices and series.
    """
    if len(parts) == 1:
        return parts[0][1]
    whole = parts[0][1].new_empty(*parts[0][1].shape[:-1], sum(len(index) for index, _ in parts))
    for index, part in parts:
        whole = whole.index_copy(-1, index, part)
    return whole


def muscle_tendon_velocity(muscle_tendon_length: MuscleSeries, time_step: float) -> MuscleSeries:
    """Second-order differences of the length over time, m/s."""
    return torch.gradient(muscle_tendon_length, spacing=time_step, dim=-2, edge_order=2)[0]


def _elastic(
    activations: Tensor, length: Tensor, muscles: Muscles, time_step: float, operations: Operations
) -> tuple[Tensor, Tensor, Tensor]:
    """Fiber length, tendon force in max_isometric_force, and strain."""
    fibers = operations.fiber_length(activations, length, muscles, time_step)
    variables = fibers, *muscles.mechanical, length
    force, strain = operations.apply(ELASTIC_FORCE, variables, muscles)
    return fibers, force, strain


def _rigid(
    activations: Tensor, length: Tensor, muscles: Muscles, time_step: float, operations: Operations
) -> tuple[Tensor, Tensor, Tensor]:
    """Fiber length, tendon force in max_isometric_force, and no strain."""
    velocity = muscle_tendon_velocity(length, time_step)
    variables = activations, *muscles.mechanical, length, velocity
    force, fibers = operations.apply(RIGID_FORCE, variables, muscles)
    return fibers, force, torch.zeros_like(force)
