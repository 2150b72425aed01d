"""AdamW with a decaying learning rate and early stop: the paper's optimizer."""

import time

import torch

from opensim_difcal.calibration.optimization import Optimization, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status


def minimize_adamw(
    problem: CalibrationProblem, settings: OptimizerSettings, progress: Progress | None = None
) -> Optimization:
    """Minimizes the problem's cost; keeps the best point, also when interrupted.

    References:
        Hambly et al., Section III-B; Loshchilov and Hutter (2017), arXiv:1711.05101.
    """
    unknowns = problem.unknowns
    optimizer = torch.optim.AdamW(
        unknowns.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, settings.learning_rate_decay)
    started = time.perf_counter()
    history: list[dict[str, float]] = []
    best = _Best(settings.tolerance)
    status = Status.MAX_ITERATIONS
    try:
        for iteration in range(settings.max_iterations + 1):
            optimizer.zero_grad()
            terms = problem.cost()
            total = torch.stack(list(terms.values())).sum()
            history.append({name: term.item() for name, term in terms.items()} | {"total": total.item()})
            if not torch.isfinite(total):
                status = Status.NON_FINITE
                break
            best.offer(history[-1], iteration, unknowns)
            if progress is not None:
                progress(iteration, history[-1])
            if iteration - best.last_improvement >= settings.patience:
                status = Status.CONVERGED
                break
            if time.perf_counter() - started > settings.max_seconds:
                status = Status.MAX_SECONDS
                break
            total.backward()
            optimizer.step()
            scheduler.step()
    except KeyboardInterrupt:
        if not history:
            raise
        status = Status.INTERRUPTED
    n_iterations = len(history) - 1
    if status is not Status.NON_FINITE:
        history.append(best.restore(unknowns))
    return Optimization(status, n_iterations, tuple(history), time.perf_counter() - started)


class _Best:
    """The lowest cost seen and where it was."""

    def __init__(self, tolerance: float):
        self._tolerance = tolerance
        self._reference = float("inf")
        self._terms = {"total": float("inf")}
        self._state: dict[str, torch.Tensor] = {}
        self.last_improvement = 0

    def offer(self, terms: dict[str, float], iteration: int, unknowns: torch.nn.Module) -> None:
        cost = terms["total"]
        if cost < self._terms["total"]:
            self._terms = terms
            self._state = {name: value.detach().clone() for name, value in unknowns.state_dict().items()}
        if cost < self._reference * (1.0 - self._tolerance):
            self._reference, self.last_improvement = cost, iteration

    def restore(self, unknowns: torch.nn.Module) -> dict[str, float]:
        unknowns.load_state_dict(self._state)
        return self._terms
