"""What every optimizer takes and returns."""

from collections.abc import Callable
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Effort, Status

Progress = Callable[[int, dict[str, float]], None]
"""Called after every iteration with its number and the cost by term."""


@dataclass(frozen=True, kw_only=True)
class AnnealingSettings:
    """Schedule and stopping rule of simulated annealing; the defaults are those of CEINMS.

    A sweep changes every unknown once.

    Attributes:
        initial_temperature: Temperature of the first round, in units of the cost; T of CEINMS.
        temperature_reduction_factor: On the temperature after every round; rt.
        sweeps_per_adjustment: Sweeps between adjustments of the step sizes; NS.
        adjustments_per_temperature: Adjustments in a round; NT.
        cost_epsilon: So close to the best cost the last rounds must end; epsilon.
        n_epsilon: Number of these rounds, before the present one; noEpsilon.
        max_evaluations: No round begins after so many evaluations; maxNoEval.
        seed: Of the random numbers.
    """

    initial_temperature: float = 200_000.0
    temperature_reduction_factor: float = 0.1
    sweeps_per_adjustment: int = 30
    adjustments_per_temperature: int = 20
    cost_epsilon: float = 1e-5
    n_epsilon: int = 4
    max_evaluations: int = 200_000
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """Budget and stopping rule of every optimizer, and settings of single ones.

    Attributes:
        max_iterations: Iteration budget of every start.
        max_seconds: Time budget of all starts together, s.
        tolerance: Relative decrease of the cost that counts as an improvement.
        patience: AdamW: iterations without improvement before stopping.
        learning_rate: AdamW: first learning rate, on the sigmoid's scale.
        learning_rate_decay: AdamW: factor on the learning rate per iteration.
        weight_decay: AdamW: decoupled weight decay, pulls to the start values.
        annealing: Simulated annealing: schedule and stopping rule.
    """

    max_iterations: int = 100
    max_seconds: float = 3600.0
    tolerance: float = 1e-4
    patience: int = 50
    learning_rate: float = 0.05
    learning_rate_decay: float = 0.995
    weight_decay: float = 1e-4
    annealing: AnnealingSettings = field(default_factory=AnnealingSettings)


@dataclass(frozen=True)
class Optimization:
    """How an optimization from one start went.

    Attributes:
        status: Why it stopped.
        position: The best point.
        n_iterations: Iterations done.
        cost_history: Cost by term and "total"; first entry at the start, last at the
            best point.
        efforts: What was spent by then, one entry per entry of `cost_history`.
    """

    status: Status
    position: Float[Tensor, " unknown"]
    n_iterations: int
    cost_history: tuple[dict[str, float], ...]
    efforts: tuple[Effort, ...]

    @property
    def cost(self) -> float:
        """Cost at the best point."""
        return self.cost_history[-1]["total"]


Optimizer = Callable[
    [CalibrationProblem, Float[Tensor, "start unknown"], OptimizerSettings, Progress | None],
    list[Optimization],
]
"""Minimizes the cost from every start; leaves out starts whose cost is not a finite number."""
