"""Maps normalized fiber and tendon lengths from a reference model to a scaled one.

Scaling a model stretches every muscle's path, but optimal fiber length and tendon slack length only
in proportion to the path in one pose. Here they are chosen so that in many poses of the joints that
a muscle spans fiber and tendon have the normalized lengths that they have in the reference model:

    muscle_tendon_length = optimal_fiber_length * (normalized fiber length * cos(pennation angle))
                           + tendon_slack_length * (normalized tendon length)

is linear in both, with the bracketed terms from the reference at full activation and rest, and is
solved by least squares over all poses.

References:
    Modenese et al. (2016), J Biomech 49(2):141-148, doi 10.1016/j.jbiomech.2015.11.006.
    Winby et al. (2008), J Biomech 41(8):1682-1688.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.equilibrium import equilibrium
from opensim_difcal.physics.muscle import Muscles, cos_pennation_angle
from opensim_difcal.physics.rigid_tendon import rigid_fiber_length
from opensim_difcal.shapes import MuscleArray

Range = tuple[float, float]
Poses = Float[np.ndarray, " pose"]

SHORTEST_ACTIVE_FIBER = 0.5
"""Normalized: shorter fibers bear next to nothing; poses with such fibers are left out."""

_INDEPENDENT = 1e-6  # least singular value of both columns that are no multiples, of their norm

LEAST_SQUARES, TENDON_SHARE, KEPT = "least_squares", "tendon_share", "kept"
"""How lengths were found: as above; where that gives no two positive lengths, the fiber from the share
that it has of the path in the reference, then the tendon from what is left; or, where that gives none
either, not at all."""


@dataclass(frozen=True)
class NormalizedLengths:
    """Fibers and tendons of muscles in some poses, at full activation and at rest.

    Attributes:
        fiber: Normalized fiber length.
        fiber_along_tendon: The same times the cosine of the pennation angle.
        tendon: Tendon length over tendon slack length.
        tendon_share: Tendon length over muscle-tendon length.
        is_active: Whether the fiber is long enough to bear force.
    """

    fiber: MuscleArray
    fiber_along_tendon: MuscleArray
    tendon: MuscleArray
    tendon_share: MuscleArray
    is_active: Bool[np.ndarray, "time muscle"]


@dataclass(frozen=True)
class MappedLengths:
    """Lengths of one muscle of the scaled model.

    Attributes:
        optimal_fiber_length: m.
        tendon_slack_length: m.
        method: One of `LEAST_SQUARES`, `TENDON_SHARE`, `KEPT`.
        n_poses: In which the muscle was looked at.
        n_active: Those that decided.
    """

    optimal_fiber_length: float
    tendon_slack_length: float
    method: str
    n_poses: int
    n_active: int


def joint_space(ranges: Mapping[str, Range], samples: int, max_poses: int) -> dict[str, Poses]:
    """Returns every combination of evenly spaced coordinates, both ends of each range among them.

    Args:
        ranges: Least and largest value by coordinate, rad or m; at least one.
        samples: Values of every coordinate; fewer where more combinations than `max_poses` would
            come out, but at least two.
        max_poses: As many at most, where two values of every coordinate allow that.
    """
    most = int(max_poses ** (1.0 / len(ranges)) + 1e-9)
    n = max(min(samples, most), 2)
    values = np.meshgrid(*(np.linspace(low, high, n) for low, high in ranges.values()), indexing="ij")
    return {name: each.ravel() for name, each in zip(ranges, values, strict=True)}


def normalized_lengths(
    engine: Engine, muscle_tendon_length: MuscleArray, muscles: Muscles
) -> NormalizedLengths:
    """Returns normalized lengths where fiber and tendon balance at activation one and rest.

    Tendons that the model has rigid stay at slack length.

    Args:
        engine: What finds the balance.
        muscle_tendon_length: m, by pose.
        muscles: Parameters.
    """
    length = torch.from_numpy(muscle_tendon_length)
    with torch.no_grad():
        elastic = equilibrium(engine, torch.ones_like(length), length, muscles).fiber_length
        fiber = torch.where(muscles.rigid_tendon, rigid_fiber_length(length, muscles), elastic)
        along = fiber * cos_pennation_angle(fiber, muscles)
        tendon = torch.where(
            muscles.rigid_tendon, torch.ones_like(fiber), (length - along) / muscles.tendon_slack_length
        )
        sines = torch.sin(muscles.pennation_angle_at_optimal), torch.sin(muscles.maximum_pennation_angle)
        shortest = torch.clamp(sines[0] / sines[1], min=SHORTEST_ACTIVE_FIBER)
        normalized = fiber / muscles.optimal_fiber_length
        return NormalizedLengths(
            normalized.numpy(),
            (along / muscles.optimal_fiber_length).numpy(),
            tendon.numpy(),
            (tendon * muscles.tendon_slack_length / length).numpy(),
            (normalized > shortest).numpy(),
        )


def mapped_lengths(
    reference: NormalizedLengths, muscle_tendon_length: MuscleArray, muscles: Muscles
) -> dict[str, MappedLengths]:
    """Returns the lengths with which each muscle of the scaled model resembles the reference.

    Args:
        reference: The reference model's muscles, by pose.
        muscle_tendon_length: Of the scaled model in the same poses, m.
        muscles: The scaled model's, in the same order; what cannot be mapped stays as it is.
    """
    found = {}
    for i, name in enumerate(muscles.names):
        used = reference.is_active[:, i]
        columns = np.stack([reference.fiber_along_tendon[used, i], reference.tendon[used, i]], axis=1)
        lengths, method = _solve(columns, reference.tendon_share[used, i], muscle_tendon_length[used, i])
        if method == KEPT:
            lengths = np.array([muscles.optimal_fiber_length[i], muscles.tendon_slack_length[i]])
        found[name] = MappedLengths(
            optimal_fiber_length=float(lengths[0]),
            tendon_slack_length=float(lengths[1]),
            method=method,
            n_poses=len(used),
            n_active=int(used.sum()),
        )
    return found


def _solve(
    columns: Float[np.ndarray, "pose 2"], tendon_share: Poses, muscle_tendon_length: Poses
) -> tuple[Float[np.ndarray, " 2"], str]:
    """Optimal fiber length and tendon slack length, m, and how they were found."""
    if not len(columns):
        return np.zeros(2), KEPT
    if np.linalg.matrix_rank(columns, tol=_INDEPENDENT * np.linalg.norm(columns)) == 2:
        lengths = np.linalg.lstsq(columns, muscle_tendon_length, rcond=None)[0]
        if lengths.min() > 0.0:
            return lengths, LEAST_SQUARES
    fiber, tendon = columns.T
    optimal = fiber @ ((1.0 - tendon_share) * muscle_tendon_length) / (fiber @ fiber)
    slack = tendon @ (muscle_tendon_length - fiber * optimal) / (tendon @ tendon)
    lengths = np.array([optimal, slack])
    return (lengths, TENDON_SHARE) if lengths.min() > 0.0 else (lengths, KEPT)


def fiber_difference(reference: NormalizedLengths, scaled: NormalizedLengths) -> Float[np.ndarray, " muscle"]:
    """Returns the root mean squared difference of normalized fiber lengths, where the reference's are active.

    Args:
        reference: The reference model's muscles, by pose.
        scaled: Those of the scaled model in the same poses.

    Returns:
        One number per muscle; NaN where no pose is active.
    """
    squares = np.where(reference.is_active, (scaled.fiber - reference.fiber) ** 2, 0.0).sum(axis=0)
    counts = reference.is_active.sum(axis=0)
    return np.sqrt(np.divide(squares, counts, out=np.full(len(counts), np.nan), where=counts > 0))
