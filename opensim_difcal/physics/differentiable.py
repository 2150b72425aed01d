"""What a simulation is made of, as operations that torch can differentiate.

`EngineOperations` gives torch's autograd the derivatives that an engine computes.
`PlainOperations` leaves everything to autograd, step by step: slow, and the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, final, runtime_checkable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from opensim_difcal.physics.activation import steady_start
from opensim_difcal.physics.elastic_tendon import integrate_sequentially
from opensim_difcal.physics.elementwise import Elementwise
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.equilibrium import equilibrium
from opensim_difcal.physics.equilibrium_tendon import balance_sequentially, elastic_trajectory
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.shapes import MuscleParameter, MuscleSeries, MuscleValues


@runtime_checkable
class Operations(Protocol):
    """The parts of a simulation; every result can be differentiated."""

    def neural_activation(
        self, excitation: MuscleSeries, c1: MuscleParameter, c2: MuscleParameter
    ) -> MuscleSeries:
        """Eq. 1, from steady state."""
        ...

    def apply(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[Tensor, ...]:
        """An elementwise function."""
        ...

    def fiber_length(
        self,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
    ) -> MuscleSeries:
        """Fiber lengths of elastic tendons over time, m, from equilibrium."""
        ...


@final
@dataclass(frozen=True)
class EngineOperations:
    """Operations whose values and derivatives an engine computes."""

    engine: Engine

    def neural_activation(
        self, excitation: MuscleSeries, c1: MuscleParameter, c2: MuscleParameter
    ) -> MuscleSeries:
        """Eq. 1, from steady state."""
        steady, last, before, drive = steady_start(excitation, c1, c2)
        return steady + _Recurrence.apply(self.engine, last, before, drive)

    def apply(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[Tensor, ...]:
        """An elementwise function."""
        return _Apply.apply(self.engine, function, muscles, *variables)

    def fiber_length(
        self,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
    ) -> MuscleSeries:
        """Fiber lengths of elastic tendons over time, m, from equilibrium."""
        first = first_length(self.engine, activation, muscle_tendon_length, muscles)
        return _Trajectory.apply(
            self.engine, muscles, time_step, muscle_tendon_length, first, activation, *muscles.mechanical
        )


@final
@dataclass(frozen=True)
class ValueOperations:
    """Operations of an engine that leave no derivatives: the fastest where none is wanted."""

    engine: Engine

    def neural_activation(
        self, excitation: MuscleSeries, c1: MuscleParameter, c2: MuscleParameter
    ) -> MuscleSeries:
        """Eq. 1, from steady state."""
        steady, last, before, drive = steady_start(excitation, c1, c2)
        return steady + self.engine.solve(last.expand_as(drive), before.expand_as(drive), drive)

    def apply(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[Tensor, ...]:
        """An elementwise function."""
        return self.engine.values(function, variables, muscles)

    def fiber_length(
        self,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
    ) -> MuscleSeries:
        """Fiber lengths of elastic tendons over time, m, from equilibrium."""
        start = activation[..., :1, :], muscle_tendon_length[..., :1, :]
        first = equilibrium(self.engine, *start, muscles).fiber_length
        arguments = self.engine, first, activation, muscle_tendon_length, muscles, time_step
        return elastic_trajectory(*arguments, with_partials=False)[0]


@final
@dataclass(frozen=True)
class PlainOperations:
    """Operations of plain torch, one time step after the other.

    Attributes:
        engine: Finds the equilibrium at the first instant, nothing else.
    """

    engine: Engine

    def neural_activation(
        self, excitation: MuscleSeries, c1: MuscleParameter, c2: MuscleParameter
    ) -> MuscleSeries:
        """Eq. 1, from steady state."""
        steady, last, before, drive = steady_start(excitation, c1, c2)
        series = [torch.zeros_like(drive[..., :1, :]), drive[..., :1, :]]
        for i in range(1, drive.shape[-2]):
            series.append(last * series[-1] + before * series[-2] + drive[..., i : i + 1, :])
        return steady + torch.cat(series[1:], dim=-2)

    def apply(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[Tensor, ...]:
        """An elementwise function."""
        return function.function(*variables, muscles)

    def fiber_length(
        self,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
    ) -> MuscleSeries:
        """Fiber lengths of elastic tendons over time, m, from equilibrium."""
        first = first_length(self.engine, activation, muscle_tendon_length, muscles)
        step = integrate_sequentially if muscles.elastic_tendon == "rosenbrock" else balance_sequentially
        return step(first, activation, muscle_tendon_length, muscles, time_step)


def first_length(
    engine: Engine, activation: MuscleSeries, muscle_tendon_length: MuscleSeries, muscles: Muscles
) -> MuscleValues:
    """Fiber length in equilibrium at the first instant, m; the time axis has one entry."""
    now = muscle_tendon_length[..., :1, :], activation[..., :1, :]
    return _Equilibrium.apply(engine, muscles, *now, *muscles.mechanical)


class _Apply(torch.autograd.Function):
    """An elementwise function whose derivatives are computed with its values."""

    @staticmethod
    def forward(
        ctx: Any, engine: Engine, function: Elementwise, muscles: Muscles, *variables: Tensor
    ) -> tuple[Tensor, ...]:
        values, partials = engine.with_partials(function, variables, muscles)
        ctx.shapes = [x.shape for x in variables]
        ctx.n_values = len(values)
        ctx.save_for_backward(*(partial for each in partials for partial in each))
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        n = len(ctx.saved_tensors) // ctx.n_values
        by_value = [ctx.saved_tensors[i * n : (i + 1) * n] for i in range(ctx.n_values)]
        gradients: list[Tensor | None] = [None] * len(ctx.shapes)
        for k in range(n):
            if ctx.needs_input_grad[3 + k]:
                slopes = [up * partials[k] for up, partials in zip(upstream, by_value, strict=True)]
                gradients[k] = reduce(torch.add, slopes).sum_to_size(ctx.shapes[k])
        return None, None, None, *gradients


class _Recurrence(torch.autograd.Function):
    """x_i = last x_(i-1) + before x_(i-2) + drive_i with coefficients that do not change."""

    @staticmethod
    def forward(ctx: Any, engine: Engine, last: Tensor, before: Tensor, drive: Tensor) -> Tensor:
        ctx.engine = engine
        x = engine.solve(last.expand_as(drive), before.expand_as(drive), drive)
        ctx.save_for_backward(last, before, x)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        last, before, x = ctx.saved_tensors
        w = ctx.engine.solve_adjoint(last.expand_as(x), before.expand_as(x), upstream[0])
        by_last = (w[..., 1:, :] * x[..., :-1, :]).sum_to_size(last.shape)
        by_before = (w[..., 2:, :] * x[..., :-2, :]).sum_to_size(before.shape)
        return None, by_last, by_before, w


class _Equilibrium(torch.autograd.Function):
    """Fiber length at rest as a function of activation and what is learned of the mechanics."""

    @staticmethod
    def forward(
        ctx: Any,
        engine: Engine,
        muscles: Muscles,
        muscle_tendon_length: Tensor,
        activation: Tensor,
        *mechanical: Tensor,
    ) -> Tensor:
        rest = equilibrium(engine, activation, muscle_tendon_length, muscles.with_mechanical(mechanical))
        ctx.save_for_backward(rest.by_activation, *rest.by_mechanical)
        ctx.shapes = [x.shape for x in (activation, *mechanical)]
        return rest.fiber_length

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        gradients = (
            (upstream[0] * partial).sum_to_size(shape)
            for partial, shape in zip(ctx.saved_tensors, ctx.shapes, strict=True)
        )
        return None, None, None, *gradients


class _Trajectory(torch.autograd.Function):
    """Fiber lengths over time as a function of the first, of activation and learned mechanics."""

    @staticmethod
    def forward(
        ctx: Any,
        engine: Engine,
        muscles: Muscles,
        time_step: float,
        muscle_tendon_length: Tensor,
        first: Tensor,
        activation: Tensor,
        *mechanical: Tensor,
    ) -> Tensor:
        lengths, partials = elastic_trajectory(
            engine,
            first,
            activation,
            muscle_tendon_length,
            muscles.with_mechanical(mechanical),
            time_step,
            with_partials=any(ctx.needs_input_grad),
        )
        if partials is not None:
            ctx.save_for_backward(*partials)
            ctx.engine, ctx.time_step, ctx.shapes = engine, time_step, [x.shape for x in mechanical]
        return lengths

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        by_length, by_velocity, by_before, by_after, *by_mechanical = ctx.saved_tensors
        coefficients = coupling(by_length, by_velocity, ctx.time_step)
        adjoint = ctx.engine.solve_adjoint(*coefficients, upstream[0])
        of_steps = adjoint[..., 1:, :]
        by_activation = torch.nn.functional.pad(of_steps * by_after, (0, 0, 1, 0))
        by_activation[..., :-1, :] += of_steps * by_before
        sums = (
            (of_steps * partial).sum_to_size(shape)
            for partial, shape in zip(by_mechanical, ctx.shapes, strict=True)
        )
        return None, None, None, None, adjoint[..., :1, :], by_activation, *sums


def coupling(by_length: Tensor, by_velocity: Tensor, time_step: float) -> tuple[Tensor, Tensor]:
    """How a fiber length depends on the one before it and on the one before that.

    A step's velocity is the difference of the last two lengths; the first step starts at rest.

    Args:
        by_length: Derivative of every step by the length at its start.
        by_velocity: By the velocity at its start, s.
        time_step: s.

    Returns:
        Coefficients of the recurrence at every instant; zero at the first.
    """
    before = -by_velocity / time_step
    before[..., 0, :] = 0.0
    last = by_length - before
    return torch.nn.functional.pad(last, (0, 0, 1, 0)), torch.nn.functional.pad(before, (0, 0, 1, 0))
