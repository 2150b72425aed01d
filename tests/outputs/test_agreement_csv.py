import csv

import pytest
from executions import COORDINATES, TASKS, make_execution

from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.outputs.agreement_csv import HEADER, write_agreement


def rows_of(path, result):
    write_agreement(path, result)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agreement.csv"


def numbers(row):
    return [float(row[name]) for name in ("rmse", "r2", "nrmse", "peak_error")]


def values(agreement):
    return [agreement.rmse, agreement.r2, agreement.nrmse, agreement.peak_error]


def test_there_is_a_row_per_trial_coordinate_and_mode_without_rounding(path):
    result = make_execution("emg_hybrid")
    rows = rows_of(path, result)
    assert tuple(rows[0]) == HEADER
    keys = [(row["trial"], row["task"], row["coordinate"], row["mode"]) for row in rows]
    assert keys[:12] == [
        (name, task, coordinate, mode)
        for name, task in TASKS.items()
        for coordinate in COORDINATES
        for mode in ("open_loop", "emg_hybrid")
    ]
    assert numbers(rows[2]) == values(trial_agreement(result.trials[0].open_loop)["ankle_angle_r"])
    assert numbers(rows[3]) == values(trial_agreement(result.trials[0].prediction)["ankle_angle_r"])


def test_rows_of_tasks_and_of_all_trials_name_no_trial(path):
    result = make_execution("open_loop")
    pooled = [row for row in rows_of(path, result) if not row["trial"]]
    assert [row["task"] for row in pooled] == ["walking", "walking", "jumping", "jumping", "", ""]
    walking = pooled_agreement([each.prediction for each in result.trials[:2]])
    every = pooled_agreement([each.prediction for each in result.trials])
    assert numbers(pooled[0]) == values(walking["knee_angle_r"])
    assert numbers(pooled[-1]) == values(every["ankle_angle_r"])


def test_trials_without_measured_moments_have_no_row(path):
    rows = rows_of(path, make_execution("open_loop", unmeasured=("walk_1",)))
    assert "walk_1" not in {row["trial"] for row in rows}
    assert rows_of(path, make_execution("open_loop", unmeasured=tuple(TASKS))) == []


def test_what_is_not_a_number_is_empty(path):
    result = make_execution("open_loop", tasks={"rest": ""})
    result.trials[0].trial.joint_moment[:, 0] = 2.0
    row = rows_of(path, result)[0]
    assert (row["r2"], row["nrmse"]) == ("", "")
    assert float(row["rmse"]) > 0.0
