import numpy as np
import pytest

from opensim_difcal.errors import SynergyError
from opensim_difcal.synergies.factorization import (
    choose_factorization,
    factorize,
    variance_accounted_for,
)

WEIGHTS = np.array([[0.9, 0.0], [0.5, 0.1], [0.0, 0.7], [0.2, 0.6]])
NAMES = ("a", "b", "c", "d")


def bursts(n_samples: int, shift: float) -> np.ndarray:
    time = np.linspace(0.0, 1.0, n_samples)[:, None]
    return np.exp(-0.5 * ((time - np.array([0.3 + shift, 0.7 - shift])) / 0.08) ** 2)


@pytest.fixture
def recorded() -> list[np.ndarray]:
    return [bursts(120, 0.0) @ WEIGHTS.T, bursts(90, 0.05) @ WEIGHTS.T]


def test_two_commands_are_found_again(recorded):
    found = factorize(NAMES, recorded, 2, n_restarts=5)
    assert found.variance_accounted_for.total > 0.999
    normalized = found.weights / np.linalg.norm(found.weights, axis=0)
    likeness = normalized.T @ (WEIGHTS / np.linalg.norm(WEIGHTS, axis=0))
    assert np.sort(likeness.max(axis=0)) == pytest.approx([1.0, 1.0], abs=0.01)


def test_the_largest_value_of_a_primitive_over_all_trials_is_one(recorded):
    found = factorize(NAMES, recorded, 2, n_restarts=5)
    assert np.concatenate(found.primitives).max(axis=0) == pytest.approx([1.0, 1.0])


def test_the_same_seed_gives_the_same_numbers(recorded):
    first, second = (factorize(NAMES, recorded, 3, n_restarts=3, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)


def test_the_fewest_synergies_that_account_for_enough_are_chosen(recorded):
    found, tried = choose_factorization(NAMES, recorded, least_vaf=0.95, n_restarts=5)
    assert found.n_synergies == 2
    assert list(tried) == [1, 2]
    assert tried[1] < 0.95 < tried[2]


def test_variance_accounted_for_is_that_of_the_squares():
    vaf = variance_accounted_for(
        ("a", "b"), [np.array([[3.0, 0.0], [0.0, 4.0]])], [np.array([[3.0, 0.0], [0.0, 2.0]])]
    )
    assert vaf.total == pytest.approx(1.0 - 4.0 / 25.0)
    assert vaf.by_channel == pytest.approx({"a": 1.0, "b": 0.75})


def test_more_synergies_than_channels_are_refused(recorded):
    with pytest.raises(SynergyError) as refused:
        factorize(NAMES, recorded, 5)
    assert str(refused.value) == (
        "<n_synergies> is 5, but only 4 excitation channels were recorded: a, b, c, d. Ask for at most as "
        "many synergies as channels, or record more."
    )


@pytest.mark.parametrize(("value", "what"), [(0.0, "zero"), (0.3, "constant (0.3)")])
def test_a_channel_that_carries_nothing_is_refused(recorded, value, what):
    for trial in recorded:
        trial[:, 2] = value
    with pytest.raises(SynergyError) as refused:
        factorize(NAMES, recorded, 2)
    assert str(refused.value) == (
        f"Excitation channel 'c' is {what} in every calibration trial; no synergy can be extracted from it. "
        "Check the electrode, or take it out of the excitation files or the <excitation_map>: its muscles "
        "are then synthesized like others that were not recorded."
    )
