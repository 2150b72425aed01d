import numpy as np

from opensim_difcal.outputs.figures.correlations import correlations, order_by_muscle


def test_a_muscle_s_unknowns_stand_together_and_groups_last():
    unknowns = ("c1 of a", "c1 of b", "c2 of a", "c2 of b", "strength_coefficient of all")
    assert order_by_muscle(unknowns, ("a", "b")) == [[0, 2], [1, 3], [4]]


def test_a_group_named_like_a_muscle_stands_with_it():
    unknowns = ("c1 of a", "strength_coefficient of a")
    assert order_by_muscle(unknowns, ("a",)) == [[0, 1], []]


def test_the_matrix_is_the_correlation_muscle_by_muscle(confident):
    known = confident.identifiability
    figure = correlations(known, confident.muscle_names)
    image = np.asarray(figure.axes[0].images[0].get_array())
    order = [i for row in order_by_muscle(known.unknowns, confident.muscle_names) for i in row]
    np.testing.assert_array_equal(image, known.correlation[np.ix_(order, order)])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [*confident.muscle_names, "groups"]


def test_directions_that_are_not_determined_lie_below_the_line(confident):
    spectrum = correlations(confident.identifiability, confident.muscle_names).axes[2]  # after the color bar
    values = np.asarray(spectrum.collections[0].get_offsets())[:, 1]
    known = confident.identifiability.singular_values
    np.testing.assert_allclose(values, np.maximum(known, 1e-3))
    colors = np.asarray(spectrum.collections[0].get_facecolor())
    assert (colors[values >= 1.96] == colors[0]).all()
    assert (colors[values < 1.95] != colors[0]).any(axis=1).all()
