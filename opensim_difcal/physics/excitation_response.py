"""How tendon forces follow excitations around a simulation: a linear map and its adjoint.

Activation dynamics and fiber dynamics are linear recurrences around a trajectory, so a
change of forces with a change of excitations costs two forward sweeps over time, and a
gradient two backward ones; no Jacobian is ever written down.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from opensim_difcal.physics.activation import steady_start
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.linearized import LinearizedElastic, linearized_elastic, linearized_rigid
from opensim_difcal.physics.muscle import Muscles, pick
from opensim_difcal.physics.muscle_functions import ACTIVATION
from opensim_difcal.physics.simulation import (
    ActivationParameters,
    elastic_muscles,
    merge,
    rigid_muscles,
)
from opensim_difcal.shapes import MuscleSeries


@final
@dataclass(frozen=True)
class ExcitationResponse:
    """A simulation's tendon forces, and how they change with excitations.

    Attributes:
        engine: What computes.
        muscles: Parameters.
        activation_parameters: Eqs 1 and 2.
        tendon_force: Of the simulation, N.
        by_neural: Derivative of activation by neural activation.
        elastic: Indices and derivatives of the muscles with an elastic tendon.
        rigid: Indices and derivative of force by activation of those with a rigid one.
    """

    engine: Engine
    muscles: Muscles
    activation_parameters: ActivationParameters
    tendon_force: MuscleSeries
    by_neural: MuscleSeries
    elastic: tuple[Tensor, LinearizedElastic] | None
    rigid: tuple[Tensor, Tensor] | None

    def change_of_forces(self, change: MuscleSeries) -> MuscleSeries:
        """Returns the change of tendon forces, N, with a change of excitations.

        Args:
            change: Of the excitations; may have more axes in front, for several changes.
        """
        c1, c2 = self.activation_parameters.c1, self.activation_parameters.c2
        steady, last, before, drive = steady_start(change, c1, c2)
        by_activation = self.by_neural * (steady + self.engine.solve(last, before, drive))
        parts = []
        if self.elastic is not None:
            index, found = self.elastic
            drive = found.activation_drive(pick(by_activation, index))
            by_fiber_length = found.partials[0][0]
            parts.append((index, self.engine.solve(*found.coefficients, drive) * by_fiber_length))
        if self.rigid is not None:
            index, by_force = self.rigid
            parts.append((index, pick(by_activation, index) * by_force))
        return merge(parts) * self.muscles.max_isometric_force

    def force_at_once(self) -> MuscleSeries:
        """Returns the change of every tendon force, N, with the excitation of the same instant."""
        c1, c2 = self.activation_parameters.c1, self.activation_parameters.c2
        by_activation = (1.0 + c1) * (1.0 + c2) * self.by_neural
        parts = []
        if self.elastic is not None:
            index, found = self.elastic
            drive = torch.cat([found.rest.by_activation, found.step[3]], dim=-2)
            parts.append((index, pick(by_activation, index) * drive * found.partials[0][0]))
        if self.rigid is not None:
            index, by_force = self.rigid
            parts.append((index, pick(by_activation, index) * by_force))
        return merge(parts) * self.muscles.max_isometric_force

    def gradient(self, by_force: MuscleSeries) -> MuscleSeries:
        """Returns the gradient by excitations, given the gradient by tendon forces, per N."""
        by_force = by_force * self.muscles.max_isometric_force
        parts = []
        if self.elastic is not None:
            index, found = self.elastic
            by_fibers = pick(by_force, index) * found.partials[0][0]
            by_drive = self.engine.solve_adjoint(*found.coefficients, by_fibers)
            parts.append((index, found.activation_drive_adjoint(by_drive)))
        if self.rigid is not None:
            index, force_by_activation = self.rigid
            parts.append((index, pick(by_force, index) * force_by_activation))
        by_neural = merge(parts) * self.by_neural
        c1, c2 = self.activation_parameters.c1, self.activation_parameters.c2
        _, last, before, _ = steady_start(by_neural, c1, c2)
        last, before = last.expand_as(by_neural), before.expand_as(by_neural)
        by_drive = self.engine.solve_adjoint(last, before, by_neural)
        by_excitation = (1.0 - last - before) * by_drive
        # The first excitation is also the steady state that everything else deviates from.
        by_excitation[..., 0, :] += by_neural.sum(-2) - by_excitation.sum(-2)
        return by_excitation


def excitation_response(
    excitation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    *,
    activation_parameters: ActivationParameters,
    muscles: Muscles,
    time_step: float,
    engine: Engine,
) -> ExcitationResponse:
    """Simulates muscles and returns how their forces follow excitations; not part of an autograd graph.

    Args:
        excitation: 0..1, delayed.
        muscle_tendon_length: m.
        activation_parameters: Eqs 1 and 2.
        muscles: Parameters.
        time_step: s.
        engine: What computes.
    """
    with torch.no_grad():
        steady, last, before, drive = steady_start(
            excitation, activation_parameters.c1, activation_parameters.c2
        )
        variables = (steady + engine.solve(last, before, drive), activation_parameters.shape_factor)
        (activations,), ((by_neural, _),) = engine.with_partials(ACTIVATION, variables, muscles)
        parts, elastic, rigid = [], None, None
        if len(index := elastic_muscles(muscles)):
            lengths = pick(muscle_tendon_length, index)
            found = linearized_elastic(
                engine, pick(activations, index), lengths, muscles.select(index), time_step
            )
            elastic = index, found
            parts.append((index, found.values[0]))
        if len(index := rigid_muscles(muscles)):
            lengths = pick(muscle_tendon_length, index)
            (force, _), ((by_activation, *_), _) = linearized_rigid(
                engine, pick(activations, index), lengths, muscles.select(index), time_step
            )
            rigid = index, by_activation
            parts.append((index, force))
        force = merge(parts) * muscles.max_isometric_force
    return ExcitationResponse(engine, muscles, activation_parameters, force, by_neural, elastic, rigid)
