"""Second-order linear recurrences over time, and their adjoint.

x_i = last_i x_(i-1) + before_i x_(i-2) + drive_i, from rest. Coefficients broadcast
against the series. NumPy steps through time: each step is a few fused operations on
arrays of all trials and muscles.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from opensim_difcal.shapes import MuscleSeries, PerMuscle


def solve(last: Tensor, before: Tensor, drive: MuscleSeries) -> MuscleSeries:
    """Returns x; `last` and `before` have the shape of `drive`."""
    p, q, x = _time_first(last), _time_first(before), _time_first(drive).copy()
    with np.errstate(over="ignore", invalid="ignore"):  # an unstable one grows beyond all numbers
        for i in range(1, len(x)):
            x[i] += p[i] * x[i - 1]
            if i > 1:
                x[i] += q[i] * x[i - 2]
    return _time_second_last(x, drive)


def solve_adjoint(last: Tensor, before: Tensor, upstream: MuscleSeries) -> MuscleSeries:
    """Returns the gradient by `drive`, given the gradient by x.

    w_i = upstream_i + last_(i+1) w_(i+1) + before_(i+2) w_(i+2).
    """
    p, q, w = _time_first(last), _time_first(before), _time_first(upstream).copy()
    n = len(w)
    for i in range(n - 2, -1, -1):
        w[i] += p[i + 1] * w[i + 1]
        if i + 2 < n:
            w[i] += q[i + 2] * w[i + 2]
    return _time_second_last(w, upstream)


class LinearFilter(torch.autograd.Function):
    """x_i = last x_(i-1) + before x_(i-2) + drive_i with one pair of coefficients per muscle."""

    @staticmethod
    def forward(ctx: Any, last: PerMuscle, before: PerMuscle, drive: MuscleSeries) -> MuscleSeries:
        """Filters the drive."""
        x = solve(last.expand_as(drive), before.expand_as(drive), drive)
        ctx.save_for_backward(last, before, x)
        return x

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns gradients by both coefficients and by the drive."""
        last, before, x = ctx.saved_tensors
        w = solve_adjoint(last.expand_as(x), before.expand_as(x), upstream[0])
        other_axes = tuple(range(x.dim() - 1))
        by_last = (w[..., 1:, :] * x[..., :-1, :]).sum(other_axes)
        by_before = (w[..., 2:, :] * x[..., :-2, :]).sum(other_axes)
        return by_last, by_before, w


def _time_first(series: Tensor) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(series.detach().cpu().numpy(), -2, 0))


def _time_second_last(series: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(series, 0, -2))).to(like)
