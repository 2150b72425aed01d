"""A short calibration on measurements of a person; the full tables are in docs/validation.md."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.real_data_setups import lopes
from opensim_difcal.calibration.calibrate import calibrate
from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.tools.calibration_inputs import read_inputs
from opensim_difcal.tools.calibration_run import calibration_settings

CYCLES = {
    "walk36_01": "calibration",
    "run81_a_01": "calibration",
    "walk36_05": "validation",
    "run81_b_01": "validation",
}


@pytest.mark.slow
def test_synergies_predict_unseen_cycles_better_than_the_recorded_muscles_alone(shared_data, tmp_path):
    """The hip, whose flexors nobody can record, gains most; nothing is lost elsewhere."""

    def pooled(**changes) -> list[float]:
        tool = lopes(shared_data, tmp_path, **changes)
        inputs = read_inputs(tool)
        result = calibrate(tool.name, inputs.trials, inputs.muscles, calibration_settings(tool))
        unseen = [p for p in result.calibrated if p.trial.role == "validation"]
        return [each.r2 for each in pooled_agreement(unseen).values()]

    driven, hybrid = pooled(), pooled(mode="synergy_hybrid", prior_weight=None)
    assert hybrid[0] > driven[0] + 0.1
    assert all(ours > theirs - 0.005 for ours, theirs in zip(hybrid, driven, strict=True))


@pytest.mark.slow
def test_unseen_cycles_of_a_person_are_predicted_better_than_by_the_scaled_model(shared_data, tmp_path):
    tool = lopes(shared_data, tmp_path)
    trials = tuple(replace(t, role=CYCLES[t.name]) for t in tool.trials if t.name in CYCLES)
    tool = replace(tool, trials=trials, time_step=0.01, max_iterations=12)
    inputs = read_inputs(tool)
    result = calibrate(tool.name, inputs.trials, inputs.muscles, calibration_settings(tool))
    for coordinate in tool.coordinates:
        before, after = (
            np.mean([trial_agreement(p)[coordinate].r2 for p in predictions if p.trial.role == "validation"])
            for predictions in (result.uncalibrated, result.calibrated)
        )
        assert after > before, coordinate
        assert after > 0.4, coordinate
