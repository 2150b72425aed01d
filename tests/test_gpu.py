"""The same numbers on a graphics card; skipped where there is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.calibration.calibrate import calibrate
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.tools.calibration.inputs import read_inputs
from opensim_difcal.tools.calibration.run import calibration_settings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
SETUP = Path(__file__).resolve().parents[1] / "tools_setup" / "leg_emg_driven.xml"


@pytest.fixture(scope="module")
def inputs():
    return read_inputs(NMSCalibrationTool(SETUP))


@pytest.mark.parametrize(("optimizer", "n_starts"), [("levenberg_marquardt", 3), ("lbfgs", 1), ("adamw", 1)])
def test_a_calibration_on_the_card_is_that_on_the_processor(inputs, engine, optimizer, n_starts):
    settings = replace(
        calibration_settings(NMSCalibrationTool(SETUP)),
        optimizer=optimizer,
        n_starts=n_starts,
        optimization=OptimizerSettings(max_iterations=4),
    )
    there = calibrate("leg", inputs.trials, inputs.muscles.to("cuda"), settings)
    here = calibrate("leg", inputs.trials, inputs.muscles, settings, engine=engine)
    for name, change in there.parameters.items():
        np.testing.assert_allclose(change.final, here.parameters[name].final, rtol=1e-6)
    assert there.final_cost == pytest.approx(here.final_cost, rel=1e-8)
