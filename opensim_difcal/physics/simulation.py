"""The whole way from excitation to joint moment, differentiable."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from opensim_difcal.physics.activation import activation, neural_activation
from opensim_difcal.physics.elastic_tendon import elastic_tendon_force
from opensim_difcal.physics.moments import joint_moments
from opensim_difcal.physics.muscle import Muscles, clamp_activation
from opensim_difcal.physics.rigid_tendon import rigid_fiber_length, rigid_tendon_force
from opensim_difcal.shapes import CoordinateSeries, MomentArms, MuscleSeries, PerMuscle

Integrate = Callable[[MuscleSeries, MuscleSeries, Muscles, float], MuscleSeries]
"""Fiber length from activation, muscle-tendon length, muscles and time step."""


@dataclass(frozen=True)
class ActivationParameters:
    """Parameters of Eqs 1 and 2, one entry per muscle; c1 and c2 belong to the time step."""

    c1: PerMuscle
    c2: PerMuscle
    shape_factor: PerMuscle


@dataclass(frozen=True)
class Simulation:
    """What the muscles do.

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
    integrate: Integrate,
) -> Simulation:
    """Simulates muscles of rigid and elastic tendons along measured lengths.

    Args:
        excitation: 0..1, delayed.
        muscle_tendon_length: m.
        moment_arm: m.
        activation_parameters: Eqs 1 and 2.
        muscles: Parameters.
        time_step: s.
        integrate: How elastic tendons are integrated.
    """
    neural = neural_activation(excitation, activation_parameters.c1, activation_parameters.c2)
    activations = clamp_activation(activation(neural, activation_parameters.shape_factor), muscles)
    fiber_length = torch.empty_like(activations)
    force, strain = torch.zeros_like(activations), torch.zeros_like(activations)
    elastic = torch.nonzero(~muscles.rigid_tendon).squeeze(-1)
    rigid = torch.nonzero(muscles.rigid_tendon).squeeze(-1)
    if len(elastic):
        chosen, length = muscles.select(elastic), muscle_tendon_length[..., elastic]
        fibers = integrate(activations[..., elastic], length, chosen, time_step)
        tendon, stretch = elastic_tendon_force(fibers, length, chosen)
        fiber_length = fiber_length.index_copy(-1, elastic, fibers)
        force, strain = force.index_copy(-1, elastic, tendon), strain.index_copy(-1, elastic, stretch)
    if len(rigid):
        chosen, length = muscles.select(rigid), muscle_tendon_length[..., rigid]
        (velocity,) = torch.gradient(length, spacing=time_step, dim=-2, edge_order=2)
        tendon = rigid_tendon_force(length, velocity, activations[..., rigid], chosen)
        fiber_length = fiber_length.index_copy(-1, rigid, rigid_fiber_length(length, chosen))
        force = force.index_copy(-1, rigid, tendon)
    force = force * muscles.max_isometric_force
    return Simulation(
        activation=activations,
        fiber_length=fiber_length,
        normalized_fiber_length=fiber_length / muscles.optimal_fiber_length,
        tendon_force=force,
        tendon_strain=strain,
        joint_moment=joint_moments(moment_arm, force),
    )
