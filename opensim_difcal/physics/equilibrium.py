"""Fiber length at rest: where tendon and fiber balance at zero velocity."""

from typing import NamedTuple

import torch
from torch import Tensor

from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import Muscles, fiber_width, minimum_fiber_length
from opensim_difcal.physics.muscle_functions import BALANCE
from opensim_difcal.shapes import MuscleValues

_NEAR = 1e-3  # of the optimal fiber length: the bracket is smaller by then

SETTLED = 1e-6
"""Of the optimal fiber length: a larger Newton step says that this is no root."""


class Equilibrium(NamedTuple):
    """A fiber length and its derivatives.

    Attributes:
        fiber_length: m.
        by_activation: m.
        by_mechanical: By each of the muscles' `mechanical` parameters.
    """

    fiber_length: Tensor
    by_activation: Tensor
    by_mechanical: tuple[Tensor, ...]


def bracket(muscle_tendon_length: MuscleValues, muscles: Muscles) -> tuple[Tensor, Tensor]:
    """Returns the shortest and the longest fiber length that is looked at, m.

    Args:
        muscle_tendon_length: m.
        muscles: Parameters.
    """
    shortest = minimum_fiber_length(muscles)
    longest = torch.relu(muscle_tendon_length - 0.5 * muscles.tendon_slack_length)
    high = torch.maximum(torch.sqrt(longest**2 + fiber_width(muscles) ** 2), shortest)
    return shortest.expand_as(high), high


def is_crushed(fiber_length: MuscleValues, muscles: Muscles) -> Tensor:
    """Returns whether a fiber, m, is as short as OpenSim lets it be, or nearly."""
    return fiber_length < minimum_fiber_length(muscles) * (1.0 + _NEAR)


def equilibrium(
    engine: Engine, activation: MuscleValues, muscle_tendon_length: MuscleValues, muscles: Muscles
) -> Equilibrium:
    """Returns the fiber length at rest, by bisection and two Newton steps.

    Derivatives are those of the implicit function theorem. Where the bracket holds no
    balance the fiber stays at its end.

    Args:
        engine: What finds the root.
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
    """
    optimal = muscles.optimal_fiber_length
    variables = (activation, *muscles.mechanical, muscle_tendon_length)
    low, high = bracket(muscle_tendon_length, muscles)
    root = engine.root(BALANCE, low, high, variables, muscles)
    (balance,), ((by_length, *_),) = engine.with_partials(BALANCE, (root, *variables), muscles)
    step = balance / by_length
    root = torch.where(step.abs() < _NEAR * optimal, root - step, root)
    (balance,), ((by_length, *others),) = engine.with_partials(BALANCE, (root, *variables), muscles)
    step = balance / by_length
    settled = step.abs() < SETTLED * optimal  # before a Newton step that squares it
    shortest = minimum_fiber_length(muscles)
    crushed = is_crushed(root, muscles)
    at_crushed = crushed.to(root.dtype) * muscles.minimum_normalized_fiber_length
    none = torch.zeros_like(root)
    ends = (none, at_crushed, *(none for _ in muscles.mechanical[1:]))
    by_activation, *by_mechanical = (
        torch.where(settled, -by / by_length, end) for by, end in zip(others, ends, strict=True)
    )
    length = torch.where(settled, root - step, torch.where(crushed, shortest, root))
    return Equilibrium(length, by_activation, tuple(by_mechanical))
