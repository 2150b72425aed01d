"""What is learned: inside its bounds, shared within strength groups."""

import pytest
import torch

from opensim_difcal.calibration.unknowns import (
    KINDS,
    PARAMETER_NAMES,
    Bounds,
    complete_groups,
    make_unknowns,
    random_starts,
)
from opensim_difcal.errors import BoundsError
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.simulation import ActivationParameters


def vector(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_start_is_the_model_s_own_values(unknowns, muscles):
    parameters = unknowns.parameters(unknowns.start())
    assert torch.equal(parameters.muscles.optimal_fiber_length, muscles.optimal_fiber_length)
    assert torch.equal(parameters.muscles.max_isometric_force, muscles.max_isometric_force)
    assert parameters.activation.c1.tolist() == [-0.5, -0.5]


def test_a_position_is_in_half_ranges_of_the_bounds(unknowns):
    values = unknowns.values(unknowns.start())
    values["c1"] = vector(-0.5 + 0.45, -0.5 - 0.225)
    position = unknowns.split(unknowns.position(values))
    assert position["c1"].tolist() == pytest.approx([1.0, -0.5])
    assert all(not part.any() for kind, part in position.items() if kind != "c1")


def test_limits_are_where_the_bounds_are(unknowns):
    lower, upper = unknowns.limits
    for kind, low in unknowns.values(lower).items():
        assert low.tolist() == pytest.approx([getattr(Bounds(), kind)[0]] * 2)
        assert unknowns.values(upper)[kind].tolist() == pytest.approx([getattr(Bounds(), kind)[1]] * 2)


def test_values_come_back_from_their_position(unknowns):
    values = {kind: part + 0.01 for kind, part in unknowns.values(unknowns.start()).items()}
    again = unknowns.values(unknowns.position(values))
    for kind in KINDS:
        torch.testing.assert_close(again[kind], values[kind])


def test_parameters_of_several_starts_stand_beside_series(unknowns):
    parameters = unknowns.parameters(random_starts(unknowns, 3, seed=1))
    assert parameters.muscles.optimal_fiber_length.shape == (3, 1, 1, 2)
    assert parameters.activation.shape_factor.shape == (3, 1, 1, 2)
    assert parameters.strength_coefficient.shape == (3, 1, 1, 2)


def test_random_starts_begin_at_the_model_and_repeat_with_their_seed(unknowns):
    starts = random_starts(unknowns, 4, seed=7)
    assert torch.equal(starts[0], unknowns.start())
    assert torch.equal(starts, random_starts(unknowns, 4, seed=7))
    assert not torch.equal(starts, random_starts(unknowns, 4, seed=8))
    lower, upper = unknowns.limits
    assert bool(((starts > lower) & (starts < upper)).all())


@pytest.mark.parametrize("start", [-0.95, -0.96, -0.05, 0.0])
def test_a_start_value_outside_its_bounds_is_refused(muscles, start):
    values = ActivationParameters(vector(-0.5, start), vector(-0.5, -0.5), vector(-1.0, -1.0))
    with pytest.raises(BoundsError) as caught:
        make_unknowns(muscles, values, {}, Bounds())
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
    unknowns = make_unknowns(muscles, ActivationParameters(one, one, one), {"all": muscles.names}, Bounds())
    values = unknowns.values(unknowns.start()) | {"strength_coefficient": vector(1.5)}
    parameters = unknowns.parameters(unknowns.position(values))
    assert parameters.strength_coefficient.tolist() == pytest.approx([1.5, 1.5])
    scaled = parameters.muscles.max_isometric_force
    assert scaled.tolist() == pytest.approx((1.5 * muscles.max_isometric_force).tolist())


def test_lengths_are_learned_relative_to_the_model(unknowns, muscles):
    values = unknowns.values(unknowns.start()) | {"optimal_fiber_length": vector(1.1, 0.9)}
    lengths = unknowns.parameters(unknowns.position(values)).muscles.optimal_fiber_length
    assert lengths.tolist() == pytest.approx((muscles.optimal_fiber_length * vector(1.1, 0.9)).tolist())


def with_strains(muscles, names, groups=None, **bounds):
    half = torch.full((2,), -0.5, dtype=torch.float64)
    start = ActivationParameters(half, half, half)
    return make_unknowns(muscles, start, {}, Bounds(**bounds), learned_strains=names, strain_groups=groups)


def test_strains_are_learned_as_a_factor_or_what_is_added(muscles):
    unknowns = with_strains(muscles, CURVE_STRAINS)
    values = unknowns.values(unknowns.start()) | {
        "passive_fiber_strain_at_zero_force": vector(0.05),
        "passive_fiber_strain_at_one_norm_force": vector(0.9),
        "tendon_strain_at_one_norm_force": vector(1.2),
    }
    found = unknowns.absolute(unknowns.position(values))
    expected = (
        muscles.passive_fiber_strain_at_zero_force + 0.05,
        muscles.passive_fiber_strain_at_one_norm_force * 0.9,
        muscles.tendon_strain_at_one_norm_force * 1.2,
    )
    for name, strain in zip(CURVE_STRAINS, expected, strict=True):
        assert found[name].tolist() == pytest.approx(strain.tolist()), name
    assert unknowns.labels[-3:] == tuple(f"{name} of all" for name in CURVE_STRAINS)


def test_a_muscle_in_no_strain_group_keeps_the_model_s(muscles):
    name = "tendon_strain_at_one_norm_force"
    unknowns = with_strains(muscles, (name,), {"flexors": ("flexor",), "absent": ("other",)})
    found = unknowns.absolute(unknowns.limits[1])
    assert set(found) == {*PARAMETER_NAMES, name}
    flexor, extensor = muscles.tendon_strain_at_one_norm_force.tolist()
    assert found[name].tolist() == pytest.approx([2.0 * flexor, extensor])
    assert unknowns.columns[name].tolist() == [len(unknowns.initial) - 1, -1]


def test_bounds_within_which_a_passive_curve_need_not_rise_are_refused(muscles):
    with pytest.raises(BoundsError) as caught:
        with_strains(muscles, CURVE_STRAINS, passive_fiber_strain_at_zero_force=(-0.2, 0.4))
    assert str(caught.value) == (
        "flexor: within their bounds passive_fiber_strain_at_zero_force can reach 0.4 and "
        "passive_fiber_strain_at_one_norm_force 0.35; the second has to stay 0.05 above the first. Narrow "
        "<passive_fiber_strain_at_zero_force_bounds> or <passive_fiber_strain_at_one_norm_force_bounds>."
    )
