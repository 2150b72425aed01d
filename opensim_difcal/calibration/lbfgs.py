"""L-BFGS with bounds, of SciPy, on the engine's gradient."""

import time

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from torch import Tensor

from opensim_difcal.calibration.best_point import BestPoint, total
from opensim_difcal.calibration.optimization import Optimization, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status

_WINDOW = 10  # iterations over which the cost must fall by the tolerance


def minimize_lbfgs(
    problem: CalibrationProblem,
    start: Float[Tensor, " unknown"],
    settings: OptimizerSettings,
    progress: Progress | None = None,
) -> Optimization:
    """Minimizes the cost from one start; keeps the best point, also when interrupted.

    Raises:
        NonFiniteError: If the cost at the start is not a finite number. Later the line
            search turns back from such points.

    References:
        Byrd et al. (1995), SIAM J Sci Comput 16(5):1190-1208.
    """
    deadline = time.perf_counter() + settings.max_seconds
    best = BestPoint(start, settings.tolerance)
    latest: dict[bytes, dict[str, Tensor]] = {}
    status = Status.CONVERGED

    def cost_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        position = torch.as_tensor(x.copy()).to(start).requires_grad_(True)
        terms = problem.cost(position)
        cost = total(terms)
        if not torch.isfinite(cost):
            if not latest:
                raise problem.non_finite(position.detach())
            return _far_too_high(x, best)
        (gradient,) = torch.autograd.grad(cost, position)
        if not latest:
            best.offer(terms, position)
            if progress is not None:
                progress(0, best.history[-1])
        latest[x.tobytes()] = terms
        return cost.item(), gradient.cpu().numpy()

    def after_iteration(x: np.ndarray) -> None:
        nonlocal status
        best.offer(latest[x.tobytes()], torch.as_tensor(x.copy()).to(start))
        known = latest.popitem()
        latest.clear()
        latest.update([known])
        if progress is not None:
            progress(len(best.history) - 1, best.history[-1])
        if len(best.history) - 1 - best.last_improvement >= _WINDOW:
            raise StopIteration
        if time.perf_counter() > deadline:
            status = Status.MAX_SECONDS
            raise StopIteration

    lower, upper = (limit.cpu().numpy() for limit in problem.unknowns.limits)
    try:
        outcome = minimize(
            cost_and_gradient,
            start.cpu().numpy(),
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(lower, upper, strict=True)),
            callback=after_iteration,
            options={"maxiter": settings.max_iterations, "maxfun": 20 * settings.max_iterations, "ftol": 0.0},
        )
        if outcome.status == 1:  # SciPy's iteration or evaluation limit
            status = Status.MAX_ITERATIONS
    except KeyboardInterrupt:
        if not best.history:
            raise
        status = Status.INTERRUPTED
    return Optimization(status, best.position, len(best.history) - 1, best.complete_history())


def _far_too_high(x: np.ndarray, best: BestPoint) -> tuple[float, np.ndarray]:
    """A cost, and a slope away from the best point, that make the line search turn back."""
    back = x - best.position.cpu().numpy()
    height = 1e3 * best.terms["total"]
    return height, height * back / max(float(back @ back), 1e-12)
