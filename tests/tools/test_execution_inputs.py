"""Everything a user can get wrong about an execution is found, in words, before it runs."""

import hashlib
import re
import shutil
from dataclasses import replace

import numpy as np
import opensim
import pytest
from ankle_tool import LEG, MUSCLES
from calibrated_ankle import CHANNELS, calibrate_ankle, execution_tool, execution_trial
from elbow_trial import elbow_files, elbow_model

from opensim_difcal.errors import DifcalError, ModelError, Problems
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.outputs.tables import write_storage
from opensim_difcal.tools.execution.inputs import read_inputs
from opensim_difcal.tools.execution.run import execute_inputs
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool
from opensim_difcal.tools.open_stream import open_stream

TRIAL = "walk_slow_2"
EMG = LEG / "trials" / f"{TRIAL}_emg.sto"


@pytest.fixture
def tool(calibrated_ankle, tmp_path):
    """One trial of the calibrated ankle."""
    return execution_tool(calibrated_ankle, tmp_path / "results", trials=(execution_trial(TRIAL),))


def refused(tool) -> list[str]:
    """The problems; a run must be refused with one of them or all, and write nothing."""
    found = [str(problem) for problem in tool.problems()]
    with pytest.raises(DifcalError) as caught:
        tool.run()
    raised = caught.value.errors if isinstance(caught.value, Problems) else [caught.value]
    assert {str(error) for error in raised} <= set(found)
    assert not tool.results_directory.exists() or not list(tool.results_directory.iterdir())
    return found


def without_soleus(folder):
    """The EMG file without a column."""
    table, path = read_storage(EMG), folder / "emg.sto"
    kept = {label: table.column(label) for label in table.labels if label != "soleus_r"}
    write_storage(path, "emg", table.time, kept)
    return path


def test_a_tool_without_fault_has_no_problems(tool):
    assert tool.problems() == []


def test_a_sidecar_of_another_model_is_refused(tool):
    scaled = LEG / "leg_scaled.osim"
    digest = hashlib.sha256(scaled.read_bytes()).hexdigest()
    (problem,) = refused(replace(tool, model_file=scaled))
    start = re.escape(
        f"{tool.subject_file}: belongs to another model: it was written for an .osim file with "
    )
    assert re.fullmatch(
        start + r"the SHA-256 digest [0-9a-f]{12}\.\.\., and that of "
        rf"{re.escape(str(scaled))} is {digest[:12]}\.\.\.\. Other than calibrated: optimal_fiber_length of "
        r"soleus_r is [0-9.]+, calibrated was [0-9.]+, and \d+ more values\. Give the \.osim and the "
        r"_subject\.xml that one calibration wrote, or set <allow_changed_model> to true\.",
        problem.replace("med_gas_r", "soleus_r"),
    )


def test_a_model_that_was_edited_elsewhere_is_refused_unless_that_is_allowed(tool, tmp_path):
    edited = tmp_path / "edited.osim"
    edited.write_bytes(
        tool.model_file.read_bytes().replace(b"</OpenSimDocument>", b"<!--x--></OpenSimDocument>")
    )
    (problem,) = refused(replace(tool, model_file=edited))
    assert "All calibrated values agree, so something else in the model was changed." in problem
    allowed = replace(tool, model_file=edited, allow_changed_model=True)
    inputs = read_inputs(allowed)
    (note,) = inputs.notes
    assert note.startswith("The model was changed after its calibration: it was written for an .osim file")
    np.testing.assert_array_equal(
        execute_inputs(allowed, inputs).trials[0].prediction.joint_moment,
        execute_inputs(tool, read_inputs(tool)).trials[0].prediction.joint_moment,
    )


def test_a_model_without_the_muscles_is_refused(tool):
    other = LEG.parent / "arm" / "arm_scaled.osim"
    (problem,) = [each for each in refused(replace(tool, model_file=other)) if "belongs" in each]
    assert problem == (
        f"{tool.subject_file}: belongs to another model: {other} has no muscle 'lat_gas_r', 'med_gas_r', "
        "'soleus_r', 'tib_ant_r', 'tib_post_r'. Give the .osim and the _subject.xml that one calibration "
        "wrote."
    )


def test_a_missing_sidecar_is_refused(tool):
    (problem,) = refused(replace(tool, subject_file=None))
    assert problem.startswith("<subject_file> is missing, but mode open_loop needs the activation dynamics")


def test_a_model_in_memory_is_compared_by_its_values(tool):
    model = load_model(tool.model_file)
    assert replace(tool, model_file=model).problems() == []
    muscle = model.getMuscles().get("soleus_r")
    opensim.Millard2012EquilibriumMuscle.safeDownCast(muscle).setMaxIsometricForce(1.0)
    (problem,) = [str(each) for each in replace(tool, model_file=model).problems()]
    assert "the values of the model are not those it was written for. Other than calibrated: " in problem
    assert "max_isometric_force of soleus_r is 1, calibrated was " in problem


@pytest.mark.parametrize("mode", ["emg_assisted", "emg_hybrid", "static_optimization"])
def test_modes_that_track_moments_need_inverse_dynamics(tool, mode):
    trials = (execution_trial(TRIAL, generalized_forces_file=None),)
    assert refused(replace(tool, mode=mode, trials=trials)) == [
        f"Trial '{TRIAL}' has no <generalized_forces_file>, but mode {mode} tracks joint moments. Give its "
        "inverse dynamics, or run the trial in mode open_loop."
    ]


@pytest.mark.parametrize("mode", ["open_loop", "emg_assisted", "emg_hybrid"])
def test_modes_that_use_emg_need_excitations(tool, mode):
    trials = (execution_trial(TRIAL, excitations_file=None),)
    assert refused(replace(tool, mode=mode, trials=trials)) == [
        f"Trial '{TRIAL}' has no <excitations_file>, but mode {mode} needs recorded excitations. Give the "
        "file, or run the trial in mode static_optimization."
    ]


def test_a_missing_channel_of_the_calibration_s_map_is_refused(tool, tmp_path):
    path = without_soleus(tmp_path)
    (problem,) = refused(replace(tool, trials=(execution_trial(TRIAL, excitations_file=path),)))
    assert problem.startswith(f"{path}: no column 'soleus_r', which an <ExcitationChannel> names.")


def test_a_muscle_that_lost_its_electrode_is_refused(tool, tmp_path):
    path = without_soleus(tmp_path)
    trials = (execution_trial(TRIAL, excitations_file=path),)
    channels = tuple(channel for channel in CHANNELS if channel.name != "soleus_r")
    assert refused(replace(tool, trials=trials, excitation_map=channels)) == [
        f"{path}: trial '{TRIAL}' has no excitation for soleus_r, which the calibration had recorded. "
        f"Add the "
        "columns, map others onto these muscles by an <ExcitationChannel>, or use mode emg_hybrid, which "
        "finds excitations for them."
    ]


def test_a_hybrid_synthesizes_a_muscle_that_lost_its_electrode(tool, tmp_path):
    trials = (execution_trial(TRIAL, excitations_file=without_soleus(tmp_path)),)
    drivers = read_inputs(replace(tool, mode="emg_hybrid", trials=trials)).drivers
    assert set(MUSCLES) - set(drivers.recorded) == {"soleus_r"}
    assert "soleus_r" in drivers.synthesized


@pytest.mark.parametrize("element", ["adjusted_muscles", "synthesized_muscles"])
def test_muscles_that_are_named_in_vain_are_refused(tool, element):
    changes = {"mode": "emg_hybrid", element: ("soleu_r", "psoas_r")}
    assert refused(replace(tool, **changes)) == [
        f"<{element}>: the model has no muscle 'soleu_r'. Did you mean 'soleus_r'? Correct the name.",
        f"<{element}>: muscle 'psoas_r' crosses none of the chosen coordinates (ankle_angle_r). Remove "
        f"it, or add a coordinate that it crosses.",
    ]


def test_muscles_without_an_excitation_cannot_be_adjusted(tool):
    assert refused(replace(tool, mode="emg_hybrid", adjusted_muscles=("flex_hal_r",))) == [
        "<adjusted_muscles>: muscle 'flex_hal_r' has no excitation to adjust. Remove it, or add its "
        "excitation to every trial. With one are: lat_gas_r, med_gas_r, soleus_r, tib_ant_r, tib_post_r."
    ]


def test_recorded_muscles_are_not_synthesized(tool):
    assert refused(replace(tool, mode="emg_hybrid", synthesized_muscles=("soleus_r",))) == [
        "<synthesized_muscles>: muscle 'soleus_r' also has a recorded excitation. Remove it here, or take it "
        "out of the <excitation_map> or the excitation files."
    ]


def test_an_unknown_coordinate_is_refused(tool):
    (problem,) = refused(replace(tool, coordinates=("ankle_angl_r",)))
    assert problem.startswith("leg_right: the model has no coordinate 'ankle_angl_r'. Did you mean")


def test_coordinates_that_no_calibrated_muscle_crosses_are_refused(tool):
    assert refused(replace(tool, coordinates=("hip_flexion_r",))) == [
        "<coordinates>: none of the calibrated muscles crosses hip_flexion_r. Choose coordinates that they "
        "cross. Calibrated are: med_gas_r, lat_gas_r, soleus_r, tib_post_r, tib_ant_r."
    ]


def test_a_hybrid_names_the_muscles_that_were_not_calibrated(tool):
    hybrid = replace(tool, mode="emg_hybrid")
    first, *_ = execute_inputs(hybrid, read_inputs(hybrid)).warnings
    assert first == (
        "Not calibrated: flex_hal_r, ext_dig_r. They take part with the model's parameters, and with the "
        "activation dynamics that the calibration started from."
    )


def test_a_faulty_trial_is_found(tool, tmp_path):
    channels = (*CHANNELS[:-1], ExcitationChannel(name="tib_ant", muscles=("tib_ant_r",)))
    (problem,) = refused(replace(tool, excitation_map=channels))
    assert "no column 'tib_ant'" in problem
    (problem,) = refused(replace(tool, trials=(execution_trial(TRIAL, time_range=(0.4, 99.0)),)))
    assert "which not every file covers" in problem


def test_a_model_that_cannot_be_read_is_found_with_broken_trials(tool, tmp_path):
    broken = tmp_path / "broken.osim"
    broken.write_text("<OpenSimDocument>")
    spoiled = tmp_path / "spoiled.sto"
    spoiled.write_text("nothing")
    trials = (execution_trial(TRIAL, excitations_file=spoiled),)
    found = [str(each) for each in replace(tool, model_file=broken, trials=trials).problems()]
    assert [str(path) in each for path, each in zip((broken, spoiled), found, strict=True)] == [True, True]


def test_a_broken_sidecar_is_found_with_broken_trials(tool, tmp_path):
    sidecar, spoiled = tmp_path / "half_subject.xml", tmp_path / "spoiled.sto"
    sidecar.write_bytes(tool.subject_file.read_bytes()[:500])
    spoiled.write_text("nothing")
    trials = (execution_trial(TRIAL, excitations_file=spoiled),)
    found = refused(replace(tool, subject_file=sidecar, trials=trials))
    assert [str(path) in each for path, each in zip((sidecar, spoiled), found, strict=True)] == [True, True]


def test_coordinates_that_no_muscle_crosses_are_refused(tmp_path):
    files = elbow_files(tmp_path)
    trial = ExecutionTrialFiles(
        name="curl",
        coordinates_file=files.coordinates_file,
        generalized_forces_file=files.generalized_forces_file,
        time_range=files.time_range,
    )
    tool = NMSExecutionTool(
        model_file=elbow_model(),
        results_directory=tmp_path / "results",
        mode="static_optimization",
        coordinates=("wrist",),
        trials=(trial,),
    )
    assert refused(tool) == [
        "<coordinates>: no muscle of the model crosses wrist. Choose coordinates that muscles cross."
    ]


@pytest.fixture(scope="module")
def synergies(tmp_path_factory):
    """Folder of a calibration in which synergies drive three muscles."""
    folder = tmp_path_factory.mktemp("synergies")
    calibrate_ankle(
        folder, mode="synergy_hybrid", excitation_map=CHANNELS[:4], max_iterations=1, closed_loop_limit=0.9
    )
    return folder


def test_a_channel_that_synergies_need_is_missed(synergies, tmp_path):
    channels = (ExcitationChannel(name="med_gas_r", muscles=("med_gas_r", "lat_gas_r")), *CHANNELS[2:4])
    tool = execution_tool(synergies, tmp_path / "results", trials=(execution_trial(TRIAL),))
    assert tool.problems() == []
    assert refused(replace(tool, excitation_map=channels)) == [
        f"{EMG}: trial '{TRIAL}' lacks the channels lat_gas_r, from which the subject's synergies drive "
        "flex_hal_r, tib_ant_r, ext_dig_r. Add the columns, map others onto these muscles by an "
        "<ExcitationChannel>, or use mode emg_hybrid, which finds excitations for them."
    ]


def test_unseen_trials_of_a_synergy_hybrid_calibration_are_reproduced(synergies, tmp_path):
    tool = execution_tool(synergies, tmp_path / "results", trials=(execution_trial(TRIAL),))
    (each,) = execute_inputs(tool, read_inputs(tool)).trials
    table = read_storage(synergies / f"{TRIAL}_joint_moments.sto")
    written = np.column_stack([table.column(label) for label in table.labels])
    np.testing.assert_allclose(each.prediction.joint_moment, written, rtol=0.0, atol=1e-9)


def test_motion_beyond_the_calibration_is_told_with_the_fiber_lengths_reached(calibrated_ankle, tmp_path):
    tool = execution_tool(
        calibrated_ankle, tmp_path, trials=(execution_trial("heel_raise_1", time_range=(0.4, 4.0)),)
    )
    first, *_ = execute_inputs(tool, read_inputs(tool)).warnings
    assert re.fullmatch(
        r"Trial 'heel_raise_1' moves \d of 5 muscles beyond what the calibration saw, so nothing shows "
        r"whether they are right there\. Normalized fiber lengths reached: (\w+ \([0-9.]+ to [0-9.]+; "
        r"calibration [0-9.]+ to [0-9.]+\)(, )?)+\.",
        first,
    )


def test_the_calibration_s_own_motion_is_not_beyond_it(tool):
    known = replace(tool, trials=(execution_trial("walk_slow_1"),))
    assert execute_inputs(known, read_inputs(known)).warnings == ()


def test_a_search_that_does_not_end_is_told(tool):
    short = replace(tool, mode="emg_assisted", max_iterations=1)
    warnings = execute_inputs(short, read_inputs(short)).warnings
    assert f"Trial '{TRIAL}': The iteration limit was reached. Raise <max_iterations>." in warnings


def test_a_stream_opens_from_the_files_of_a_calibration(calibrated_ankle, tmp_path):
    model, subject = calibrated_ankle / "ankle.osim", calibrated_ankle / "ankle_subject.xml"
    stream = open_stream(model, subject, muscles=("soleus_r", "tib_ant_r"))
    assert (stream.muscle_names, stream.time_step) == (("soleus_r", "tib_ant_r"), 0.005)
    np.testing.assert_array_equal(stream.delay, 0.035)
    assert stream.electrodes is not None
    assert stream.electrodes.channel_names == ("soleus_r", "tib_ant_r")
    with pytest.raises(ModelError, match="has no muscle 'soleu_r'"):
        open_stream(model, subject, muscles=("soleu_r",))
    other = tmp_path / "other.osim"
    shutil.copy(LEG / "leg_scaled.osim", other)
    with pytest.raises(ModelError, match="belongs to another model"):
        open_stream(other, subject)
