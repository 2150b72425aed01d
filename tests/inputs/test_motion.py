"""Coordinates that move on their own, and those that do not."""

import numpy as np
import pytest
from two_segments import arm_model, initialized, parabola

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.motion import Motion, independent_coordinate


def test_a_coupled_coordinate_has_no_moment_arms_of_its_own():
    model = initialized(arm_model(("wrist", "elbow", parabola())))
    with pytest.raises(ModelError) as caught:
        independent_coordinate(Motion(model, np.zeros(1), {}), "wrist")
    assert str(caught.value) == (
        "arm: coordinate 'wrist' is a function of elbow, so it has no moment arms of its own. "
        "Choose elbow instead."
    )
