"""What every optimizer takes and returns."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status

Progress = Callable[[int, dict[str, float]], None]
"""Called after every iteration with its number and the cost by term."""


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """Budget and stopping rule of every optimizer, and AdamW's own settings.

    Attributes:
        max_iterations: Iteration budget of every start.
        max_seconds: Time budget of all starts together, s.
        tolerance: Relative decrease of the cost that counts as an improvement.
        patience: AdamW: iterations without improvement before stopping.
        learning_rate: AdamW: first learning rate, on the sigmoid's scale.
        learning_rate_decay: AdamW: factor on the learning rate per iteration.
        weight_decay: AdamW: decoupled weight decay, pulls to the start values.
    """

    max_iterations: int = 100
    max_seconds: float = 3600.0
    tolerance: float = 1e-4
    patience: int = 50
    learning_rate: float = 0.05
    learning_rate_decay: float = 0.995
    weight_decay: float = 1e-4


@dataclass(frozen=True)
class Optimization:
    """How an optimization from one start went.

    Attributes:
        status: Why it stopped.
        position: The best point.
        n_iterations: Iterations done.
        cost_history: Cost by term and "total"; first entry at the start, last at the
            best point.
    """

    status: Status
    position: Float[Tensor, " unknown"]
    n_iterations: int
    cost_history: tuple[dict[str, float], ...]

    @property
    def cost(self) -> float:
        """Cost at the best point."""
        return self.cost_history[-1]["total"]


Optimizer = Callable[
    [CalibrationProblem, Float[Tensor, "start unknown"], OptimizerSettings, Progress | None],
    list[Optimization],
]
"""Minimizes the cost from every start; leaves out starts whose cost is not a finite number."""
