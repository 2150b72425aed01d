"""Finds muscles that a motion leaves no room for their fibers, and gives them room.

With its tendon at slack length a muscle's fiber, along the tendon, is as long as the rest of the
muscle-tendon length. Where that is less than zero, or than what the largest pennation angle
allows, the muscle buckles: its force is zero whatever its excitation, and so are the derivatives
that a calibration needs to get away from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.shapes import MuscleArray

Range = tuple[float, float]

SHORTEST = 0.25
"""Normalized fiber length: OpenSim clamps fibers at 0.44 unless a model has other curves."""

_CHECK = "Check the scaling of the model, and its markers and joint angles."
_STILL_INFEASIBLE = (
    "It still has none: widen <tendon_slack_length_bounds> or <optimal_fiber_length_bounds>, or correct the "
    "scaling of the model."
)


@dataclass(frozen=True)
class MuscleRepair:
    """What was changed of one muscle so that its fiber has room.

    Attributes:
        name: The muscle.
        trial: Where its muscle-tendon length is shortest.
        shortest_before: (muscle_tendon_length - tendon_slack_length) / optimal_fiber_length there,
            with the model's values.
        shortest_after: The same with the new values.
        longest_after: The same where its muscle-tendon length is longest.
        tendon_slack_length: Before and after, m.
        optimal_fiber_length: Before and after, m.
        is_feasible: Whether the bounds allowed enough change for a fiber of positive length.
    """

    name: str
    trial: str
    shortest_before: float
    shortest_after: float
    longest_after: float
    tendon_slack_length: tuple[float, float]
    optimal_fiber_length: tuple[float, float]
    is_feasible: bool

    @property
    def sentence(self) -> str:
        """What was wrong and what was done, for the user."""
        changes = [
            f"{name} {after:.4f} m instead of {before:.4f} m ({100.0 * (after / before - 1.0):+.1f} %)"
            for name, (before, after) in (
                ("tendon_slack_length", self.tendon_slack_length),
                ("optimal_fiber_length", self.optimal_fiber_length),
            )
            if after != before
        ]
        start = (
            f"The model leaves {self.name} no room for its fiber in trial {self.trial!r}: with the tendon at "
            f"slack length, {self.shortest_before:.2f} optimal fiber lengths remain along it."
        )
        if not changes:
            return f"{start} Nothing was changed. {_STILL_INFEASIBLE}"
        done = (
            f"The calibration started from {' and '.join(changes)}, which leaves "
            f"{self.shortest_after:.2f} to {self.longest_after:.2f}; bounds are relative to that."
        )
        return f"{start} {done} {_CHECK if self.is_feasible else _STILL_INFEASIBLE}"


def repaired(
    muscles: Muscles,
    muscle_tendon_lengths: Mapping[str, MuscleArray],
    *,
    tendon_slack_length_bounds: Range,
    optimal_fiber_length_bounds: Range,
    shortest: float = SHORTEST,
) -> tuple[Muscles, tuple[MuscleRepair, ...]]:
    """Returns muscles that all have room for their fibers, and what was changed.

    Of a muscle without room the tendon slack length is shortened by as little as makes its fiber
    nowhere shorter than OpenSim allows; where its bound comes first, the optimal fiber length is
    shortened as well, within its own. Other muscles stay as they are.

    Args:
        muscles: The model's muscles.
        muscle_tendon_lengths: m, by trial; the muscles' order.
        tendon_slack_length_bounds: Relative to the model's value.
        optimal_fiber_length_bounds: Relative to the model's value.
        shortest: Normalized fiber length that is aimed at, with the tendon at slack length, where
            OpenSim would allow a shorter one.
    """
    optimal, slack = (
        x.cpu().numpy().copy() for x in (muscles.optimal_fiber_length, muscles.tendon_slack_length)
    )
    least = _least_along_tendon(muscles)
    along = _along_tendon(
        muscles, np.maximum(shortest, muscles.minimum_normalized_fiber_length.cpu().numpy())
    )
    low = np.array([lengths.min(axis=0) for lengths in muscle_tendon_lengths.values()])
    high = np.max([lengths.max(axis=0) for lengths in muscle_tendon_lengths.values()], axis=0)
    trials = tuple(muscle_tendon_lengths)
    repairs = []
    for i in np.flatnonzero(low.min(axis=0) - slack <= least * optimal):
        shortest_path = low[:, i].min()
        before = slack[i], optimal[i]
        wanted, lowest = shortest_path - along[i] * before[1], tendon_slack_length_bounds[0] * before[0]
        slack[i] = max(wanted, lowest)
        room = shortest_path - slack[i]
        if wanted < lowest and room > 0.0:  # else a shorter fiber has no room either
            optimal[i] = np.clip(room / along[i], optimal_fiber_length_bounds[0] * before[1], before[1])
        repairs.append(
            MuscleRepair(
                name=muscles.names[i],
                trial=trials[int(low[:, i].argmin())],
                shortest_before=float((shortest_path - before[0]) / before[1]),
                shortest_after=float(room / optimal[i]),
                longest_after=float((high[i] - slack[i]) / optimal[i]),
                tendon_slack_length=(float(before[0]), float(slack[i])),
                optimal_fiber_length=(float(before[1]), float(optimal[i])),
                is_feasible=bool(room > least[i] * optimal[i]),
            )
        )
    return _with_repairs(muscles, repairs, 1), tuple(repairs)


def unrepaired(muscles: Muscles, repairs: Sequence[MuscleRepair]) -> Muscles:
    """Returns the muscles as the model has them.

    Args:
        muscles: As `repaired` returned them.
        repairs: What it changed.
    """
    return _with_repairs(muscles, repairs, 0)


def _with_repairs(muscles: Muscles, repairs: Sequence[MuscleRepair], which: int) -> Muscles:
    """The muscles with the lengths before (0) or after (1) the repairs."""
    if not repairs:
        return muscles
    optimal, slack = muscles.optimal_fiber_length.clone(), muscles.tendon_slack_length.clone()
    for repair in repairs:
        i = muscles.names.index(repair.name)
        optimal[i] = repair.optimal_fiber_length[which]
        slack[i] = repair.tendon_slack_length[which]
    return replace(muscles, optimal_fiber_length=optimal, tendon_slack_length=slack)


def _along_tendon(muscles: Muscles, normalized: np.ndarray) -> np.ndarray:
    """Projection of fibers on the tendon, in optimal fiber lengths, from their normalized lengths."""
    width = np.sin(muscles.pennation_angle_at_optimal.cpu().numpy())
    return np.sqrt(normalized**2 - width**2)


def _least_along_tendon(muscles: Muscles) -> np.ndarray:
    """The same of fibers at the largest pennation angle; zero without pennation."""
    tangent = torch.tan(muscles.maximum_pennation_angle)
    return (torch.sin(muscles.pennation_angle_at_optimal) / tangent).cpu().numpy()
