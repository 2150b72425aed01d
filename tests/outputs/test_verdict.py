import pytest

from opensim_difcal.outputs import verdict as module
from opensim_difcal.outputs.verdict import Finding, Trust, verdict

CLOSED_LOOP = {
    "reintegration_rms_max": 0.0043,
    "frame_force_error_max": 3e-8,
    "frame_balance_error_max": 5e-7,
}


def summary_with(*, r2=0.9, before=20.0, after=8.0, at_bound=0, status="converged", pooled=True):
    agreement = {"uncalibrated": {"rmse": before, "r2": 0.3}, "calibrated": {"rmse": after, "r2": r2}}
    return {
        "status": status,
        "reason": "Because.",
        "pooled": {"knee_angle_r": agreement} if pooled else {},
        "parameters": {f"m{i}": {"c1": {"at_bound": i < at_bound}} for i in range(10)},
    }


def worst(summary, closed_loop=CLOSED_LOOP):
    return verdict(summary, closed_loop).findings[0]


def test_a_calibration_without_a_flaw_is_good_and_says_why():
    conclusion = verdict(summary_with(), CLOSED_LOOP)
    assert conclusion.trust is Trust.GOOD
    assert [finding.sentence for finding in conclusion.findings] == [
        "Knee angle (right): R² 0.90 on unseen trials, 0.8 or better.",
        "OpenSim agrees: integrating the calibrated muscles itself, it gives the same forces within 0.43 % "
        "of a muscle's maximum force (2 % allowed).",
        "No calibrated value ended at one of its bounds.",
        "Optimization: Because.",
    ]


@pytest.mark.parametrize(
    ("changes", "trust", "sentence"),
    [
        ({"r2": 0.7}, Trust.CARE, "Knee angle (right): R² 0.70 on unseen trials, between 0.5 and 0.8."),
        (
            {"r2": 0.4},
            Trust.NONE,
            "Knee angle (right): R² 0.40 on unseen trials, below 0.5: this moment is not predicted.",
        ),
        (
            {"r2": None},
            Trust.CARE,
            "Knee angle (right): R² on unseen trials could not be computed (measured moment constant, or no "
            "number).",
        ),
        (
            {"after": 21.0},
            Trust.CARE,
            "Knee angle (right): R² 0.90 on unseen trials, and the error rose from 20.0 to 21.0 N m: the "
            "calibration made this moment worse.",
        ),
        (
            {"pooled": False},
            Trust.CARE,
            "No validation trial was given, so nothing here shows how the model does on a movement it was "
            "not fitted to. Add a <Trial> with the role validation.",
        ),
        (
            {"at_bound": 1},
            Trust.GOOD,
            "1 of 10 calibrated values ended at a bound (10 %); up to 10 % is usual.",
        ),
        (
            {"at_bound": 4},
            Trust.CARE,
            "4 of 10 calibrated values ended at a bound (40 %): the data asked for more change than was "
            "allowed. Check the scaling of the model.",
        ),
        ({"status": "max_iterations"}, Trust.CARE, "Optimization: Because."),
    ],
)
def test_every_flaw_of_the_summary_is_named(changes, trust, sentence):
    assert Finding(trust, sentence) in verdict(summary_with(**changes), CLOSED_LOOP).findings


def test_worse_than_before_and_useless_is_not_trusted():
    assert worst(summary_with(r2=0.2, after=30.0)).trust is Trust.NONE


@pytest.mark.parametrize(
    ("changes", "trust", "sentence"),
    [
        (
            {"reintegration_rms_max": 0.03},
            Trust.NONE,
            "OpenSim disagrees: its own integration differs by 3 % of a muscle's maximum force, more than "
            "the 2 % allowed.",
        ),
        (
            {"reintegration_rms_max": float("inf")},
            Trust.NONE,
            "OpenSim could not integrate one of the calibrated muscles.",
        ),
        (
            {"frame_force_error_max": 1e-5},
            Trust.CARE,
            "Frame by frame OpenSim's forces differ by up to 0.001 % of a muscle's maximum force, more than "
            "the 0.0001 % expected.",
        ),
        (
            {"frame_balance_error_max": 0.01},
            Trust.NONE,
            "Frame by frame OpenSim's forces differ by up to 1 % of a muscle's maximum force, more than the "
            "0.0001 % expected.",
        ),
        (
            {"frame_force_error_max": float("nan")},
            Trust.CARE,
            "OpenSim's check of the calibrated muscles is missing or incomplete.",
        ),
    ],
)
def test_every_flaw_of_the_closed_loop_is_named(changes, trust, sentence):
    assert worst(summary_with(), {**CLOSED_LOOP, **changes}) == Finding(trust, sentence)


def test_a_missing_closed_loop_asks_for_care():
    assert worst(summary_with(), {}).trust is Trust.CARE


def test_the_worst_finding_decides_and_stands_first():
    conclusion = verdict(summary_with(r2=0.7), CLOSED_LOOP | {"reintegration_rms_max": 0.5})
    assert conclusion.trust is Trust.NONE
    assert [finding.trust for finding in conclusion.findings[:2]] == [Trust.NONE, Trust.CARE]


@pytest.mark.opensim
def test_the_limit_is_that_of_the_closed_loop():
    pytest.importorskip("opensim")
    from opensim_difcal.outputs import closed_loop

    assert module.REINTEGRATION_LIMIT == closed_loop.REINTEGRATION_LIMIT


def test_the_limit_of_the_run_decides_over_the_closed_loop():
    strict = {**CLOSED_LOOP, "reintegration_rms_limit": 0.001}
    assert worst(summary_with(), strict) == Finding(
        Trust.NONE,
        "OpenSim disagrees: its own integration differs by 0.43 % of a muscle's maximum force, more than the "
        "0.1 % allowed.",
    )


def with_informed(n_informed: int) -> dict:
    summary = summary_with()
    summary["parameters"] = {
        f"m{i}": {
            "c1": {"at_bound": False, "informed": False},
            "tendon_slack_length": {"at_bound": False, "informed": i < n_informed},
        }
        for i in range(10)
    }
    return summary


def test_what_the_trials_determine_counts_the_values_that_go_into_the_model():
    sentences = [f.sentence for f in verdict(with_informed(5), CLOSED_LOOP).findings]
    assert (
        "The trials determine 5 of the 10 values that go into the model; the others stay near the "
        "scaled model or are not determined: see What the trials determine."
    ) in sentences
    assert verdict(with_informed(5), CLOSED_LOOP).trust is Trust.GOOD


def test_a_model_of_which_little_is_determined_is_to_be_used_with_care():
    assert worst(with_informed(4)) == Finding(
        Trust.CARE,
        "The trials determine 4 of the 10 values that go into the model; the others stay near the "
        "scaled model or are not determined: see What the trials determine. Moments may be right all "
        "the same; do not read such values as measurements. More trials, with other joint "
        "angles and efforts, determine more.",
    )


def test_a_model_of_which_all_is_determined_is_good():
    sentence = "The trials determine all 10 values that go into the model."
    assert Finding(Trust.GOOD, sentence) in verdict(with_informed(10), CLOSED_LOOP).findings


def test_nothing_is_said_of_what_is_determined_where_it_is_not_known():
    sentences = [finding.sentence for finding in verdict(summary_with(), CLOSED_LOOP).findings]
    assert not [sentence for sentence in sentences if "determine" in sentence]


def test_repaired_muscles_ask_for_care():
    repairs = [{"muscle": "semimem_r", "is_feasible": True}]
    finding = worst(summary_with() | {"repairs": repairs})
    assert finding == Finding(
        Trust.CARE,
        "The model leaves no room for the fibers of semimem_r, so their lengths were changed before the "
        "calibration: see Parameters. Check the scaling of the model.",
    )
    repairs.append({"muscle": "bflh_r", "is_feasible": False})
    finding = worst(summary_with() | {"repairs": repairs})
    assert finding.sentence.endswith(" Within the bounds that was not enough for bflh_r.")
