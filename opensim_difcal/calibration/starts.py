"""From starts to the best optimum, with any optimizer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.adamw import minimize_adamw
from opensim_difcal.calibration.lbfgs import minimize_lbfgs
from opensim_difcal.calibration.levenberg_marquardt import minimize_levenberg_marquardt
from opensim_difcal.calibration.optimization import Optimization, Optimizer, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status
from opensim_difcal.calibration.simulated_annealing import minimize_simulated_annealing
from opensim_difcal.errors import NonFiniteError
from opensim_difcal.physics.tangents import OWN_PARAMETERS

_MEMORY = 1e9  # bytes, for what is computed of all starts side by side
_SERIES_PER_START = 12 * len(OWN_PARAMETERS)  # of the trials' size, alive at once; measured

Single = Callable[
    [CalibrationProblem, Float[Tensor, " unknown"], OptimizerSettings, Progress | None], Optimization
]


@dataclass(frozen=True)
class Searches:
    """What the searches from all starts found.

    Attributes:
        found: Best first. Starts whose cost is not a number are not among them, nor those
            that an interrupt or the time limit left out.
        status: Why the search for the best ended.
    """

    found: tuple[Optimization, ...]
    status: Status


def minimize(
    problem: CalibrationProblem,
    starts: Float[Tensor, "start unknown"],
    optimizer: str,
    settings: OptimizerSettings,
    progress: Progress | None = None,
) -> Searches:
    """Minimizes the cost from every start; an interrupt keeps what was found.

    As many starts are computed side by side as fit into memory, where the optimizer can.

    Args:
        problem: What is minimized.
        starts: The first is the model's own values.
        optimizer: One of `OPTIMIZERS`.
        settings: Budget and stopping rule.
        progress: Called after every iteration.

    Raises:
        NonFiniteError: If the cost of the first start is not a finite number, or, with an
            optimizer that cannot turn back, stops being one.
    """
    with torch.no_grad():
        first = torch.stack(list(problem.cost(starts[0]).values()))
    if not torch.isfinite(first).all():
        raise problem.non_finite(starts[0])
    deadline = time.perf_counter() + settings.max_seconds
    n_together = starts_side_by_side(problem) if optimizer in _SIDE_BY_SIDE else 1
    found: list[Optimization] = []
    interrupted = False
    for chunk in starts.split(n_together):
        left = max(deadline - time.perf_counter(), 0.0)
        try:
            found += OPTIMIZERS[optimizer](problem, chunk, replace(settings, max_seconds=left), progress)
        except KeyboardInterrupt:
            if not found:
                raise
            interrupted = True
        except NonFiniteError:
            if not found:  # at random starts it may happen
                raise
        interrupted |= any(each.status is Status.INTERRUPTED for each in found)
        if interrupted or time.perf_counter() > deadline:
            break
    found.sort(key=lambda each: each.cost)
    return Searches(tuple(found), Status.INTERRUPTED if interrupted else found[0].status)


def starts_side_by_side(problem: CalibrationProblem) -> int:
    """Returns how many starts fit into memory at once; one where excitations are learned."""
    if problem.drive.n_unknowns:
        return 1
    per_start = 8 * _SERIES_PER_START * problem.trials.excitation.numel()
    return max(1, int(_MEMORY / per_start))


def _one_start(single: Single) -> Optimizer:
    """Gives an optimizer of one start the form of the others."""

    def minimize_one(
        problem: CalibrationProblem,
        starts: Float[Tensor, "start unknown"],
        settings: OptimizerSettings,
        progress: Progress | None = None,
    ) -> list[Optimization]:
        (start,) = starts
        return [single(problem, start, settings, progress)]

    return minimize_one


_SIDE_BY_SIDE = ("levenberg_marquardt",)
OPTIMIZERS: Mapping[str, Optimizer] = {
    "levenberg_marquardt": minimize_levenberg_marquardt,
    "lbfgs": _one_start(minimize_lbfgs),
    "adamw": _one_start(minimize_adamw),
    "simulated_annealing": _one_start(minimize_simulated_annealing),
}
