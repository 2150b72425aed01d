"""Elastic tendons in equilibrium at every instant: one implicit step, solved to the end.

The fiber length l of an instant is the root of f(l, (l - l_before) / h, a, L) = 0, the force
balance of Eq. A5 with activation a and muscle-tendon length L of that instant: an implicit Euler
step. CEINMS finds it with Wijngaarden, Dekker and Brent's method; here Newton's method is
used, and where a step of it would leave the bracket, bisection, which is faster and as safe.

References:
    Pizzolato et al. (2015), J Biomech 48(14):3929-3936; Press et al., Numerical Recipes,
    Section 9.4.
"""

import torch
from torch import Tensor

from opensim_difcal.physics.engine import N_NEWTON, NEWTON_TOLERANCE, Engine
from opensim_difcal.physics.equilibrium import SETTLED, bracket, is_crushed
from opensim_difcal.physics.muscle import Muscles, minimum_fiber_length
from opensim_difcal.physics.muscle_functions import MOVING_BALANCE, MOVING_BALANCE_AND_SLOPE
from opensim_difcal.shapes import MuscleSeries, MuscleValues


def elastic_trajectory(
    engine: Engine,
    first: MuscleValues,
    activation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    muscles: Muscles,
    time_step: float,
    *,
    with_partials: bool,
) -> tuple[MuscleSeries, tuple[MuscleValues, ...] | None]:
    """Returns fiber lengths, m, and the derivatives of every step, as `Engine.trajectory` does.

    The step is the one that the muscles' `elastic_tendon` names.

    Args:
        engine: What computes.
        first: Fiber length at the first instant, m; its time axis has one entry.
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
        with_partials: Whether derivatives are wanted.
    """
    arguments = first, activation, muscle_tendon_length, muscles, time_step
    if muscles.elastic_tendon == "rosenbrock":
        return engine.trajectory(*arguments, with_partials=with_partials)
    lengths = engine.balanced_trajectory(*arguments)
    if not with_partials:
        return lengths, None
    return lengths, _partials(engine, lengths, activation, muscle_tendon_length, muscles, time_step)


def balance_sequentially(
    first: MuscleValues,
    activation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    muscles: Muscles,
    time_step: float,
) -> MuscleSeries:
    """Fiber lengths over time, m, by plain steps that autograd can follow; the reference.

    Args:
        first: Fiber length at the first instant, m; its time axis has one entry.
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
    """
    series, h = [first], first.new_tensor(time_step)
    for i in range(1, activation.shape[-2]):
        now = slice(i, i + 1)
        series.append(
            _balanced(series[-1], activation[..., now, :], muscle_tendon_length[..., now, :], muscles, h)
        )
    return torch.cat(series, dim=-2)


def _balanced(
    before: Tensor, activation: Tensor, muscle_tendon_length: Tensor, muscles: Muscles, time_step: Tensor
) -> Tensor:
    """Fiber length a step later, m; at an end of the bracket where it holds no balance."""
    optimal = muscles.optimal_fiber_length
    variables = before, activation, *muscles.mechanical, muscle_tendon_length, time_step
    with torch.no_grad():
        low, high = (end.expand_as(before) for end in bracket(muscle_tendon_length, muscles))
        length = torch.clamp(before, low, high)
        is_open = torch.ones_like(length, dtype=torch.bool)
        for _ in range(N_NEWTON):
            value, slope = MOVING_BALANCE_AND_SLOPE.function(length, *variables, muscles)
            is_below = value > 0.0
            low, high = torch.where(is_below, length, low), torch.where(is_below, high, length)
            after = length - value / slope
            is_inside = (low <= after) & (after <= high)
            after = torch.where(is_inside, after, 0.5 * (low + high))
            change, width = torch.where(is_inside, after - length, high - low), NEWTON_TOLERANCE * optimal
            length = torch.where(is_open, after, length)
            is_open &= change.abs() > torch.where(is_inside, width, NEWTON_TOLERANCE * width)
            if not bool(is_open.any()):
                break
        value, slope = MOVING_BALANCE_AND_SLOPE.function(length, *variables, muscles)
        length = torch.where(torch.isnan(value), value, length)
        settled = (value / slope).abs() < SETTLED * optimal
    (value,) = MOVING_BALANCE.function(length, *variables, muscles)  # once more, for its derivatives
    end = torch.where(is_crushed(length, muscles), minimum_fiber_length(muscles), length)
    return torch.where(settled, length - value / slope, end)


def _partials(
    engine: Engine,
    lengths: MuscleSeries,
    activation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    muscles: Muscles,
    time_step: float,
) -> tuple[MuscleValues, ...]:
    """Derivatives of every step by the variables of `STEP`, by the implicit function theorem.

    A step depends neither on the velocity at its start nor on the activation there.
    """
    optimal = muscles.optimal_fiber_length
    now, before = lengths[..., 1:, :], lengths[..., :-1, :]
    controls = activation[..., 1:, :], *muscles.mechanical, muscle_tendon_length[..., 1:, :]
    variables = now, before, *controls, lengths.new_tensor(time_step)
    (value,), ((slope, *others),) = engine.with_partials(MOVING_BALANCE, variables, muscles)
    settled = (value / slope).abs() < SETTLED * optimal
    at_crushed = is_crushed(now, muscles).to(now.dtype) * muscles.minimum_normalized_fiber_length
    none = torch.zeros_like(now)
    ends = none, none, at_crushed, *(none for _ in muscles.mechanical[1:])
    by_before, by_activation, *by_mechanical = (
        torch.where(settled, -by / slope, end) for by, end in zip(others, ends, strict=True)
    )
    return by_before, none, none.clone(), by_activation, *by_mechanical
