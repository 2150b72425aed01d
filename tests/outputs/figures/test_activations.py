import numpy as np
import pytest
from matplotlib.colors import same_color

from opensim_difcal.outputs.figures.activations import activations
from opensim_difcal.outputs.figures.style import VALIDATION


@pytest.fixture(scope="module")
def panels(result):
    return activations(result).axes


def test_each_muscle_has_a_panel_with_all_trials(panels, result):
    shown = [panel for panel in panels if panel.get_visible()]
    assert [panel.get_title(loc="left") for panel in shown] == list(result.muscle_names)
    assert len(shown[0].lines) == 2 * 10


def test_time_is_in_percent_of_the_scored_part(panels, result):
    excitation, activation = panels[2].lines[:2]
    trial = result.calibrated[0].trial
    assert (activation.get_xdata()[0], activation.get_xdata()[-1]) == (0.0, 100.0)
    np.testing.assert_array_equal(excitation.get_ydata(), trial.excitation[trial.scored, 2])
    np.testing.assert_array_equal(activation.get_ydata(), result.calibrated[0].activation[trial.scored, 2])


def test_validation_trials_have_their_own_color(panels):
    colors = [line.get_color() for line in panels[0].lines[1::2]]
    assert [same_color(color, VALIDATION) for color in colors] == [False] * 4 + [True] * 6
