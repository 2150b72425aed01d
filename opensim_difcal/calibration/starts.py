"""From starts to the best optimum, with any optimizer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.adamw import minimize_adamw
from opensim_difcal.calibration.lbfgs import minimize_lbfgs
from opensim_difcal.calibration.levenberg_marquardt import minimize_levenberg_marquardt
from opensim_difcal.calibration.optimization import Optimization, Optimizer, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status
from opensim_difcal.errors import NonFiniteError
from opensim_difcal.physics.tangents import OWN_PARAMETERS

_MEMORY = 1e9  # bytes, for what is computed of all starts side by side
_SERIES_PER_START = 12 * len(OWN_PARAMETERS)  # of the trials' size, alive at once; measured

Single = Callable[
    [CalibrationProblem, Float[Tensor, " unknown"], OptimizerSettings, Progress | None], Optimization
]


def minimize(
    problem: CalibrationProblem,
    starts: Float[Tensor, "start unknown"],
    optimizer: str,
    settings: OptimizerSettings,
    progress: Progress | None = None,
) -> list[Optimization]:
    """Returns the optimization from every start, best first.

    As many starts are computed side by side as fit into memory, where the optimizer can.

    Args:
        problem: What is minimized.
        starts: The first is the model's own values.
        optimizer: One of `OPTIMIZERS`.
        settings: Budget and stopping rule.
        progress: Called after every iteration.

    Raises:
        NonFiniteError: If the cost of the first start is not a finite number.
    """
    deadline = time.perf_counter() + settings.max_seconds
    found: list[Optimization] = []
    for chunk in starts.split(starts_side_by_side(problem)):
        left = max(deadline - time.perf_counter(), 0.0)
        found += OPTIMIZERS[optimizer](problem, chunk, replace(settings, max_seconds=left), progress)
        if found[-1].status in (Status.INTERRUPTED, Status.MAX_SECONDS):
            break
    return sorted(found, key=lambda each: each.cost)


def starts_side_by_side(problem: CalibrationProblem) -> int:
    """Returns how many starts fit into memory at once."""
    per_start = 8 * _SERIES_PER_START * problem.trials.excitation.numel()
    return max(1, int(_MEMORY / per_start))


def _one_after_the_other(single: Single) -> Optimizer:
    """Lets an optimizer of one start work through several."""

    def minimize_each(
        problem: CalibrationProblem,
        starts: Float[Tensor, "start unknown"],
        settings: OptimizerSettings,
        progress: Progress | None = None,
    ) -> list[Optimization]:
        deadline = time.perf_counter() + settings.max_seconds
        found: list[Optimization] = []
        for start in starts:
            left = max(deadline - time.perf_counter(), 0.0)
            try:
                found.append(single(problem, start, replace(settings, max_seconds=left), progress))
            except NonFiniteError:
                if not found:  # the model's own values; at random ones it may happen
                    raise
                continue
            if found[-1].status in (Status.INTERRUPTED, Status.MAX_SECONDS):
                break
        return found

    return minimize_each


OPTIMIZERS: Mapping[str, Optimizer] = {
    "levenberg_marquardt": minimize_levenberg_marquardt,
    "lbfgs": _one_after_the_other(minimize_lbfgs),
    "adamw": _one_after_the_other(minimize_adamw),
}
