"""Quintic Bezier corners: what OpenSim's muscle curves are made of.

A corner is a C2 segment between two points with given slopes whose ends have no
curvature, so corners join with continuous second derivatives. The construction is
described in Millard et al. (2013), J Biomech Eng 135(2):021005, appendix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.polynomial import Polynomial

End = tuple[float, float, float]
"""A point and its slope: x, y, dy/dx."""


def corner_shape(curviness: float) -> float:
    """Maps OpenSim's curviness, 0..1, to how far control points lie toward the corner."""
    return 0.1 + 0.8 * curviness


@dataclass(frozen=True)
class Corner:
    """One quintic Bezier segment; x and y are polynomials of a parameter that runs from 0 to 1.

    Attributes:
        x: Abscissa, rising.
        y: Ordinate.
        first: Abscissa of the start.
        last: Abscissa of the end.
        first_slope: dy/dx at the start.
        last_slope: dy/dx at the end.
    """

    x: Polynomial
    y: Polynomial
    first: float
    last: float
    first_slope: float
    last_slope: float


def corner(start: End, end: End, shape: float) -> Corner:
    """Returns the segment from `start` to `end` that bends toward where their tangents meet.

    Args:
        start: First point and slope.
        end: Last point and slope.
        shape: 0 (straight) to 1 (sharp), see `corner_shape`.
    """
    (x0, y0, slope0), (x1, y1, slope1) = start, end
    if abs(slope0 - slope1) > np.sqrt(np.finfo(float).eps):
        tip_x = (y1 - y0 - x1 * slope1 + x0 * slope0) / (slope0 - slope1)
    else:
        tip_x = 0.5 * (x0 + x1)
    tip_y = y1 + slope1 * (tip_x - x1)
    x = _control_polynomial(x0, x0 + shape * (tip_x - x0), x1 + shape * (tip_x - x1), x1)
    y = _control_polynomial(y0, y0 + shape * (tip_y - y0), y1 + shape * (tip_y - y1), y1)
    return Corner(x, y, x0, x1, slope0, slope1)


def _control_polynomial(first: float, near_first: float, near_last: float, last: float) -> Polynomial:
    """Bezier polynomial whose inner control points stand twice each."""
    rising = Polynomial([0.0, 1.0])
    falling = 1.0 - rising
    return (
        first * falling**5
        + near_first * (5 * falling**4 * rising + 10 * falling**3 * rising**2)
        + near_last * (10 * falling**2 * rising**3 + 5 * falling * rising**4)
        + last * rising**5
    )


def evaluate(corners: Sequence[Corner], x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Returns y at each x inside the corners' domain, solving x(u) = x to rounding.

    Args:
        corners: Segments that join, from left to right.
        x: Abscissae within the domain.
    """
    y = np.empty_like(x)
    for segment in corners:
        inside = (x >= segment.first) & (x <= segment.last)
        y[inside] = segment.y(_parameter(segment.x, x[inside]))
    return y


def _parameter(polynomial: Polynomial, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Inverts a rising polynomial on 0..1 by Newton steps kept inside a bisection bracket."""
    slope = polynomial.deriv()
    low, high = np.zeros_like(x), np.ones_like(x)
    u = np.full_like(x, 0.5)
    for _ in range(80):
        residual = polynomial(u) - x
        low, high = np.where(residual <= 0, u, low), np.where(residual > 0, u, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = u - residual / slope(u)
        u_next = np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
        if np.array_equal(u_next, u):
            break
        u = u_next
    return u
