"""A simulation with the derivatives of every muscle's behavior by its own parameters.

A muscle's parameters act on that muscle alone, and every part of a simulation is an
elementwise function or a linear recurrence over time. So the partial derivatives that the
engine computes at all instants, and the same recurrences, give the exact Jacobian: five
tangents cost little more than the simulation itself.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.physics.activation import steady_start
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.linearized import linearized_elastic, linearized_rigid
from opensim_difcal.physics.moments import joint_moments
from opensim_difcal.physics.muscle import Muscles, pick
from opensim_difcal.physics.muscle_functions import ACTIVATION
from opensim_difcal.physics.simulation import (
    ActivationParameters,
    Simulation,
    elastic_muscles,
    merge,
    rigid_muscles,
)
from opensim_difcal.shapes import MomentArms, MuscleSeries

OWN_PARAMETERS = ("c1", "c2", "shape_factor", "optimal_fiber_length", "tendon_slack_length")
"""A muscle's own parameters that are always learned; `CURVE_STRAINS` follow where muscles have them."""

_N_ACTIVATION, _OPTIMAL = 3, 3
_MECHANICAL = slice(_N_ACTIVATION, None)

Tangent = Float[Tensor, "own ... time muscle"]
"""Derivative by each own parameter of the same muscle."""


@dataclass(frozen=True)
class Tangents:
    """Derivatives of a simulation, one leading entry per own parameter.

    Attributes:
        activation: Per unit of the parameter.
        fiber_length: m per unit of the parameter.
        normalized_fiber_length: Per unit of the parameter.
        tendon_force: N per unit of the parameter.
        tendon_strain: Per unit of the parameter.
    """

    activation: Tangent
    fiber_length: Tangent
    normalized_fiber_length: Tangent
    tendon_force: Tangent
    tendon_strain: Tangent


class _Mechanics(NamedTuple):
    """Values and tangents of what follows from activation; force in max_isometric_force."""

    fiber_length: Tensor
    force: Tensor
    strain: Tensor
    by_fiber_length: Tensor
    by_force: Tensor
    by_strain: Tensor


def simulate_with_tangents(
    excitation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    moment_arm: MomentArms,
    *,
    activation_parameters: ActivationParameters,
    muscles: Muscles,
    time_step: float,
    engine: Engine,
) -> tuple[Simulation, Tangents]:
    """Returns what `simulate` returns, and its derivatives; not part of an autograd graph.

    Args:
        excitation: 0..1, delayed.
        muscle_tendon_length: m.
        moment_arm: m.
        activation_parameters: Eqs 1 and 2; axes as for `simulate`.
        muscles: Parameters.
        time_step: s.
        engine: What computes.
    """
    with torch.no_grad():
        activations, by_activation = _activation(engine, excitation, activation_parameters, muscles)
        parts: list[tuple[Tensor, _Mechanics]] = []
        for index, mechanics in ((elastic_muscles(muscles), _elastic), (rigid_muscles(muscles), _rigid)):
            if len(index):
                chosen = mechanics(
                    engine,
                    pick(activations, index),
                    pick(by_activation, index),
                    pick(muscle_tendon_length, index),
                    muscles.select(index),
                    time_step,
                )
                parts.append((index, chosen))
        merged = _Mechanics(*(merge([(index, part[i]) for index, part in parts]) for i in range(6)))
        return _results(merged, activations, by_activation, moment_arm, muscles)


def _results(
    mechanics: _Mechanics, activations: Tensor, by_activation: Tensor, moment_arm: Tensor, muscles: Muscles
) -> tuple[Simulation, Tangents]:
    optimal = muscles.optimal_fiber_length
    force = mechanics.force * muscles.max_isometric_force
    simulation = Simulation(
        activation=activations,
        fiber_length=mechanics.fiber_length,
        normalized_fiber_length=mechanics.fiber_length / optimal,
        tendon_force=force,
        tendon_strain=mechanics.strain,
        joint_moment=joint_moments(moment_arm, force),
    )
    by_normalized = mechanics.by_fiber_length / optimal
    by_normalized[_OPTIMAL] -= simulation.normalized_fiber_length / optimal
    nothing = by_activation.new_zeros(len(muscles.mechanical), *activations.shape)
    tangents = Tangents(
        activation=torch.cat([by_activation, nothing]),
        fiber_length=mechanics.by_fiber_length,
        normalized_fiber_length=by_normalized,
        tendon_force=mechanics.by_force * muscles.max_isometric_force,
        tendon_strain=mechanics.by_strain,
    )
    return simulation, tangents


def _activation(
    engine: Engine, excitation: Tensor, parameters: ActivationParameters, muscles: Muscles
) -> tuple[Tensor, Tensor]:
    """Activation, and its derivatives by C1, C2 and the shape factor (Eqs 1 and 2)."""
    c1, c2 = parameters.c1, parameters.c2
    steady, last, before, drive = steady_start(excitation, c1, c2)
    deviation = engine.solve(last, before, drive)
    ahead = excitation - steady
    once, twice = _delayed(deviation, 1), _delayed(deviation, 2)
    drives = torch.stack([(1.0 + other) * ahead - once - other * twice for other in (c2, c1)])
    by_poles = engine.solve(last, before, drives)
    variables = (steady + deviation, parameters.shape_factor)
    (value,), ((by_neural, by_shape),) = engine.with_partials(ACTIVATION, variables, muscles)
    return value, torch.cat([by_poles * by_neural, by_shape.unsqueeze(0)])


def _delayed(series: Tensor, n: int) -> Tensor:
    """The series n samples later, from rest."""
    return torch.nn.functional.pad(series, (0, 0, n, 0))[..., : series.shape[-2], :]


def _elastic(
    engine: Engine,
    activations: Tensor,
    by_activation: Tensor,
    length: Tensor,
    muscles: Muscles,
    time_step: float,
) -> _Mechanics:
    found = linearized_elastic(engine, activations, length, muscles, time_step)
    drive = by_activation.new_empty(_N_ACTIVATION + len(muscles.mechanical), *activations.shape)
    drive[:_N_ACTIVATION] = found.activation_drive(by_activation)
    of_mechanics = zip(drive[_MECHANICAL], found.rest.by_mechanical, found.step[4:], strict=True)
    for each, at_first, of_steps in of_mechanics:
        each[..., :1, :], each[..., 1:, :] = at_first, of_steps
    by_fibers = engine.solve(*found.coefficients, drive)
    by_force, by_strain = (_through(by_fibers, each) for each in found.partials)
    force, strain = found.values
    return _Mechanics(found.fiber_length, force, strain, by_fibers, by_force, by_strain)


def _rigid(
    engine: Engine,
    activations: Tensor,
    by_activation: Tensor,
    length: Tensor,
    muscles: Muscles,
    time_step: float,
) -> _Mechanics:
    (force, fibers), derivatives = linearized_rigid(engine, activations, length, muscles, time_step)
    nothing = by_activation.new_zeros(len(muscles.mechanical), *activations.shape)
    by_own = torch.cat([by_activation, nothing])
    by_force, by_fibers = (_through(by_own, each) for each in derivatives)
    return _Mechanics(fibers, force, torch.zeros_like(force), by_fibers, by_force, torch.zeros_like(by_force))


def _through(tangent: Tensor, partials: tuple[Tensor, ...]) -> Tensor:
    """Chain rule: through the first variable's tangent, plus what is mechanical directly."""
    by_variable, *by_mechanical = partials
    result = tangent * by_variable
    for each, directly in zip(result[_MECHANICAL], by_mechanical, strict=True):
        each += directly
    return result
