"""What is learned: inside its bounds, shared within strength groups."""

import pytest
import torch

from opensim_difcal.calibration.unknowns import BoundedParameter, Bounds, Unknowns, complete_groups
from opensim_difcal.errors import BoundsError
from opensim_difcal.physics.simulation import ActivationParameters


def vector(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def bounded() -> BoundedParameter:
    return BoundedParameter("c1", vector(-0.5, -0.2), vector(-0.95, -0.95), vector(-0.05, -0.05))


def test_a_parameter_starts_at_its_start_value():
    assert bounded().value.tolist() == pytest.approx([-0.5, -0.2], abs=1e-15)
    assert bounded().raw.tolist() == [0.0, 0.0]


def test_a_value_that_is_set_comes_back():
    parameter = bounded()
    parameter.set_value(vector(-0.9, -0.06))
    assert parameter.value.tolist() == pytest.approx([-0.9, -0.06], abs=1e-14)


def test_no_raw_value_leaves_the_bounds():
    parameter = bounded()
    with torch.no_grad():
        parameter.raw.copy_(vector(-1e3, 1e3))
    assert parameter.value.tolist() == pytest.approx([-0.95, -0.05], abs=1e-15)


def test_deviation_is_in_half_bound_ranges():
    parameter = bounded()
    parameter.set_value(vector(-0.5 + 0.45, -0.2 - 0.225) + vector(-1e-9, 0.0))
    assert parameter.deviation().tolist() == pytest.approx([1.0, -0.5], abs=1e-6)


def test_gradient_of_the_value_by_the_raw_value():
    parameter = bounded()

    def value(raw):
        offset = torch.logit((parameter.initial - parameter.lower) / (parameter.upper - parameter.lower))
        return parameter.lower + (parameter.upper - parameter.lower) * torch.sigmoid(raw + offset)

    assert torch.autograd.gradcheck(value, (vector(0.3, -1.2).requires_grad_(True),))
    assert torch.equal(value(parameter.raw), parameter.value)


@pytest.mark.parametrize("start", [-0.95, -0.96, -0.05, 0.0])
def test_a_start_value_outside_its_bounds_is_refused(start):
    with pytest.raises(BoundsError) as caught:
        BoundedParameter("c1", vector(-0.5, start), vector(-0.95, -0.95), vector(-0.05, -0.05))
    assert str(caught.value) == (
        f"c1: the start value {start:g} of entry 1 lies outside its bounds -0.95 to -0.05. Choose a start "
        "strictly inside, or widen <c1_bounds>."
    )


def test_members_that_do_not_take_part_leave_their_group_and_others_stand_alone():
    groups = {"calf": ("soleus", "gasmed"), "foot": ("flexhal",)}
    assert complete_groups(("soleus", "tibant"), groups) == {"calf": ("soleus",), "tibant": ("tibant",)}


def test_a_group_may_be_named_like_a_muscle_that_is_not_in_it():
    groups = {"soleus": ("gasmed",)}
    assert complete_groups(("soleus", "gasmed"), groups) == {
        "soleus": ("gasmed",),
        "soleus alone": ("soleus",),
    }


def test_members_of_a_group_share_their_strength(muscles):
    one = torch.full((2,), -0.5, dtype=torch.float64)
    unknowns = Unknowns(muscles, ActivationParameters(one, one, one), {"all": muscles.names}, Bounds())
    unknowns.parameter["strength_coefficient"].set_value(vector(1.5))
    assert unknowns.strength().tolist() == pytest.approx([1.5, 1.5])
    scaled = unknowns.calibrated_muscles().max_isometric_force
    assert scaled.tolist() == pytest.approx((1.5 * muscles.max_isometric_force).tolist())


def test_lengths_are_learned_relative_to_the_model(unknowns, muscles):
    unknowns.parameter["optimal_fiber_length"].set_value(vector(1.1, 0.9))
    lengths = unknowns.calibrated_muscles().optimal_fiber_length
    assert lengths.tolist() == pytest.approx((muscles.optimal_fiber_length * vector(1.1, 0.9)).tolist())
