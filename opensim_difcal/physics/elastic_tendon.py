"""Fiber length of muscles with an elastic tendon: first-order Rosenbrock, Eqs A1-A5.

References:
    Hambly et al., Appendix A; van den Bogert et al. (2011), Procedia IUTAM 2:297-316.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from opensim_difcal.physics.muscle import (
    Muscles,
    cos_pennation_angle,
    fiber_width,
    minimum_fiber_length,
    passive_force_multiplier,
    tendon_force_multiplier,
)
from opensim_difcal.shapes import MuscleSeries, MuscleValues


def rosenbrock_step(
    fiber_length: MuscleValues,
    fiber_velocity: MuscleValues,
    activation: tuple[MuscleValues, MuscleValues],
    muscle_tendon_length: tuple[MuscleValues, MuscleValues],
    muscles: Muscles,
    time_step: float | Tensor,
) -> MuscleValues:
    """Returns the fiber length one time step later, m; one linearly implicit step.

    With f the force balance (tendon minus fiber, Eq. A5), linearized at the start of the
    step in its state l, its velocity v and *both* controls, activation a and
    muscle-tendon length L:

        l' = l + (f_l + f_v / h)^-1 (f_v v - f - f_a da - f_L dL)

    The printed A5 is the case dL = 0. The result is clamped at the minimum fiber length.
    A pure elementwise function: apply it to one instant or to all of them at once.

    Args:
        fiber_length: At the start, m.
        fiber_velocity: At the start, m/s.
        activation: At start and end of the step, 0..1.
        muscle_tendon_length: At start and end of the step, m.
        muscles: Parameters.
        time_step: h, s.
    """
    at = linearized_balance(fiber_length, fiber_velocity, activation[0], muscle_tendon_length[0], muscles)
    controls = at.by_whole_length * (muscle_tendon_length[1] - muscle_tendon_length[0]) + (
        at.by_activation * (activation[1] - activation[0])
    )
    change = (at.by_velocity * fiber_velocity - at.balance - controls) / (
        at.by_length + at.by_velocity / time_step
    )
    return torch.maximum(fiber_length + change, minimum_fiber_length(muscles))


class LinearizedBalance(NamedTuple):
    """The force balance f of Eq. A5 and its derivatives, in max_isometric_force.

    Attributes:
        balance: f.
        by_length: By fiber length, per m.
        by_velocity: By fiber velocity, s/m.
        by_activation: By activation.
        by_whole_length: By muscle-tendon length, per m.
    """

    balance: Tensor
    by_length: Tensor
    by_velocity: Tensor
    by_activation: Tensor
    by_whole_length: Tensor


def linearized_balance(
    fiber_length: MuscleValues,
    fiber_velocity: MuscleValues,
    activation: MuscleValues,
    muscle_tendon_length: MuscleValues,
    muscles: Muscles,
) -> LinearizedBalance:
    """Returns `muscle.force_balance` with its derivatives written out, which is faster than autograd.

    Args:
        fiber_length: m.
        fiber_velocity: m/s.
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
    """
    per_optimal = torch.reciprocal(muscles.optimal_fiber_length)  # divisions are slow
    per_slack = torch.reciprocal(muscles.tendon_slack_length)
    per_top_speed = per_optimal / muscles.max_contraction_velocity
    per_length = torch.reciprocal(fiber_length)
    sin_pennation = fiber_width(muscles) * per_length
    squared_sin = sin_pennation * sin_pennation
    cos_pennation = torch.sqrt(1.0 - squared_sin)
    per_cos = torch.reciprocal(cos_pennation)
    tendon_length = muscle_tendon_length - fiber_length * cos_pennation
    tendon, tendon_slope = tendon_force_multiplier(tendon_length * per_slack, muscles)
    stiffness = tendon_slope * per_slack
    normalized_length = fiber_length * per_optimal
    active, active_slope = muscles.active_force_length.value_and_slope(normalized_length)
    passive, passive_slope = passive_force_multiplier(normalized_length, muscles)
    normalized_velocity = fiber_velocity * per_top_speed
    velocity, velocity_slope = muscles.force_velocity.value_and_slope(normalized_velocity)
    at_velocity = activation * velocity
    fiber = at_velocity * active + passive + muscles.fiber_damping * normalized_velocity
    fiber_slope = (at_velocity * active_slope + passive_slope) * per_optimal
    cos_slope = squared_sin * per_length * per_cos
    damping = activation * active * velocity_slope + muscles.fiber_damping
    return LinearizedBalance(
        balance=tendon - cos_pennation * fiber,
        by_length=-stiffness * per_cos - cos_pennation * fiber_slope - cos_slope * fiber,
        by_velocity=-cos_pennation * damping * per_top_speed,
        by_activation=-cos_pennation * active * velocity,
        by_whole_length=stiffness,
    )


def integrate_sequentially(
    first: MuscleValues,
    activation: MuscleSeries,
    muscle_tendon_length: MuscleSeries,
    muscles: Muscles,
    time_step: float,
) -> MuscleSeries:
    """Fiber length over time, m, by plain steps; the reference.

    Args:
        first: Fiber length at the first instant, m; its time axis has one entry.
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
    """
    length, velocity = first, torch.zeros_like(first)
    series = [length]
    for i in range(activation.shape[-2] - 1):
        after = rosenbrock_step(
            length,
            velocity,
            (activation[..., i : i + 1, :], activation[..., i + 1 : i + 2, :]),
            (muscle_tendon_length[..., i : i + 1, :], muscle_tendon_length[..., i + 1 : i + 2, :]),
            muscles,
            time_step,
        )
        velocity = (after - length) / time_step
        length = after
        series.append(length)
    return torch.cat(series, dim=-2)


def elastic_tendon_force(
    fiber_length: MuscleValues, muscle_tendon_length: MuscleValues, muscles: Muscles
) -> tuple[MuscleValues, MuscleValues]:
    """Tendon force in max_isometric_force, and tendon strain.

    Args:
        fiber_length: m.
        muscle_tendon_length: m.
        muscles: Parameters.
    """
    tendon_length = muscle_tendon_length - fiber_length * cos_pennation_angle(fiber_length, muscles)
    normalized = tendon_length / muscles.tendon_slack_length
    force, _ = tendon_force_multiplier(normalized, muscles)
    return force, normalized - 1.0
