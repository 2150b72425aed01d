import math

import numpy as np
import pytest

from opensim_difcal.calibration.metrics import agreement, pooled_agreement, trial_agreement
from opensim_difcal.calibration.problem import predict


def test_rmse_and_r2_of_four_samples():
    # SSE = 1 + 0 + 0 + 1, SST = 2.25 + 0.25 + 0.25 + 2.25.
    found = agreement(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 2.0, 3.0]))
    assert found.rmse == pytest.approx(math.sqrt(0.5))
    assert found.r2 == pytest.approx(1 - 2 / 5)


def test_normalized_rmse_is_relative_to_the_measured_range_and_the_peak_error_is_the_largest():
    found = agreement(np.array([1.0, -1.0, 2.0, 2.0]), np.array([0.0, 1.0, -1.0, 3.0]))
    # SSE = 1 + 4 + 9 + 1; measured from -1 to 3.
    assert found.nrmse == pytest.approx(math.sqrt(15 / 4) / 4)
    assert found.peak_error == 3.0


def test_r2_is_not_the_squared_correlation():
    measured = np.array([0.0, 1.0, 2.0, 3.0])
    assert agreement(2.0 * measured + 5.0, measured).r2 < -5.0


def test_r2_and_normalized_rmse_of_a_constant_moment_are_not_numbers():
    found = agreement(np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert math.isnan(found.r2)
    assert math.isnan(found.nrmse)
    assert found.peak_error == 2.0
    assert found.rmse == pytest.approx(math.sqrt(2.5))


def test_only_scored_samples_are_compared_and_trials_are_joined(trials, unknowns, engine):
    first, second, _ = predict(trials, unknowns, unknowns.start(), engine)
    first.joint_moment[: first.trial.n_lead_in] = 1e9
    assert trial_agreement(first)["elbow"].rmse < 1e3
    pooled = pooled_agreement([first, second])["elbow"]
    scored = [prediction.trial.scored for prediction in (first, second)]
    predicted = np.concatenate([first.joint_moment[scored[0], 0], second.joint_moment[scored[1], 0]])
    measured = np.concatenate(
        [first.trial.joint_moment[scored[0], 0], second.trial.joint_moment[scored[1], 0]]
    )
    assert pooled == agreement(predicted, measured)
