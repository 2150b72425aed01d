import dataclasses

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import Rectangle

from opensim_difcal.outputs.figures.activations import activations
from opensim_difcal.outputs.figures.style import CALIBRATED, SYNTHESIZED, svg
from opensim_difcal.outputs.figures.synergies import (
    reconstructions,
    synthesized_excitations,
    weights_and_primitives,
)


@pytest.fixture(scope="module")
def synergies(hybrid_result):
    return hybrid_result.synergies


def heights(panel):
    return [bar.get_height() for bar in panel.patches if isinstance(bar, Rectangle)]


def xs(line):
    return np.asarray(line.get_xdata())


def titles(figure):
    return [panel.get_title(loc="left") for panel in figure.axes]


def test_each_synergy_has_its_weights_and_its_primitive(synergies):
    figure = weights_and_primitives(synergies)
    assert titles(figure) == [
        "synergy 1: weights",
        "synergy 1: primitive",
        "synergy 2: weights",
        "synergy 2: primitive",
    ]
    bars = figure.axes[2].patches
    np.testing.assert_array_equal(heights(figure.axes[2]), synergies.weights[""][:, 1])
    colors = [bar.get_facecolor() for bar in bars]
    assert all(same_color(color, CALIBRATED) for color in colors[:5])
    assert all(same_color(color, SYNTHESIZED) for color in colors[5:])
    labels = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert labels == [*synergies.channel_names, *synergies.synthesized_muscles]
    curves = figure.axes[3].lines
    assert len(curves) == 2  # the calibration trials
    trial = synergies.trials[1].trial
    np.testing.assert_array_equal(curves[1].get_ydata(), synergies.trials[1].primitives[trial.scored, 1])


def test_weights_by_trial_are_drawn_as_their_mean(hybrid_result_by_trial):
    outcome = hybrid_result_by_trial.synergies
    bars = heights(weights_and_primitives(outcome).axes[0])
    np.testing.assert_array_equal(bars, outcome.shared_weights[:, 0])


def test_each_channel_shows_recorded_and_reconstructed_trials_in_a_row(synergies):
    figure = reconstructions(synergies)
    assert titles(figure)[1] == "emg_addmagIsch_r, VAF 94.0 %"
    assert len(figure.axes) == 5
    series = [line for line in figure.axes[1].lines if len(xs(line)) > 2]
    assert len(series) == 2 * 3
    each = synergies.trials[2]
    np.testing.assert_array_equal(
        series[4].get_ydata(), each.trial.recording.excitation[each.trial.scored, 1]
    )
    np.testing.assert_array_equal(series[5].get_ydata(), each.reconstructed[each.trial.scored, 1])
    assert 2.0 < xs(series[5])[0] < xs(series[5])[-1] < 3.0
    assert len(figure.axes[1].patches) == 1  # behind the validation trial


def test_synthesized_excitations_are_labelled_so(synergies):
    figure = synthesized_excitations(synergies)
    assert titles(figure) == [f"{name} (synthesized)" for name in synergies.synthesized_muscles]
    assert [text.get_text() for text in figure.legends[0].get_texts()][0] == "synthesized (no recording)"
    each = synergies.trials[0]
    np.testing.assert_array_equal(
        figure.axes[0].lines[0].get_ydata(), each.trial.excitation[each.trial.scored, -3]
    )


def test_a_trial_name_is_never_read_as_tex(synergies):
    first = synergies.trials[0]
    odd = dataclasses.replace(first, trial=dataclasses.replace(first.trial, name="$x_{ & $"))
    outcome = dataclasses.replace(synergies, trials=(odd, *synergies.trials[1:]))
    for draw in (weights_and_primitives, reconstructions, synthesized_excitations):
        assert svg(draw(outcome), "salt") == svg(draw(outcome), "salt")


def test_activations_mark_synthesized_muscles(hybrid_result):
    figure = activations(hybrid_result)
    assert titles(figure)[4:6] == [
        hybrid_result.muscle_names[4],
        f"{hybrid_result.muscle_names[5]} (synthesized)",
    ]
    assert figure.legends[0].get_texts()[0].get_text() == "excitation (EMG or synthesized)"
