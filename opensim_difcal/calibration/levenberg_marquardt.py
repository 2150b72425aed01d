"""Levenberg-Marquardt with exact Gauss-Newton normal equations and bounds.

References:
    Nocedal and Wright (2006), Numerical Optimization, 2nd ed., Sections 10.3 and 16.7.
"""

import time

import torch
from torch import Tensor

from opensim_difcal.calibration.normal_equations import (
    NormalEquations,
    bounded_parameters,
    cost_terms,
    normal_equations,
)
from opensim_difcal.calibration.optimization import Optimization, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status

_FIRST_DAMPING = 1e-2
_LEAST_DAMPING = 1e-6
_MOST_DAMPING = 1e6
_LEAST_GAIN = 1e-3  # actual over promised decrease of the cost
_SMALL_STEPS = 3  # accepted steps below the tolerance before stopping
_EDGE = 1e-9  # of the bounds' range; the sigmoid never reaches a bound


def minimize_levenberg_marquardt(
    problem: CalibrationProblem, settings: OptimizerSettings, progress: Progress | None = None
) -> Optimization:
    """Minimizes the problem's cost; keeps the best point, also when interrupted.

    A step minimizes the quadratic model with J^T J + damping diag(J^T J) inside the
    bounds. It is taken only if the cost falls; the damping follows how well the model
    foretold it.
    """
    started = time.perf_counter()
    history: list[dict[str, float]] = []
    status = Status.MAX_ITERATIONS
    position = _position(problem)
    damping, small_steps = _FIRST_DAMPING, 0
    try:
        equations = normal_equations(problem)
        for iteration in range(settings.max_iterations + 1):
            history.append(equations.terms | {"total": equations.total})
            if not torch.isfinite(equations.hessian).all():
                status = Status.NON_FINITE
                break
            if progress is not None:
                progress(iteration, history[-1])
            if time.perf_counter() - started > settings.max_seconds:
                status = Status.MAX_SECONDS
                break
            if iteration == settings.max_iterations:
                break
            accepted, damping = _accepted_step(problem, equations, position, damping, settings.tolerance)
            if accepted is None:
                status = Status.CONVERGED
                break
            position, total = accepted
            improved = equations.total - total > settings.tolerance * equations.total
            small_steps = 0 if improved else small_steps + 1
            equations = normal_equations(problem)
            if small_steps >= _SMALL_STEPS:
                history.append(equations.terms | {"total": equations.total})
                status = Status.CONVERGED
                break
    except KeyboardInterrupt:
        if not history:
            raise
        _move(problem, position)
        terms = cost_terms(problem)
        history[-1] = terms | {"total": sum(terms.values())}
        status = Status.INTERRUPTED
    return Optimization(status, len(history) - 1, tuple(history), time.perf_counter() - started)


def _accepted_step(
    problem: CalibrationProblem,
    equations: NormalEquations,
    position: Tensor,
    damping: float,
    tolerance: float,
) -> tuple[tuple[Tensor, float] | None, float]:
    """Tries steps with rising damping until the cost falls; the damping for the next step.

    No step is worth its price when even the quadratic model promises less than a
    hundredth of the tolerance.
    """
    lower, upper = _limits(problem)
    while damping < _MOST_DAMPING:
        step = _bounded_step(equations, position, lower, upper, damping)
        promised = -float(step @ (2.0 * equations.gradient + equations.hessian @ step))
        if 0.0 <= promised < 0.01 * tolerance * equations.total:
            break
        if promised > 0.0:
            _move(problem, position + step)
            total = sum(cost_terms(problem).values())
            gain = (equations.total - total) / promised
            if gain > _LEAST_GAIN:
                factor = 0.2 if gain > 0.75 else 1.0 if gain > 0.25 else 3.0
                return (position + step, total), max(damping * factor, _LEAST_DAMPING)
        damping *= 5.0
    _move(problem, position)
    return None, damping


def _bounded_step(
    equations: NormalEquations, position: Tensor, lower: Tensor, upper: Tensor, damping: float
) -> Tensor:
    """Minimizes the damped quadratic model inside the bounds, by an active set.

    Unknowns that a step would push through a bound are set on it, and the others are
    solved for again, given that.
    """
    scale = equations.hessian.diagonal()
    hessian = equations.hessian + torch.diag(damping * scale + 1e-9 * scale.max())
    gradient = equations.gradient
    step = torch.zeros_like(position)
    fixed = ((position <= lower) & (gradient > 0)) | ((position >= upper) & (gradient < 0))
    while not fixed.all():
        free, held = torch.nonzero(~fixed).squeeze(-1), torch.nonzero(fixed).squeeze(-1)
        pull = gradient[free] + hessian[free][:, held] @ step[held]
        step[free] = -torch.linalg.solve(hessian[free][:, free], pull)
        inside = torch.minimum(torch.maximum(position + step, lower), upper)
        through = (position + step != inside) & ~fixed
        step = inside - position
        if not through.any():
            break
        fixed = fixed | through
    return step


def _position(problem: CalibrationProblem) -> Tensor:
    """The unknowns as deviations from the start in half bound ranges."""
    return torch.cat([bounded.deviation().detach() for bounded in bounded_parameters(problem)])


def _limits(problem: CalibrationProblem) -> tuple[Tensor, Tensor]:
    parameters = bounded_parameters(problem)
    lower = torch.cat([2.0 * (p.lower - p.initial) / (p.upper - p.lower) for p in parameters])
    upper = torch.cat([2.0 * (p.upper - p.initial) / (p.upper - p.lower) for p in parameters])
    return lower + _EDGE, upper - _EDGE


def _move(problem: CalibrationProblem, position: Tensor) -> None:
    parameters = bounded_parameters(problem)
    for bounded, part in zip(parameters, position.split([len(p.initial) for p in parameters]), strict=True):
        bounded.set_value(bounded.initial + part * 0.5 * (bounded.upper - bounded.lower))
