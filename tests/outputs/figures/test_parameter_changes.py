import dataclasses

import numpy as np

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


def test_values_at_a_bound_are_marked_apart(result):
    at_bound = np.asarray(parameter_changes(result).axes[0].collections[4].get_offsets())
    np.testing.assert_allclose(at_bound, [[1.15, 2.0]])


def test_an_unused_panel_is_hidden(result_without_validation):
    parameters = dict(list(result_without_validation.parameters.items())[:4])
    figure = parameter_changes(dataclasses.replace(result_without_validation, parameters=parameters))
    assert [panel.get_visible() for panel in figure.axes] == [True] * 4 + [False] * 2
