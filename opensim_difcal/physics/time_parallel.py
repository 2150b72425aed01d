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
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from opensim_difcal.physics.differentiable import coupling
from opensim_difcal.physics.elastic_tendon import integrate_sequentially
from opensim_difcal.physics.elementwise import Elementwise
from opensim_difcal.physics.engine import N_BISECTIONS, Engine
from opensim_difcal.physics.equilibrium import bracket
from opensim_difcal.physics.equilibrium_tendon import balance_sequentially
from opensim_difcal.physics.muscle import Muscles, minimum_fiber_length, pick
from opensim_difcal.physics.muscle_functions import BALANCE, STEP
from opensim_difcal.physics.recurrence import solve, solve_adjoint
from opensim_difcal.shapes import MuscleSeries, MuscleValues

_MAX_PASSES = 12
_TOLERANCE = 1e-10  # of the optimal fiber length
_LARGEST_CORRECTION = 0.2  # of the optimal fiber length, in one pass
_BISECTIONS = 5  # in one pass, so that 31 points inside the bracket are looked at
_GUESS_PASSES = 2


@dataclass(frozen=True)
class _Solved:
    """A trajectory that was solved, and what it depends on.

    Attributes:
        lengths: Fiber lengths, m.
        partials: Derivatives of every step, as `STEP` has them.
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
    """

    lengths: Tensor
    partials: tuple[Tensor, ...]
    activation: Tensor
    muscle_tendon_length: Tensor
    muscles: Muscles
    time_step: float

    def extrapolated(self, first: Tensor, activation: Tensor, muscles: Muscles) -> Tensor:
        """The trajectory at other values of what it depends on, to first order, m."""
        by_length, by_velocity, by_before, by_after, *by_mechanical = self.partials
        change = activation - self.activation
        of_steps = by_before * change[..., :-1, :] + by_after * change[..., 1:, :]
        for by, now, before in zip(by_mechanical, muscles.mechanical, self.muscles.mechanical, strict=True):
            of_steps = of_steps + by * (now - before)
        drive = torch.cat([first - self.lengths[..., :1, :], of_steps], dim=-2)
        change = solve(*coupling(by_length, by_velocity, self.time_step), drive)
        return self.lengths + _limited(change, muscles)


@final
class TorchEngine(Engine):
    """Computes with torch on any device, remembering the last trajectory.

    The next one starts from what the last one's derivatives foretell: while an optimizer
    moves in small steps, three passes suffice, the last of which only confirms. Muscles on
    which Newton's method does not converge are stepped one step after the other.
    """

    def __init__(self) -> None:
        """Starts without a trajectory; the first one starts from rest at every instant."""
        self._last: _Solved | None = None

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
        """Decides several bisections at a time, which costs hardly more than one."""
        return _bisected(function, low, high, variables, muscles, N_BISECTIONS // _BISECTIONS)

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
            last = self._last
            if (
                last is not None
                and last.lengths.shape == activation.shape
                and last.time_step == time_step
                and len(last.muscles.mechanical) == len(muscles.mechanical)
                and torch.equal(last.muscle_tendon_length, muscle_tendon_length)
            ):
                guess = last.extrapolated(first, activation, muscles)
            else:
                guess = _resting_lengths(activation, muscle_tendon_length, muscles)
            guess = torch.cat([first, guess[..., 1:, :]], dim=-2)
            self._last = _solve(guess, activation, muscle_tendon_length, muscles, time_step)
            return self._last.lengths, self._last.partials if with_partials else None

    def balanced_trajectory(
        self,
        first: MuscleValues,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
    ) -> MuscleSeries:
        """Step by step."""
        with torch.no_grad():
            return balance_sequentially(first, activation, muscle_tendon_length, muscles, time_step)

    def values(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[Tensor, ...]:
        """The function itself."""
        with torch.no_grad():
            return function.function(*variables, muscles)

    def solve(self, last: Tensor, before: Tensor, drive: MuscleSeries) -> MuscleSeries:
        """A second-order linear recurrence over time."""
        return solve(last, before, drive)

    def solve_adjoint(self, last: Tensor, before: Tensor, upstream: MuscleSeries) -> MuscleSeries:
        """Its adjoint."""
        return solve_adjoint(last, before, upstream)


def _resting_lengths(activation: Tensor, muscle_tendon_length: Tensor, muscles: Muscles) -> Tensor:
    """Roughly the fiber length in equilibrium at every instant, m."""
    variables = activation, *muscles.mechanical, muscle_tendon_length
    low, high = (x.expand_as(activation) for x in bracket(muscle_tendon_length, muscles))
    return _bisected(BALANCE, low, high, variables, muscles, _GUESS_PASSES)


def _bisected(
    function: Elementwise,
    low: Tensor,
    high: Tensor,
    variables: Sequence[Tensor],
    muscles: Muscles,
    n_passes: int,
) -> Tensor:
    """Bisection; a pass evaluates every point that its bisections may ask for."""
    shape = np.broadcast_shapes(low.shape, high.shape, *(x.shape for x in variables))
    low, high = low.expand(shape), high.expand(shape)
    n_sections = 2**_BISECTIONS
    share = torch.arange(n_sections, dtype=low.dtype, device=low.device) / n_sections
    share = share.reshape(-1, *(1 for _ in shape))
    with torch.no_grad():
        for _ in range(n_passes):
            width = high - low
            (value,) = function.function(low + share * width, *variables, muscles)
            is_below = value > 0.0
            place = torch.zeros(1, *shape, dtype=torch.long, device=low.device)
            for step in (2**k for k in reversed(range(_BISECTIONS))):
                place = place + step * is_below.gather(0, place + step)
            low, high = (low + (place[0] + end) / n_sections * width for end in (0, 1))
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
        *muscles.mechanical,
        muscle_tendon_length[..., :-1, :],
        muscle_tendon_length[..., 1:, :],
        lengths.new_tensor(time_step),
    )


def _solve(
    guess: Tensor, activation: Tensor, muscle_tendon_length: Tensor, muscles: Muscles, time_step: float
) -> _Solved:
    """Newton's method over the time axis, on the muscles that have not converged yet."""
    lengths = torch.maximum(guess, minimum_fiber_length(muscles))
    partials: tuple[Tensor, ...] = ()
    index, chosen = torch.arange(lengths.shape[-1], device=lengths.device), muscles
    for n_passes in range(_MAX_PASSES + 1):
        now, active, whole = (pick(each, index) for each in (lengths, activation, muscle_tendon_length))
        if n_passes == _MAX_PASSES:
            now = integrate_sequentially(now[..., :1, :], active, whole, chosen, time_step)
            lengths[..., index] = now
        variables = _step_variables(now, active, whole, chosen, time_step)
        # The first pass only corrects: it needs what the recurrence needs.
        n_differentiated = 2 if n_passes == 0 else STEP.n_differentiated(chosen)
        (after,), (derivatives,) = STEP.with_partials(variables, chosen, n_differentiated)
        residual = after - now[..., 1:, :]
        open_ = torch.arange(len(index), device=index.device)
        if n_passes > 0:
            partials = _kept(partials, index, derivatives)
            error = (residual.abs() / chosen.optimal_fiber_length).flatten(0, -2).amax(0)
            open_ = torch.nonzero(~(error < _TOLERANCE)).squeeze(-1)
        if not len(open_) or n_passes == _MAX_PASSES:
            break
        drive = torch.nn.functional.pad(residual, (0, 0, 1, 0))
        correction = solve(*coupling(derivatives[0], derivatives[1], time_step), drive)
        corrected = torch.maximum(now + _limited(correction, chosen), minimum_fiber_length(chosen))
        lengths[..., 1:, :] = _put(lengths[..., 1:, :], index, corrected[..., 1:, :])
        index, chosen = index[open_], chosen.select(open_)
    return _Solved(lengths, partials, activation, muscle_tendon_length, muscles, time_step)


def _kept(partials: tuple[Tensor, ...], index: Tensor, some: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Replaces the derivatives of some muscles."""
    if not partials:
        return some
    return tuple(_put(whole, index, part) for whole, part in zip(partials, some, strict=True))


def _put(whole: Tensor, index: Tensor, part: Tensor) -> Tensor:
    """Replaces some muscles in a series."""
    return part if len(index) == whole.shape[-1] else whole.index_copy(-1, index, part)


def _limited(correction: Tensor, muscles: Muscles) -> Tensor:
    """A correction of fiber lengths, m, that is not taken too far."""
    limit = _LARGEST_CORRECTION * muscles.optimal_fiber_length
    return torch.clamp(correction.nan_to_num(0.0), -limit, limit)
