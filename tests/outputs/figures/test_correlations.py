from dataclasses import replace

import numpy as np

from opensim_difcal.outputs.figures.correlations import correlations, order_by_muscle
from opensim_difcal.outputs.figures.style import svg


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
    known = confident.identifiability
    spectrum = correlations(known, confident.muscle_names).axes[1]
    sure, unsure, off_scale = (np.asarray(dots.get_offsets()) for dots in spectrum.collections)
    values = np.concatenate([sure, unsure, off_scale])
    np.testing.assert_array_equal(values[:, 0], np.arange(1, len(known.unknowns) + 1))
    np.testing.assert_allclose(values[:, 1], np.maximum(known.singular_values, 1e-3))
    (line,) = spectrum.lines
    threshold = np.asarray(line.get_ydata())[0]
    assert sure[:, 1].min() >= threshold > unsure[:, 1].max()
    np.testing.assert_array_equal(off_scale[:, 1], 1e-3)
    assert spectrum.get_yscale() == "log"
    assert spectrum.get_title(loc="left") == f"70 of {len(known.unknowns)} determined"


def test_there_is_a_line_between_muscles_and_many_names_are_small(confident):
    known = confident.identifiability
    matrix = correlations(known, confident.muscle_names).axes[0]
    assert len(matrix.lines) == 2 * len(confident.muscle_names)  # the last are those before the groups
    many = tuple(f"m{i}" for i in range(30))
    unknowns = tuple(f"c1 of {name}" for name in many)
    larger = replace(known, unknowns=unknowns, correlation=np.eye(30), singular_values=np.ones(30))
    few_size, many_size = (
        float(axes.get_yticklabels()[0].get_fontsize())
        for axes in (matrix, correlations(larger, many).axes[0])
    )
    assert many_size < few_size


def test_names_are_never_read_as_tex(confident):
    one = {"correlation": np.ones((1, 1)), "singular_values": np.ones(1)}
    known = replace(confident.identifiability, unknowns=("c1 of $x_{",), **one)
    assert svg(correlations(known, ("$x_{",)), "a").startswith(b"<?xml")
