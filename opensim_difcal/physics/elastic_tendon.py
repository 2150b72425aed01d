"""Fiber length of muscles with an elastic tendon: first-order Rosenbrock, Eqs A1-A5.

References:
    Hambly et al., Appendix A; van den Bogert et al. (2011), Procedia IUTAM 2:297-316.
"""

import torch

from opensim_difcal.physics.muscle import (
    Muscles,
    cos_pennation_angle,
    force_balance,
    minimum_fiber_length,
    tendon_force_multiplier,
)
from opensim_difcal.shapes import MuscleSeries, MuscleValues

_BISECTIONS = 50


def rosenbrock_step(
    fiber_length: MuscleValues,
    fiber_velocity: MuscleValues,
    activation: tuple[MuscleValues, MuscleValues],
    muscle_tendon_length: tuple[MuscleValues, MuscleValues],
    muscles: Muscles,
    time_step: float,
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
    optimal, slack = muscles.optimal_fiber_length, muscles.tendon_slack_length
    top_speed = optimal * muscles.max_contraction_velocity
    cos_pennation = cos_pennation_angle(fiber_length, muscles)
    tendon_length = muscle_tendon_length[0] - fiber_length * cos_pennation
    tendon, tendon_slope = tendon_force_multiplier(tendon_length / slack, muscles)
    active, active_slope = muscles.active_force_length.value_and_slope(fiber_length / optimal)
    passive, passive_slope = muscles.fiber_force_length.value_and_slope(fiber_length / optimal)
    normalized_velocity = fiber_velocity / top_speed
    velocity, velocity_slope = muscles.force_velocity.value_and_slope(normalized_velocity)
    fiber = activation[0] * active * velocity + passive + muscles.fiber_damping * normalized_velocity
    fiber_slope = (activation[0] * active_slope * velocity + passive_slope) / optimal
    cos_slope = (1.0 - cos_pennation**2) / (fiber_length * cos_pennation)

    f = tendon - cos_pennation * fiber
    f_length = -tendon_slope / (slack * cos_pennation) - cos_pennation * fiber_slope - cos_slope * fiber
    f_velocity = (
        -cos_pennation * (activation[0] * active * velocity_slope + muscles.fiber_damping) / top_speed
    )
    controls = (tendon_slope / slack) * (muscle_tendon_length[1] - muscle_tendon_length[0]) - (
        cos_pennation * active * velocity
    ) * (activation[1] - activation[0])
    change = (f_velocity * fiber_velocity - f - controls) / (f_length + f_velocity / time_step)
    return torch.maximum(fiber_length + change, minimum_fiber_length(muscles))


def equilibrium_fiber_length(
    activation: MuscleValues, muscle_tendon_length: MuscleValues, muscles: Muscles
) -> MuscleValues:
    """Fiber length at rest, m: the force balance at zero velocity, by bisection.

    One Newton step at the root carries the gradient (implicit function theorem).

    Args:
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
    """
    still = torch.zeros_like(muscle_tendon_length)

    def balance(fiber_length: MuscleValues) -> MuscleValues:
        return force_balance(fiber_length, still, activation, muscle_tendon_length, muscles)

    with torch.no_grad():
        low = minimum_fiber_length(muscles).expand_as(muscle_tendon_length).clone()
        width = muscles.optimal_fiber_length * torch.sin(muscles.pennation_angle_at_optimal)
        longest = torch.relu(muscle_tendon_length - 0.5 * muscles.tendon_slack_length)
        high = torch.maximum(torch.sqrt(longest**2 + width**2), low)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            tendon_wins = balance(middle) > 0.0
            low, high = torch.where(tendon_wins, middle, low), torch.where(tendon_wins, high, middle)
        root = 0.5 * (low + high)
    with torch.enable_grad():
        variable = root.clone().requires_grad_(True)
        slope = torch.autograd.grad(balance(variable).sum(), variable)[0].detach()
    # Away from a bracket end the balance vanishes and this changes only the gradient.
    step = balance(root) / slope
    settled = step.detach().abs() < 1e-6 * muscles.optimal_fiber_length.detach()
    return torch.where(settled, root - step, torch.maximum(root, minimum_fiber_length(muscles)))


def integrate_sequentially(
    activation: MuscleSeries, muscle_tendon_length: MuscleSeries, muscles: Muscles, time_step: float
) -> MuscleSeries:
    """Fiber length over time, m, by plain steps from equilibrium; the reference.

    Args:
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
        time_step: s.
    """
    length = equilibrium_fiber_length(activation[..., 0, :], muscle_tendon_length[..., 0, :], muscles)
    velocity = torch.zeros_like(length)
    series = [length]
    for i in range(activation.shape[-2] - 1):
        after = rosenbrock_step(
            length,
            velocity,
            (activation[..., i, :], activation[..., i + 1, :]),
            (muscle_tendon_length[..., i, :], muscle_tendon_length[..., i + 1, :]),
            muscles,
            time_step,
        )
        velocity = (after - length) / time_step
        length = after
        series.append(length)
    return torch.stack(series, dim=-2)


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
