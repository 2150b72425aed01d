"""What the report warns of."""

from dataclasses import replace

import numpy as np
import pytest

from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.calibration.problem import predict
from opensim_difcal.calibration.result import ParameterChange, Status
from opensim_difcal.calibration.warnings import calibration_warnings

NAMES = ("flexor", "extensor")


def change(*final: float) -> ParameterChange:
    return ParameterChange(np.ones(2), np.array(final), np.full(2, 0.85), np.full(2, 1.15))


@pytest.fixture
def predictions(trials, unknowns, engine):
    """Exact moments, fibers and tendons in the middle of their ranges."""
    return [
        replace(
            prediction,
            joint_moment=prediction.trial.joint_moment,
            normalized_fiber_length=np.ones_like(prediction.activation),
            tendon_strain=np.full_like(prediction.activation, 0.02),
            tendon_force=np.ones_like(prediction.activation),
        )
        for prediction in predict(trials, unknowns, unknowns.start(), engine)
    ]


def warnings(predictions, status=Status.CONVERGED, **parameters):
    changes = {"max_isometric_force": ParameterChange(*(np.full(2, x) for x in (1e3, 1e3, 5e2, 2.5e3)))}
    return calibration_warnings(status, changes | parameters, NAMES, predictions, CostSettings())


def test_a_calibration_without_a_flaw_warns_of_nothing(predictions):
    assert warnings(predictions) == ()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.MAX_ITERATIONS, f"The optimizer did not converge. {Status.MAX_ITERATIONS.value}"),
        (Status.MAX_SECONDS, Status.MAX_SECONDS.value),
        (Status.INTERRUPTED, Status.INTERRUPTED.value),
    ],
)
def test_an_optimizer_that_did_not_converge_is_named(predictions, status, expected):
    assert warnings(predictions, status) == (expected,)


def test_a_missing_validation_trial_is_named(predictions):
    assert warnings(predictions[:2]) == (
        "There is no validation trial: nothing shows how well the model does on unseen data.",
    )


def test_a_validation_that_is_much_worse_is_named(predictions):
    shifts = (1.0, 1.0, 3.0)
    shifted = [
        replace(p, joint_moment=p.joint_moment + shift) for p, shift in zip(predictions, shifts, strict=True)
    ]
    ratio = relative_error(shifted[2:]) / relative_error(shifted[:2])
    assert ratio > 2.0
    assert warnings(shifted)[0] == (
        f"elbow: the error on validation trials (3.0 N m) is {ratio:.1f} times that on calibration trials "
        "(1.0 N m), each against how much the moment varies. What was learned does not carry over: calibrate "
        "on more trials, or on some like those, or raise <prior_weight>."
    )


def relative_error(predictions) -> float:
    return (1.0 - pooled_agreement(predictions)["elbow"].r2) ** 0.5


def test_a_larger_error_on_a_larger_moment_is_no_warning(predictions):
    def scaled(p, factor):
        trial = replace(p.trial, joint_moment=factor * p.trial.joint_moment)
        return replace(p, trial=trial, joint_moment=1.05 * trial.joint_moment)

    larger = [scaled(p, factor) for p, factor in zip(predictions, (1.0, 1.0, 3.0), strict=True)]
    assert not [each for each in warnings(larger) if "carry over" in each]


def test_a_validation_trial_that_is_not_predicted_is_named(predictions):
    p = predictions[2]
    opposite = replace(p, joint_moment=-p.trial.joint_moment)
    r2, name = trial_agreement(opposite)["elbow"].r2, p.trial.name
    assert (
        f"elbow: R² is {r2:.2f} in validation trial {name!r}, worse than a constant moment. Check the "
        "trial's EMG, its timing and its inverse dynamics; if they are sound, the model cannot be used for "
        "such a movement."
    ) in warnings([*predictions[:2], opposite])


def test_parameters_at_a_bound_are_named(predictions):
    assert warnings(predictions, tendon_slack_length=change(0.851, 1.0)) == (
        "tendon_slack_length ended at a bound: flexor. Check the scaling and the excitations, or widen "
        "<tendon_slack_length_bounds>.",
    )


def test_a_value_that_drifted_to_a_bound_is_told_from_one_that_the_trials_ask_for(predictions):
    informed = {
        "tendon_slack_length": np.array([True, False]),
        "max_isometric_force": np.array([True, True]),
    }
    force = ParameterChange(*(np.full(2, x) for x in (1e3, 2.5e3, 5e2, 2.5e3)))
    changes = {"max_isometric_force": force, "tendon_slack_length": change(0.851, 1.149)}
    found = calibration_warnings(Status.CONVERGED, changes, NAMES, predictions, CostSettings(), informed)
    assert found == (
        "max_isometric_force ended at a bound: flexor, extensor. The trials determine it and ask for more. "
        "Check the scaling and the excitations, or widen <strength_coefficient_bounds>.",
        "tendon_slack_length ended at a bound: flexor. The trials determine it and ask for more. Check the "
        "scaling and the excitations, or widen <tendon_slack_length_bounds>.",
        "tendon_slack_length ended at a bound: extensor. The trials do not determine it, so it drifted "
        "there. Raise <prior_weight> or add trials.",
    )


def test_muscles_outside_their_ranges_are_named(predictions):
    first = predictions[0]
    length, strain = first.normalized_fiber_length.copy(), first.tendon_strain.copy()
    length[20, 1], strain[30, 0] = 1.7, 0.06
    predictions[0] = replace(first, normalized_fiber_length=length, tendon_strain=strain)
    share = f"{100 / sum(p.joint_moment[p.trial.scored].size for p in predictions):.2g}"
    name = first.trial.name
    assert warnings(predictions) == (
        f"Outside the normalized fiber length range 0.5 to 1.5: extensor (1 to 1.7, {share} % of the time, "
        f"most in {name}). Fibers make little force there. Check the scaling and the joint angles.",
        f"Outside the tendon strain range 0 to 0.05: flexor (0.02 to 0.06, {share} % of the time, most in "
        f"{name}). Check the muscles' strength, and for negative strain their tendon_slack_length.",
    )


def test_the_lead_in_is_not_judged(predictions):
    first = predictions[0]
    length = first.normalized_fiber_length.copy()
    length[first.trial.n_lead_in - 1] = 3.0
    predictions[0] = replace(first, normalized_fiber_length=length)
    assert warnings(predictions) == ()


def test_tendons_that_push_are_named(predictions):
    first = predictions[0]
    force = first.tendon_force.copy()
    force[30, 1] = -2.0
    predictions[0] = replace(first, tendon_force=force)
    assert warnings(predictions) == ("Slack tendons pushed (negative force beyond 0.1 % of Fmax): extensor.",)


def test_the_trials_own_notes_come_last(predictions):
    first = predictions[0]
    predictions[0] = replace(first, trial=replace(first.trial, notes=("emg.sto: 3 samples were clipped.",)))
    assert warnings(predictions) == ("emg.sto: 3 samples were clipped.",)


def test_a_constant_calibration_moment_is_no_measure_for_another(predictions):
    still = [
        replace(p, trial=replace(p.trial, joint_moment=np.ones_like(p.joint_moment))) for p in predictions[:2]
    ]
    assert not [each for each in warnings([*still, predictions[2]]) if "carry over" in each]
