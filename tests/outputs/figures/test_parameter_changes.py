import dataclasses

import numpy as np
from matplotlib.collections import LineCollection

from opensim_difcal.outputs.figures.parameter_changes import parameter_changes


def test_lengths_and_strength_are_ratios_and_activation_parameters_absolute(result):
    panels = parameter_changes(result).axes
    titles = [panel.get_title(loc="left") for panel in panels]
    assert titles == list(result.parameters)
    assert [panel.get_xlabel() for panel in panels] == ["ratio to start value"] * 3 + [
        "value (dimensionless)"
    ] * 3
    initial = np.asarray(panels[0].collections[2].get_offsets())
    np.testing.assert_array_equal(initial[:, 0], np.ones(22))


def offsets(panel, *places) -> np.ndarray:
    return np.concatenate([np.asarray(panel.collections[i].get_offsets()) for i in places])


def test_values_at_a_bound_are_marked_apart(result):
    at_bound = offsets(parameter_changes(result).axes[0], 5, 6)
    np.testing.assert_allclose(at_bound, [[1.15, 2.0]])


def test_values_that_the_trials_do_not_determine_are_hollow(confident):
    panel = parameter_changes(confident).axes[0]
    first = 6  # after the bounds, the ways, the starts, the intervals and their ends
    sure, unsure = offsets(panel, first, first + 2), offsets(panel, first + 1, first + 3)
    assert sorted(sure[:, 1].tolist()) == list(range(0, 22, 2))
    assert sorted(unsure[:, 1].tolist()) == list(range(1, 22, 2))
    assert np.asarray(panel.collections[first + 1].get_facecolor()).tolist() == [[1.0, 1.0, 1.0, 1.0]]


def test_every_value_has_its_interval(confident):
    for panel, (name, change) in zip(
        parameter_changes(confident).axes, confident.parameters.items(), strict=True
    ):
        drawn = panel.collections[3]
        assert isinstance(drawn, LineCollection)
        lines = np.asarray(drawn.get_segments())
        scale = np.abs(change.initial) if panel.get_xlabel().startswith("ratio") else 1.0
        interval = confident.identifiability.by_trials[name]
        np.testing.assert_allclose(lines[:, 0, 0], interval.lower_95 / scale)
        np.testing.assert_allclose(lines[:, 1, 0], interval.upper_95 / scale)


def test_an_interval_that_a_bound_cuts_off_has_no_end_mark(confident):
    change = confident.parameters["c1"]
    interval = confident.identifiability.by_trials["c1"]
    panel = parameter_changes(confident).axes[3]
    lower, upper = offsets(panel, 4), offsets(panel, 5)
    inside = interval.lower_95 > change.lower
    assert not inside.all()
    np.testing.assert_array_equal(lower[:, 1], np.flatnonzero(inside))
    assert len(upper) == 0  # all intervals of this result reach the upper bound


def test_the_legend_speaks_of_intervals_where_there_are_some(result, confident):
    def words(figure):
        return [text.get_text() for text in figure.legends[0].get_texts()]

    more = ["95 % interval", "not determined"]
    assert words(parameter_changes(confident)) == [*words(parameter_changes(result)), *more]


def test_an_unused_panel_is_hidden(result_without_validation):
    parameters = dict(list(result_without_validation.parameters.items())[:4])
    figure = parameter_changes(dataclasses.replace(result_without_validation, parameters=parameters))
    assert [panel.get_visible() for panel in figure.axes] == [True] * 4 + [False] * 2
