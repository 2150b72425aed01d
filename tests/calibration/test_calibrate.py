"""From trials and muscles to a result."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.unknowns import PARAMETER_NAMES, Bounds
from opensim_difcal.calibration.user_terms import peak_of_summed_forces
from opensim_difcal.errors import BoundsError, CalibrationError, TrialError
from opensim_difcal.initialization.feasibility import repaired
from opensim_difcal.physics.time_parallel import TorchEngine

SETTINGS = CalibrationSettings(optimization=OptimizerSettings(max_iterations=4))


@pytest.fixture(scope="module")
def result(trials, muscles, engine):
    settings = replace(SETTINGS, strength_groups={"arm": ("flexor", "extensor", "elsewhere")})
    return calibrate("arm", trials, muscles, settings, engine=engine, made_elastic=["flexor"])


def test_every_parameter_starts_at_the_model_and_ends_inside_its_bounds(result, muscles):
    assert tuple(result.parameters) != ()
    assert set(result.parameters) == set(PARAMETER_NAMES)
    force = result.parameters["max_isometric_force"]
    assert force.initial.tolist() == muscles.max_isometric_force.tolist()
    assert force.lower.tolist() == (0.5 * muscles.max_isometric_force).tolist()
    assert force.upper.tolist() == (2.5 * muscles.max_isometric_force).tolist()
    for change in result.parameters.values():
        assert np.all((change.lower <= change.final) & (change.final <= change.upper))


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


def test_the_optimizer_sees_calibration_trials_only(result, trials, muscles, engine):
    settings = replace(SETTINGS, strength_groups={"arm": ("flexor", "extensor")})
    without = calibrate("arm", trials[:2], muscles, settings, engine=engine)
    assert without.cost_history == result.cost_history


@pytest.mark.parametrize("optimizer", ["levenberg_marquardt", "lbfgs", "adamw"])
def test_progress_is_called_with_every_iteration(trials, muscles, engine, optimizer):
    seen = []
    result = calibrate(
        "arm",
        trials[:1],
        muscles,
        replace(SETTINGS, optimizer=optimizer),
        engine=engine,
        progress=lambda iteration, cost: seen.append((iteration, cost["total"])),
    )
    assert [iteration for iteration, _ in seen] == list(range(result.n_iterations + 1))
    assert seen[0][1] == result.cost_history[0]["total"]


def test_a_start_outside_its_bounds_is_refused(trials, muscles, engine):
    with pytest.raises(BoundsError) as caught:
        calibrate("arm", trials, muscles, replace(SETTINGS, bounds=Bounds(c1=(-0.4, -0.1))), engine=engine)
    assert str(caught.value) == (
        "c1: the start value -0.5 of entry 0 lies outside its bounds -0.4 to -0.1. Choose a start strictly "
        "inside, or widen <c1_bounds>."
    )


def test_several_starts_keep_the_best_and_tell_of_the_others(trials, muscles, engine):
    result = calibrate("arm", trials, muscles, replace(SETTINGS, n_starts=3, seed=4), engine=engine)
    costs = [start.cost for start in result.starts]
    assert len(costs) == 3
    assert costs == sorted(costs)
    assert result.final_cost == costs[0]
    assert all(distance == 0.0 for distance in result.starts[0].distance.values())
    assert result.starts[1].distance["c1"] > 0.0


def test_plain_torch_gives_the_same_numbers(trials, muscles, result):
    settings = replace(SETTINGS, strength_groups={"arm": ("flexor", "extensor", "elsewhere")})
    plain = calibrate("arm", trials, muscles, settings, engine=TorchEngine())
    for name, change in plain.parameters.items():
        np.testing.assert_allclose(change.final, result.parameters[name].final, rtol=1e-8)


def test_a_user_s_term_stands_in_the_history(trials, muscles, engine):
    settings = replace(SETTINGS, terms={"peak": peak_of_summed_forces(0.1)})
    result = calibrate("arm", trials, muscles, settings, engine=engine)
    assert result.cost_history[0]["peak"] > result.cost_history[-1]["peak"] > 0.0


def test_a_term_named_like_a_built_in_one_is_refused(trials, muscles, engine):
    with pytest.raises(CalibrationError) as caught:
        calibrate(
            "arm",
            trials,
            muscles,
            replace(SETTINGS, terms={"prior": peak_of_summed_forces(1.0)}),
            engine=engine,
        )
    assert str(caught.value) == (
        "cost_terms: the name 'prior' cannot be used. Give a text other than moment_error, "
        "normalized_fiber_length, tendon_strain, prior and total, the built-in terms."
    )


@pytest.mark.parametrize(
    ("value", "got"), [(torch.zeros(3), "a tensor of shape (3,)"), (0.5, "0.5"), (None, "None")]
)
def test_a_term_that_is_not_one_number_is_refused(trials, muscles, engine, value, got):
    settings = replace(SETTINGS, terms={"mine": lambda prediction, trials: value})
    with pytest.raises(CalibrationError) as caught:
        calibrate("arm", trials, muscles, settings, engine=engine)
    assert str(caught.value) == (
        f"cost_terms: the term 'mine' returned {got}. Return one number as a torch tensor, computed from the "
        "prediction."
    )


@pytest.mark.parametrize("optimizer", ["levenberg_marquardt", "lbfgs", "adamw"])
@pytest.mark.parametrize(
    "term", [lambda p, t: torch.tensor(1.0), lambda p, t: p.tendon_force.detach().mean()]
)
def test_a_term_that_cannot_be_differentiated_is_refused(trials, muscles, engine, optimizer, term):
    settings = replace(SETTINGS, terms={"mine": term}, optimizer=optimizer)
    with pytest.raises(CalibrationError) as caught:
        calibrate("arm", trials, muscles, settings, engine=engine)
    assert str(caught.value) == (
        "cost_terms: the term 'mine' does not depend on the prediction, or was detached from it. Compute it "
        "from the prediction with torch's functions, without detach, item or numpy."
    )


def test_searches_that_came_to_nothing_are_counted(trials, muscles, engine):
    def interrupt(iteration, cost):
        if iteration == 1:
            raise KeyboardInterrupt

    settings = replace(SETTINGS, n_starts=3, optimizer="lbfgs")
    result = calibrate("arm", trials, muscles, settings, engine=engine, progress=interrupt)
    assert result.warnings[-1] == (
        "Of the searches that <n_starts> asks for, 2 came to nothing: the cost at the start was not a "
        "number, or the run was stopped before."
    )


def test_a_coordinate_that_no_muscle_moves_only_adds_its_error(trials, muscles, engine):
    still = tuple(replace(trial, moment_arm=0.0 * trial.moment_arm) for trial in trials)
    result = calibrate("arm", still, muscles, SETTINGS, engine=engine)
    assert result.cost_history[0]["moment_error"] == result.cost_history[-1]["moment_error"] > 0.0


def test_a_trial_of_two_samples_is_refused(trials, muscles, engine):
    series = ("time", "excitation", "muscle_tendon_length", "moment_arm", "joint_moment")
    short = replace(trials[0], name="stub", **{name: getattr(trials[0], name)[:2] for name in series})
    with pytest.raises(TrialError) as caught:
        calibrate("arm", [short], muscles, SETTINGS, engine=engine)
    assert str(caught.value) == (
        "Trial 'stub' has only 2 samples; at least 3 are needed. Widen its <time_range>, or make <time_step> "
        "smaller."
    )


def test_a_repaired_muscle_starts_where_it_was_repaired_and_is_compared_with_the_model(
    trials, muscles, engine
):
    slack = muscles.tendon_slack_length.clone()
    slack[0] += 1.4 * muscles.optimal_fiber_length[0]
    spoilt = replace(muscles, tendon_slack_length=slack)
    series = {trial.name: trial.muscle_tendon_length[trial.scored] for trial in trials}
    bounds = {"tendon_slack_length_bounds": (0.4, 1.6), "optimal_fiber_length_bounds": (0.4, 1.6)}
    new, repairs = repaired(spoilt, series, shortest=0.5, **bounds)
    assert [repair.name for repair in repairs] == ["flexor"]
    with_repair = calibrate("arm", trials, new, SETTINGS, engine=engine, repairs=repairs)
    without = calibrate("arm", trials, spoilt, SETTINGS, engine=engine)
    change = with_repair.parameters["tendon_slack_length"]
    assert change.initial.tolist() == slack.tolist()
    assert change.lower.tolist() == pytest.approx((0.85 * new.tendon_slack_length).tolist())
    assert change.upper.tolist() == pytest.approx((1.15 * new.tendon_slack_length).tolist())
    assert with_repair.repairs == repairs
    for ours, models in zip(with_repair.uncalibrated, without.uncalibrated, strict=True):
        assert ours.joint_moment.tolist() == models.joint_moment.tolist()
    assert with_repair.final_cost < 0.5 * without.final_cost
