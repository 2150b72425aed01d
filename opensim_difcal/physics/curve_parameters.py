"""The four curves of OpenSim's Millard muscle, from their parameters to Bezier corners.

Parameters carry OpenSim's property names. They are the *effective* ones, which
OpenSim derives at finalize (docs/theory.md, "Effective curve parameters").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from opensim_difcal.physics.bezier import Corner, corner, corner_shape

_ACTIVE_CURVINESS = 1.0
_PLATEAU_HALF_WIDTH = 0.05  # of the optimal length, ActiveForceLengthCurve
_NEAR_MAXIMAL_VELOCITY = 0.9  # where the force-velocity curve takes its near-vmax slopes


@final
@dataclass(frozen=True)
class ActiveForceLengthCurve:
    """Active force against fiber length, both normalized.

    Attributes:
        min_norm_active_fiber_length: Shortest length with active force.
        transition_norm_fiber_length: Where the steep ascending limb becomes shallow.
        max_norm_active_fiber_length: Longest length with active force.
        shallow_ascending_slope: Slope of the shallow ascending limb.
        minimum_value: Force outside the active range.
    """

    min_norm_active_fiber_length: float = 0.4441
    transition_norm_fiber_length: float = 0.73
    max_norm_active_fiber_length: float = 1.8123
    shallow_ascending_slope: float = 0.8616
    minimum_value: float = 0.0

    def corners(self) -> Sequence[Corner]:
        """Five corners from the shortest to the longest active length."""
        first, transition = self.min_norm_active_fiber_length, self.transition_norm_fiber_length
        last, low = self.max_norm_active_fiber_length, self.minimum_value
        slope, half_width = self.shallow_ascending_slope, _PLATEAU_HALF_WIDTH
        transition_force = 1.0 - slope * (1.0 - half_width - transition)
        steep_slope = 1.25 * transition_force / (transition - first)
        descending_slope = -1.0 / ((last - half_width) - (1.0 + half_width))
        ends = (
            (first, low, 0.0),
            (0.5 * (first + transition), 0.5 * transition_force, steep_slope),
            (0.5 * (transition + 1.0 - half_width), 0.5 * (1.0 + transition_force), slope),
            (1.0, 1.0, 0.0),
            (0.5 * (1.0 + half_width + last), 0.5, descending_slope),
            (last, low, 0.0),
        )
        return _chain(ends, corner_shape(_ACTIVE_CURVINESS))


@final
@dataclass(frozen=True)
class FiberForceLengthCurve:
    """Passive force against fiber length, both normalized.

    Attributes:
        strain_at_zero_force: Fiber strain where passive force begins.
        strain_at_one_norm_force: Fiber strain at one max_isometric_force.
        stiffness_at_low_force: Slope at the end of the toe.
        stiffness_at_one_norm_force: Slope at one max_isometric_force.
        curviness: 0 (two straight lines) to 1.
    """

    strain_at_zero_force: float = 0.0
    strain_at_one_norm_force: float = 0.7
    stiffness_at_low_force: float = 0.2
    stiffness_at_one_norm_force: float = 2.0 / 0.7
    curviness: float = 0.75

    def corners(self) -> Sequence[Corner]:
        """Two corners: toe and rise to one normalized force."""
        zero, one = 1.0 + self.strain_at_zero_force, 1.0 + self.strain_at_one_norm_force
        toe_width = min(0.1 / self.stiffness_at_one_norm_force, 0.1 * (one - zero))
        toe_force = 0.5 * toe_width * self.stiffness_at_low_force
        ends = (
            (zero, 0.0, 0.0),
            (zero + toe_width, toe_force, self.stiffness_at_low_force),
            (one, 1.0, self.stiffness_at_one_norm_force),
        )
        return _chain(ends, corner_shape(self.curviness))


@final
@dataclass(frozen=True)
class ForceVelocityCurve:
    """Force against fiber velocity in max_contraction_velocity; shortening is negative.

    Attributes:
        concentric_slope_at_vmax: Slope at velocity -1.
        concentric_slope_near_vmax: Slope just before velocity -1.
        isometric_slope: Slope at zero velocity.
        eccentric_slope_at_vmax: Slope at velocity 1.
        eccentric_slope_near_vmax: Slope just before velocity 1.
        max_eccentric_velocity_force_multiplier: Force at velocity 1.
        concentric_curviness: 0 to 1.
        eccentric_curviness: 0 to 1.
    """

    concentric_slope_at_vmax: float = 0.0
    concentric_slope_near_vmax: float = 0.25
    isometric_slope: float = 5.0
    eccentric_slope_at_vmax: float = 0.0
    eccentric_slope_near_vmax: float = 0.15
    max_eccentric_velocity_force_multiplier: float = 1.4
    concentric_curviness: float = 0.6
    eccentric_curviness: float = 0.9

    def corners(self) -> Sequence[Corner]:
        """Two concentric and two eccentric corners."""
        near, rest = _NEAR_MAXIMAL_VELOCITY, 1.0 - _NEAR_MAXIMAL_VELOCITY
        top = self.max_eccentric_velocity_force_multiplier
        near_concentric = 0.5 * rest * (self.concentric_slope_near_vmax + self.concentric_slope_at_vmax)
        near_eccentric = top - 0.5 * rest * (self.eccentric_slope_near_vmax + self.eccentric_slope_at_vmax)
        isometric = (0.0, 1.0, self.isometric_slope)
        concentric = (
            (-1.0, 0.0, self.concentric_slope_at_vmax),
            (-near, near_concentric, self.concentric_slope_near_vmax),
            isometric,
        )
        eccentric = (
            isometric,
            (near, near_eccentric, self.eccentric_slope_near_vmax),
            (1.0, top, self.eccentric_slope_at_vmax),
        )
        return [
            *_chain(concentric, corner_shape(self.concentric_curviness)),
            *_chain(eccentric, corner_shape(self.eccentric_curviness)),
        ]


@final
@dataclass(frozen=True)
class TendonForceLengthCurve:
    """Tendon force against tendon length in slack lengths.

    Attributes:
        strain_at_one_norm_force: Strain at one max_isometric_force.
        stiffness_at_one_norm_force: Slope of the linear part.
        norm_force_at_toe_end: Force where the linear part begins.
        curviness: 0 to 1.
    """

    strain_at_one_norm_force: float = 0.049
    stiffness_at_one_norm_force: float = 1.375 / 0.049
    norm_force_at_toe_end: float = 2.0 / 3.0
    curviness: float = 0.5

    def corners(self) -> Sequence[Corner]:
        """Two corners over the toe; beyond it the curve is straight."""
        stiffness, toe_force = self.stiffness_at_one_norm_force, self.norm_force_at_toe_end
        one = 1.0 + self.strain_at_one_norm_force
        toe_end = one + (toe_force - 1.0) / stiffness
        foot = 1.0 + 0.1 * (toe_end - 1.0)
        middle = one + (0.5 * toe_force - 1.0) / stiffness
        middle_slope = 0.5 * toe_force / (middle - foot)
        control = 0.5 * (foot + middle)
        ends = (
            (1.0, 0.0, 0.0),
            (control, middle_slope * (control - foot), middle_slope),
            (toe_end, toe_force, stiffness),
        )
        return _chain(ends, corner_shape(self.curviness))


CurveParameters = ActiveForceLengthCurve | FiberForceLengthCurve | ForceVelocityCurve | TendonForceLengthCurve


def _chain(ends: Sequence[tuple[float, float, float]], shape: float) -> list[Corner]:
    return [corner(start, end, shape) for start, end in zip(ends, ends[1:], strict=False)]
