import numpy as np
import pytest

from opensim_difcal.physics.bezier import corner, corner_shape, evaluate


def test_corner_passes_through_its_ends_with_their_slopes():
    segment = corner((0.0, 0.0, 0.0), (1.0, 1.0, 2.0), corner_shape(0.5))
    assert (segment.x(0.0), segment.y(0.0)) == (0.0, 0.0)
    assert segment.x(1.0) == pytest.approx(1.0)
    assert segment.y.deriv()(1.0) / segment.x.deriv()(1.0) == pytest.approx(2.0)


def test_corner_between_parallel_tangents_is_their_line():
    segment = corner((0.0, 1.0, 2.0), (1.0, 3.0, 2.0), corner_shape(1.0))
    x = np.linspace(0.0, 1.0, 11)
    np.testing.assert_allclose(evaluate([segment], x), 1.0 + 2.0 * x, atol=1e-14)


def test_corner_has_no_curvature_at_its_ends():
    segment = corner((0.0, 0.0, 0.0), (1.0, 1.0, 3.0), corner_shape(0.75))
    step = 1e-4
    for inner, end in ((2 * step, 0.0), (1.0 - 2 * step, 1.0)):
        x = np.array([end, 0.5 * (end + inner), inner])
        y = evaluate([segment], np.sort(x))
        assert abs(y[0] - 2 * y[1] + y[2]) / step**2 < 0.05
