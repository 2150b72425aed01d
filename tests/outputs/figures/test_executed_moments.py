import numpy as np
import pytest
from executions import TASKS, make_execution
from matplotlib.colors import same_color

from opensim_difcal.outputs.figures.executed_moments import executed_moments
from opensim_difcal.outputs.figures.style import CALIBRATED, MEASURED, UNCALIBRATED


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_panels_show_the_scored_time_of_all_three_moments():
    result = make_execution("emg_hybrid")
    (page,) = executed_moments(result)
    each = result.trials[1]
    scored = each.trial.scored
    open_loop, measured, executed = page.axes[1].lines[1:]
    np.testing.assert_array_equal(open_loop.get_xdata(), each.trial.time[scored])
    np.testing.assert_array_equal(open_loop.get_ydata(), each.open_loop.joint_moment[scored, 0])
    np.testing.assert_array_equal(measured.get_ydata(), each.trial.joint_moment[scored, 0])
    np.testing.assert_array_equal(executed.get_ydata(), each.prediction.joint_moment[scored, 0])
    colors = [line.get_color() for line in (open_loop, measured, executed)]
    assert all(map(same_color, colors, (UNCALIBRATED, MEASURED, CALIBRATED)))
    assert labels(page) == ["measured (inverse dynamics)", "open loop", "EMG-hybrid"]
    assert " → " in page.axes[0].get_title(loc="left")


@pytest.mark.parametrize(
    ("mode", "words"), [("open_loop", "open loop"), ("static_optimization", "static optimization")]
)
def test_without_a_recording_to_begin_with_there_is_nothing_dashed(mode, words):
    (page,) = executed_moments(make_execution(mode))
    assert len(page.axes[0].lines) == 3
    assert labels(page) == ["measured (inverse dynamics)", words]


def test_trials_without_measured_moments_are_drawn_all_the_same():
    (page,) = executed_moments(make_execution("open_loop", unmeasured=tuple(TASKS)))
    assert labels(page) == ["open loop"]
    assert page.axes[0].get_title(loc="left") == "not measured"
    assert len(page.axes[0].lines) == 2
    assert np.isfinite(page.axes[0].get_ylim()).all()


def test_columns_name_trial_and_task():
    (page,) = executed_moments(make_execution("open_loop", tasks={"first": "walking", "second": ""}))
    assert [axes.texts[0].get_text() for axes in page.axes[:2]] == ["first\n(walking)", "second"]


def test_six_trials_fill_two_pages():
    result = make_execution("open_loop", tasks={f"trial_{i}": "" for i in range(6)})
    assert [len(page.axes) for page in executed_moments(result)] == [6, 6]
