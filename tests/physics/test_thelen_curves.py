"""Thelen's curves, and how close Millard's come."""

import numpy as np
import pytest

from opensim_difcal.physics.bezier import evaluate
from opensim_difcal.physics.thelen_curves import ACTIVE_LENGTHS, ThelenCurves, closest_millard_curves

GAIT2392 = ThelenCurves(FmaxTendonStrain=0.033, KshapeActive=0.5, KshapePassive=4.0, Af=0.3, Flen=1.8)
BOTH = pytest.mark.parametrize("thelen", [GAIT2392, ThelenCurves()], ids=["gait2392", "defaults"])


def difference(curve, wanted, first, last):
    """Largest difference over a span that lies in the curve's domain."""
    corners = curve.corners()
    x = np.linspace(max(first, corners[0].first), min(last, corners[-1].last), 301)
    return np.abs(evaluate(corners, x) - wanted(x)).max()


@BOTH
def test_the_strains_are_those_at_one_max_isometric_force(thelen):
    assert thelen.tendon_force_length(np.array([1.0, 1.0 + thelen.FmaxTendonStrain])) == pytest.approx([0, 1])
    assert thelen.passive_force_length(np.array([1.0, 1.0 + thelen.FmaxMuscleStrain])) == pytest.approx(
        [0, 1]
    )


@BOTH
def test_an_isometric_fiber_has_its_force_and_the_fastest_none(thelen):
    force = thelen.force_velocity(np.array([-1.0, 0.0, 1e-12, 10.0]))
    assert force[:3] == pytest.approx([0.0, 1.0, 1.0], abs=1e-9)
    assert force[3] > thelen.Flen  # the line that goes on beyond the threshold


def test_the_force_velocity_curve_is_twice_as_steep_in_lengthening():
    step = 1e-7
    low, at, high = GAIT2392.force_velocity(np.array([-step, 0.0, step]))
    assert (high - at) / (at - low) == pytest.approx(2.0, rel=1e-4)


@BOTH
def test_the_line_beyond_the_threshold_joins_smoothly(thelen):
    last = thelen.fv_linear_extrap_threshold * thelen.Flen
    v = np.linspace(0.0, 2.0, 200_001)
    force = thelen.force_velocity(v)
    at = int(np.searchsorted(force, last))
    slopes = np.diff(force)[at - 3 : at + 3] / (v[1] - v[0])
    assert np.ptp(slopes) < 1e-3


@BOTH
def test_millards_curves_come_close(thelen):
    millard = closest_millard_curves(thelen)
    span = 1.0, 1.0 + thelen.FmaxMuscleStrain
    # Measured: 0.043, 0.032, 0.043 and 0.029; docs/theory.md states them.
    assert difference(millard.active_force_length, thelen.active_force_length, *ACTIVE_LENGTHS) < 0.045
    assert difference(millard.fiber_force_length, thelen.passive_force_length, *span) < 0.033
    assert difference(millard.force_velocity, thelen.force_velocity, -1.0, 1.0) < 0.045
    assert difference(millard.tendon_force_length, thelen.tendon_force_length, 1.0, 2.0) < 0.03


@BOTH
def test_what_has_a_counterpart_carries_over_exactly(thelen):
    millard = closest_millard_curves(thelen)
    assert millard.tendon_force_length.strain_at_one_norm_force == thelen.FmaxTendonStrain
    assert millard.tendon_force_length.stiffness_at_one_norm_force == thelen.tendon_stiffness
    assert millard.tendon_force_length.norm_force_at_toe_end == 0.33
    assert millard.fiber_force_length.strain_at_one_norm_force == thelen.FmaxMuscleStrain
    low, high = thelen.passive_slopes
    assert millard.fiber_force_length.stiffness_at_low_force == low
    assert millard.fiber_force_length.stiffness_at_one_norm_force == high
    top = thelen.force_velocity(np.array([1.0]))[0]
    assert millard.force_velocity.max_eccentric_velocity_force_multiplier == top


def test_a_wider_gaussian_gives_a_wider_active_curve():
    widths = []
    for width in (0.3, 0.45, 0.6):
        active = closest_millard_curves(ThelenCurves(KshapeActive=width)).active_force_length
        widths.append(active.max_norm_active_fiber_length - active.min_norm_active_fiber_length)
    assert widths[0] < widths[1] < widths[2]
