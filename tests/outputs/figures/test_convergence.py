import dataclasses

import numpy as np

from opensim_difcal.outputs.figures.convergence import convergence
from opensim_difcal.outputs.figures.style import svg


def test_every_term_has_a_line_on_a_log_scale(result):
    axes = convergence(result).axes[0]
    assert axes.get_yscale() == "log"
    labels = [line.get_label() for line in axes.lines]
    assert labels == ["total", "fiber_range", "moment_tracking", "tendon_strain"]


def test_a_term_that_is_zero_has_no_line_there(result):
    strain = convergence(result).axes[0].lines[3].get_ydata()
    np.testing.assert_array_equal(np.isnan(strain), np.arange(30) >= 10)


def test_a_run_that_never_had_a_cost_can_be_drawn(result, result_without_numbers):
    assert svg(convergence(result_without_numbers), "a")
    assert svg(convergence(dataclasses.replace(result, cost_history=())), "a")
