"""Derivatives of every muscle's behavior by its own parameters: the Jacobian's building blocks.

A muscle's parameters act on that muscle alone, and the step is elementwise, so one
autograd call over all instants gives every partial derivative. Given those, tangents obey
the same linear recurrences as the trajectory: five of them cost about as much as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.physics.activation import activation, neural_activation
from opensim_difcal.physics.elastic_tendon import elastic_tendon_force, rosenbrock_step
from opensim_difcal.physics.muscle import Muscles, clamp_activation, force_balance
from opensim_difcal.physics.recurrence import solve
from opensim_difcal.physics.rigid_tendon import rigid_fiber_length, rigid_tendon_force
from opensim_difcal.physics.simulation import ActivationParameters, Simulation
from opensim_difcal.shapes import MuscleSeries

OWN_PARAMETERS = ("c1", "c2", "shape_factor", "optimal_fiber_length", "tendon_slack_length")

Tangent = Float[Tensor, "own trial time muscle"]
"""Derivative by each of `OWN_PARAMETERS` of the same muscle."""


@dataclass(frozen=True)
class Tangents:
    """Derivatives of a simulation, one leading entry per own parameter.

    Attributes:
        tendon_force: N per unit of the parameter.
        normalized_fiber_length: Per unit of the parameter.
        tendon_strain: Per unit of the parameter.
    """

    tendon_force: Tangent
    normalized_fiber_length: Tangent
    tendon_strain: Tangent


def simulation_tangents(
    simulation: Simulation,
    excitation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    *,
    activation_parameters: ActivationParameters,
    muscles: Muscles,
    time_step: float,
) -> Tangents:
    """Differentiates a simulation that was made with the same arguments.

    Args:
        simulation: The solved simulation.
        excitation: 0..1, delayed.
        muscle_tendon_length: m.
        activation_parameters: Eqs 1 and 2.
        muscles: Parameters.
        time_step: s.
    """
    by_activation = _activation_tangents(excitation, activation_parameters, muscles)
    shape = (len(OWN_PARAMETERS), *excitation.shape)
    force, length, strain = (excitation.new_zeros(shape) for _ in range(3))
    elastic = torch.nonzero(~muscles.rigid_tendon).squeeze(-1)
    rigid = torch.nonzero(muscles.rigid_tendon).squeeze(-1)
    for index, tangents in ((elastic, _elastic), (rigid, _rigid)):
        if len(index):
            chosen = tangents(
                simulation.fiber_length[..., index],
                simulation.activation[..., index],
                by_activation[..., index],
                muscle_tendon_length[..., index],
                muscles.select(index),
                time_step,
            )
            force[..., index], length[..., index], strain[..., index] = chosen
    return Tangents(force * muscles.max_isometric_force, length, strain)


def _activation_tangents(
    excitation: MuscleSeries, parameters: ActivationParameters, muscles: Muscles
) -> Float[Tensor, "three trial time muscle"]:
    """Derivative of activation by C1, C2 and the shape factor (Eqs 1 and 2)."""
    c1, c2 = parameters.c1, parameters.c2
    neural = neural_activation(excitation, c1, c2)
    deviation = neural - excitation[..., :1, :]
    drive = excitation - excitation[..., :1, :]
    last, before = _delayed(deviation, 1), _delayed(deviation, 2)
    drives = torch.stack([(1.0 + other) * drive - last - other * before for other in (c2, c1)])
    by_poles = solve((-c1 - c2).expand_as(drives), (-c1 * c2).expand_as(drives), drives)
    with torch.enable_grad():
        u = neural.detach().requires_grad_(True)
        shape_factor = parameters.shape_factor.expand_as(neural).detach().requires_grad_(True)
        value = clamp_activation(activation(u, shape_factor), muscles)
        by_neural, by_shape = torch.autograd.grad(value.sum(), (u, shape_factor))
    return torch.cat([by_poles * by_neural, by_shape.unsqueeze(0)])


def _delayed(series: Tensor, n: int) -> Tensor:
    """The series n samples later, from rest."""
    return torch.nn.functional.pad(series, (0, 0, n, 0))[..., : series.shape[-2], :]


def _elastic(
    fiber_length: Tensor,
    activations: Tensor,
    by_activation: Tensor,
    length: Tensor,
    muscles: Muscles,
    h: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Tangents of force (in Fmax), normalized length and strain with elastic tendons."""
    by_length = _length_tangents(fiber_length, activations, by_activation, length, muscles, h)
    with torch.enable_grad():
        leaves, leaf_muscles = _leaves(muscles, fiber_length)
        force, strain = elastic_tendon_force(leaves[0], length, leaf_muscles)
    force_tangent = _combine(_partials(force, leaves), by_length)
    strain_tangent = _combine(_partials(strain, leaves), by_length)
    return force_tangent, _normalized(fiber_length, by_length, muscles), strain_tangent


def _rigid(
    fiber_length: Tensor,
    activations: Tensor,
    by_activation: Tensor,
    length: Tensor,
    muscles: Muscles,
    h: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Tangents of force (in Fmax) and normalized length with rigid tendons; no strain."""
    (velocity,) = torch.gradient(length, spacing=h, dim=-2, edge_order=2)
    with torch.enable_grad():
        leaves, leaf_muscles = _leaves(muscles, activations)
        force = rigid_tendon_force(length, velocity, leaves[0], leaf_muscles)
        fibers = rigid_fiber_length(length, leaf_muscles)
    padded = torch.cat([by_activation, torch.zeros_like(by_activation[:2])])
    force_tangent = _combine(_partials(force, leaves), padded)
    _, *by_geometry = _partials(fibers, leaves)
    by_length = torch.cat([torch.zeros_like(by_activation), torch.stack(by_geometry)])
    return force_tangent, _normalized(fiber_length, by_length, muscles), torch.zeros_like(force_tangent)


def _length_tangents(
    fiber_length: Tensor,
    activations: Tensor,
    by_activation: Tensor,
    length: Tensor,
    muscles: Muscles,
    h: float,
) -> Tensor:
    """Derivative of fiber length by the own parameters, by the step's linear recurrence."""
    now, after = slice(None, -1), slice(1, None)
    velocity = torch.zeros_like(fiber_length[..., now, :])
    velocity[..., 1:, :] = torch.diff(fiber_length[..., now, :], dim=-2) / h
    with torch.enable_grad():
        leaves, leaf_muscles = _leaves(muscles, fiber_length[..., now, :])
        v, a0, a1 = (
            x.detach().requires_grad_(True)
            for x in (velocity, activations[..., now, :], activations[..., after, :])
        )
        step = rosenbrock_step(
            leaves[0], v, (a0, a1), (length[..., now, :], length[..., after, :]), leaf_muscles, h
        )
    by_l, by_optimal, by_slack, by_v, by_a0, by_a1 = _partials(step, [*leaves, v, a0, a1])
    by_v[..., 0, :] = 0.0
    controls = by_a0 * by_activation[..., now, :] + by_a1 * by_activation[..., after, :]
    drive = torch.cat([controls, torch.stack([by_optimal, by_slack])])
    first = _equilibrium_tangents(fiber_length, activations, by_activation, length, muscles)
    drive = torch.cat([first.unsqueeze(-2), drive], dim=-2)
    last, before = (
        torch.nn.functional.pad(x, (0, 0, 1, 0)).expand_as(drive) for x in (by_l + by_v / h, -by_v / h)
    )
    return solve(last, before, drive)


def _equilibrium_tangents(
    fiber_length: Tensor, activations: Tensor, by_activation: Tensor, length: Tensor, muscles: Muscles
) -> Tensor:
    """Derivative of the first fiber length by the implicit function theorem."""
    first = fiber_length[..., 0, :]
    with torch.enable_grad():
        leaves, leaf_muscles = _leaves(muscles, first)
        a = activations[..., 0, :].detach().requires_grad_(True)
        balance = force_balance(leaves[0], torch.zeros_like(first), a, length[..., 0, :], leaf_muscles)
    by_l, by_optimal, by_slack, by_a = _partials(balance, [*leaves, a])
    settled = balance.detach().abs() < 1e-6
    direct = torch.cat([by_a * by_activation[..., 0, :], torch.stack([by_optimal, by_slack])])
    return torch.where(settled, -direct / by_l, torch.zeros_like(direct))


def _leaves(muscles: Muscles, series: Tensor) -> tuple[list[Tensor], Muscles]:
    """A series and the two lengths at every instant, each as an independent variable."""
    optimal = muscles.optimal_fiber_length.expand_as(series).detach().clone().requires_grad_(True)
    slack = muscles.tendon_slack_length.expand_as(series).detach().clone().requires_grad_(True)
    variable = series.detach().clone().requires_grad_(True)
    return [variable, optimal, slack], muscles.with_parameters(
        optimal_fiber_length=optimal,
        tendon_slack_length=slack,
        max_isometric_force=muscles.max_isometric_force,
    )


def _partials(value: Tensor, leaves: Sequence[Tensor]) -> list[Tensor]:
    """Elementwise derivatives of an elementwise function."""
    gradients = torch.autograd.grad(
        value, leaves, torch.ones_like(value), retain_graph=True, materialize_grads=True
    )
    return list(gradients)


def _combine(partials: Sequence[Tensor], by_variable: Tensor) -> Tensor:
    """Chain rule: through the variable's tangent, plus the two lengths directly."""
    by_variable_partial, by_optimal, by_slack = partials
    tangent = by_variable_partial * by_variable
    tangent[3] += by_optimal
    tangent[4] += by_slack
    return tangent


def _normalized(fiber_length: Tensor, by_length: Tensor, muscles: Muscles) -> Tensor:
    """Tangent of fiber_length / optimal_fiber_length."""
    tangent = by_length / muscles.optimal_fiber_length
    tangent[3] -= fiber_length / muscles.optimal_fiber_length**2
    return tangent
