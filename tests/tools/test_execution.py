"""A calibrated ankle on trials it knows and trials it does not."""

from dataclasses import replace

import numpy as np
import pytest
from ankle_tool import LEG, MUSCLES, TRIALS
from calibrated_ankle import calibrate_ankle, execution_tool, execution_trial

from opensim_difcal.calibration.metrics import trial_agreement
from opensim_difcal.errors import ExecutionError
from opensim_difcal.execution.muscle_stream import MuscleStream
from opensim_difcal.execution.result import ExecutionResult, SearchStatus
from opensim_difcal.inputs.signals import resample
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.tables import write_storage
from opensim_difcal.tools.execution.inputs import read_inputs
from opensim_difcal.tools.execution.run import execute_inputs

ROWS = "one row per coordinate and 5 values, one per muscle of muscle_names, in that order."


@pytest.fixture
def run(calibrated_ankle, tmp_path):
    def execute(**changes) -> ExecutionResult:
        tool = execution_tool(calibrated_ankle, tmp_path, **changes)
        return execute_inputs(tool, read_inputs(tool))

    return execute


@pytest.mark.parametrize("compiled", [True, False])
def test_the_calibration_s_trials_are_reproduced(run, calibrated_ankle, compiled):
    result = run(compiled=compiled)
    assert [each.trial.name for each in result.trials] == list(TRIALS)
    for each in result.trials:
        for quantity, series in (
            ("joint_moments", each.prediction.joint_moment),
            ("activations", each.prediction.activation),
            ("fiber_lengths", each.prediction.fiber_length),
            ("tendon_forces", each.prediction.tendon_force),
        ):
            table = read_storage(calibrated_ankle / f"{each.trial.name}_{quantity}.sto")
            written = np.column_stack([table.column(label) for label in table.labels])
            np.testing.assert_allclose(series, written, rtol=0.0, atol=1e-9, err_msg=quantity)
        assert each.open_loop is each.prediction
        assert each.search is None


@pytest.mark.parametrize("rate", [100, 500, 1000])
def test_another_sampling_rate_gives_the_same_answer(run, rate):
    known = run().trials[0].prediction
    other = run(time_step=1.0 / rate, trials=(execution_trial("walk_slow_1"),)).trials[0].prediction
    assert other.trial.time_step == pytest.approx(1.0 / rate)
    last = other.trial.time[-1]
    scored = known.trial.time[known.trial.scored]
    common = scored[scored <= last + 1e-9][:: max(1, 200 // rate)]
    at = [int(np.argmin(np.abs(known.trial.time - instant))) for instant in common]
    activation = resample(other.trial.time, other.activation, common)
    assert np.sqrt(((activation - known.activation[at]) ** 2).mean(axis=0)).max() < 0.005
    moment = resample(other.trial.time, other.joint_moment, common)
    error = np.sqrt(((moment - known.joint_moment[at]) ** 2).mean())
    assert error < 0.02 * np.sqrt((known.joint_moment[at] ** 2).mean())


def test_a_calibration_with_tendons_in_equilibrium_is_reproduced(tmp_path):
    calibrate_ankle(tmp_path, elastic_tendon="equilibrium", max_iterations=1)
    tool = execution_tool(tmp_path, tmp_path / "results")
    for each in execute_inputs(tool, read_inputs(tool)).trials:
        table = read_storage(tmp_path / f"{each.trial.name}_joint_moments.sto")
        written = np.column_stack([table.column(label) for label in table.labels])
        np.testing.assert_allclose(each.prediction.joint_moment, written, rtol=0.0, atol=1e-9)


def test_a_trial_without_inverse_dynamics_runs_in_open_loop(run):
    (each,) = run(trials=(execution_trial("walk_slow_2", generalized_forces_file=None),)).trials
    assert not each.trial.has_joint_moment
    assert np.isfinite(each.prediction.joint_moment).all()


def test_the_larger_gamma_the_closer_to_the_emg(run):
    errors, changes = [], []
    for gamma in (100.0, 1.0, 0.01):
        (each,) = run(mode="emg_assisted", gamma=gamma, trials=(execution_trial("walk_slow_2"),)).trials
        assert each.search is not None
        assert each.search.status is SearchStatus.CONVERGED
        assert each.search.cost["total"] < each.search.first_cost["total"]
        assert each.search.adjusted == MUSCLES
        errors.append(trial_agreement(each.prediction)["ankle_angle_r"].rmse)
        changes.append(float(np.abs(each.trial.excitation - each.given_excitation).mean()))
        assert each.trial.excitation.min() >= 0.0
        assert each.trial.excitation.max() <= 1.0
    open_loop = trial_agreement(each.open_loop)["ankle_angle_r"].rmse
    assert open_loop > errors[0] > errors[1] > errors[2]
    assert changes[0] < changes[1] < changes[2]


def test_muscles_that_may_not_be_adjusted_keep_their_excitation(run):
    (each,) = run(
        mode="emg_assisted", adjusted_muscles=("soleus_r",), trials=(execution_trial("walk_slow_2"),)
    ).trials
    changed = np.abs(each.trial.excitation - each.given_excitation).max(axis=0) > 0.0
    assert [name for name, c in zip(each.trial.muscle_names, changed, strict=True) if c] == ["soleus_r"]


def test_hybrid_synthesizes_muscles_without_a_recording(run, calibrated_ankle):
    (each,) = run(mode="emg_hybrid", trials=(execution_trial("walk_slow_2"),)).trials
    assert each.search is not None
    assert each.search.synthesized
    assert not set(each.search.synthesized) & set(each.search.adjusted)
    assert (
        trial_agreement(each.prediction)["ankle_angle_r"].rmse
        < trial_agreement(each.open_loop)["ankle_angle_r"].rmse
    )


def test_static_optimization_needs_neither_subject_nor_emg(run):
    trials = (execution_trial("walk_slow_2", excitations_file=None),)
    (each,) = run(mode="static_optimization", subject_file=None, trials=trials).trials
    np.testing.assert_allclose(each.prediction.activation, np.maximum(each.trial.excitation, 0.01))
    assert trial_agreement(each.prediction)["ankle_angle_r"].r2 > 0.99


def test_static_optimization_may_have_activation_dynamics(run):
    trials = (execution_trial("walk_slow_2"),)
    (each,) = run(mode="static_optimization", activation_dynamics=True, alpha=10.0, trials=trials).trials
    assert trial_agreement(each.prediction)["ankle_angle_r"].r2 > 0.95
    assert np.abs(each.prediction.activation - each.trial.excitation).max() > 0.01


@pytest.mark.parametrize("tendon", ["model", "rigid", "equilibrium"])
def test_a_stream_of_frames_is_the_trial(calibrated_ankle, tmp_path, engine, tendon):
    tool = execution_tool(calibrated_ankle, tmp_path, tendon="rigid" if tendon == "rigid" else "model")
    inputs = read_inputs(tool)
    if tendon == "equilibrium":
        muscles = inputs.muscles.muscles.with_elastic_tendon("equilibrium")
        inputs = replace(inputs, muscles=replace(inputs.muscles, muscles=muscles))
    (known, *_) = execute_inputs(tool, inputs).trials
    trial = known.trial
    velocity = np.gradient(trial.muscle_tendon_length, trial.time_step, axis=0, edge_order=2)
    stream = MuscleStream(inputs.muscles, engine)
    relative = 1e-8 if tendon == "equilibrium" else 0.0  # roots are found to a tolerance
    for _ in range(2):
        for i in range(len(trial.time)):
            frame = stream.step(
                trial.excitation[i], trial.muscle_tendon_length[i], trial.moment_arm[i], velocity[i]
            )
            for name in ("activation", "fiber_length", "tendon_force", "joint_moment"):
                expected = getattr(known.prediction, name)[i]
                np.testing.assert_allclose(
                    getattr(frame, name), expected, rtol=relative, atol=1e-9, err_msg=name
                )
        stream.reset()


def test_a_stream_of_fewer_frames_interpolates(calibrated_ankle, tmp_path, engine):
    tool = execution_tool(calibrated_ankle, tmp_path)
    inputs = read_inputs(tool)
    (known, *_) = execute_inputs(tool, inputs).trials
    trial = known.trial.every(2)
    stream = MuscleStream(inputs.muscles, engine, time_step=0.01)
    moments = [
        stream.step(trial.excitation[i], trial.muscle_tendon_length[i], trial.moment_arm[i]).joint_moment
        for i in range(len(trial.time))
    ]
    expected = known.prediction.every(2).joint_moment
    assert np.sqrt(((np.array(moments) - expected) ** 2).mean()) < 0.03 * np.ptp(expected)


def test_a_stream_refuses_what_is_no_number(calibrated_ankle, tmp_path, engine):
    inputs = read_inputs(execution_tool(calibrated_ankle, tmp_path))
    stream, trial = MuscleStream(inputs.muscles, engine), inputs.trials[0]
    excitation = trial.excitation[0].copy()
    excitation[2] = np.nan
    with pytest.raises(ExecutionError) as error:
        stream.step(excitation, trial.muscle_tendon_length[0], trial.moment_arm[0])
    assert str(error.value) == (
        "excitation of 'soleus_r' is not a finite number. Hand over the last good value, or reset the stream "
        "after a gap."
    )


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("excitation", (1,), "5 values, one per muscle of muscle_names, in that order."),
        ("muscle_tendon_length", (4,), "5 values, one per muscle of muscle_names, in that order."),
        (
            "moment_arm",
            (5,),
            ROWS,
        ),
        ("muscle_tendon_velocity", (6,), "5 values, one per muscle of muscle_names, in that order."),
    ],
)
def test_a_stream_refuses_other_numbers_of_muscles(calibrated_ankle, tmp_path, engine, name, shape, expected):
    inputs = read_inputs(execution_tool(calibrated_ankle, tmp_path))
    stream, trial = MuscleStream(inputs.muscles, engine), inputs.trials[0]
    frame = {
        "excitation": trial.excitation[0],
        "muscle_tendon_length": trial.muscle_tendon_length[0],
        "moment_arm": trial.moment_arm[0],
    }
    known = stream.step(**frame)
    stream.reset()
    with pytest.raises(ExecutionError) as error:
        stream.step(**{**frame, name: np.zeros(shape)})
    assert str(error.value) == f"{name} has the shape {shape}. Expected {expected}"
    single = {key: values.astype(np.float32) for key, values in frame.items()}
    np.testing.assert_allclose(stream.step(**single).tendon_force, known.tendon_force, rtol=1e-3)


@pytest.mark.parametrize("time_step", [0.0, -0.005, float("nan"), 0.05])
def test_a_stream_refuses_time_steps_that_resolve_nothing(calibrated_ankle, tmp_path, engine, time_step):
    inputs = read_inputs(execution_tool(calibrated_ankle, tmp_path))
    with pytest.raises(ExecutionError) as error:
        MuscleStream(inputs.muscles, engine, time_step=time_step)
    assert str(error.value) == (
        f"time_step is {time_step:g} s. Expected a number above 0 and at most 0.02 s, beyond which the "
        f"tendon is "
        "not resolved. Hand over more frames."
    )


def test_a_constant_moment_is_scored_in_open_loop(run, tmp_path):
    table = read_storage(LEG / "trials" / "walk_slow_2_id.sto")
    path = tmp_path / "still.sto"
    columns = {label: np.zeros(len(table.time)) for label in table.labels}
    write_storage(path, "still", table.time, columns)
    (each,) = run(trials=(execution_trial("walk_slow_2", generalized_forces_file=path),)).trials
    found = trial_agreement(each.prediction)["ankle_angle_r"]
    assert np.isnan(found.r2)
    assert found.rmse > 1.0


def test_moments_that_muscles_cannot_produce_are_told_in_open_loop(run, tmp_path):
    table = read_storage(LEG / "trials" / "walk_slow_2_id.sto")
    path = tmp_path / "turned.sto"
    columns = {label: -2.0 - np.sin(table.time) for label in table.labels}
    write_storage(path, "turned", table.time, columns)
    trial = execution_trial("walk_slow_2", generalized_forces_file=path)
    result = run(coordinates=("knee_angle_r",), trials=(trial,))
    assert any("where no muscle has a negative moment arm" in w for w in result.warnings)


def test_a_search_ends_near_its_minimum(run):
    trials = (execution_trial("walk_slow_2"),)
    costs = [
        run(mode="emg_hybrid", moment_error="raw", tolerance=tolerance, max_iterations=500, trials=trials)
        .trials[0]
        .search.cost["total"]
        for tolerance in (1e-4, 1e-8)
    ]
    assert costs[0] < 1.01 * costs[1]
