"""L-BFGS with bounds, of SciPy, on the engine's gradient."""

import time
from typing import final

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
    search = _Search(problem, start, settings, progress)
    lower, upper = (limit.cpu().numpy() for limit in problem.limits)
    status = Status.CONVERGED
    try:
        outcome = minimize(
            search.cost_and_gradient,
            start.cpu().numpy(),
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(lower, upper, strict=True)),
            callback=search.after_iteration,
            options={"maxiter": settings.max_iterations, "maxfun": 20 * settings.max_iterations, "ftol": 0.0},
        )
        if outcome.status == 1:  # SciPy's iteration or evaluation limit
            status = Status.MAX_ITERATIONS
    except KeyboardInterrupt:
        if not search.best.history:
            raise
        status = Status.INTERRUPTED
    status = Status.MAX_SECONDS if search.is_late else status
    return search.best.optimization(status)


@final
class _Search:
    """What SciPy calls.

    Attributes:
        best: Best point and history.
        is_late: Whether the time budget ended the search.
    """

    def __init__(
        self,
        problem: CalibrationProblem,
        start: Tensor,
        settings: OptimizerSettings,
        progress: Progress | None,
    ) -> None:
        self.best = BestPoint(start, settings.tolerance)
        self.is_late = False
        self._n_evaluations = 0
        self._problem, self._like, self._progress = problem, start, progress
        self._deadline = time.perf_counter() + settings.max_seconds

    def cost_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Cost and gradient at a position; far too high where the cost is not a number."""
        position = self._position(x).requires_grad_(True)
        terms = self._problem.cost(position)
        self._n_evaluations += 1
        cost = total(terms)
        (gradient,) = torch.autograd.grad(cost, position)
        if not (torch.isfinite(cost) and torch.isfinite(gradient).all()):
            if not self.best.history:
                raise self._problem.non_finite(position)
            return self._far_too_high(x)
        if not self.best.history:
            self._offer(terms, position)
        return cost.item(), gradient.cpu().numpy()

    def after_iteration(self, x: np.ndarray) -> None:
        """Notes an iteration and ends the search when it is time."""
        with torch.no_grad():
            position = self._position(x)
            self._n_evaluations += 1
            self._offer(self._problem.cost(position), position)
        self.is_late = time.perf_counter() > self._deadline
        if self.is_late or len(self.best.history) - 1 - self.best.last_improvement >= _WINDOW:
            raise StopIteration

    def _position(self, x: np.ndarray) -> Tensor:
        return torch.as_tensor(x.copy()).to(self._like)

    def _offer(self, terms: dict[str, Tensor], position: Tensor) -> None:
        self.best.offer(terms, position, self._n_evaluations)
        if self._progress is not None:
            self._progress(len(self.best.history) - 1, self.best.history[-1])

    def _far_too_high(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """A cost, and a slope away from the best point, that make the line search turn back."""
        back = x - self.best.position.cpu().numpy()
        height = 1e3 * abs(self.best.terms["total"]) + 1.0
        return height, height * back / max(float(back @ back), 1e-12)
