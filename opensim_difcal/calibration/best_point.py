"""The lowest cost seen, where it was, and when it last improved."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor


@final
class BestPoint:
    """Keeps the best point of an optimizer that may also climb.

    Attributes:
        terms: Cost by term and "total" there.
        position: Where it was.
        last_improvement: Iteration of the last decrease by more than the tolerance.
        history: Cost of every iteration.
    """

    def __init__(self, start: Float[Tensor, " unknown"], tolerance: float) -> None:
        """Begins at a start whose cost is not known yet."""
        self.position = start.clone()
        self.terms: dict[str, float] = {"total": float("inf")}
        self.last_improvement = 0
        self.history: list[dict[str, float]] = []
        self._reference = float("inf")
        self._tolerance = tolerance

    def offer(self, terms: dict[str, Tensor], position: Float[Tensor, " unknown"]) -> None:
        """Notes the cost of an iteration."""
        values = {name: term.item() for name, term in terms.items()}
        values["total"] = sum(values.values())
        self.history.append(values)
        if values["total"] < self.terms["total"]:
            self.terms, self.position = values, position.detach().clone()
        if len(self.history) == 1 or self._reference - values["total"] > self._tolerance * abs(
            self._reference
        ):
            self._reference, self.last_improvement = values["total"], len(self.history) - 1

    def complete_history(self) -> tuple[dict[str, float], ...]:
        """The cost of every iteration, and at the end that of the best point."""
        return (*self.history, self.terms)


def total(terms: dict[str, Tensor]) -> Tensor:
    """The cost."""
    return torch.stack(list(terms.values())).sum()
