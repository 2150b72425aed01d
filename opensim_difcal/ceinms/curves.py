"""The curves that CEINMS takes where a subject gives none, and what they say."""

from collections.abc import Sequence

from opensim_difcal.ceinms.subject import CurvePoints

_POINTS = {
    "activeForceLength": (
        "-5 0 0.401 0.402 0.4035 0.52725 0.62875 0.71875 0.86125 1.045 1.2175 1.43875 1.61875 1.62 1.621 "
        "2.2 5",
        "0 0 0 0 0 0.226667 0.636667 0.856667 0.95 0.993333 0.77 0.246667 0 0 0 0 0",
    ),
    "passiveForceLength": (
        "-5 0.998 0.999 1 1.1 1.2 1.3 1.4 1.5 1.6 1.601 1.602 5",
        "0 0 0 0 0.035 0.12 0.26 0.55 1.17 2 2 2 2",
    ),
    "forceVelocity": (
        "-10 -1 -0.6 -0.3 -0.1 0 0.1 0.3 0.6 0.8 10",
        "0 0 0.08 0.2 0.55 1 1.4 1.6 1.7 1.75 1.75",
    ),
    "tendonForceStrain": (
        "-10 -0.002 -0.001 0 0.00131 0.00281 0.00431 0.00581 0.00731 0.00881 0.0103 0.0118 0.0123 "
        "9.2 9.201 9.202 20",
        "0 0 0 0 0.0108 0.0257 0.0435 0.0652 0.0915 0.123 0.161 0.208 0.227 345 345 345 345",
    ),
}

DEFAULT_CURVES = tuple(
    CurvePoints(name, tuple(map(float, x.split())), tuple(map(float, y.split())))
    for name, (x, y) in _POINTS.items()
)
"""Points of the defaults of CEINMS 0.9, from the description of its subject file."""


def curve_of(curves: Sequence[CurvePoints], name: str) -> CurvePoints:
    """Returns a curve of a subject, or the default.

    Args:
        curves: Those that the subject gives.
        name: One of `CURVES`.
    """
    return next(curve for curve in (*curves, *DEFAULT_CURVES) if curve.name == name)


def abscissa_of(curve: CurvePoints, value: float) -> float | None:
    """Returns where a curve first rises through a value, between its points on a straight line.

    Args:
        curve: The curve.
        value: Force multiplier.
    """
    points = list(zip(curve.x, curve.y, strict=True))
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if y0 < value <= y1:
            return x0 + (x1 - x0) * (value - y0) / (y1 - y0)
    return None
