"""The four curves of OpenSim's Thelen2003Muscle, and the Millard curves that come closest to them.

Thelen's curves are exponentials and hyperbolas, Millard's are Bezier splines. Where a property
of one says the same as a property of the other (a strain at maximum force, a slope, the end of
a toe) the value carries over exactly; what is left of a curve is fitted.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar, final

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.optimize import least_squares

from opensim_difcal.physics.bezier import evaluate
from opensim_difcal.physics.curve_parameters import (
    ActiveForceLengthCurve,
    CurveParameters,
    FiberForceLengthCurve,
    ForceVelocityCurve,
    TendonForceLengthCurve,
)

Points = Float[ndarray, " point"]
_Curve = TypeVar("_Curve", bound=CurveParameters)

ACTIVE_LENGTHS = 0.4, 1.6
"""Normalized fiber lengths over which the active curves are brought together."""

_TOE_FORCE = 0.33  # of the tendon, where it becomes linear
_TOE_SHAPE = 3.0
_SHORTEST_ACTIVE = 0.1, 0.55  # bounds of min_norm_active_fiber_length
_N_POINTS = 41


@final
@dataclass(frozen=True)
class ThelenCurves:
    """What shapes the curves of a Thelen2003Muscle, by the names of its properties.

    Attributes:
        FmaxTendonStrain: Tendon strain at one max_isometric_force.
        FmaxMuscleStrain: Fiber strain at which the passive force is one max_isometric_force.
        KshapeActive: Width of the active curve, squared normalized lengths.
        KshapePassive: Exponent of the passive curve.
        Af: Curvature of the force-velocity hyperbolas.
        Flen: Force of fast lengthening, an asymptote.
        fv_linear_extrap_threshold: Part of Flen beyond which the hyperbola goes on as a line.

    References:
        Thelen (2003), J Biomech Eng 125(1):70-77, Eqs 3-7.
    """

    FmaxTendonStrain: float = 0.04
    FmaxMuscleStrain: float = 0.6
    KshapeActive: float = 0.45
    KshapePassive: float = 5.0
    Af: float = 0.25
    Flen: float = 1.4
    fv_linear_extrap_threshold: float = 0.95

    def active_force_length(self, length: Points) -> Points:
        """Active force at a normalized fiber length: exp(-(length - 1)**2 / KshapeActive)."""
        return np.exp(-((length - 1.0) ** 2) / self.KshapeActive)

    def passive_force_length(self, length: Points) -> Points:
        """Passive force at a normalized fiber length, an exponential from one optimal length on."""
        strain = np.maximum(length - 1.0, 0.0) / self.FmaxMuscleStrain
        return np.expm1(self.KshapePassive * strain) / np.expm1(self.KshapePassive)

    def tendon_force_length(self, length: Points) -> Points:
        """Tendon force at a length in slack lengths: an exponential toe, then a straight line."""
        strain = np.maximum(length - 1.0, 0.0)
        toe = _TOE_FORCE * np.expm1(_TOE_SHAPE * strain / self.toe_strain) / np.expm1(_TOE_SHAPE)
        line = _TOE_FORCE + self.tendon_stiffness * (strain - self.toe_strain)
        return np.where(strain > self.toe_strain, line, toe)

    def force_velocity(self, velocity: Points) -> Points:
        """Force at a velocity in max_contraction_velocity, fully activated; lengthening is positive.

        A muscle with activation a has a times the force at velocity / (0.25 + 0.75 a).
        """
        slowed = np.minimum(velocity, 0.0)
        shortening = (1.0 + slowed) / (1.0 - slowed / self.Af)
        stretch = self._eccentric * np.maximum(velocity, 0.0)
        lengthening = (1.0 + stretch * self.Flen) / (1.0 + stretch)
        beyond = self._last_force + (velocity - self._last_velocity) / self._last_inverse_slope
        lengthening = np.where(velocity > self._last_velocity, beyond, lengthening)
        return np.where(velocity <= 0.0, shortening, lengthening)

    @property
    def toe_strain(self) -> float:
        """Where the tendon's toe ends, so that the slopes of toe and line agree."""
        cube = math.exp(_TOE_SHAPE)
        return 99.0 * self.FmaxTendonStrain * cube / (166.0 * cube - 67.0)

    @property
    def tendon_stiffness(self) -> float:
        """Slope of the tendon's line."""
        return (1.0 - _TOE_FORCE) / (self.FmaxTendonStrain - self.toe_strain)

    @property
    def passive_slopes(self) -> tuple[float, float]:
        """Slope of the passive curve where it begins and at one max_isometric_force."""
        first = self.KshapePassive / self.FmaxMuscleStrain / math.expm1(self.KshapePassive)
        return first, first * math.exp(self.KshapePassive)

    @property
    def _eccentric(self) -> float:
        return (2.0 + 2.0 / self.Af) / (self.Flen - 1.0)

    @property
    def _last_force(self) -> float:
        return self.fv_linear_extrap_threshold * self.Flen

    @property
    def _last_velocity(self) -> float:
        return (self._last_force - 1.0) / (self._eccentric * (self.Flen - self._last_force))

    @property
    def _last_inverse_slope(self) -> float:
        return (self.Flen - 1.0) / (self._eccentric * (self.Flen - self._last_force) ** 2)


@dataclass(frozen=True)
class MillardCurves:
    """The four curves of a Millard2012EquilibriumMuscle."""

    active_force_length: ActiveForceLengthCurve
    fiber_force_length: FiberForceLengthCurve
    force_velocity: ForceVelocityCurve
    tendon_force_length: TendonForceLengthCurve


@lru_cache(maxsize=64)
def closest_millard_curves(thelen: ThelenCurves) -> MillardCurves:
    """Returns the Millard curves that come closest to a Thelen muscle's.

    Tendon and passive curve keep the strains at zero and at one max_isometric_force and the
    slopes there, the tendon the end of its toe as well; their curviness is fitted. The
    force-velocity curve keeps the forces at both ends, where its slope is zero, as OpenSim
    demands of a damped muscle; its isometric slope, which Thelen's has twice as steep toward
    lengthening as toward shortening, and the rest of its shape are fitted. The active curve,
    which is no Gaussian, is fitted over `ACTIVE_LENGTHS`. Fits are least squares over equally
    spaced points.

    Args:
        thelen: The Thelen muscle's curves.
    """
    return MillardCurves(
        _closest_active(thelen),
        _closest_passive(thelen),
        _closest_force_velocity(thelen),
        _closest_tendon(thelen),
    )


def _closest_active(thelen: ThelenCurves) -> ActiveForceLengthCurve:
    names = (
        "min_norm_active_fiber_length",
        "transition_norm_fiber_length",
        "max_norm_active_fiber_length",
        "shallow_ascending_slope",
    )
    bounds = _SHORTEST_ACTIVE, (0.6, 0.9), (1.61, 4.0), (0.05, 2.0)
    start = ActiveForceLengthCurve(min_norm_active_fiber_length=0.3, max_norm_active_fiber_length=2.0)
    return _fitted(start, dict(zip(names, bounds, strict=True)), ACTIVE_LENGTHS, thelen.active_force_length)


def _closest_passive(thelen: ThelenCurves) -> FiberForceLengthCurve:
    low, high = thelen.passive_slopes
    start = FiberForceLengthCurve(0.0, thelen.FmaxMuscleStrain, low, high)
    span = 1.0, 1.0 + thelen.FmaxMuscleStrain
    return _fitted(start, {"curviness": (0.0, 1.0)}, span, thelen.passive_force_length)


def _closest_tendon(thelen: ThelenCurves) -> TendonForceLengthCurve:
    start = TendonForceLengthCurve(thelen.FmaxTendonStrain, thelen.tendon_stiffness, _TOE_FORCE)
    span = 1.0, 1.0 + thelen.toe_strain
    return _fitted(start, {"curviness": (0.0, 1.0)}, span, thelen.tendon_force_length)


def _closest_force_velocity(thelen: ThelenCurves) -> ForceVelocityCurve:
    isometric = 1.0 + 1.0 / thelen.Af
    start = ForceVelocityCurve(
        isometric_slope=isometric,
        max_eccentric_velocity_force_multiplier=float(thelen.force_velocity(np.array([1.0]))[0]),
    )
    bounds = {
        "concentric_slope_near_vmax": (0.0, 0.9),
        "isometric_slope": (isometric, 2.0 * isometric),
        "eccentric_slope_near_vmax": (0.0, 0.9),
        "concentric_curviness": (0.0, 1.0),
        "eccentric_curviness": (0.0, 1.0),
    }
    return _fitted(start, bounds, (-1.0, 1.0), thelen.force_velocity)


def _fitted(
    start: _Curve,
    bounds: dict[str, tuple[float, float]],
    span: tuple[float, float],
    wanted: Callable[[Points], Points],
) -> _Curve:
    """Returns a curve with some parameters changed so that it is closest to a function."""
    x = np.linspace(*span, _N_POINTS)
    goal = wanted(x)

    def with_values(values: Points) -> _Curve:
        return replace(start, **dict(zip(bounds, map(float, values), strict=True)))

    lower, upper = np.array(list(bounds.values())).T
    inside = np.clip([getattr(start, name) for name in bounds], lower + 1e-3, upper - 1e-3)
    found = least_squares(
        lambda values: _values(with_values(values), x) - goal, inside, bounds=(lower, upper), xtol=1e-10
    )
    return with_values(found.x)


def _values(curve: CurveParameters, x: Points) -> Points:
    """A curve inside its domain; its end values outside."""
    corners = curve.corners()
    return evaluate(corners, np.clip(x, corners[0].first, corners[-1].last))
