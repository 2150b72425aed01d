from executions import MUSCLES, make_execution

from opensim_difcal.outputs.figures.executed_fibers import executed_fibers
from opensim_difcal.outputs.trial_pairs import scored_range


def spans(axes):
    return [tuple(line.get_xdata()) for line in axes.lines]


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_executed_lengths_stand_over_those_of_the_calibration(active_force_length):
    result = make_execution("open_loop")
    figure = executed_fibers(result, active_force_length, {"soleus_r": (0.61, 1.29)})
    predictions = [each.prediction for each in result.trials]
    found = spans(figure.axes[0])
    for muscle in range(len(MUSCLES)):
        assert scored_range(predictions, "normalized_fiber_length", muscle) in found
        assert scored_range(predictions, "normalized_fiber_length", muscle, above_activation=0.1) in found
    assert (0.61, 1.29) in found
    assert len(found) == 1 + 2 * 3 + 1
    assert labels(figure)[:2] == ["calibration trials", "executed trials"]


def test_without_a_calibration_only_executed_lengths_are_drawn(active_force_length):
    figure = executed_fibers(make_execution("static_optimization"), active_force_length, {})
    assert len(figure.axes[0].lines) == 1 + 2 * 3
    assert labels(figure)[0] == "executed trials"
