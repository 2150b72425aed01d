"""Levenberg-Marquardt with exact Gauss-Newton normal equations, bounds, and several starts.

References:
    Levenberg (1944), Q Appl Math 2:164-168; Marquardt (1963), SIAM J Appl Math 11:431-441;
    Nocedal and Wright (2006), Numerical Optimization, 2nd ed., Sections 10.3 and 16.7.
"""

import time
from dataclasses import dataclass, field
from typing import Protocol, Self, final, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from opensim_difcal.calibration.hybrid_equations import HybridGaussNewton
from opensim_difcal.calibration.normal_equations import GaussNewton
from opensim_difcal.calibration.optimization import Optimization, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Effort, Status


@runtime_checkable
class Equations(Protocol):
    """The cost and its quadratic model at one position of every start."""

    @property
    def total(self) -> Float[Tensor, " start"]:
        """The cost; infinite where it or a derivative is not a number."""
        ...

    def at(self, start: int) -> dict[str, float]:
        """Cost by term and "total" of one start."""
        ...

    def step(
        self, start: int, position: Tensor, limits: tuple[Tensor, Tensor], damping: float
    ) -> tuple[Tensor, float]:
        """A start's damped step inside the bounds, and the decrease of the cost it promises."""
        ...

    def with_taken(self, index: Int[Tensor, " some"], taken: Bool[Tensor, " some"], new: Self) -> Self:
        """Replaces starts by new equations, which are those of `index`, where they are taken."""
        ...


_FIRST_DAMPING = 1e-2
_LEAST_DAMPING = 1e-6
_MOST_DAMPING = 1e6
_LEAST_GAIN = 1e-3  # actual over promised decrease of the cost
_SMALL_STEPS = 3  # accepted steps below the tolerance before stopping


def minimize_levenberg_marquardt(
    problem: CalibrationProblem,
    starts: Float[Tensor, "start unknown"],
    settings: OptimizerSettings,
    progress: Progress | None = None,
) -> list[Optimization]:
    """Minimizes the cost from all starts side by side.

    An iteration tries one step of every start that is not done. A step minimizes the
    quadratic model with J^T J + damping diag(J^T J) inside the bounds. It is taken only if
    the cost falls; the damping follows how well the model foretold it.

    Raises:
        NonFiniteError: If the cost of no start is a finite number.
    """
    deadline = time.perf_counter() + settings.max_seconds
    started = time.process_time()
    equations_at = HybridGaussNewton(problem) if problem.drive.n_unknowns else GaussNewton(problem)
    search = _Search(starts.clone(), equations_at(starts), problem.limits, settings.tolerance, started)
    if not torch.isfinite(search.equations.total).any():
        raise problem.non_finite(starts[0])
    rest = Status.MAX_ITERATIONS
    try:
        search.show(progress)
        for _ in range(settings.max_iterations):
            active = search.propose()
            if not len(active):
                break
            if time.perf_counter() > deadline:
                rest = Status.MAX_SECONDS
                break
            search.judge(active, equations_at(search.proposed[active]))
            search.record(progress)
    except KeyboardInterrupt:
        rest = Status.INTERRUPTED
    return search.optimizations(rest)


@final
@dataclass
class _Search:
    """Where every start has come to.

    Attributes:
        position: Best point of every start.
        equations: Normal equations there.
        limits: Bounds as positions.
        tolerance: Relative decrease of the cost that counts as an improvement.
        started: Processor time at the beginning, s.
        history: Cost by term and "total" of every start at every iteration.
        efforts: What was spent until then.
    """

    position: Tensor
    equations: Equations
    limits: tuple[Tensor, Tensor]
    tolerance: float
    started: float
    history: list[list[dict[str, float]]] = field(init=False)
    efforts: list[list[Effort]] = field(init=False)

    def __post_init__(self) -> None:
        n_starts = len(self.position)
        self.proposed = self.position.clone()
        self.promised = torch.zeros_like(self.position[:, 0])
        self.damping = torch.full_like(self.promised, _FIRST_DAMPING)
        self.small_steps = torch.zeros(n_starts, dtype=torch.long)
        self.done = ~torch.isfinite(self.equations.total).cpu()
        self.history = [[self.equations.at(i)] for i in range(n_starts)]
        self.efforts = [[self._effort(0)] for _ in range(n_starts)]

    def propose(self) -> Tensor:
        """Proposes a step for every start that is not done; returns these starts.

        No step is worth its price when even the quadratic model promises less than a
        hundredth of the tolerance.
        """
        for i in torch.nonzero(~self.done).squeeze(-1).tolist():
            promised, step = -1.0, torch.zeros_like(self.position[i])
            while promised < 0.0 and self.damping[i] < _MOST_DAMPING:
                step, promised = self.equations.step(i, self.position[i], self.limits, float(self.damping[i]))
                if promised < 0.0:
                    self.damping[i] *= 5.0
            self.proposed[i], self.promised[i] = self.position[i] + step, promised
            if promised < 0.01 * self.tolerance * float(self.equations.total[i]):
                self.done[i] = True
        return torch.nonzero(~self.done).squeeze(-1)

    def judge(self, active: Tensor, equations: Equations) -> None:
        """Takes the steps that lower the cost, and sets the damping of the next ones."""
        before = self.equations.total[active]
        gain = (before - equations.total) / self.promised[active]
        taken = gain > _LEAST_GAIN
        good, fair = gain > 0.75, gain > 0.25
        factor = torch.where(good, 0.2, torch.where(fair, 1.0, torch.where(taken, 3.0, 5.0)))
        self.damping[active] = (self.damping[active] * factor).clamp(min=_LEAST_DAMPING)
        improved = before - equations.total > self.tolerance * before
        taken_cpu, improved_cpu = taken.cpu(), improved.cpu()
        small = torch.where(improved_cpu, 0, self.small_steps[active] + taken_cpu)
        self.small_steps[active] = small
        position = self.position.clone()
        position[active] = torch.where(taken[:, None], self.proposed[active], position[active])
        # Together, so that an interrupt finds a position and its own cost.
        self.position, self.equations = position, self.equations.with_taken(active, taken, equations)
        self.done[active] = (small >= _SMALL_STEPS) | (self.damping[active].cpu() >= _MOST_DAMPING)

    def record(self, progress: Progress | None) -> None:
        """Notes the cost of every start."""
        for i, entries in enumerate(self.history):
            if not self.done[i] or entries[-1]["total"] != float(self.equations.total[i]):
                entries.append(self.equations.at(i))
                self.efforts[i].append(self._effort(len(self.efforts[i])))
        self.show(progress)

    def _effort(self, n_iterations: int) -> Effort:
        """Every iteration evaluates the cost once, as does the start."""
        return Effort(n_iterations + 1, time.process_time() - self.started)

    def show(self, progress: Progress | None) -> None:
        """Tells the best start's last cost."""
        if progress is not None:
            best = int(torch.argmin(self.equations.total))
            progress(max(len(entries) for entries in self.history) - 1, self.history[best][-1])

    def optimizations(self, rest: Status) -> list[Optimization]:
        """The outcome of every start whose cost is finite; those not done have the status `rest`."""
        totals = self.equations.total
        return [
            Optimization(
                status=Status.CONVERGED if self.done[i] else rest,
                position=self.position[i].clone(),
                n_iterations=len(self.history[i]) - 1,
                cost_history=(*self.history[i][:-1], self.equations.at(i)),
                efforts=tuple(self.efforts[i]),
            )
            for i in range(len(self.history))
            if torch.isfinite(totals[i])
        ]
