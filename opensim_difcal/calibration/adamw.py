"""AdamW with a decaying learning rate and early stop: the paper's optimizer."""

import time

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.best_point import BestPoint, total
from opensim_difcal.calibration.optimization import Optimization, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status


def minimize_adamw(
    problem: CalibrationProblem,
    start: Float[Tensor, " unknown"],
    settings: OptimizerSettings,
    progress: Progress | None = None,
) -> Optimization:
    """Minimizes the cost from one start; keeps the best point, also when interrupted.

    Parameters of the muscles stay inside their bounds by a sigmoid. Its argument is zero at
    the start, so that weight decay pulls there; likewise for what a drive learns.

    Raises:
        NonFiniteError: If the cost stops being a finite number.

    References:
        Hambly et al., Section III-B; Loshchilov and Hutter (2017), arXiv:1711.05101.
    """
    raw = torch.zeros_like(start).requires_grad_(True)
    offset = _offset(problem, start)
    optimizer = torch.optim.AdamW([raw], lr=settings.learning_rate, weight_decay=settings.weight_decay)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, settings.learning_rate_decay)
    deadline = time.perf_counter() + settings.max_seconds
    best = BestPoint(start, settings.tolerance)
    status = Status.MAX_ITERATIONS
    try:
        for iteration in range(settings.max_iterations + 1):
            optimizer.zero_grad()
            position = _inside(problem, raw + offset)
            terms = problem.cost(position)
            cost = total(terms)
            if not torch.isfinite(cost):
                raise problem.non_finite(position)
            best.offer(terms, position, iteration + 1)
            if progress is not None:
                progress(iteration, best.history[-1])
            if iteration - best.last_improvement >= settings.patience:
                status = Status.CONVERGED
                break
            if time.perf_counter() > deadline:
                status = Status.MAX_SECONDS
                break
            cost.backward()
            if raw.grad is None or not torch.isfinite(raw.grad).all():
                raise problem.non_finite(position)
            optimizer.step()
            scheduler.step()
    except KeyboardInterrupt:
        if not best.history:
            raise
        status = Status.INTERRUPTED
    return best.optimization(status)


def _inside(problem: CalibrationProblem, argument: Tensor) -> Tensor:
    """The position to which a sigmoid brings its argument; what has no bounds stays as it is."""
    lower, upper = problem.unknowns.limits
    of_muscles, of_drive = problem.split(argument)
    return torch.cat([lower + (upper - lower) * torch.sigmoid(of_muscles), of_drive])


def _offset(problem: CalibrationProblem, position: Tensor) -> Tensor:
    """The argument of a position inside its bounds."""
    lower, upper = problem.unknowns.limits
    of_muscles, of_drive = problem.split(position)
    return torch.cat([torch.logit((of_muscles - lower) / (upper - lower)), of_drive])
