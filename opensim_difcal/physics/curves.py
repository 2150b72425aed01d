"""Muscle curves as differentiable tables, one row per muscle.

Each Bezier curve is inverted once, to rounding, at many equally spaced abscissae; a
cubic spline through these points is what the muscle evaluates. Against OpenSim's own
`calcValue` it agrees to better than 1e-9, and value, slope and curvature are
continuous, which the Rosenbrock step and its gradient need.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.interpolate import CubicSpline
from torch import Tensor
from torch.autograd.function import once_differentiable

from opensim_difcal.physics.bezier import evaluate
from opensim_difcal.physics.curve_parameters import CurveParameters
from opensim_difcal.shapes import MuscleValues, PerMuscle

N_INTERVALS = 4096


@dataclass(frozen=True)
class CurveTable:
    """The same kind of curve for all muscles; muscles with equal parameters share a row.

    Attributes:
        first: Start of the domain, one entry per muscle.
        last: End of the domain.
        intervals_per_unit: Inverse width of the table's intervals.
        row: Index of the muscle's first interval in `coefficients`.
        coefficients: Cubic of each interval in the distance from its start, constant
            first.
    """

    first: PerMuscle
    last: PerMuscle
    intervals_per_unit: PerMuscle
    row: Int[Tensor, " muscle"]
    coefficients: Float[Tensor, "interval 4"]

    def value_and_slope(self, x: MuscleValues) -> tuple[MuscleValues, MuscleValues]:
        """Returns the curve and its first derivative; straight lines outside the domain.

        Args:
            x: Abscissa, last axis muscle.
        """
        if x.requires_grad and torch.is_grad_enabled():
            return _Curve.apply(self, x)
        return self.evaluate(x)[:2]

    def evaluate(self, x: MuscleValues) -> tuple[MuscleValues, MuscleValues, MuscleValues]:
        """Returns the curve and its first and second derivative.

        Args:
            x: Abscissa, last axis muscle.
        """
        inside = torch.clamp(x, self.first, self.last)
        with torch.no_grad():
            interval = ((inside - self.first) * self.intervals_per_unit).long().clamp_(0, N_INTERVALS - 1)
        distance = inside - (self.first + interval * torch.reciprocal(self.intervals_per_unit))
        rows = self.coefficients.index_select(0, (interval + self.row).reshape(-1))
        c0, c1, c2, c3 = rows.reshape(*interval.shape, 4).unbind(-1)
        third = distance * c3
        slope = c1 + distance * (2.0 * c2 + 3.0 * third)
        value = c0 + distance * (c1 + distance * (c2 + third)) + slope * (x - inside)
        return value, slope, torch.where(x == inside, 2.0 * c2 + 6.0 * third, 0.0)

    def select(self, index: Int[Tensor, " selected"]) -> "CurveTable":
        """Returns the table of some of the muscles."""
        return CurveTable(
            self.first[index],
            self.last[index],
            self.intervals_per_unit[index],
            self.row[index],
            self.coefficients,
        )

    def to(self, device: torch.device | str) -> "CurveTable":
        """Returns the table on another device."""
        return CurveTable(
            self.first.to(device),
            self.last.to(device),
            self.intervals_per_unit.to(device),
            self.row.to(device),
            self.coefficients.to(device),
        )


class _Curve(torch.autograd.Function):
    """A curve with its slope; their derivatives are known, so autograd need not find them."""

    @staticmethod
    def forward(ctx: Any, table: CurveTable, x: Tensor) -> tuple[Tensor, Tensor]:
        value, slope, curvature = table.evaluate(x)
        ctx.save_for_backward(slope, curvature)
        return value, slope

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[None, Tensor]:
        slope, curvature = ctx.saved_tensors
        return None, upstream[0] * slope + upstream[1] * curvature


def curve_table(parameters: Sequence[CurveParameters]) -> CurveTable:
    """Tabulates one curve per muscle.

    Args:
        parameters: Curve parameters, one entry per muscle, all of the same class.
    """
    distinct = list(dict.fromkeys(parameters))
    splines = [_spline(curve) for curve in distinct]
    which = [distinct.index(curve) for curve in parameters]
    first = torch.tensor([splines[i].x[0] for i in which], dtype=torch.float64)
    last = torch.tensor([splines[i].x[-1] for i in which], dtype=torch.float64)
    return CurveTable(
        first=first,
        last=last,
        intervals_per_unit=N_INTERVALS / (last - first),
        row=torch.tensor([i * N_INTERVALS for i in which]),
        coefficients=torch.cat([torch.from_numpy(spline.c[::-1].T.copy()) for spline in splines]),
    )


@lru_cache(maxsize=64)
def _spline(parameters: CurveParameters) -> CubicSpline:
    """Cubic spline through exact points of the Bezier curve, with its exact end slopes."""
    corners = parameters.corners()
    x = np.linspace(corners[0].first, corners[-1].last, N_INTERVALS + 1)
    end_slopes = (1, corners[0].first_slope), (1, corners[-1].last_slope)
    # SciPy's stubs know the named conditions only.
    return CubicSpline(x, evaluate(corners, x), bc_type=end_slopes)  # pyright: ignore[reportArgumentType]
