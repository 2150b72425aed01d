"""From trials and muscles to a result."""

from dataclasses import replace

import numpy as np
import pytest

from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.result import PARAMETER_NAMES, Status
from opensim_difcal.calibration.unknowns import Bounds
from opensim_difcal.errors import BoundsError, CalibrationError

SETTINGS = CalibrationSettings(optimization=OptimizerSettings(max_iterations=4))


@pytest.fixture(scope="module")
def result(trials, muscles):
    settings = replace(SETTINGS, strength_groups={"arm": ("flexor", "extensor", "elsewhere")})
    return calibrate("arm", trials, muscles, settings, made_elastic=["flexor"])


def test_every_parameter_starts_at_the_model_and_ends_inside_its_bounds(result, muscles):
    assert tuple(result.parameters) != ()
    assert set(result.parameters) == set(PARAMETER_NAMES)
    force = result.parameters["max_isometric_force"]
    assert force.initial.tolist() == muscles.max_isometric_force.tolist()
    assert force.lower.tolist() == (0.5 * muscles.max_isometric_force).tolist()
    assert force.upper.tolist() == (2.5 * muscles.max_isometric_force).tolist()
    for change in result.parameters.values():
        assert np.all((change.lower < change.final) & (change.final < change.upper))


def test_strength_groups_hold_the_members_that_take_part(result):
    assert result.strength_groups == {"arm": ("flexor", "extensor")}
    force = result.parameters["max_isometric_force"]
    ratio = force.final / force.initial
    assert ratio == pytest.approx(result.strength_coefficients["arm"], rel=1e-12)


def test_every_trial_is_predicted_before_and_after(result, trials):
    for predictions in (result.uncalibrated, result.calibrated):
        assert [prediction.trial for prediction in predictions] == list(trials)
    before, after = (
        np.abs(p[2].joint_moment - trials[2].joint_moment).mean()
        for p in (result.uncalibrated, result.calibrated)
    )
    assert after < 0.7 * before


def test_the_optimizer_sees_calibration_trials_only(result, trials, muscles):
    without = calibrate(
        "arm", trials[:2], muscles, replace(SETTINGS, strength_groups={"arm": ("flexor", "extensor")})
    )
    assert without.cost_history == result.cost_history


@pytest.mark.parametrize("optimizer", ["levenberg_marquardt", "adamw"])
def test_progress_is_called_with_every_iteration(trials, muscles, optimizer):
    seen = []
    result = calibrate(
        "arm",
        trials[:1],
        muscles,
        replace(SETTINGS, optimizer=optimizer),
        progress=lambda iteration, cost: seen.append((iteration, cost["total"])),
    )
    assert [iteration for iteration, _ in seen] == list(range(result.n_iterations + 1))
    assert seen[0][1] == result.cost_history[0]["total"]


def test_a_start_outside_its_bounds_is_refused(trials, muscles):
    with pytest.raises(BoundsError) as caught:
        calibrate("arm", trials, muscles, replace(SETTINGS, bounds=Bounds(c1=(-0.4, -0.1))))
    assert str(caught.value) == (
        "c1: the start value -0.5 of entry 0 lies outside its bounds -0.4 to -0.1. Choose a start strictly "
        "inside, or widen <c1_bounds>."
    )


def test_a_broken_result_cannot_be_used(result):
    assert result.raise_for_status() is result
    with pytest.raises(CalibrationError) as caught:
        replace(result, status=Status.NON_FINITE).raise_for_status()
    assert str(caught.value) == (
        "The cost became NaN or infinite. Check the trials and the parameter bounds."
    )
