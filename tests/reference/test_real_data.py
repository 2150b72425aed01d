"""A short calibration on measurements of a person; the full tables are in docs/validation.md."""

from dataclasses import replace

import numpy as np
import pytest
from calibrated_ankle import run_without_pictures

from benchmarks.real_data_setups import execution_of, lopes
from opensim_difcal import open_stream
from opensim_difcal.calibration.calibrate import calibrate
from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.inputs.signals import resample
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.tools.calibration.inputs import read_inputs
from opensim_difcal.tools.calibration.run import calibration_settings
from opensim_difcal.tools.execution import inputs as execution_inputs
from opensim_difcal.tools.execution.run import execute_inputs

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


@pytest.mark.slow
def test_assisted_excitations_track_unseen_cycles_better_on_every_coordinate(shared_data, tmp_path):
    tool = lopes(shared_data, tmp_path)
    tool = replace(tool, trials=chosen(tool), max_iterations=12)
    run_without_pictures(tool)
    unseen = tuple(name for name, role in CYCLES.items() if role == "validation")
    trials = executed(tool, unseen, mode="emg_assisted")
    for each in trials:
        before, after = trial_agreement(each.open_loop), trial_agreement(each.prediction)
        for coordinate in tool.coordinates:
            assert after[coordinate].rmse < before[coordinate].rmse, (each.trial.name, coordinate)
        change = np.sqrt(((each.trial.excitation - each.given_excitation) ** 2).mean())
        assert change < 0.05


@pytest.mark.slow
def test_unseen_cycles_of_a_synergy_hybrid_calibration_are_executed_as_it_predicted_them(
    shared_data, tmp_path
):
    tool = lopes(shared_data, tmp_path, mode="synergy_hybrid")
    tool = replace(tool, trials=chosen(tool), max_iterations=2, closed_loop_limit=0.5)
    run_without_pictures(tool)
    unseen = tuple(name for name, role in CYCLES.items() if role == "validation")
    for each in executed(tool, unseen):
        table = read_storage(tmp_path / f"{each.trial.name}_joint_moments.sto")
        written = np.column_stack([table.column(label) for label in table.labels])
        np.testing.assert_allclose(each.prediction.joint_moment, written, rtol=0.0, atol=1e-9)
    stream = open_stream(tmp_path / f"{tool.name}.osim", tmp_path / f"{tool.name}_subject.xml")
    assert stream.electrodes is not None
    trial = executed(tool, unseen[:1])[0].trial
    assert trial.recording is not None
    assert stream.electrodes.channel_names == trial.recording.channel_names
    for i in (0, 50, 99):
        instant = stream.electrodes.excitation(trial.recording.excitation[i])
        np.testing.assert_allclose(instant, trial.excitation[i], rtol=0.0, atol=1e-12)
    alone = executed(tool, unseen[:1], coordinates=("ankle_angle_r",))[0].prediction
    together = executed(tool, unseen[:1])[0].prediction
    np.testing.assert_allclose(alone.joint_moment[:, 0], together.joint_moment[:, 2], rtol=0.0, atol=1e-9)
    (finer,) = executed(tool, unseen[:1], time_step=0.002)
    (known,) = executed(tool, unseen[:1])
    common = known.trial.time[known.trial.scored]
    moment = resample(finer.trial.time, finer.prediction.joint_moment, common)
    error = moment - known.prediction.joint_moment[known.trial.scored]
    span = np.ptp(known.prediction.joint_moment[known.trial.scored], axis=0)
    assert (np.sqrt((error**2).mean(axis=0)) < 0.02 * span).all()


def chosen(tool):
    return tuple(replace(t, role=CYCLES[t.name]) for t in tool.trials if t.name in CYCLES)


def executed(tool, names, **properties):
    """Trials of a calibration, run on its result."""
    run = execution_of(tool, **properties)
    run = replace(run, trials=tuple(files for files in run.trials if files.name in names))
    return execute_inputs(run, execution_inputs.read_inputs(run)).trials
