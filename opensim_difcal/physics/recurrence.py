"""Second-order linear recurrences over time, and their adjoint.

x_i = last_i x_(i-1) + before_i x_(i-2) + drive_i, from rest. As equations for all instants
at once they are a triangular system with two diagonals beside the main one, and the adjoint
is the transposed system. On the CPU BLAS solves it; on another device, where one small step
after the other is slow, pairs of neighboring steps are joined until one is left (Blelloch
1990, Prefix sums and their applications).
"""

import numpy as np
import torch
from scipy.linalg.blas import dtbsv  # pyright: ignore[reportAttributeAccessIssue]  # made when imported
from torch import Tensor

from opensim_difcal.shapes import MuscleSeries


def solve(last: Tensor, before: Tensor, drive: MuscleSeries) -> MuscleSeries:
    """Returns x; `last` and `before` broadcast against `drive`."""
    last, before = last.expand_as(drive), before.expand_as(drive)
    if drive.device.type == "cpu":
        x = _solve_triangular(last, before, drive, transposed=False)
        if bool(torch.isfinite(x).all()):  # else a series may have spoiled its neighbors
            return x
    return solve_by_doubling(last, before, drive)


def solve_adjoint(last: Tensor, before: Tensor, upstream: MuscleSeries) -> MuscleSeries:
    """Returns the gradient by `drive`, given the gradient by x.

    w_i = upstream_i + last_(i+1) w_(i+1) + before_(i+2) w_(i+2): the same recurrence, backward.
    """
    last, before = last.expand_as(upstream), before.expand_as(upstream)
    if upstream.device.type == "cpu":
        w = _solve_triangular(last, before, upstream, transposed=True)
        if bool(torch.isfinite(w).all()):
            return w
    later = torch.nn.functional.pad(last[..., 1:, :], (0, 0, 0, 1))
    latest = torch.nn.functional.pad(before[..., 2:, :], (0, 0, 0, 2))[..., : upstream.shape[-2], :]
    return solve_by_doubling(later.flip(-2), latest.flip(-2), upstream.flip(-2)).flip(-2)


def _solve_triangular(last: Tensor, before: Tensor, right: Tensor, *, transposed: bool) -> Tensor:
    """All series end to end in one system; the first instants of each depend on nothing before."""
    n_samples, size = right.shape[-2], right.numel()
    diagonals = np.zeros((3, size))  # the main one, which counts as ones, and the two below
    for row, coefficient in ((1, last), (2, before)):
        series = coefficient.detach().mT.reshape(-1, n_samples).numpy()
        ahead = diagonals[row].reshape(-1, n_samples)[:, : max(n_samples - row, 0)]
        np.negative(series[:, row:], out=ahead)
    x = right.detach().mT.flatten().numpy()
    solved = dtbsv(2, diagonals, x, lower=1, trans=int(transposed), diag=1)
    return torch.from_numpy(solved).reshape(right.mT.shape).mT


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
