import pytest
from executions import COORDINATES, make_execution

from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.outputs.execution_scores import pooled_scores, task_scores, trial_scores


def test_each_trial_is_scored_in_open_loop_and_in_its_mode():
    result = make_execution("emg_assisted")
    scores = trial_scores(result)
    assert [(each.trial, each.task) for each in scores[:2]] == [("walk_1", "walking"), ("walk_2", "walking")]
    for executed, each in zip(result.trials, scores, strict=True):
        assert tuple(each.coordinates) == COORDINATES
        for name, by_mode in each.coordinates.items():
            assert list(by_mode) == ["open_loop", "emg_assisted"]
            assert by_mode["open_loop"] == trial_agreement(executed.open_loop)[name]
            assert by_mode["emg_assisted"] == trial_agreement(executed.prediction)[name]


@pytest.mark.parametrize("mode", ["open_loop", "static_optimization"])
def test_without_recordings_to_begin_with_there_is_one_mode(mode):
    (first, *_) = trial_scores(make_execution(mode))
    assert list(first.coordinates["knee_angle_r"]) == [mode]


def test_tasks_and_all_trials_are_joined_where_moments_were_measured():
    result = make_execution("open_loop", unmeasured=("walk_2",))
    walking, jumping = task_scores(result)
    assert (walking.trial, walking.task, jumping.task) == ("", "walking", "jumping")
    first, second, third = result.trials
    expected = trial_agreement(first.prediction)["knee_angle_r"]
    assert walking.coordinates["knee_angle_r"]["open_loop"] == expected
    joined = pooled_agreement([first.prediction, third.prediction])["knee_angle_r"]
    assert pooled_scores(result).coordinates["knee_angle_r"]["open_loop"] == joined
    assert not second.trial.has_joint_moment
    assert trial_scores(result)[1].coordinates == {}


def test_trials_of_no_task_belong_to_no_task():
    result = make_execution(tasks={"a": "", "b": ""})
    assert task_scores(result) == ()
    assert pooled_scores(result).coordinates
