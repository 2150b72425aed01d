"""Second-order linear recurrences over time, and their adjoint.

x_i = last_i x_(i-1) + before_i x_(i-2) + drive_i, from rest. On the CPU NumPy steps through
time, each step a few fused operations on all trials and muscles. On another device, where
many small steps are slow, pairs of neighboring steps are joined until one is left
(Blelloch 1990, Prefix sums and their applications).
"""

import numpy as np
import torch
from torch import Tensor

from opensim_difcal.shapes import MuscleSeries


def solve(last: Tensor, before: Tensor, drive: MuscleSeries) -> MuscleSeries:
    """Returns x; `last` and `before` broadcast against `drive`."""
    last, before = last.expand_as(drive), before.expand_as(drive)
    if drive.device.type == "cpu":
        return _solve_stepwise(last, before, drive)
    return solve_by_doubling(last, before, drive)


def solve_adjoint(last: Tensor, before: Tensor, upstream: MuscleSeries) -> MuscleSeries:
    """Returns the gradient by `drive`, given the gradient by x.

    w_i = upstream_i + last_(i+1) w_(i+1) + before_(i+2) w_(i+2): the same recurrence, backward.
    """
    last, before = last.expand_as(upstream), before.expand_as(upstream)
    later = torch.nn.functional.pad(last[..., 1:, :], (0, 0, 0, 1))
    latest = torch.nn.functional.pad(before[..., 2:, :], (0, 0, 0, 2))[..., : upstream.shape[-2], :]
    return solve(later.flip(-2), latest.flip(-2), upstream.flip(-2)).flip(-2)


def _solve_stepwise(last: Tensor, before: Tensor, drive: Tensor) -> Tensor:
    p, q, x = _time_first(last), _time_first(before), _time_first(drive).copy()
    with np.errstate(over="ignore", invalid="ignore"):  # an unstable one grows beyond all numbers
        for i in range(1, len(x)):
            x[i] += p[i] * x[i - 1]
            if i > 1:
                x[i] += q[i] * x[i - 2]
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, 0, -2)))


def solve_by_doubling(last: Tensor, before: Tensor, drive: Tensor) -> Tensor:
    """Returns x in as many rounds as the number of samples has bits.

    The state (x_i, x_(i-1)) is a linear function of the one before; after a round with
    distance d it is known as a function of the state 2 d samples earlier.

    Args:
        last: Coefficient of x_(i-1).
        before: Coefficient of x_(i-2).
        drive: What is added.
    """
    one, zero = torch.ones_like(drive), torch.zeros_like(drive)
    matrix = [last.clone(), before.clone(), one, zero]  # row by row
    for each in matrix:
        each[..., 0, :] = 0.0
    offset = [drive.clone(), zero.clone()]
    distance, n_samples = 1, drive.shape[-2]
    while distance < n_samples:
        a, b, c, d = (each[..., distance:, :] for each in matrix)
        e, f, g, h = (each[..., :-distance, :] for each in matrix)
        u, v = (each[..., :-distance, :] for each in offset)
        products = (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)
        sums = (a * u + b * v, c * u + d * v)
        for each, product in zip(matrix, products, strict=True):
            each[..., distance:, :] = product
        for each, extra in zip(offset, sums, strict=True):
            each[..., distance:, :] += extra
        distance *= 2
    return offset[0]


def _time_first(series: Tensor) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(series.detach().numpy(), -2, 0))
