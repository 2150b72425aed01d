"""The elementwise functions of which a simulation is made, each with what it is differentiated by.

Optimal fiber length and tendon slack length are variables here, because they are learned;
`muscles` holds what stays.
"""

from torch import Tensor

from opensim_difcal.physics.activation import activation
from opensim_difcal.physics.elastic_tendon import (
    elastic_tendon_force,
    linearized_balance,
    rosenbrock_step,
)
from opensim_difcal.physics.elementwise import Elementwise
from opensim_difcal.physics.muscle import Muscles, clamp_activation, force_balance
from opensim_difcal.physics.rigid_tendon import rigid_fiber_length, rigid_tendon_force


def _activation(neural: Tensor, shape_factor: Tensor, muscles: Muscles) -> tuple[Tensor]:
    return (clamp_activation(activation(neural, shape_factor), muscles),)


def _balance(
    fiber_length: Tensor,
    activations: Tensor,
    optimal: Tensor,
    slack: Tensor,
    muscle_tendon_length: Tensor,
    muscles: Muscles,
) -> tuple[Tensor]:
    muscles = muscles.with_lengths(optimal, slack)
    return (force_balance(fiber_length, None, activations, muscle_tendon_length, muscles),)


def _moving_balance(
    fiber_length: Tensor,
    length_before: Tensor,
    activations: Tensor,
    optimal: Tensor,
    slack: Tensor,
    muscle_tendon_length: Tensor,
    time_step: Tensor,
    muscles: Muscles,
) -> tuple[Tensor]:
    muscles = muscles.with_lengths(optimal, slack)
    velocity = (fiber_length - length_before) / time_step
    return (force_balance(fiber_length, velocity, activations, muscle_tendon_length, muscles),)


def _moving_balance_and_slope(
    fiber_length: Tensor,
    length_before: Tensor,
    activations: Tensor,
    optimal: Tensor,
    slack: Tensor,
    muscle_tendon_length: Tensor,
    time_step: Tensor,
    muscles: Muscles,
) -> tuple[Tensor, Tensor]:
    muscles = muscles.with_lengths(optimal, slack)
    velocity = (fiber_length - length_before) / time_step
    at = linearized_balance(fiber_length, velocity, activations, muscle_tendon_length, muscles)
    return at.balance, at.by_length + at.by_velocity / time_step


def _step(
    fiber_length: Tensor,
    fiber_velocity: Tensor,
    activation_before: Tensor,
    activation_after: Tensor,
    optimal: Tensor,
    slack: Tensor,
    length_before: Tensor,
    length_after: Tensor,
    time_step: Tensor,
    muscles: Muscles,
) -> tuple[Tensor]:
    after = rosenbrock_step(
        fiber_length,
        fiber_velocity,
        (activation_before, activation_after),
        (length_before, length_after),
        muscles.with_lengths(optimal, slack),
        time_step,
    )
    return (after,)


def _elastic_force(
    fiber_length: Tensor, optimal: Tensor, slack: Tensor, muscle_tendon_length: Tensor, muscles: Muscles
) -> tuple[Tensor, Tensor]:
    return elastic_tendon_force(fiber_length, muscle_tendon_length, muscles.with_lengths(optimal, slack))


def _rigid_force(
    activations: Tensor,
    optimal: Tensor,
    slack: Tensor,
    muscle_tendon_length: Tensor,
    muscle_tendon_velocity: Tensor,
    muscles: Muscles,
) -> tuple[Tensor, Tensor]:
    muscles = muscles.with_lengths(optimal, slack)
    force = rigid_tendon_force(muscle_tendon_length, muscle_tendon_velocity, activations, muscles)
    return force, rigid_fiber_length(muscle_tendon_length, muscles) + 0.0 * activations


ACTIVATION = Elementwise("activation", _activation, 2, 1, 2)
"""Activation; by neural activation and shape factor."""

BALANCE = Elementwise("balance", _balance, 5, 1, 4)
"""Force balance at rest; by fiber length, activation, optimal and slack length."""

MOVING_BALANCE = Elementwise("moving_balance", _moving_balance, 7, 1, 5)
"""Force balance with the velocity as backward difference; by fiber length, fiber length a step
before, activation, optimal and slack length."""

MOVING_BALANCE_AND_SLOPE = Elementwise("moving_balance_and_slope", _moving_balance_and_slope, 7, 2, 0)
"""The same and its derivative by fiber length: what a search for its root needs."""

STEP = Elementwise("step", _step, 9, 1, 6)
"""Fiber length a step later; by fiber length, velocity, activation before and after, optimal
and slack length."""

ELASTIC_FORCE = Elementwise("elastic_force", _elastic_force, 4, 2, 3)
"""Tendon force and strain; by fiber length, optimal and slack length."""

RIGID_FORCE = Elementwise("rigid_force", _rigid_force, 5, 2, 3)
"""Tendon force and fiber length; by activation, optimal and slack length."""
