"""Fiber lengths of all time steps, trials and muscles at once, in plain torch.

A step couples an instant only to the two before it and a muscle only to itself, so the
whole trajectory is the root of a system whose Jacobian is banded: Newton's method over the
time axis needs one evaluation of all steps and one linear recurrence per pass, and
converges in a few passes.

References:
    Lim et al. (2024), ICLR, arXiv:2309.12252; Gander (2015), 50 years of time parallel
    time integration.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from opensim_difcal.physics.differentiable import coupling
from opensim_difcal.physics.elastic_tendon import elastic_tendon_force, integrate_sequentially
from opensim_difcal.physics.elementwise import Elementwise
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.equilibrium import bracket
from opensim_difcal.physics.muscle import (
    Muscles,
    fiber_length_from_projection,
    minimum_fiber_length,
)
from opensim_difcal.physics.muscle_functions import BALANCE, STEP
from opensim_difcal.physics.recurrence import solve, solve_adjoint
from opensim_difcal.shapes import MuscleSeries, MuscleValues

_MAX_PASSES = 8
_TOLERANCE = 1e-8  # of the optimal fiber length, before a correction that squares it
_LARGEST_CORRECTION = 0.2  # of the optimal fiber length, in one pass
_SECTIONS = 64  # of a bracket, looked at in one pass
_ROOT_PASSES = 5  # to 1e-9 of the bracket; one Newton step follows
_GUESS_PASSES = 2


@final
class TorchEngine(Engine):
    """Computes with torch on any device, remembering the last trajectory.

    What is remembered is the stretch of the tendons: at the next call, with other
    parameters, fibers that leave the tendons as they were are an excellent start of
    Newton's method, and two or three passes suffice. Muscles on which it does not
    converge are stepped one step after the other.
    """

    def __init__(self) -> None:
        """Starts without a trajectory; the first one starts from rest at every instant."""
        self._normalized_tendon_length: Tensor | None = None

    def with_partials(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[tuple[Tensor, ...], tuple[tuple[Tensor, ...], ...]]:
        """Values and derivatives, by one call of autograd over all instants."""
        return function.with_partials(variables, muscles)

    def root(
        self,
        function: Elementwise,
        low: MuscleValues,
        high: MuscleValues,
        variables: Sequence[Tensor],
        muscles: Muscles,
    ) -> MuscleValues:
        """Divides the bracket into many sections at a time, which costs hardly more than two."""
        return _sectioned_root(function, low, high, variables, muscles, _ROOT_PASSES, _SECTIONS)

    def trajectory(
        self,
        first: MuscleValues,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
        *,
        with_partials: bool,
    ) -> tuple[MuscleSeries, tuple[MuscleValues, ...] | None]:
        """Newton's method over the time axis."""
        with torch.no_grad():
            stretch = self._normalized_tendon_length
            if stretch is None or stretch.shape != activation.shape:
                guess = _resting_lengths(activation, muscle_tendon_length, muscles)
            else:
                along_tendon = muscle_tendon_length - stretch * muscles.tendon_slack_length
                guess = fiber_length_from_projection(along_tendon, muscles)
            guess = torch.cat([first, guess[..., 1:, :]], dim=-2)
            lengths = _solve(guess, activation, muscle_tendon_length, muscles, time_step)
            _, strain = elastic_tendon_force(lengths, muscle_tendon_length, muscles)
            self._normalized_tendon_length = 1.0 + strain
            if not with_partials:
                return lengths, None
            variables = _step_variables(lengths, activation, muscle_tendon_length, muscles, time_step)
            return lengths, STEP.with_partials(variables, muscles)[1][0]

    def solve(self, last: Tensor, before: Tensor, drive: MuscleSeries) -> MuscleSeries:
        """A second-order linear recurrence over time."""
        return solve(last, before, drive)

    def solve_adjoint(self, last: Tensor, before: Tensor, upstream: MuscleSeries) -> MuscleSeries:
        """Its adjoint."""
        return solve_adjoint(last, before, upstream)


def _resting_lengths(activation: Tensor, muscle_tendon_length: Tensor, muscles: Muscles) -> Tensor:
    """Roughly the fiber length in equilibrium at every instant, m."""
    variables = activation, muscles.optimal_fiber_length, muscles.tendon_slack_length, muscle_tendon_length
    low, high = (x.expand_as(activation) for x in bracket(muscle_tendon_length, muscles))
    return _sectioned_root(BALANCE, low, high, variables, muscles, _GUESS_PASSES, 24)


def _sectioned_root(
    function: Elementwise,
    low: Tensor,
    high: Tensor,
    variables: Sequence[Tensor],
    muscles: Muscles,
    n_passes: int,
    n_sections: int,
) -> Tensor:
    shape = torch.broadcast_shapes(low.shape, high.shape, *(x.shape for x in variables))
    low, high = low.expand(shape), high.expand(shape)
    share = torch.arange(1, n_sections, dtype=low.dtype, device=low.device) / n_sections
    share = share.reshape(-1, *(1 for _ in shape))
    with torch.no_grad():
        for _ in range(n_passes):
            width = high - low
            (value,) = function.function(low + share * width, *variables, muscles)
            n_below = (value > 0.0).sum(0).to(low.dtype)
            low, high = low + n_below / n_sections * width, low + (n_below + 1.0) / n_sections * width
    return 0.5 * (low + high)


def _step_variables(
    lengths: Tensor, activation: Tensor, muscle_tendon_length: Tensor, muscles: Muscles, time_step: float
) -> tuple[Tensor, ...]:
    """The variables of every step, as `STEP` takes them."""
    velocity = torch.zeros_like(lengths[..., :-1, :])
    velocity[..., 1:, :] = (lengths[..., 1:-1, :] - lengths[..., :-2, :]) / time_step
    return (
        lengths[..., :-1, :],
        velocity,
        activation[..., :-1, :],
        activation[..., 1:, :],
        muscles.optimal_fiber_length,
        muscles.tendon_slack_length,
        muscle_tendon_length[..., :-1, :],
        muscle_tendon_length[..., 1:, :],
        lengths.new_tensor(time_step),
    )


def _solve(
    guess: Tensor, activation: Tensor, muscle_tendon_length: Tensor, muscles: Muscles, time_step: float
) -> Tensor:
    """Newton's method over the time axis, on the muscles that have not converged yet."""
    lengths = torch.maximum(guess, minimum_fiber_length(muscles))
    index = torch.arange(lengths.shape[-1], device=lengths.device)
    for _ in range(_MAX_PASSES):
        chosen = muscles.select(index)
        series = activation[..., index], muscle_tendon_length[..., index]
        corrected, error = _newton_pass(lengths[..., index], *series, chosen, time_step)
        lengths[..., index] = corrected
        index = index[~(error < _TOLERANCE)]
        if not len(index):
            return lengths
    lengths[..., index] = integrate_sequentially(
        lengths[..., :1, index],
        activation[..., index],
        muscle_tendon_length[..., index],
        muscles.select(index),
        time_step,
    )
    return lengths


def _newton_pass(
    lengths: Tensor, activation: Tensor, muscle_tendon_length: Tensor, muscles: Muscles, time_step: float
) -> tuple[Tensor, Tensor]:
    """The corrected lengths, and how far each muscle was from the solution, in optimal lengths."""
    variables = _step_variables(lengths, activation, muscle_tendon_length, muscles, time_step)
    (after,), ((by_length, by_velocity),) = STEP.with_partials(variables, muscles, 2)
    residual = torch.nn.functional.pad(after - lengths[..., 1:, :], (0, 0, 1, 0))
    correction = solve(*coupling(by_length, by_velocity, time_step), residual).nan_to_num(0.0)
    limit = _LARGEST_CORRECTION * muscles.optimal_fiber_length
    corrected = torch.maximum(lengths + torch.clamp(correction, -limit, limit), minimum_fiber_length(muscles))
    corrected[..., :1, :] = lengths[..., :1, :]
    error = (residual.abs() / muscles.optimal_fiber_length).flatten(0, -2).amax(0)
    return corrected, error
