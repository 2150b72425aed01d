"""Muscles whose tendon keeps its slack length (ignore_tendon_compliance)."""

import torch

from opensim_difcal.physics.muscle import (
    Muscles,
    cos_pennation_angle,
    fiber_force_multiplier,
    fiber_length_from_projection,
    minimum_fiber_length,
)
from opensim_difcal.shapes import MuscleValues


def rigid_fiber_length(muscle_tendon_length: MuscleValues, muscles: Muscles) -> MuscleValues:
    """Fiber length, m: what the muscle-tendon length leaves beside the tendon.

    Args:
        muscle_tendon_length: m.
        muscles: Parameters.
    """
    return fiber_length_from_projection(muscle_tendon_length - muscles.tendon_slack_length, muscles)


def rigid_tendon_force(
    muscle_tendon_length: MuscleValues,
    muscle_tendon_velocity: MuscleValues,
    activation: MuscleValues,
    muscles: Muscles,
) -> MuscleValues:
    """Tendon force in max_isometric_force, at least zero as in OpenSim.

    A muscle shorter than its slack tendon and shortest fiber buckles and bears nothing.

    Args:
        muscle_tendon_length: m.
        muscle_tendon_velocity: m/s, lengthening positive.
        activation: 0..1.
        muscles: Parameters.
    """
    fiber_length = rigid_fiber_length(muscle_tendon_length, muscles)
    cos_pennation = cos_pennation_angle(fiber_length, muscles)
    fiber_velocity = muscle_tendon_velocity * cos_pennation
    force = cos_pennation * fiber_force_multiplier(fiber_length, fiber_velocity, activation, muscles)
    bears = fiber_length > minimum_fiber_length(muscles)
    return torch.where(bears, torch.relu(force), torch.zeros_like(force))
