"""Static optimization beside OpenSim's own tool: the same leg, the same objective."""

import numpy as np
import pytest
from static_optimization import COORDINATES, static_optimization_case, static_optimization_tool

from opensim_difcal.tools.execution.inputs import read_inputs
from opensim_difcal.tools.execution.run import execute_inputs


@pytest.mark.parametrize(("pennate", "largest"), [(True, 0.02), (False, 1e-3)])
def test_activations_are_those_of_opensim_s_static_optimization(tmp_path, pennate, largest):
    """OpenSim's tool takes the wrong cosine of the pennation angle; without one both agree closely."""
    case = static_optimization_case(tmp_path, pennate=pennate)
    tool = static_optimization_tool(case, tmp_path / "results")
    (found,) = execute_inputs(tool, read_inputs(tool)).trials
    ours = found.prediction.activation
    theirs = np.column_stack(
        [np.interp(found.trial.time, case.time, case.activations[name]) for name in found.trial.muscle_names]
    )
    moments = np.abs(found.trial.joint_moment).max(axis=0)
    assert moments.min() > 20.0, "the motion asks for something"
    assert (np.ptp(theirs, axis=0) > 0.05).sum() > 12, "of most muscles"
    assert np.sqrt(((ours - theirs) ** 2).mean(axis=0)).max() < largest
    error = np.abs(found.prediction.joint_moment - found.trial.joint_moment).max(axis=0)
    for i, name in enumerate(COORDINATES):
        assert max(error[i], np.abs(case.reserves[name]).max()) < 0.01 * moments[i]
