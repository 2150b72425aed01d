"""Cost, gradient and Jacobian by every way to compute them, and how they grow with the trials."""

import ctypes
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from combined_problem import combined_problem
from torch import Tensor

from opensim_difcal.calibration.adamw import minimize_adamw
from opensim_difcal.calibration.normal_equations import GaussNewton
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.problem import CalibrationProblem, run_trials
from opensim_difcal.physics.curves import CurveTable
from opensim_difcal.physics.differentiable import PlainOperations
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.time_parallel import TorchEngine
from opensim_difcal.tools.calibration.inputs import CalibrationInputs

N_TRIALS = (1, 2, 5, 10, 20, 50)
FIRST_POINT, N_POINTS = 100, 20  # of an AdamW run
C_PLUS_PLUS = {"cost": 0.7e-3, "jacobian": 4.4e-3}
"""Seconds of the same step by hand in C++, table lookup, one core, 34 muscles, 3 trials, 200 steps."""


@dataclass(frozen=True)
class EngineTimes:
    """Medians over the points, s; and how far results differ from plain autograd.

    Attributes:
        seconds: By way of computing.
        ratio: Median over points of plain autograd's time over the way's, both at the point.
        difference: Largest relative difference of cost and gradient, by engine.
    """

    seconds: dict[str, float]
    ratio: dict[str, float]
    difference: dict[str, float]


@dataclass(frozen=True)
class Growth:
    """One number of trials.

    Attributes:
        n_trials: Trials of 200 steps, 34 muscles.
        iteration_seconds: Of one Levenberg-Marquardt iteration's normal equations.
        gradient_seconds: Of cost and gradient.
        megabytes: Peak memory beyond what was there before.
    """

    n_trials: int
    iteration_seconds: float
    gradient_seconds: float
    megabytes: float


def measure_engines(subjects: Sequence[CalibrationInputs], compiled: Engine) -> EngineTimes:
    """Times every way at successive points of an AdamW run, one way after the other at each point."""
    fast = combined_problem(subjects, compiled)
    torch_only = combined_problem(subjects, TorchEngine())
    jacobians = {
        "compiled": GaussNewton(fast),
        "torch": GaussNewton(combined_problem(subjects, TorchEngine())),  # an engine remembers one problem
    }
    ways: dict[str, Callable[[Tensor], object]] = {
        "plain": lambda x: plain_cost_and_gradient(fast, x),
        "torch": lambda x: cost_and_gradient(torch_only, x),
        "torch_jacobian": lambda x: jacobians["torch"].jacobian(x.unsqueeze(0)),
        "compiled": lambda x: cost_and_gradient(fast, x),
        "compiled_jacobian": lambda x: jacobians["compiled"].jacobian(x.unsqueeze(0)),
        "compiled_normal_equations": lambda x: jacobians["compiled"](x.unsqueeze(0)),
        "compiled_cost": lambda x: cost(fast, x),
    }
    every = points(fast, FIRST_POINT + N_POINTS)
    for x in every[FIRST_POINT - 2 : FIRST_POINT]:
        for way in ways.values():
            way(x)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for x in every[FIRST_POINT:]:
        for name, way in ways.items():
            seconds[name].append(_seconds(lambda way=way, x=x: way(x)))
    x = every[-1]
    expected = plain_cost_and_gradient(fast, x)
    return EngineTimes(
        {name: statistics.median(times) for name, times in seconds.items()},
        {
            name: statistics.median(p / t for p, t in zip(seconds["plain"], times, strict=True))
            for name, times in seconds.items()
        },
        {
            name: _difference(cost_and_gradient(problem, x), expected)
            for name, problem in (("torch", torch_only), ("compiled", fast))
        },
    )


def measure_growth(subjects: Sequence[CalibrationInputs], compiled: Engine) -> list[Growth]:
    """Times an iteration for more and more trials."""
    return [_growth(combined_problem(subjects, compiled, n_trials=n), n) for n in N_TRIALS]


def _growth(problem: CalibrationProblem, n_trials: int) -> Growth:
    x = problem.unknowns.start()
    equations_at = GaussNewton(problem)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free already would hide what an iteration needs
    before = _peak_kilobytes(reset=True)
    equations_at(x.unsqueeze(0))
    megabytes = max(0.0, (_peak_kilobytes() - before) / 1024)
    n_repeats = max(5, 60 // n_trials)
    return Growth(
        n_trials,
        statistics.median(_seconds(lambda: equations_at(x.unsqueeze(0))) for _ in range(n_repeats)),
        statistics.median(_seconds(lambda: cost_and_gradient(problem, x)) for _ in range(n_repeats)),
        megabytes,
    )


def points(problem: CalibrationProblem, n: int) -> list[Tensor]:
    """Where the paper's optimizer goes in its first iterations."""
    visited: list[Tensor] = []
    original = problem.cost

    class Watched:
        def __getattr__(self, name: str) -> object:
            return getattr(problem, name)

        def cost(self, position: Tensor) -> dict[str, Tensor]:
            visited.append(position.detach().clone())
            return original(position)

    minimize_adamw(
        cast(CalibrationProblem, Watched()), problem.unknowns.start(), OptimizerSettings(max_iterations=n - 1)
    )
    return visited


def cost(problem: CalibrationProblem, x: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.stack(list(problem.cost(x).values())).sum()


def cost_and_gradient(problem: CalibrationProblem, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_(True)
    total = torch.stack(list(problem.cost(x).values())).sum()
    return total.detach(), torch.autograd.grad(total, x)[0]


def plain_cost_and_gradient(problem: CalibrationProblem, x: Tensor) -> tuple[Tensor, Tensor]:
    """One step after the other, autograd through every operation, the curves' included."""
    x = x.clone().requires_grad_(True)
    with _curves_left_to_autograd():
        simulation = run_trials(
            problem.trials, problem.unknowns, x, PlainOperations(TorchEngine()), problem.trials.excitation
        )
        total = torch.stack(list(problem.terms_of(simulation, x).values())).sum()
        return total.detach(), torch.autograd.grad(total, x)[0]


@contextmanager
def _curves_left_to_autograd():
    own = CurveTable.value_and_slope
    CurveTable.value_and_slope = lambda self, x: self.evaluate(x)[:2]
    try:
        yield
    finally:
        CurveTable.value_and_slope = own


def _difference(found: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> float:
    pairs = zip(found, expected, strict=True)
    return max(float((ours - theirs).abs().max() / theirs.abs().max()) for ours, theirs in pairs)


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _peak_kilobytes(*, reset: bool = False) -> float:
    """Peak memory of this process since the last reset; Linux only."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return float(line.split()[1])
