import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

CURVES = {
    "active_force_length": ("getActiveForceLengthCurve", (0.0, 2.2)),
    "fiber_force_length": ("getFiberForceLengthCurve", (0.5, 2.0)),
    "force_velocity": ("getForceVelocityCurve", (-1.4, 1.4)),
    "tendon_force_length": ("getTendonForceLengthCurve", (0.95, 1.2)),
}


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("curve", CURVES)
def test_curve_equals_opensim_inside_and_outside_its_domain(pair, curve, index):
    getter, (low, high) = CURVES[curve]
    theirs = getattr(pair.opensim_muscle(index), getter)()
    x = np.linspace(low, high, 1000)
    table = getattr(pair.muscles, curve).select(torch.tensor([index]))
    value, slope = table.value_and_slope(torch.from_numpy(x).unsqueeze(-1))
    their_value = np.array([theirs.calcValue(float(point)) for point in x])
    their_slope = np.array([theirs.calcDerivative(float(point), 1) for point in x])
    # The issue asks for 1e-6; a spline through 4097 exact points reaches 1e-9.
    np.testing.assert_allclose(value[:, 0].numpy(), their_value, atol=1e-9, rtol=0)
    np.testing.assert_allclose(slope[:, 0].numpy(), their_slope, atol=1e-4 * np.abs(their_slope).max())


@pytest.mark.parametrize("curve", CURVES)
def test_curve_has_a_gradient_at_its_joints_and_beyond_both_ends(pair, curve):
    table = getattr(pair.muscles, curve)
    joints = torch.stack([table.first, table.last, 0.5 * (table.first + table.last)])
    x = torch.cat([joints, joints[:1] - 0.1, joints[1:2] + 0.1, joints[:1] + 1e-4]).requires_grad_(True)
    _, slope = table.value_and_slope(
        torch.linspace(0, 1, 500)[:, None] * (table.last - table.first) + table.first
    )
    curvature = torch.diff(slope, dim=0).abs().max() * 500
    # At a joint the curvature starts from zero, steeply: the finite difference sees its next value.
    assert gradcheck(table.value_and_slope, (x,), eps=1e-8, atol=1e-3 * float(curvature))


def test_muscles_with_equal_curves_share_a_row(pair):
    table = pair.muscles.select(torch.tensor([0, 0, 1])).active_force_length
    assert table.row[0] == table.row[1] != table.row[2]
