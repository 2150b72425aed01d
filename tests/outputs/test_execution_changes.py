import numpy as np
import pytest
from executions import make_execution

from opensim_difcal.outputs.execution_changes import change_by_muscle, overall_change


def test_changes_are_those_of_adjusted_muscles_over_the_scored_samples():
    trials = make_execution("emg_assisted").trials
    trials[0].trial.excitation[:5] = 1.0  # the lead-in does not count
    changes = change_by_muscle(trials)
    assert changes == pytest.approx({"soleus_r": 0.03, "tibpost_r": 0.04})
    assert overall_change(changes) == pytest.approx(np.sqrt((0.03**2 + 0.04**2) / 2))


@pytest.mark.parametrize("mode", ["open_loop", "static_optimization"])
def test_without_adjusted_muscles_nothing_changed(mode):
    assert change_by_muscle(make_execution(mode).trials) == {}
    assert overall_change({}) is None
