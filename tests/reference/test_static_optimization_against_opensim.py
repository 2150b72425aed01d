"""Static optimization beside OpenSim's own tool: the same leg, the same objective."""

import numpy as np
from static_optimization import COORDINATES, static_optimization_case, static_optimization_tool

from opensim_difcal.tools.execution_inputs import read_inputs
from opensim_difcal.tools.execution_run import execute_inputs


def test_activations_are_those_of_opensim_s_static_optimization(tmp_path):
    case = static_optimization_case(tmp_path)
    tool = static_optimization_tool(case, tmp_path / "results")
    (found,) = execute_inputs(tool, read_inputs(tool)).trials
    ours = found.prediction.activation
    theirs = np.column_stack(
        [np.interp(found.trial.time, case.time, case.activations[name]) for name in found.trial.muscle_names]
    )
    moments = np.abs(found.trial.joint_moment).max(axis=0)
    assert moments.min() > 10.0
    assert np.ptp(theirs, axis=0).max() > 0.3, "the motion asks for something"
    assert np.sqrt(((ours - theirs) ** 2).mean()) < 0.02
    assert np.sqrt(((ours - theirs) ** 2).mean(axis=0)).max() < 0.02
    error = np.abs(found.prediction.joint_moment - found.trial.joint_moment).max(axis=0)
    for i, name in enumerate(COORDINATES):
        assert max(error[i], np.abs(case.reserves[name]).max()) < 0.01 * moments[i]
