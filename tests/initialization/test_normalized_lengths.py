"""Lengths that a scaled model needs to work as its reference does."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from two_muscles import muscle_pair

from opensim_difcal.initialization.normalized_lengths import (
    KEPT,
    LEAST_SQUARES,
    TENDON_SHARE,
    NormalizedLengths,
    fiber_difference,
    joint_space,
    mapped_lengths,
    normalized_lengths,
)
from opensim_difcal.physics.muscle import Muscles, force_balance
from opensim_difcal.physics.time_parallel import TorchEngine

ENGINE = TorchEngine()


@pytest.fixture(scope="module")
def muscles() -> Muscles:
    return muscle_pair()


def paths(muscles: Muscles, n: int = 40) -> np.ndarray:
    """Muscle-tendon lengths, m, from far too short to very long."""
    along = np.linspace(-0.2, 1.6, n)[:, None]
    return muscles.tendon_slack_length.numpy() + along * muscles.optimal_fiber_length.numpy()


def made_up(fiber_along_tendon, tendon) -> NormalizedLengths:
    """One muscle without pennation, all poses active."""
    along, tendon = (np.array(each, dtype=float)[:, None] for each in (fiber_along_tendon, tendon))
    share = np.full_like(along, 0.6)
    return NormalizedLengths(along, along, tendon, share, np.ones_like(along, dtype=bool))


def one(muscles: Muscles) -> Muscles:
    return muscles.select(torch.tensor([0]))


def test_fiber_and_tendon_balance_at_full_activation(muscles):
    length = paths(muscles)
    found = normalized_lengths(ENGINE, length, muscles)
    fiber = torch.from_numpy(found.fiber) * muscles.optimal_fiber_length
    balance = force_balance(fiber, None, torch.ones_like(fiber), torch.from_numpy(length), muscles)
    assert float(balance.abs().numpy()[found.is_active].max()) < 1e-6
    optimal, slack = muscles.optimal_fiber_length.numpy(), muscles.tendon_slack_length.numpy()
    together = found.fiber_along_tendon * optimal + found.tendon * slack
    assert together == pytest.approx(length, abs=1e-12)
    assert found.tendon_share == pytest.approx(found.tendon * slack / length)


def test_short_fibers_and_steep_ones_do_not_count(muscles):
    found = normalized_lengths(ENGINE, paths(muscles), muscles)
    assert (found.fiber[found.is_active] > 0.5).all()
    assert (found.fiber[~found.is_active] <= 0.5).all()
    assert found.is_active.any(axis=0).all()
    assert (~found.is_active).any(axis=0).all()


def test_rigid_tendons_stay_at_slack_length(muscles):
    rigid = muscles.with_rigid_tendon(torch.tensor([True, False]))
    found = normalized_lengths(ENGINE, paths(muscles), rigid)
    assert (found.tendon[:, 0] == 1.0).all()
    assert found.tendon[:, 1].max() > 1.02


@settings(deadline=None, max_examples=25)
@given(factor=st.floats(0.5, 2.0))
def test_a_path_that_is_scaled_as_a_whole_scales_both_lengths(muscles, factor):
    length = paths(muscles)
    reference = normalized_lengths(ENGINE, length, muscles)
    mapped = mapped_lengths(reference, factor * length, muscles)
    for i, name in enumerate(muscles.names):
        optimal = factor * float(muscles.optimal_fiber_length[i])
        slack = factor * float(muscles.tendon_slack_length[i])
        assert mapped[name].optimal_fiber_length == pytest.approx(optimal, rel=1e-6)
        assert mapped[name].tendon_slack_length == pytest.approx(slack, rel=1e-6)
        assert mapped[name].method == LEAST_SQUARES
        assert mapped[name].n_poses == 40
        assert mapped[name].n_active == reference.is_active[:, i].sum()


def test_the_tendon_takes_what_is_added_to_a_path(muscles):
    """A longer shank moves every pose by the same amount: mostly the tendon has to grow."""
    length = paths(muscles)
    reference = normalized_lengths(ENGINE, length, muscles)
    mapped = mapped_lengths(reference, length + 0.03, muscles)
    growth = mapped["flexor"].tendon_slack_length - float(muscles.tendon_slack_length[0])
    assert growth == pytest.approx(0.03, rel=0.1)
    assert mapped["flexor"].optimal_fiber_length == pytest.approx(0.08, rel=0.02)


def test_lengths_that_would_be_negative_are_found_in_two_steps(muscles):
    flexor = one(muscles)
    reference = made_up([0.6, 0.8, 1.0, 1.2], [1.0, 1.0, 1.0, 1.0])
    shrinking = np.array([[0.30], [0.29], [0.28], [0.27]])
    (mapped,) = mapped_lengths(reference, shrinking, flexor).values()
    assert mapped.method == TENDON_SHARE
    optimal = 0.4 * float((reference.fiber * shrinking).sum() / (reference.fiber**2).sum())
    assert mapped.optimal_fiber_length == pytest.approx(optimal)
    assert mapped.tendon_slack_length == pytest.approx(float((shrinking - reference.fiber * optimal).mean()))


def test_a_muscle_that_does_not_move_keeps_its_share_of_tendon(muscles):
    reference = made_up([1.0, 1.0, 1.0], [1.0, 1.0, 1.0])
    (mapped,) = mapped_lengths(reference, np.full((3, 1), 0.5), one(muscles)).values()
    assert (mapped.method, mapped.optimal_fiber_length) == (TENDON_SHARE, pytest.approx(0.2))
    assert mapped.tendon_slack_length == pytest.approx(0.3)


def test_a_muscle_that_is_nowhere_active_keeps_its_lengths(muscles):
    reference = normalized_lengths(ENGINE, 0.5 * paths(muscles), muscles)
    mapped = mapped_lengths(reference, paths(muscles), muscles)
    for i, name in enumerate(muscles.names):
        assert (mapped[name].method, mapped[name].n_active) == (KEPT, 0)
        assert mapped[name].optimal_fiber_length == float(muscles.optimal_fiber_length[i])
        assert mapped[name].tendon_slack_length == float(muscles.tendon_slack_length[i])
    same = normalized_lengths(ENGINE, paths(muscles), muscles)
    assert np.isnan(fiber_difference(reference, same)).all()


@given(
    rows=st.lists(
        st.tuples(st.floats(0.5, 1.8), st.floats(1.0, 1.06), st.floats(0.05, 1.0)), min_size=1, max_size=12
    )
)
def test_lengths_are_positive_numbers_whatever_the_poses(muscles, rows):
    reference = made_up([row[0] for row in rows], [row[1] for row in rows])
    (mapped,) = mapped_lengths(reference, np.array([[row[2]] for row in rows]), one(muscles)).values()
    assert np.isfinite([mapped.optimal_fiber_length, mapped.tendon_slack_length]).all()
    assert min(mapped.optimal_fiber_length, mapped.tendon_slack_length) > 0.0
    assert mapped.method in (LEAST_SQUARES, TENDON_SHARE, KEPT)


def test_the_difference_of_fibers_counts_active_poses_only(muscles):
    reference = made_up([1.0, 1.2], [1.0, 1.0])
    other = made_up([1.1, 1.5], [1.0, 1.0])
    assert fiber_difference(reference, other) == pytest.approx([np.sqrt((0.01 + 0.09) / 2)])
    half = NormalizedLengths(
        reference.fiber,
        reference.fiber_along_tendon,
        reference.tendon,
        reference.tendon_share,
        np.array([[True], [False]]),
    )
    assert fiber_difference(half, other) == pytest.approx([0.1])


def test_poses_are_all_combinations_with_both_ends():
    poses = joint_space({"hip": (-1.0, 1.0), "knee": (0.0, 2.0)}, 5, 10_000)
    assert len(poses["hip"]) == len(poses["knee"]) == 25
    assert set(poses["hip"]) == {-1.0, -0.5, 0.0, 0.5, 1.0}
    assert set(poses["knee"]) == {0.0, 0.5, 1.0, 1.5, 2.0}
    assert len(set(zip(poses["hip"], poses["knee"], strict=True))) == 25


@pytest.mark.parametrize(
    ("n_coordinates", "samples", "most", "n_poses"),
    [(1, 10, 10_000, 10), (4, 10, 10_000, 10_000), (3, 10, 1000, 1000), (4, 10, 1000, 625), (6, 10, 2, 64)],
)
def test_poses_are_fewer_where_there_would_be_too_many(n_coordinates, samples, most, n_poses):
    poses = joint_space({f"q{i}": (0.0, 1.0) for i in range(n_coordinates)}, samples, most)
    assert {len(each) for each in poses.values()} == {n_poses}
