import dataclasses
import json

import pytest

from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.outputs.summary import pooled_summary, summary, with_seconds, write_summary

SECONDS = {"geometry": 2.0, "compilation": 0.5, "closed_loop": 3.0, "report": 1.0}


@pytest.fixture
def written(tmp_path, result, closed_loop):
    path = tmp_path / "summary.json"
    write_summary(path, summary(result, tool="NMSCalibrationTool", seconds=SECONDS, closed_loop=closed_loop))
    return json.loads(path.read_text(encoding="utf-8"))


def test_summary_has_the_promised_keys(written):
    promised = "tool name status reason iterations cost seconds trials parameters pooled closed_loop warnings"
    assert set(promised.split()) <= set(written)
    assert written["tool"] == "NMSCalibrationTool"
    assert written["status"] == "converged"
    assert written["reason"] == "The cost stopped improving by more than the tolerance."
    assert written["iterations"] == 29


def test_cost_is_reported_term_by_term_first_and_last(written, result):
    assert written["cost"] == {"initial": result.cost_history[0], "final": result.cost_history[-1]}


def test_every_start_is_told(written):
    assert [start["final_cost"] for start in written["starts"]] == [0.05, 0.0501, 0.9]
    assert written["starts"][1]["mean_distance_from_best"]["c1"] == 0.1
    assert written["starts"][0]["status"] == "converged"


def test_missing_seconds_come_from_the_result_and_the_sum(written):
    assert written["seconds"] == {
        "total": 19.0,
        "geometry": 2.0,
        "compilation": 0.5,
        "calibration": 12.5,
        "closed_loop": 3.0,
        "report": 1.0,
    }


def test_given_total_seconds_are_kept(result, closed_loop):
    values = summary(result, tool="T", seconds={"total": 99.0}, closed_loop=closed_loop)
    assert values["seconds"]["total"] == 99.0
    assert values["seconds"]["report"] is None


def test_trials_hold_the_agreement_of_both_parameter_sets(written, result):
    trial = written["trials"][4]
    assert (trial["name"], trial["role"]) == ("walk_04", "validation")
    expected = trial_agreement(result.uncalibrated[4])["knee_angle_r"]
    assert trial["coordinates"]["knee_angle_r"]["uncalibrated"] == {"rmse": expected.rmse, "r2": expected.r2}


def test_r2_of_a_constant_moment_is_null(written):
    ankle = written["trials"][3]["coordinates"]["ankle_angle_r"]["calibrated"]
    assert ankle["r2"] is None
    assert ankle["rmse"] > 0.0


def test_pooled_covers_the_validation_trials_only(written, result):
    expected = pooled_agreement(result.calibrated[4:])["hip_flexion_r"]
    assert written["pooled"]["hip_flexion_r"]["calibrated"] == {"rmse": expected.rmse, "r2": expected.r2}


def test_pooled_is_empty_without_validation_trials(result_without_validation, closed_loop):
    values = summary(result_without_validation, tool="T", seconds={}, closed_loop=closed_loop)
    assert values["pooled"] == {}
    assert (
        pooled_summary(result_without_validation, role="calibration")["knee_angle_r"]["calibrated"]["r2"]
        > 0.5
    )


def test_parameters_hold_values_bounds_and_whether_they_are_at_one(written, result):
    change = result.parameters["optimal_fiber_length"]
    assert written["parameters"]["bflh_r"]["optimal_fiber_length"] == {
        "initial": change.initial[2],
        "final": change.final[2],
        "lower": change.lower[2],
        "upper": change.upper[2],
        "at_bound": True,
    }


def test_checks_that_were_not_done_are_null(result):
    values = summary(result, tool="T", seconds={}, closed_loop={"reintegration_rms_max": 0.01})
    assert values["closed_loop"] == {
        "reintegration_rms_max": 0.01,
        "frame_force_error_max": None,
        "frame_balance_error_max": None,
    }


def test_a_failed_calibration_is_still_valid_json(tmp_path, result_without_numbers):
    path = tmp_path / "summary.json"
    closed_loop = {"reintegration_rms_max": float("inf")}
    write_summary(path, summary(result_without_numbers, tool="T", seconds={}, closed_loop=closed_loop))
    text = path.read_text(encoding="utf-8")
    assert "NaN" not in text.replace("became NaN", "")
    assert "Infinity" not in text
    assert json.loads(text)["verdict"]["trust"] == "do not trust"


def test_summary_without_any_iteration_has_no_cost(result, closed_loop):
    values = summary(
        dataclasses.replace(result, cost_history=()), tool="T", seconds={}, closed_loop=closed_loop
    )
    assert values["cost"] == {"initial": {}, "final": {}}


def test_seconds_can_be_written_when_they_are_known(result, closed_loop):
    values = summary(result, tool="T", seconds={}, closed_loop=closed_loop)
    seconds = {"calibration": 4.0, "geometry": 1.0, "report": 0.5, "closed_loop": 0.25, "compilation": 2.0}
    timed = with_seconds(values, seconds)
    assert timed == {**values, "seconds": {"total": 7.75, **seconds}}
    assert list(timed["seconds"]) == [
        "total",
        "geometry",
        "compilation",
        "calibration",
        "closed_loop",
        "report",
    ]
    assert list(timed) == list(values)


def test_summary_tells_of_synergies_only_where_there_are_some(result, hybrid_result, closed_loop):
    assert summary(result, tool="T", seconds={}, closed_loop=closed_loop)["synergies"] is None
    values = summary(hybrid_result, tool="T", seconds={}, closed_loop=closed_loop)["synergies"]
    assert (
        json.loads(json.dumps(values))
        == values
        == {
            "n_synergies": 2,
            "vaf_by_number": {"1": 0.8, "2": 0.97},
            "variance_accounted_for": {
                "extracted": 0.97,
                "calibrated": 0.95,
                "by_channel": hybrid_result.synergies.variance_accounted_for.by_channel,
            },
            "synthesized_muscles": list(hybrid_result.synergies.synthesized_muscles),
        }
    )


def summarized(result, closed_loop):
    return summary(result, tool="NMSCalibrationTool", seconds=SECONDS, closed_loop=closed_loop)


def test_the_summary_says_what_the_trials_determine(confident, closed_loop):
    written = json.loads(json.dumps(summarized(confident, closed_loop), allow_nan=False))
    known = written["identifiability"]
    assert (known["n_informed"], known["n_values"], known["n_directions_determined"]) == (66, 132, 70)
    assert known["residuals"] == {
        "knee_angle_r": {"correlation_time": 0.05, "n_samples": 400, "n_effective": 80.4}
    }
    assert known["trade_offs"][0] == {
        "first": "c1 of soleus_r",
        "second": "c2 of soleus_r",
        "correlation": -0.99,
        "together": True,
    }
    assert known["verdicts"]["soleus_r"] == "Informed: what <soleus_r> has."
    change = written["parameters"]["soleus_r"]["c1"]
    interval = confident.identifiability.by_trials["c1"]
    i = confident.muscle_names.index("soleus_r")
    assert change["standard_error"] == interval.standard_error[i]
    assert change["informed"] is bool(i % 2 == 0)
    assert change["standard_error_with_prior"] == 0.5 * change["standard_error"]


def test_what_is_not_known_is_null(result, closed_loop):
    written = summarized(result, closed_loop)
    assert written["identifiability"] is None
    assert "informed" not in written["parameters"]["soleus_r"]["c1"]


def test_repaired_muscles_are_listed(result, repaired_result, closed_loop):
    def repairs_of(each):
        return summary(each, tool="NMSCalibrationTool", seconds={}, closed_loop=closed_loop)["repairs"]

    assert repairs_of(result) == []
    first, second = repairs_of(repaired_result)
    assert first == {
        "muscle": "semimem_r",
        "trial": "run",
        "normalized_fiber_length_along_tendon": {
            "shortest_of_model": -0.07,
            "shortest_at_start": 0.43,
            "longest_at_start": 1.48,
        },
        "tendon_slack_length": {"model": 0.3538, "start": 0.3148},
        "optimal_fiber_length": {"model": 0.0788, "start": 0.0788},
        "is_feasible": True,
    }
    assert not second["is_feasible"]
