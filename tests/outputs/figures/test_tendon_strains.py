import numpy as np
from matplotlib.colors import same_color

from opensim_difcal.outputs.figures.style import AT_BOUND, CALIBRATED
from opensim_difcal.outputs.figures.tendon_strains import tendon_strains


def test_a_tendon_that_leaves_the_allowed_range_stands_out(result):
    after = tendon_strains(result).axes[0].lines[1::2]
    outside = [i for i, line in enumerate(after) if same_color(line.get_color(), AT_BOUND)]
    assert outside == [16]
    assert same_color(after[0].get_color(), CALIBRATED)


def test_strains_are_shown_in_percent(result):
    soleus = np.asarray(tendon_strains(result).axes[0].lines[33].get_xdata())
    assert 3.0 < soleus.min() < soleus.max() < 6.0


def test_the_allowed_range_is_an_argument(result):
    after = tendon_strains(result, allowed=(0.0, 0.2)).axes[0].lines[1::2]
    assert all(same_color(line.get_color(), CALIBRATED) for line in after)
