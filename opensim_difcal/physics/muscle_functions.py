"""The elementwise functions of which a simulation is made, each with what it is differentiated by.

What is learned of the muscles' mechanics is a variable here, in the order of
`Muscles.mechanical`; `muscles` holds what stays.
"""

from typing import Any

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


def _balance(fiber_length: Tensor, activations: Tensor, *others: Any) -> tuple[Tensor]:
    *mechanical, muscle_tendon_length, muscles = others
    muscles = muscles.with_mechanical(mechanical)
    return (force_balance(fiber_length, None, activations, muscle_tendon_length, muscles),)


def _moving_balance(
    fiber_length: Tensor, length_before: Tensor, activations: Tensor, *others: Any
) -> tuple[Tensor]:
    *mechanical, muscle_tendon_length, time_step, muscles = others
    muscles = muscles.with_mechanical(mechanical)
    velocity = (fiber_length - length_before) / time_step
    return (force_balance(fiber_length, velocity, activations, muscle_tendon_length, muscles),)


def _moving_balance_and_slope(
    fiber_length: Tensor, length_before: Tensor, activations: Tensor, *others: Any
) -> tuple[Tensor, Tensor]:
    *mechanical, muscle_tendon_length, time_step, muscles = others
    muscles = muscles.with_mechanical(mechanical)
    velocity = (fiber_length - length_before) / time_step
    at = linearized_balance(fiber_length, velocity, activations, muscle_tendon_length, muscles)
    return at.balance, at.by_length + at.by_velocity / time_step


def _step(
    fiber_length: Tensor,
    fiber_velocity: Tensor,
    activation_before: Tensor,
    activation_after: Tensor,
    *others: Any,
) -> tuple[Tensor]:
    *mechanical, length_before, length_after, time_step, muscles = others
    after = rosenbrock_step(
        fiber_length,
        fiber_velocity,
        (activation_before, activation_after),
        (length_before, length_after),
        muscles.with_mechanical(mechanical),
        time_step,
    )
    return (after,)


def _elastic_force(fiber_length: Tensor, *others: Any) -> tuple[Tensor, Tensor]:
    *mechanical, muscle_tendon_length, muscles = others
    return elastic_tendon_force(fiber_length, muscle_tendon_length, muscles.with_mechanical(mechanical))


def _rigid_force(activations: Tensor, *others: Any) -> tuple[Tensor, Tensor]:
    *mechanical, muscle_tendon_length, muscle_tendon_velocity, muscles = others
    muscles = muscles.with_mechanical(mechanical)
    force = rigid_tendon_force(muscle_tendon_length, muscle_tendon_velocity, activations, muscles)
    return force, rigid_fiber_length(muscle_tendon_length, muscles) + 0.0 * activations


ACTIVATION = Elementwise("activation", _activation, 2, 0, 1, is_mechanical=False)
"""Activation; by neural activation and shape factor."""

BALANCE = Elementwise("balance", _balance, 2, 1, 1)
"""Force balance at rest; by fiber length, activation and what is mechanical; then muscle-tendon length."""

MOVING_BALANCE = Elementwise("moving_balance", _moving_balance, 3, 2, 1)
"""Force balance with the velocity as backward difference; by fiber length, fiber length a step
before, activation and what is mechanical; then muscle-tendon length and time step."""

MOVING_BALANCE_AND_SLOPE = Elementwise(
    "moving_balance_and_slope", _moving_balance_and_slope, 3, 2, 2, is_differentiated=False
)
"""The same and its derivative by fiber length: what a search for its root needs."""

STEP = Elementwise("step", _step, 4, 3, 1)
"""Fiber length a step later; by fiber length, velocity, activation before and after, and what is
mechanical; then muscle-tendon length before and after, and time step."""

ELASTIC_FORCE = Elementwise("elastic_force", _elastic_force, 1, 1, 2)
"""Tendon force and strain; by fiber length and what is mechanical; then muscle-tendon length."""

RIGID_FORCE = Elementwise("rigid_force", _rigid_force, 1, 2, 2)
"""Tendon force and fiber length; by activation and what is mechanical; then muscle-tendon length
and velocity."""
