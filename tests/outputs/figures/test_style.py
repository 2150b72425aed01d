import numpy as np

from opensim_difcal.outputs.figures.style import draw_span, left_title, new_figure, png, svg


def titled():
    figure = new_figure(1.0)
    left_title(figure.subplots(), "walk $x_{")
    return figure


def test_names_are_never_read_as_tex():
    assert svg(titled(), "a").startswith(b"<?xml")


def test_the_same_figure_gives_the_same_bytes():
    assert svg(titled(), "a") == svg(titled(), "a")
    assert png(titled()) == png(titled())
    assert b"dc:date" not in svg(titled(), "a")


def test_a_figure_is_a_thousand_pixels_wide():
    assert new_figure(2.0).get_size_inches().tolist() == [10.0, 2.0]
    assert new_figure(2.0).dpi == 100


def test_nothing_is_drawn_without_a_range():
    axes = new_figure(1.0).subplots()
    draw_span(axes, 0.0, None, color="k")
    assert len(axes.lines) == 0
    draw_span(axes, 0.0, (1.0, 2.0), color="k", thick=True)
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == [1.0, 2.0]
