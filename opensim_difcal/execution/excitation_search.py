"""Finds the excitations of a whole trial at once: a primal-dual interior point method.

The cost is a sum of squares of a smooth function of all excitations, which have bounds. A
barrier keeps them off the bounds and is lowered until nothing is left of it; so no muscle
has to be declared silent or saturated on the way, which with thousands of excitations takes
an active-set method hundreds of steps. Each iteration linearizes the muscles once. With the
moment error r, its Jacobian J and W, the stiffness of excitations and barrier, the step is

    p = W^-1 J^T (I + J W^-1 J^T)^-1 (J W^-1 g - r) - W^-1 g,

g being the gradient of all but the moment error. The system has one unknown per instant and
coordinate; conjugate gradients solve it with products alone, eased by the part of it that
acts at once.

References:
    Nocedal and Wright (2006), Numerical optimization, chapters 14 and 19.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from opensim_difcal.execution.excitation_problem import ExcitationProblem
from opensim_difcal.execution.result import SearchStatus
from opensim_difcal.physics.excitation_response import ExcitationResponse
from opensim_difcal.shapes import CoordinateSeries, MuscleSeries

_MARGIN = 0.01  # of the start to the bounds
_CENTERING = 0.4  # of the barrier, from one iteration to the next
_TO_THE_BOUND = 0.995  # of the way, at most
_OFF_CENTER = 100.0  # of a multiplier from what the barrier gives
_MAX_PRODUCTS, _FORCING = 300, 1e-3  # of a linear solve; residual of its right side
_SUFFICIENT, _SHORTEST = 1e-4, 2.0**-8
_FIRST_DAMPING, _LARGEST_DAMPING = 1.0, 1e6  # in the stiffness of excitations
_N_STILL = 2  # iterations in a row that gain too little


@dataclass(frozen=True)
class FoundExcitations:
    """Where a search ended.

    Attributes:
        excitation: Of every muscle.
        status: Why it stopped.
        n_iterations: Iterations done.
        first_cost: By term and "total", with the excitations it was given; synthesized ones
            begin at a twentieth.
        cost: The same at the end.
    """

    excitation: MuscleSeries
    status: SearchStatus
    n_iterations: int
    first_cost: Mapping[str, float]
    cost: Mapping[str, float]


class _Point(NamedTuple):
    """Excitations, what the muscles make of them, and the cost by term."""

    excitation: MuscleSeries
    response: ExcitationResponse
    error: CoordinateSeries
    terms: Mapping[str, Tensor]

    @property
    def cost(self) -> float:
        return float(self.terms["total"])

    def numbers(self) -> dict[str, float]:
        return {name: float(term) for name, term in self.terms.items()}


class _Barrier(NamedTuple):
    """Multipliers of the lower and upper bounds; zero for muscles that are not free."""

    low: MuscleSeries
    high: MuscleSeries


def search_excitations(
    problem: ExcitationProblem, *, max_iterations: int, tolerance: float
) -> FoundExcitations:
    """Returns the excitations of least cost.

    Args:
        problem: What is asked for.
        max_iterations: At most so many.
        tolerance: Part of the cost below which what the barrier still costs, and what an
            iteration gains, do not count.
    """
    with torch.no_grad():
        first = _point(problem, problem.start(0.0)).numbers()
        point = _point(problem, problem.start(_MARGIN))
        barrier, height = _first_barrier(problem, point)
        status, n_iterations, n_still, damping = SearchStatus.MAX_ITERATIONS, 0, 0, 0.0
        while n_iterations < max_iterations and status is SearchStatus.MAX_ITERATIONS:
            n_iterations += 1
            before = point
            point, barrier = _iterate(problem, point, barrier, height, damping)
            failed = point is before
            damping = max(_FIRST_DAMPING, 10.0 * damping) if failed else 0.1 * damping
            lowest = tolerance * point.cost / problem.n_free
            is_still = height <= 2.0 * lowest and abs(before.cost - point.cost) < tolerance * before.cost
            n_still = n_still + 1 if is_still and not failed else 0
            if n_still == _N_STILL or damping > _LARGEST_DAMPING:
                status = SearchStatus.CONVERGED
            height = max(lowest, _CENTERING * height)
    return FoundExcitations(point.excitation, status, n_iterations, first, point.numbers())


def _point(problem: ExcitationProblem, excitation: MuscleSeries) -> _Point:
    response = problem.response(excitation)
    error = problem.moment_error(response.tendon_force)
    return _Point(excitation, response, error, problem.terms(excitation, error))


def _first_barrier(problem: ExcitationProblem, point: _Point) -> tuple[_Barrier, float]:
    """A barrier as high as the cost, spread over the excitations."""
    height = point.cost / problem.n_free
    low, high = problem.distances(point.excitation)
    return _Barrier(height * problem.is_free / low, height * problem.is_free / high), height


def _iterate(
    problem: ExcitationProblem, point: _Point, barrier: _Barrier, height: float, damping: float
) -> tuple[_Point, _Barrier]:
    """One step of excitations and multipliers towards a barrier of the given height.

    After a step that did not lower the cost, damping makes the next one shorter.
    """
    low, high = problem.distances(point.excitation)
    by_barrier = height * problem.is_free * (1.0 / high - 1.0 / low)
    own = problem.stiffness * (point.excitation - problem.target) + by_barrier
    weight = (1.0 + damping) * problem.stiffness + barrier.low / low + barrier.high / high
    step = _step(problem, point, own, weight)
    after = _along(problem, point, step, own, height)
    moved = after.excitation - point.excitation
    multipliers = height / low - barrier.low / low * moved, height / high + barrier.high / high * moved
    distances = problem.distances(after.excitation)
    return after, _Barrier(
        *(
            problem.is_free
            * torch.clamp(each, height / (_OFF_CENTER * distance), _OFF_CENTER * height / distance)
            for each, distance in zip(multipliers, distances, strict=True)
        )
    )


def _step(problem: ExcitationProblem, point: _Point, own: MuscleSeries, weight: MuscleSeries) -> MuscleSeries:
    """The Gauss-Newton step of the excitations within the barrier."""
    per_weight = problem.is_free / torch.where(problem.free, weight, 1.0)

    def forward(change: MuscleSeries) -> CoordinateSeries:
        return problem.moment_change(point.response.change_of_forces(change))

    def backward(error: CoordinateSeries) -> MuscleSeries:
        return point.response.gradient(problem.force_gradient(error))

    gain = problem.moment_gain(point.response.force_at_once())
    blocks = torch.einsum("tcm,tm,tdm->tcd", gain, per_weight, gain)
    factor = torch.linalg.cholesky(blocks + torch.eye(blocks.shape[-1], dtype=blocks.dtype))

    def eased(residual: CoordinateSeries) -> CoordinateSeries:
        return torch.cholesky_solve(residual.unsqueeze(-1), factor).squeeze(-1)

    alone = per_weight * own
    residual = forward(alone) - point.error
    found, direction = torch.zeros_like(residual), eased(residual)
    size = float((residual * direction).sum())
    enough = _FORCING**2 * size
    for _ in range(_MAX_PRODUCTS):
        if size <= enough:
            break
        curved = direction + forward(per_weight * backward(direction))
        length = size / float((direction * curved).sum())
        found = found + length * direction
        residual = residual - length * curved
        easy = eased(residual)
        before, size = size, float((residual * easy).sum())
        direction = easy + (size / before) * direction
    return per_weight * backward(found) - alone


def _along(
    problem: ExcitationProblem, point: _Point, step: MuscleSeries, own: MuscleSeries, height: float
) -> _Point:
    """The first of ever shorter steps that lowers cost and barrier enough; else the same point.

    Every excitation goes at most nearly to its bound, whatever the others do: else a single
    one could stop all.
    """
    by_force = problem.force_gradient(point.error)
    gradient = point.response.gradient(by_force) + own
    start = 0.5 * point.cost + height * problem.barrier(point.excitation)
    low, high = problem.distances(point.excitation)
    length = 1.0
    while length >= _SHORTEST:
        within = torch.maximum(torch.minimum(length * step, _TO_THE_BOUND * high), -_TO_THE_BOUND * low)
        slope = float((gradient * within).sum())
        tried = _point(problem, point.excitation + problem.is_free * within)
        merit = 0.5 * tried.cost + height * problem.barrier(tried.excitation)
        if slope < 0.0 and merit <= start + _SUFFICIENT * slope:
            return tried
        length *= 0.5
    return point
