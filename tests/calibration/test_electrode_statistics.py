import numpy as np
import pytest
from scipy.stats import norm

from opensim_difcal.calibration.electrode_sets import SetScores
from opensim_difcal.calibration.electrode_statistics import Comparison, Step, advice, compare

NORMAL = norm.ppf((np.arange(30) + 0.5) / 30)
SKEWED = np.random.default_rng(2).exponential(size=30) ** 3


def test_two_normal_groups_are_compared_by_the_t_test():
    found = compare(NORMAL, NORMAL + 2.0)
    assert found.test == "t-test"
    assert found.p < 0.001
    assert found.lower == 0


def test_a_group_that_is_not_normal_is_compared_by_mann_whitney():
    found = compare(SKEWED + 50.0, NORMAL)
    assert found.test == "Mann-Whitney"
    assert found.lower == 1


def test_groups_that_may_differ_by_chance_have_no_lower_one():
    assert compare(NORMAL, NORMAL + 0.01).lower is None


def test_the_same_values_are_not_tested():
    assert compare(NORMAL, NORMAL) == Comparison(1.0, "none, the values are the same", None)


def step(electrodes: tuple[str, ...], errors: tuple[float, float], lower: int | None) -> Step:
    scores = tuple(
        SetScores((), method, (error,), (0.9,), (error,), (0.9,), {}, 1, 0.1)
        for method, error in zip(("emg_driven", "synergy_hybrid"), errors, strict=True)
    )
    same, found = Comparison(0.5, "t-test", None), Comparison(0.01, "t-test", lower)
    nothing = np.zeros(3)
    return Step(electrodes, "", (scores[0], scores[1]), (nothing, nothing), same, same, found, same, same)


def test_advice_names_the_smallest_sufficient_set_and_where_each_method_wins():
    steps = [
        step(("a", "b", "c"), (2.0, 2.1), None),
        step(("a", "b"), (2.6, 2.15), 1),
        step(("a",), (4.0, 9.0), 0),
    ]
    assert advice(steps, 0.1) == [
        "2 of 3 electrodes suffice (a, b) with synergy-hybrid calibration: their error, 2.15 N m, is "
        "within 10 % of "
        "that of all electrodes with the better method, 2.00 N m.",
        "The error on calibration trials of EMG-driven calibration is significantly lower with no number of "
        "electrodes.",
        "The error on calibration trials of synergy-hybrid calibration is significantly lower with no "
        "number of "
        "electrodes.",
        "The error on unseen trials of EMG-driven calibration is significantly lower where 1 are left.",
        "The error on unseen trials of synergy-hybrid calibration is significantly lower where 2 are left.",
        "The parameter difference to the model of all electrodes of EMG-driven calibration is "
        "significantly lower "
        "with no number of electrodes.",
        "The parameter difference to the model of all electrodes of synergy-hybrid calibration is "
        "significantly "
        "lower with no number of electrodes.",
    ]


@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_a_larger_tolerance_never_asks_for_more_electrodes(tolerance):
    steps = [step(("a", "b"), (2.0, 2.1), None), step(("a",), (2.5, 2.9), None)]
    assert advice(steps, tolerance)[0].startswith("2 of 2" if tolerance == 0.0 else "1 of 2")
