"""Left and right in names."""

import pytest

from opensim_difcal.inputs.sides import other_side, side_of


@pytest.mark.parametrize(
    ("name", "side", "other"),
    [
        ("soleus_r", "right", "soleus_l"),
        ("hip_flexion_l", "left", "hip_flexion_r"),
        ("R_SOL", "right", "L_SOL"),
        ("l-soleus", "left", "r-soleus"),
        ("Right_soleus", "right", "Left_soleus"),
        ("SOL LEFT", "left", "SOL RIGHT"),
        ("SOL.R", "right", "SOL.L"),
    ],
)
def test_a_side_that_a_separator_sets_apart_is_known(name, side, other):
    assert side_of(name) == side
    assert other_side(name) == other


@pytest.mark.parametrize("name", ["RF", "LGAS", "biceps", "elbow_flexion", "delt_ant", "lat_dorsi", "r"])
def test_other_names_have_no_side(name):
    assert side_of(name) is None
    assert other_side(name) is None
