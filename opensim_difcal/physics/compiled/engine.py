"""The engine in machine code, for the CPU."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from opensim_difcal.physics.compiled.kernels import Kernel, build, kernel_source
from opensim_difcal.physics.compiled.templates import (
    Template,
    balanced_source,
    elementwise_source,
    recurrence_source,
    root_source,
    trajectory_source,
)
from opensim_difcal.physics.elementwise import Elementwise
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.equilibrium import bracket
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.muscle_functions import (
    ACTIVATION,
    BALANCE,
    ELASTIC_FORCE,
    MOVING_BALANCE,
    MOVING_BALANCE_AND_SLOPE,
    RIGID_FORCE,
    STEP,
)
from opensim_difcal.shapes import MuscleSeries, MuscleValues

_N_AXES = 4  # start, trial, time, muscle


@final
class CompiledEngine(Engine):
    """Steps through time in machine code that numba makes of the recorded functions.

    Operations are those of torch in torch's order, so results agree with it to the last
    digit or nearly. A kernel is made when it is first needed.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Keeps kernels for later runs in a folder, if one is given.

        Raises:
            ImportError: If numba is not installed.
        """
        import numba  # noqa: F401 - before anything that is kept is judged

        self._folder = folder
        self._kernels: dict[str, Kernel] = {}

    def with_partials(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[tuple[Tensor, ...], tuple[tuple[Tensor, ...], ...]]:
        """Values and derivatives in one pass over all instants."""
        shape = np.broadcast_shapes(*(x.shape for x in variables))
        kernel = self.kernel(function, elementwise_source, muscles, with_partials=True)
        n_values, n = function.n_values, function.n_differentiated(muscles)
        results = _empty(n_values * (1 + n), shape)
        kernel(_n_rows(shape), [*_padded_all(variables, shape), results], muscles=muscles)
        parts = results.reshape(-1, *shape).unbind(0)
        return parts[:n_values], tuple(
            parts[n_values + i * n : n_values + (i + 1) * n] for i in range(n_values)
        )

    def root(
        self,
        function: Elementwise,
        low: MuscleValues,
        high: MuscleValues,
        variables: Sequence[Tensor],
        muscles: Muscles,
    ) -> MuscleValues:
        """Bisection, one muscle after the other."""
        shape = np.broadcast_shapes(low.shape, high.shape, *(x.shape for x in variables))
        kernel = self.kernel(function, root_source, muscles, with_partials=False)
        result = _empty(1, shape)
        kernel(_n_rows(shape), [*_padded_all([low, high, *variables], shape), result], muscles=muscles)
        return result.reshape(shape)

    def trajectory(
        self,
        first: MuscleValues,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
        *,
        with_partials: bool,
    ) -> tuple[MuscleSeries, tuple[MuscleValues, ...] | None]:
        """Step by step; derivatives come with every step, wanted or not."""
        shape = activation.shape
        at_one_instant = (*shape[:-2], 1, shape[-1])
        before_last = (*shape[:-2], shape[-2] - 1, shape[-1])
        lengths, partials = _empty(1, shape), _empty(STEP.n_differentiated(muscles), before_last)
        start, *mechanical = _padded_all((first, *muscles.mechanical), at_one_instant)
        series = _padded_all((activation, muscle_tendon_length), shape)
        kernel = self.kernel(STEP, trajectory_source, muscles, with_partials=True)
        arrays = [start, *series, *mechanical, lengths, partials]
        kernel(_n_rows(shape), arrays, time_step, muscles=muscles)
        return lengths.reshape(shape), partials.reshape(-1, *before_last).unbind(0)

    def balanced_trajectory(
        self,
        first: MuscleValues,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
    ) -> MuscleSeries:
        """Step by step."""
        shape = activation.shape
        lengths = _empty(1, shape)
        start, *mechanical = _padded_all((first, *muscles.mechanical), (*shape[:-2], 1, shape[-1]))
        after, length_after = activation[..., 1:, :], muscle_tendon_length[..., 1:, :]
        series = _padded_all((*bracket(length_after, muscles), after, length_after), after.shape)
        kernel = self.kernel(MOVING_BALANCE_AND_SLOPE, balanced_source, muscles, with_partials=False)
        kernel(_n_rows(shape), [start, *series, *mechanical, lengths], time_step, muscles=muscles)
        return lengths.reshape(shape)

    def values(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[Tensor, ...]:
        """Values alone, in one pass over all instants."""
        shape = np.broadcast_shapes(*(x.shape for x in variables))
        kernel = self.kernel(function, elementwise_source, muscles, with_partials=False)
        results = _empty(function.n_values, shape)
        kernel(_n_rows(shape), [*_padded_all(variables, shape), results], muscles=muscles)
        return results.reshape(-1, *shape).unbind(0)

    def solve(self, last: Tensor, before: Tensor, drive: MuscleSeries) -> MuscleSeries:
        """A second-order linear recurrence over time."""
        return _recurrence(self._recurrence_kernel(adjoint=False), last, before, drive)

    def solve_adjoint(self, last: Tensor, before: Tensor, upstream: MuscleSeries) -> MuscleSeries:
        """Its adjoint."""
        return _recurrence(self._recurrence_kernel(adjoint=True), last, before, upstream)

    def prepare(self, muscles: Muscles) -> None:
        """Makes every kernel that a simulation of the muscles and its tangents need.

        Args:
            muscles: Decide whether rigid tendons are among them.
        """
        self._recurrence_kernel(adjoint=False)
        self.kernel(ACTIVATION, elementwise_source, muscles, with_partials=True)
        if not bool(muscles.rigid_tendon.all()):
            self.kernel(BALANCE, root_source, muscles, with_partials=False)
            self.kernel(BALANCE, elementwise_source, muscles, with_partials=True)
            if muscles.elastic_tendon == "rosenbrock":
                self.kernel(STEP, trajectory_source, muscles, with_partials=True)
            else:
                self.kernel(MOVING_BALANCE_AND_SLOPE, balanced_source, muscles, with_partials=False)
                self.kernel(MOVING_BALANCE, elementwise_source, muscles, with_partials=True)
            self.kernel(ELASTIC_FORCE, elementwise_source, muscles, with_partials=True)
        if bool(muscles.rigid_tendon.any()):
            self.kernel(RIGID_FORCE, elementwise_source, muscles, with_partials=True)

    def kernel(
        self, function: Elementwise, template: Template, muscles: Muscles, *, with_partials: bool
    ) -> Kernel:
        """Returns a kernel, made at the first call."""
        name = f"{template.__name__.removesuffix('_source')}_{function.name}"
        if template is elementwise_source and not with_partials:
            name = f"values_{function.name}"
        if function.is_mechanical and muscles.curve_strains is not None:
            name = f"{name}_with_strains"
        return self._built(
            name, lambda: kernel_source(function, template, muscles, with_partials=with_partials)
        )

    def _recurrence_kernel(self, *, adjoint: bool) -> Kernel:
        name = "solve_adjoint" if adjoint else "solve"
        return self._built(name, partial(recurrence_source, adjoint=adjoint))

    def _built(self, name: str, source: Callable[[], str]) -> Kernel:
        if name not in self._kernels:
            self._kernels[name] = build(name, source, self._folder)
        return self._kernels[name]


def _recurrence(kernel: Kernel, last: Tensor, before: Tensor, drive: Tensor) -> Tensor:
    shape = drive.shape
    x = torch.empty(_padded_shape(shape, _N_AXES + 1), dtype=torch.float64)
    kernel(_n_rows(shape), [*(_padded(each, shape, _N_AXES + 1) for each in (last, before, drive)), x])
    return x.reshape(shape)


def _n_rows(shape: Sequence[int]) -> int:
    """How many series over time and muscles there are."""
    return math.prod(shape[:-2])


def _padded_all(tensors: Sequence[Tensor], shape: Sequence[int]) -> list[Tensor]:
    return [_padded(each, shape, _N_AXES) for each in tensors]


def _padded(tensor: Tensor, shape: Sequence[int], n_axes: int) -> Tensor:
    """A tensor spread over a shape, with axes of one in front; nothing is copied."""
    return tensor.detach().expand(_padded_shape(shape, n_axes))


def _padded_shape(shape: Sequence[int], n_axes: int) -> tuple[int, ...]:
    return *(1 for _ in range(n_axes - len(shape))), *shape


def _empty(n: int, shape: Sequence[int]) -> Tensor:
    return torch.empty(n, *_padded_shape(shape, _N_AXES), dtype=torch.float64)
