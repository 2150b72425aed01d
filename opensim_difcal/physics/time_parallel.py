"""Fiber lengths of all time steps, trials and muscles at once.

A step couples an instant only to the one before it and a muscle only to itself, so the
whole trajectory is the root of a system whose Jacobian is banded: Newton's method over
the time axis needs one evaluation of all steps and one cheap linear recurrence per pass,
and converges in a few passes. Its adjoint is the same recurrence backwards. The step
itself is `rosenbrock_step`, unchanged; `integrate_sequentially` is the reference.
"""

from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor

from opensim_difcal.physics.elastic_tendon import (
    equilibrium_fiber_length,
    integrate_sequentially,
    rosenbrock_step,
)
from opensim_difcal.physics.muscle import Muscles, minimum_fiber_length
from opensim_difcal.physics.recurrence import solve, solve_adjoint
from opensim_difcal.shapes import MuscleSeries

_MAX_PASSES = 7
_TOLERANCE = 1e-12  # of the optimal fiber length
_LARGEST_CORRECTION = 0.2  # of the optimal fiber length, in one pass


@final
class TimeParallelIntegrator:
    """Integrates like `integrate_sequentially`, faster, remembering the last trajectory.

    The remembered trajectory is the next start of Newton's method: while an optimizer
    moves in small steps, two or three passes suffice.
    """

    def __init__(self) -> None:
        """Starts without a trajectory; the first call starts from equilibrium at every instant."""
        self._last: Tensor | None = None

    def __call__(
        self, activation: MuscleSeries, muscle_tendon_length: MuscleSeries, muscles: Muscles, time_step: float
    ) -> MuscleSeries:
        """Returns fiber lengths over time, m; arguments as `integrate_sequentially`."""
        first = equilibrium_fiber_length(activation[..., 0, :], muscle_tendon_length[..., 0, :], muscles)
        guess = self._last
        if guess is None or guess.shape != activation.shape:
            with torch.no_grad():
                guess = equilibrium_fiber_length(activation, muscle_tendon_length, muscles)
        lengths = _Trajectory.apply(
            activation,
            muscles.optimal_fiber_length,
            muscles.tendon_slack_length,
            first,
            muscle_tendon_length,
            muscles,
            time_step,
            guess,
        )
        self._last = lengths.detach()
        return lengths


class _Trajectory(torch.autograd.Function):
    """The trajectory as a function of activation, two parameters and the first length."""

    @staticmethod
    def forward(
        ctx: Any,
        activation: Tensor,
        optimal: Tensor,
        slack: Tensor,
        first: Tensor,
        muscle_tendon_length: Tensor,
        muscles: Muscles,
        time_step: float,
        guess: Tensor,
    ) -> Tensor:
        muscles = replace(muscles, optimal_fiber_length=optimal, tendon_slack_length=slack)
        lengths = _solve(activation, first, muscle_tendon_length, muscles, time_step, guess)
        ctx.save_for_backward(activation, optimal, slack, muscle_tendon_length, lengths)
        ctx.muscles, ctx.time_step = muscles, time_step
        return lengths

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        activation, optimal, slack, muscle_tendon_length, lengths = ctx.saved_tensors
        with torch.enable_grad():
            inputs = [x.detach().requires_grad_(True) for x in (activation, optimal, slack)]
            muscles = replace(ctx.muscles, optimal_fiber_length=inputs[1], tendon_slack_length=inputs[2])
            start = _states(lengths, ctx.time_step)
            after = _all_steps(start, inputs[0], muscle_tendon_length, muscles, ctx.time_step)
        by_length, by_velocity = torch.autograd.grad(after, start, torch.ones_like(after), retain_graph=True)
        last, before = _coupling(by_length, by_velocity, ctx.time_step)
        adjoint = solve_adjoint(last, before, upstream[0][..., 1:, :])
        gradients = torch.autograd.grad(after, inputs, adjoint)
        by_first = upstream[0][..., 0, :] + last[..., 0, :] * adjoint[..., 0, :]
        if adjoint.shape[-2] > 1:
            by_first = by_first + before[..., 1, :] * adjoint[..., 1, :]
        return (*gradients, by_first, None, None, None, None)


def _states(lengths: Tensor, time_step: float) -> tuple[Tensor, Tensor]:
    """Fiber length and velocity at the start of every step, as leaves of a new graph."""
    velocity = torch.zeros_like(lengths[..., :-1, :])
    velocity[..., 1:, :] = (lengths[..., 1:-1, :] - lengths[..., :-2, :]) / time_step
    return lengths[..., :-1, :].detach().requires_grad_(True), velocity.requires_grad_(True)


def _all_steps(
    start: tuple[Tensor, Tensor], activation: Tensor, length: Tensor, muscles: Muscles, time_step: float
) -> Tensor:
    return rosenbrock_step(
        *start,
        (activation[..., :-1, :], activation[..., 1:, :]),
        (length[..., :-1, :], length[..., 1:, :]),
        muscles,
        time_step,
    )


def _coupling(by_length: Tensor, by_velocity: Tensor, time_step: float) -> tuple[Tensor, Tensor]:
    """How a step's result depends on the length at its start and on the one before that."""
    before = -by_velocity / time_step
    before[..., 0, :] = 0.0
    return by_length - before, before


def _solve(
    activation: Tensor, first: Tensor, length: Tensor, muscles: Muscles, time_step: float, guess: Tensor
) -> Tensor:
    """Newton's method over the time axis; muscles that resist are stepped sequentially."""
    shortest = minimum_fiber_length(muscles)
    limit = _LARGEST_CORRECTION * muscles.optimal_fiber_length
    lengths = torch.maximum(torch.cat([first.unsqueeze(-2), guess[..., 1:, :]], dim=-2), shortest)
    resisting = torch.ones_like(limit, dtype=torch.bool)
    for _ in range(_MAX_PASSES):
        with torch.enable_grad():
            start = _states(lengths, time_step)
            after = _all_steps(start, activation, length, muscles, time_step)
            partials = torch.autograd.grad(after.sum(), start)
        residual = after.detach() - lengths[..., 1:, :]
        last, before = _coupling(partials[0], partials[1], time_step)
        correction = solve(last, before, residual).nan_to_num(0.0).clamp(-limit, limit)
        lengths = lengths.clone()
        lengths[..., 1:, :] = torch.maximum(lengths[..., 1:, :] + correction, shortest)
        error = (residual.abs() / muscles.optimal_fiber_length).flatten(0, -2).amax(0)
        resisting = ~(error < _TOLERANCE)
        if not resisting.any():
            return lengths
    index = torch.nonzero(resisting).squeeze(-1)
    with torch.no_grad():
        lengths[..., index] = integrate_sequentially(
            activation[..., index], length[..., index], muscles.select(index), time_step
        )
    return lengths
