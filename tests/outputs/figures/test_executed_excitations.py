import numpy as np
from executions import make_execution
from matplotlib.colors import same_color

from opensim_difcal.outputs.figures.executed_excitations import executed_excitations
from opensim_difcal.outputs.figures.style import CALIBRATED, SYNTHESIZED, UNCALIBRATED


def titles(figure):
    return [panel.get_title(loc="left") for panel in figure.axes]


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_an_open_loop_shows_excitation_and_activation():
    result = make_execution("open_loop")
    figure = executed_excitations(result)
    assert titles(figure) == ["soleus_r", "tibant_r", "tibpost_r (projected)"]
    assert labels(figure) == ["excitation (EMG or projected)", "activation"]
    excitation, activation = figure.axes[1].lines[:2]
    each = result.trials[0]
    np.testing.assert_array_equal(excitation.get_ydata(), each.trial.excitation[each.trial.scored, 1])
    np.testing.assert_array_equal(activation.get_ydata(), each.prediction.activation[each.trial.scored, 1])


def test_adjusted_excitations_stand_before_those_given():
    result = make_execution("emg_assisted")
    figure = executed_excitations(result)
    assert titles(figure) == [
        "soleus_r (adjusted by 0.030)",
        "tibant_r",
        "tibpost_r (projected, adjusted by 0.040)",
    ]
    assert labels(figure) == ["given (EMG or projected)", "used"]
    given, used = figure.axes[0].lines[:2]
    each = result.trials[0]
    np.testing.assert_array_equal(given.get_ydata(), each.given_excitation[each.trial.scored, 0])
    np.testing.assert_array_equal(used.get_ydata(), each.trial.excitation[each.trial.scored, 0])
    assert same_color(given.get_color(), UNCALIBRATED)
    assert same_color(used.get_color(), CALIBRATED)
    assert len(figure.axes[0].lines) == 2 * 3


def test_synthesized_excitations_have_nothing_given_behind_them():
    figure = executed_excitations(make_execution("emg_hybrid"))
    assert titles(figure)[2] == "tibpost_r (synthesized)"
    assert len(figure.axes[2].lines) == 3
    assert all(same_color(line.get_color(), SYNTHESIZED) for line in figure.axes[2].lines)
    assert labels(figure) == ["given (EMG)", "used", "synthesized (nothing recorded)"]


def test_static_optimization_has_synthesized_excitations_only():
    figure = executed_excitations(make_execution("static_optimization"))
    assert labels(figure) == ["synthesized (nothing recorded)"]
