"""Simulated annealing as CEINMS calibrates with it: the baseline.

References:
    Pizzolato et al. (2015), J Biomech 48(14):3929-3936; Corana et al. (1987), ACM Trans Math
    Softw 13(3):262-280; Goffe et al. (1994), J Econometrics 60:65-99.
"""

import time
from collections.abc import Iterator
from typing import Protocol, final, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.best_point import BestPoint
from opensim_difcal.calibration.one_by_one import OneByOneCost
from opensim_difcal.calibration.optimization import (
    AnnealingSettings,
    Optimization,
    OptimizerSettings,
    Progress,
)
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import Status
from opensim_difcal.errors import CalibrationError

_ACCEPTED = (0.4, 0.6)  # the part of changes that should be accepted
_ADJUSTMENT = 2.0  # c of Corana et al.


def minimize_simulated_annealing(
    problem: CalibrationProblem,
    start: Float[Tensor, " unknown"],
    settings: OptimizerSettings,
    progress: Progress | None = None,
) -> Optimization:
    """Minimizes the cost from one start; keeps the best point, also when interrupted.

    An iteration lasts from one adjustment of the step sizes to the next; its cost is that of
    the best point by then. Budgets of iterations and seconds are looked at after each. One
    evaluation computes only the muscle whose parameter changes.

    Raises:
        CalibrationError: If the cost has a user's terms, or synergies are learned.
        NonFiniteError: If the cost at the start is not a finite number. Later such a point is
            not accepted.
    """
    if problem.terms or problem.drive.n_unknowns:
        raise CalibrationError(
            "The optimizer simulated_annealing computes one muscle at a time; it knows neither cost terms of "
            "your own nor synergies. Choose another <optimizer>, or remove <cost_terms> and set <mode> to "
            "emg_driven."
        )
    deadline = time.perf_counter() + settings.max_seconds
    best = BestPoint(start, settings.tolerance)
    lower, upper = (limit.numpy() for limit in problem.limits)
    status = Status.CONVERGED
    with torch.no_grad():
        annealing = Annealing(OneByOneCost(problem), start.numpy(), (lower, upper), settings.annealing)
        if not np.isfinite(annealing.best_cost):
            raise problem.non_finite(start)
        try:
            for iteration, _ in enumerate(annealing.run()):
                position = torch.from_numpy(annealing.best_position)
                best.offer(problem.cost(position), position, annealing.n_evaluations)
                if progress is not None:
                    progress(iteration, best.history[-1])
                if iteration == settings.max_iterations:
                    status = Status.MAX_ITERATIONS
                    break
                if time.perf_counter() > deadline:
                    status = Status.MAX_SECONDS
                    break
            else:
                status = Status.CONVERGED if annealing.has_settled else Status.MAX_EVALUATIONS
        except KeyboardInterrupt:
            if not best.history:
                raise
            status = Status.INTERRUPTED
    return best.optimization(status)


@runtime_checkable
class Landscape(Protocol):
    """A cost that is explored one coordinate at a time."""

    def move_to(self, position: Float[np.ndarray, " unknown"]) -> float:
        """Sets the point, and returns the cost there."""
        ...

    def changed(self, index: int, value: float) -> float:
        """Returns the cost of the point with one coordinate changed; the point stays."""
        ...

    def accept(self) -> None:
        """Moves the point to where the cost was last asked for."""
        ...


@final
class Annealing:
    """A search that also climbs, the less so the colder it gets.

    Rounds of falling temperature. In a round every coordinate in turn is changed at random
    within its step size; outside its bounds it is drawn evenly between them. A lower cost is
    always accepted, a higher one with the probability exp(-increase / temperature). Step
    sizes follow the part that is accepted. Every round begins at the best point.

    Attributes:
        best_position: The best point.
        best_cost: The cost there.
        n_evaluations: Of the cost.
        step_sizes: Largest change of every coordinate.
        has_settled: Whether the last rounds ended as low as the best point.
    """

    def __init__(
        self,
        landscape: Landscape,
        start: Float[np.ndarray, " unknown"],
        limits: tuple[Float[np.ndarray, " unknown"], Float[np.ndarray, " unknown"]],
        settings: AnnealingSettings,
    ) -> None:
        """Begins at a start, with step sizes of half the distance of the bounds."""
        self._landscape, self._settings = landscape, settings
        self._lower, self._upper = limits
        self._random = np.random.default_rng(settings.seed)
        self.step_sizes = 0.5 * (self._upper - self._lower)
        self.best_position, self.best_cost = start.copy(), landscape.move_to(start)
        self.n_evaluations = 1
        self.has_settled = False
        self._position, self._cost = start.copy(), self.best_cost

    def run(self) -> Iterator[None]:
        """Yields at the start and after every adjustment of the step sizes, until it is over.

        It is over when the search has settled, or when a round ends beyond the number of
        evaluations.
        """
        settings = self._settings
        temperature = settings.initial_temperature
        ends: list[float] = []
        yield
        while True:
            for _ in range(settings.adjustments_per_temperature):
                sweeps = [self._sweep(temperature) for _ in range(settings.sweeps_per_adjustment)]
                ranges = self._upper - self._lower
                self.step_sizes = adjusted(self.step_sizes, np.mean(sweeps, axis=0), ranges)
                yield
            ends = [*ends[-settings.n_epsilon :], self._cost]
            near = [end - self.best_cost < settings.cost_epsilon for end in ends]
            self.has_settled = len(ends) > settings.n_epsilon and all(near)
            if self.has_settled or self.n_evaluations >= settings.max_evaluations:
                return
            temperature *= settings.temperature_reduction_factor
            self._position = self.best_position.copy()
            self._cost = self._landscape.move_to(self._position)

    def _sweep(self, temperature: float) -> Float[np.ndarray, " unknown"]:
        """Changes every coordinate once; returns 1 where the change was accepted, else 0."""
        accepted = np.zeros_like(self._position)
        for i in range(len(self._position)):
            value = self._position[i] + self.step_sizes[i] * self._random.uniform(-1.0, 1.0)
            if not self._lower[i] <= value <= self._upper[i]:
                value = self._random.uniform(self._lower[i], self._upper[i])
            cost = self._landscape.changed(i, value)
            self.n_evaluations += 1
            if cost < self._cost or self._random.random() < np.exp((self._cost - cost) / temperature):
                self._landscape.accept()
                self._position[i], self._cost = value, cost
                accepted[i] = 1.0
                if cost < self.best_cost:
                    self.best_position, self.best_cost = self._position.copy(), cost
        return accepted


def adjusted(
    step_sizes: Float[np.ndarray, " unknown"],
    accepted: Float[np.ndarray, " unknown"],
    ranges: Float[np.ndarray, " unknown"],
) -> Float[np.ndarray, " unknown"]:
    """Returns step sizes that bring the accepted part back between 0.4 and 0.6.

    Args:
        step_sizes: Largest change of every coordinate.
        accepted: Part of its changes that were accepted.
        ranges: Distance of its bounds, beyond which no step size grows.
    """
    few, many = _ACCEPTED
    longer = 1.0 + _ADJUSTMENT * np.maximum(accepted - many, 0.0) / (1.0 - many)
    shorter = 1.0 + _ADJUSTMENT * np.maximum(few - accepted, 0.0) / few
    return np.minimum(step_sizes * longer / shorter, ranges)
