import dataclasses

import numpy as np
from matplotlib.patches import Rectangle

from opensim_difcal.outputs.figures.overview import overview


def bar_lengths(axes):
    return [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_overview_shows_an_unseen_trial_and_pooled_r2(result, active_force_length):
    figure = overview(result, active_force_length)
    assert titles(figure)[:4] == [
        "hip flexion (right)",
        "knee angle (right)",
        "ankle angle (right)",
        "R² over 6 validation trials",
    ]
    assert figure.subfigs[0].get_suptitle() == (
        "Trial run $x_{ <i>fast</i> & last, never seen by the calibration"
    )


def test_overview_says_when_no_trial_was_kept_aside(result_without_validation, active_force_length):
    figure = overview(result_without_validation, active_force_length)
    assert "R² over 2 calibration trials" in titles(figure)
    assert figure.subfigs[0].get_suptitle() == "Trial walk_01, seen by the calibration"


def test_a_bar_ends_at_minus_one_and_its_number_does_not(result, active_force_length):
    wrong = tuple(dataclasses.replace(p, joint_moment=-2.0 * p.joint_moment) for p in result.calibrated)
    axes = overview(dataclasses.replace(result, calibrated=wrong), active_force_length).axes[3]
    assert min(bar_lengths(axes)) == -1.0
    assert any(float(text.get_text()) < -1.0 for text in axes.texts)


def test_r2_that_does_not_exist_has_no_bar(result_without_numbers, active_force_length):
    axes = overview(result_without_numbers, active_force_length).axes[3]
    assert np.isfinite(bar_lengths(axes)).all()
    assert [text.get_text() for text in axes.texts][3:] == ["n/a"] * 3
