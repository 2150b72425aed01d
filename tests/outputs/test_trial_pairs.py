import dataclasses

import pytest

from opensim_difcal.outputs.trial_pairs import scored_range, trial_pairs


def test_calibration_trials_come_first_in_their_own_order(result):
    reversed_result = dataclasses.replace(
        result, uncalibrated=result.uncalibrated[::-1], calibrated=result.calibrated[::-1]
    )
    roles = [pair.is_validation for pair in trial_pairs(reversed_result)]
    assert roles == [False] * 4 + [True] * 6
    assert trial_pairs(reversed_result)[0].trial.name == "walk_03"


def test_scored_range_leaves_out_the_lead_in(result):
    prediction = result.calibrated[0]
    length = prediction.normalized_fiber_length.copy()
    length[0, 3] = 99.0
    changed = dataclasses.replace(prediction, normalized_fiber_length=length)
    expected = length[prediction.trial.scored, 3]
    assert scored_range([changed], "normalized_fiber_length", 3) == (expected.min(), expected.max())


def test_scored_range_counts_only_samples_above_the_activation(result):
    prediction = result.calibrated[0]
    scored = prediction.trial.scored
    strain = prediction.tendon_strain[scored, 5][prediction.activation[scored, 5] > 0.3]
    assert scored_range([prediction], "tendon_strain", 5, above_activation=0.3) == pytest.approx(
        (strain.min(), strain.max())
    )


def test_scored_range_is_none_without_a_finite_sample(result_without_numbers):
    assert scored_range(result_without_numbers.calibrated, "tendon_strain", 0) is None
    assert scored_range(result_without_numbers.uncalibrated, "tendon_strain", 0) is not None
