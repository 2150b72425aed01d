"""The lowest cost seen, where it was, when it last improved and what it took."""

import time
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.optimization import Optimization
from opensim_difcal.calibration.result import Effort, Status


@final
class BestPoint:
    """Keeps the best point of an optimizer that may also climb.

    Attributes:
        terms: Cost by term and "total" there.
        position: Where it was.
        last_improvement: Iteration of the last decrease by more than the tolerance.
        history: Cost of every iteration.
        efforts: What was spent until then.
    """

    def __init__(self, start: Float[Tensor, " unknown"], tolerance: float) -> None:
        """Begins at a start whose cost is not known yet."""
        self.position = start.clone()
        self.terms: dict[str, float] = {"total": float("inf")}
        self.last_improvement = 0
        self.history: list[dict[str, float]] = []
        self.efforts: list[Effort] = []
        self._started = time.process_time()
        self._reference = float("inf")
        self._tolerance = tolerance

    def offer(
        self, terms: dict[str, Tensor], position: Float[Tensor, " unknown"], n_evaluations: int
    ) -> None:
        """Notes the cost of an iteration.

        Args:
            terms: Cost by term.
            position: Where.
            n_evaluations: Of the cost, since the start.
        """
        values = {name: term.item() for name, term in terms.items()}
        values["total"] = sum(values.values())
        self.history.append(values)
        self.efforts.append(Effort(n_evaluations, time.process_time() - self._started))
        if values["total"] < self.terms["total"]:
            self.terms, self.position = values, position.detach().clone()
        if len(self.history) == 1 or self._reference - values["total"] > self._tolerance * abs(
            self._reference
        ):
            self._reference, self.last_improvement = values["total"], len(self.history) - 1

    def optimization(self, status: Status) -> Optimization:
        """The outcome: the cost of every iteration, and at the end that of the best point."""
        return Optimization(
            status=status,
            position=self.position,
            n_iterations=len(self.history) - 1,
            cost_history=(*self.history, self.terms),
            efforts=(*self.efforts, self.efforts[-1]),
        )


def total(terms: dict[str, Tensor]) -> Tensor:
    """The cost."""
    return torch.stack(list(terms.values())).sum()
