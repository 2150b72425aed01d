"""Finds the excitations of a whole trial at once: Gauss-Newton within bounds, without a matrix.

Moments are a sum of squares of a smooth function of all excitations, the other terms are
quadratic. Each iteration linearizes the muscles once, solves the linear least squares of
the excitations that are off their bounds by conjugate gradients, and follows the step
along its projection onto the bounds (Bertsekas 1982, SIAM J Control Optim 20(2):221-246).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from opensim_difcal.execution.excitation_problem import ExcitationProblem
from opensim_difcal.execution.result import SearchStatus
from opensim_difcal.physics.excitation_response import ExcitationResponse
from opensim_difcal.shapes import CoordinateSeries, MuscleSeries

_MAX_PRODUCTS = 300
_FORCING = 1e-3  # residual of the linear solve, of its start
_SUFFICIENT = 1e-4
_SHORTEST = 2.0**-12


@dataclass(frozen=True)
class FoundExcitations:
    """Where a search ended.

    Attributes:
        excitation: Of every muscle.
        status: Why it stopped.
        n_iterations: Iterations done.
        first_cost: By term and "total", at the start.
        cost: The same at the end.
    """

    excitation: MuscleSeries
    status: SearchStatus
    n_iterations: int
    first_cost: Mapping[str, float]
    cost: Mapping[str, float]


@dataclass(frozen=True)
class _Point:
    """Excitations, what the muscles make of them, and the cost."""

    excitation: MuscleSeries
    response: ExcitationResponse
    error: CoordinateSeries
    terms: Mapping[str, Tensor]

    @property
    def cost(self) -> float:
        return float(self.terms["total"])

    def numbers(self) -> dict[str, float]:
        return {name: float(term) for name, term in self.terms.items()}


def search_excitations(
    problem: ExcitationProblem, *, max_iterations: int, tolerance: float
) -> FoundExcitations:
    """Returns the excitations of least cost.

    Args:
        problem: What is asked for.
        max_iterations: At most so many.
        tolerance: Relative decrease of the cost that still counts as one.
    """
    with torch.no_grad():
        point = _point(problem, problem.start())
        first, status, n_iterations = point.numbers(), SearchStatus.MAX_ITERATIONS, 0
        while n_iterations < max_iterations and status is SearchStatus.MAX_ITERATIONS:
            n_iterations += 1
            before, point = point.cost, _better(problem, point)
            if before - point.cost <= tolerance * before:
                status = SearchStatus.CONVERGED
    return FoundExcitations(point.excitation, status, n_iterations, first, point.numbers())


def _point(problem: ExcitationProblem, excitation: MuscleSeries) -> _Point:
    response = problem.response(excitation)
    error = problem.moment_error(response.tendon_force)
    return _Point(excitation, response, error, problem.terms(excitation, error))


def _better(problem: ExcitationProblem, point: _Point) -> _Point:
    """The first of ever shorter steps that lowers the cost enough; the same point where none does."""
    by_force = problem.force_gradient(point.error)
    penalty = problem.stiffness * (point.excitation - problem.target)
    gradient = point.response.gradient(by_force) + penalty  # half of it
    step = _step(problem, point, gradient)
    length = 1.0
    while length >= _SHORTEST:
        tried = _point(problem, problem.within_bounds(point.excitation + length * step))
        expected = 2.0 * float((gradient * (point.excitation - tried.excitation)).sum())
        if expected > 0.0 and point.cost - tried.cost >= _SUFFICIENT * expected:
            return tried
        length *= 0.5
    return point


def _step(problem: ExcitationProblem, point: _Point, gradient: MuscleSeries) -> MuscleSeries:
    """The Gauss-Newton step of the excitations that are not held, by conjugate gradients."""
    moves = (~problem.held(point.excitation, gradient)).to(gradient.dtype)

    def product(direction: MuscleSeries) -> MuscleSeries:
        change = problem.moment_change(point.response.change_of_forces(direction))
        by_force = problem.force_gradient(change)
        return moves * (point.response.gradient(by_force) + problem.stiffness * direction)

    residual = -moves * gradient
    step, direction = torch.zeros_like(residual), residual
    size = float((residual**2).sum())
    enough = _FORCING**2 * size
    for _ in range(_MAX_PRODUCTS):
        if size <= enough:
            break
        curved = product(direction)
        length = size / float((direction * curved).sum())
        step = step + length * direction
        residual = residual - length * curved
        before, size = size, float((residual**2).sum())
        direction = residual + (size / before) * direction
    return step
