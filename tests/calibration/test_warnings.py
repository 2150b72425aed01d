"""What the report warns of."""

from dataclasses import replace

import numpy as np
import pytest

from opensim_difcal.calibration.cost import CostSettings
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
    assert warnings(shifted) == (
        "elbow: the error on validation trials (3.0 N m) is more than 2 times the error on calibration "
        "trials (1.0 N m).",
    )


def test_parameters_at_a_bound_are_named(predictions):
    assert warnings(predictions, tendon_slack_length=change(0.851, 1.0)) == (
        "tendon_slack_length ended at a bound: flexor.",
    )


def test_muscles_outside_their_ranges_are_named(predictions):
    first = predictions[0]
    length, strain = first.normalized_fiber_length.copy(), first.tendon_strain.copy()
    length[20, 1], strain[30, 0] = 1.7, 0.06
    predictions[0] = replace(first, normalized_fiber_length=length, tendon_strain=strain)
    assert warnings(predictions) == (
        "Outside the normalized fiber length range 0.5 to 1.5: extensor (1 to 1.7).",
        "Outside the tendon strain range 0 to 0.05: flexor (0.02 to 0.06).",
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
