import json

import numpy as np
import pytest
from executions import MUSCLES, TASKS, make_execution

from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.outputs.execution_summary import execution_summary
from opensim_difcal.outputs.summary import write_summary

SECONDS = {"geometry": 2.0, "execution": 0.5, "report": 1.0}


def written(path, result):
    write_summary(path, execution_summary(result, tool="NMSExecutionTool", seconds=SECONDS))
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def assisted(tmp_path):
    return written(tmp_path / "summary.json", make_execution("emg_assisted"))


def test_the_summary_says_what_was_run(assisted):
    assert (assisted["tool"], assisted["name"]) == ("NMSExecutionTool", "subject01_new")
    assert assisted["mode"] == "emg_assisted"
    assert assisted["projected"] == ["tibpost_r"]
    assert assisted["warnings"] == ["Trial 'walk_1' moves <b>soleus_r</b> & more."]
    assert assisted["seconds"] == {"total": 3.5, **SECONDS}
    assert {each["name"]: each["task"] for each in assisted["trials"]} == TASKS


def test_agreement_stands_by_coordinate_and_mode(assisted):
    first = make_execution("emg_assisted").trials[0]
    for mode, prediction in (("open_loop", first.open_loop), ("emg_assisted", first.prediction)):
        expected = trial_agreement(prediction)["ankle_angle_r"]
        assert assisted["trials"][0]["coordinates"]["ankle_angle_r"][mode] == {
            "rmse": expected.rmse,
            "r2": expected.r2,
            "nrmse": expected.nrmse,
            "peak_error": expected.peak_error,
        }


def test_trials_are_pooled_by_task_and_all_together(assisted):
    trials = make_execution("emg_assisted").trials
    assert list(assisted["pooled"]["tasks"]) == ["walking", "jumping"]
    for found, joined in (
        (assisted["pooled"]["tasks"]["walking"], trials[:2]),
        (assisted["pooled"]["all"], trials),
    ):
        expected = pooled_agreement([each.prediction for each in joined])["knee_angle_r"]
        assert found["knee_angle_r"]["emg_assisted"]["rmse"] == expected.rmse


def test_the_search_is_told_with_its_cost_and_what_it_changed(assisted):
    search = assisted["trials"][1]["search"]
    assert search["status"] == "max_iterations"
    assert search["reason"] == "The iteration limit was reached. Raise <max_iterations>."
    assert search["iterations"] == 7
    assert search["cost"]["initial"]["total"] == 4.0
    assert search["cost"]["final"]["adjustment"] == 0.25
    assert (search["adjusted"], search["synthesized"]) == (["soleus_r", "tibpost_r"], [])
    assert search["rms_change"]["by_muscle"] == pytest.approx({"soleus_r": 0.03, "tibpost_r": 0.04})
    assert search["rms_change"]["all"] == pytest.approx(np.sqrt(0.00125))


def test_static_optimization_has_a_search_that_adjusts_nothing(tmp_path):
    trial = written(tmp_path / "summary.json", make_execution("static_optimization"))["trials"][0]
    assert trial["search"]["synthesized"] == list(MUSCLES)
    assert trial["search"]["rms_change"] == {"all": None, "by_muscle": {}}
    assert list(trial["coordinates"]["knee_angle_r"]) == ["static_optimization"]


def test_an_open_loop_without_measured_moments_has_neither_search_nor_agreement(tmp_path):
    result = make_execution("open_loop", unmeasured=tuple(TASKS))
    values = written(tmp_path / "summary.json", result)
    assert [each["coordinates"] for each in values["trials"]] == [{}, {}, {}]
    assert [each["search"] for each in values["trials"]] == [None, None, None]
    assert values["pooled"] == {"tasks": {"walking": {}, "jumping": {}}, "all": {}}


def test_what_is_not_a_number_is_null(tmp_path):
    result = make_execution("open_loop", tasks={"rest": "resting"})
    result.trials[0].trial.joint_moment[:, 0] = 2.0
    knee = written(tmp_path / "summary.json", result)["trials"][0]["coordinates"]["knee_angle_r"]["open_loop"]
    assert (knee["r2"], knee["nrmse"]) == (None, None)
    assert knee["rmse"] > 0.0
