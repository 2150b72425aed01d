"""Functions that act on every instant of every muscle alone, with their derivatives.

Such a function is written once, for tensors of any shape. Its partial derivatives come from
one call of automatic differentiation over all instants at once, because the sum over the
instants has the partial derivatives as its gradient.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from opensim_difcal.physics.muscle import Muscles


@final
@dataclass(frozen=True)
class Elementwise:
    """An elementwise function of variables, with what is fixed about the muscles.

    Attributes:
        name: What it computes, for file names.
        function: Called with the variables and the muscles; returns one or more tensors.
        n_before: How many variables it takes first.
        n_after: How many it takes last.
        n_values: How many tensors it returns.
        is_mechanical: Whether it takes the muscles' `mechanical` parameters in between.
        is_differentiated: Whether it is differentiated, by all but the last variables.
    """

    name: str
    function: Callable[..., tuple[Tensor, ...]]
    n_before: int
    n_after: int
    n_values: int
    is_mechanical: bool = True
    is_differentiated: bool = True

    def n_variables(self, muscles: Muscles) -> int:
        """How many variables it takes."""
        n_between = len(muscles.mechanical) if self.is_mechanical else 0
        return self.n_before + n_between + self.n_after

    def n_differentiated(self, muscles: Muscles) -> int:
        """So many of the first variables it is differentiated by."""
        return self.n_variables(muscles) - self.n_after if self.is_differentiated else 0

    def with_partials(
        self, variables: Sequence[Tensor], muscles: Muscles, n_differentiated: int | None = None
    ) -> tuple[tuple[Tensor, ...], tuple[tuple[Tensor, ...], ...]]:
        """Returns the values, and for each value its derivative by each variable.

        Args:
            variables: Tensors that broadcast against each other.
            muscles: One entry per element of the last axis.
            n_differentiated: As the method, where fewer are needed.
        """
        n = self.n_differentiated(muscles) if n_differentiated is None else n_differentiated
        shape = np.broadcast_shapes(*(x.shape for x in variables))
        with torch.enable_grad():
            leaves = [x.detach().expand(shape).requires_grad_(True) for x in variables[:n]]
            values = self.function(*leaves, *(x.detach() for x in variables[n:]), muscles)
            partials = [
                torch.autograd.grad(value.sum(), leaves, retain_graph=True, materialize_grads=True)
                for value in values
            ]
        return tuple(value.detach() for value in values), tuple(tuple(each) for each in partials)
