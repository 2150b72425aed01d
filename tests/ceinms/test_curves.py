import pytest

from opensim_difcal.ceinms.curves import DEFAULT_CURVES, abscissa_of, curve_of
from opensim_difcal.ceinms.subject import CURVES, CurvePoints


def test_there_is_a_default_for_every_curve_with_as_many_ordinates_and_rising_abscissae():
    assert tuple(curve.name for curve in DEFAULT_CURVES) == CURVES
    for curve in DEFAULT_CURVES:
        assert len(curve.x) == len(curve.y)
        assert list(curve.x) == sorted(set(curve.x))


def test_a_subjects_own_curve_goes_before_the_default():
    own = CurvePoints("forceVelocity", (0.0, 1.0), (0.0, 1.0))
    assert curve_of((own,), "forceVelocity") is own
    assert curve_of((own,), "tendonForceStrain") is DEFAULT_CURVES[3]


def test_the_default_tendon_reaches_maximum_force_at_a_strain_of_3_percent():
    assert abscissa_of(DEFAULT_CURVES[3], 1.0) == pytest.approx(0.0329, abs=1e-4)
    assert abscissa_of(DEFAULT_CURVES[2], 9.0) is None
