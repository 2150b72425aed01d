import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from opensim_difcal import NMSPipelineTool
from opensim_difcal.errors import DifcalError, PipelineError
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.setup_template import write_setup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pipeline(tmp_path) -> NMSPipelineTool:
    """Scaling, inverse kinematics and dynamics, and EMG of half a second of one trial, in a folder of its "
    "own."""
    setups, raw = tmp_path / "tools_setup" / "leg_raw", tmp_path / "models" / "leg" / "raw"
    raw.mkdir(parents=True)
    for name in ("leg_generic.osim", "static.trc", *(f"squat_1{end}" for end in _ENDS)):
        shutil.copy(ROOT / "models" / "leg" / "raw" / name, raw / name)
    shutil.copytree(ROOT / "tools_setup" / "leg_raw", setups)
    for name in ("ik_squat_1.xml", "id_squat_1.xml"):
        edit(setups / name, r"<time_range>.*</time_range>", "<time_range>0 0.5</time_range>")
    (setups / "emg.xml").write_text(_EMG)
    names = ("scale.xml", "ik_squat_1.xml", "id_squat_1.xml", "emg.xml")
    return NMSPipelineTool(
        name="leg",
        results_directory=tmp_path / "results",
        setup_files=tuple(setups / name for name in names),
        n_workers=1,
    )


_ENDS = (".trc", "_forces.mot", "_external_loads.xml", "_emg_raw.sto")
_EMG = """<OpenSimDocument><EMGProcessingTool name="emg">
<results_directory>../../results/leg_raw/emg</results_directory>
<recordings><objects><EMGRecording name="squat_1">
    <emg_file>../../models/leg/raw/squat_1_emg_raw.sto</emg_file>
    <coordinates_file>../../results/leg_raw/squat_1_ik.mot</coordinates_file>
</EMGRecording></objects></recordings>
</EMGProcessingTool></OpenSimDocument>
"""


def edit(path: Path, pattern: str, text: str) -> None:
    changed, count = re.subn(pattern, text, path.read_text())
    assert count, pattern
    path.write_text(changed)


def kept(tool: NMSPipelineTool) -> list[str]:
    return [Path(path).name for path in tool.run().kept]


def refused(tool: NMSPipelineTool) -> str:
    with pytest.raises(DifcalError) as error:
        tool.run()
    assert str(error.value) in "\n".join(map(str, [error.value, *tool.problems()]))
    return str(error.value)


ALL = ["scale.xml", "ik_squat_1.xml", "id_squat_1.xml", "emg.xml"]


@pytest.mark.slow
def test_stages_run_once_and_again_only_where_something_has_changed(pipeline, tmp_path):
    assert pipeline.problems() == []
    outcome = pipeline.run()
    results = tmp_path / "results" / "leg_raw"
    assert outcome.kept == ()
    assert read_storage(results / "squat_1_id.sto").time[-1] == pytest.approx(0.5)
    assert read_storage(results / "emg" / "squat_1_emg.sto").labels[0] == "glut_max1_r"
    record = json.loads((tmp_path / "results" / "leg_stages.json").read_text())
    assert [Path(stage["setup_file"]).name for stage in record["stages"]] == ALL
    assert any("markers fit to" in note for note in record["stages"][1]["notes"])
    assert "squat_1_ik.mot" in (tmp_path / "results" / "leg_report.html").read_text()

    assert kept(pipeline) == ALL

    edit(pipeline.setup_files[2], "<lowpass_cutoff.*?>", "<lowpass_cutoff_frequency_for_coordinates>")
    assert kept(pipeline) == ALL

    edit(pipeline.setup_files[2], "coordinates>8<", "coordinates>6<")
    assert kept(pipeline) == ["scale.xml", "ik_squat_1.xml", "emg.xml"]

    (results / "squat_1_ik.mot").write_text("damaged")
    assert kept(pipeline) == ["scale.xml", "id_squat_1.xml", "emg.xml"], "made again, as it was before"

    edit(pipeline.setup_files[0], "<mass>23.88</mass>", "<mass>24.0</mass>")
    assert "scale.xml" not in kept(pipeline)
    assert kept(replace(pipeline, use_finished_stages=False)) == []


@pytest.mark.slow
def test_a_stage_that_fails_stops_the_run_and_keeps_what_is_finished(pipeline, tmp_path):
    markers = tmp_path / "models" / "leg" / "raw" / "squat_1.trc"
    good = markers.read_text()
    markers.write_text("PathFileType\n")
    with pytest.raises(PipelineError) as error:
        pipeline.run()
    assert str(error.value).startswith(f"{pipeline.setup_files[1]}: InverseKinematicsTool ")
    assert not (tmp_path / "results" / "leg_raw" / "squat_1_ik.mot").exists()
    markers.write_text(good)
    assert kept(pipeline) == ["scale.xml"]
    markers.write_text("PathFileType\n")
    with pytest.raises(PipelineError):
        pipeline.run()
    markers.write_text(good)
    assert kept(pipeline) == ALL, "stages after the one that failed are not forgotten"


@pytest.mark.slow
def test_an_interrupted_run_ends_at_once_and_says_what_is_finished(pipeline, tmp_path):
    scale, kinematics, *_ = pipeline.setup_files
    setups = [scale]
    for i in range(12):
        setups.append(kinematics.with_name(f"ik_{i}.xml"))
        shutil.copy(kinematics, setups[-1])
        edit(setups[-1], "squat_1_ik.mot", f"ik_{i}.mot")
    setup = kinematics.with_name("many.xml")
    write_setup(replace(pipeline, setup_files=tuple(setups)), setup)
    command = [sys.executable, "-m", "opensim_difcal", "run-tool", str(setup), "--no-progress"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT, start_new_session=True
    )
    record = tmp_path / "results" / "leg_stages.json"
    deadline = time.monotonic() + 120
    while not (record.exists() and "ik_" in record.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    finished = len(json.loads(record.read_text())["stages"])
    assert f"Interrupted by the user. {finished} of 13 stages are finished" in error.decode()
    assert not list((tmp_path / "results" / "leg_raw").glob(".*")), "no hidden folder stays"


def test_a_stage_before_the_one_that_feeds_it_is_refused(pipeline):
    scale, kinematics, dynamics, emg = pipeline.setup_files
    model = kinematics.parents[2] / "results" / "leg_raw" / "leg_scaled_by_tool.osim"
    tool = replace(pipeline, setup_files=(kinematics, scale, dynamics, emg))
    assert refused(tool) == (
        f"ik_squat_1.xml (InverseKinematicsTool) reads {model}, which scale.xml (ScaleTool) writes, but that "
        "comes later in <setup_files>. Put it before."
    )


def test_a_file_that_nothing_makes_is_refused(pipeline):
    scale, kinematics, *_ = pipeline.setup_files
    edit(kinematics, "squat_1.trc", "squat_7.trc")
    path = kinematics.parents[2] / "models" / "leg" / "raw" / "squat_7.trc"
    assert refused(replace(pipeline, setup_files=(scale, kinematics))) == (
        f"ik_squat_1.xml (InverseKinematicsTool) reads {path}, which does not exist and no earlier stage "
        "writes. Correct the path in the setup file, or add the stage that makes it."
    )


def test_two_stages_that_write_one_file_are_refused(pipeline):
    scale, kinematics, *_ = pipeline.setup_files
    other = kinematics.with_name("ik_again.xml")
    shutil.copy(kinematics, other)
    path = kinematics.parents[2] / "results" / "leg_raw" / "squat_1_ik.mot"
    assert refused(replace(pipeline, setup_files=(scale, kinematics, other))) == (
        "ik_squat_1.xml (InverseKinematicsTool) and ik_again.xml (InverseKinematicsTool) write the same "
        f"file, {path}. Change a name, or a <results_directory>."
    )


def test_two_stages_of_one_results_folder_are_refused(pipeline):
    emg = pipeline.setup_files[3]
    other = emg.with_name("emg_again.xml")
    shutil.copy(emg, other)
    message = refused(replace(pipeline, setup_files=(*pipeline.setup_files, other)))
    folder = emg.parents[2] / "results" / "leg_raw" / "emg"
    assert (
        "emg.xml (EMGProcessingTool) and emg_again.xml (EMGProcessingTool) write the same file, "
        f"{folder / 'summary.json'}. Change a name, or a <results_directory>."
    ) in message


def test_a_results_folder_that_holds_inputs_too_makes_only_its_own_files(pipeline, tmp_path):
    edit(pipeline.setup_files[3], "../../results/leg_raw/emg", "../../models/leg/raw")
    assert pipeline.problems() == []


def test_a_missing_file_in_the_results_folder_of_an_earlier_stage_is_told(pipeline):
    other = pipeline.setup_files[3].with_name("other.xml")
    text = _EMG.replace("results/leg_raw/emg", "results/other")
    other.write_text(text.replace("models/leg/raw/squat_1_emg_raw.sto", "results/leg_raw/emg/lost.sto"))
    path = other.parents[2] / "results" / "leg_raw" / "emg" / "lost.sto"
    assert refused(replace(pipeline, setup_files=(*pipeline.setup_files, other))) == (
        f"other.xml (EMGProcessingTool) reads {path}, which does not exist and no earlier stage writes. "
        "Correct the path in the setup file, or add the stage that makes it."
    )


def test_faults_of_a_stages_setup_are_found_before_anything_runs(pipeline, tmp_path):
    edit(
        pipeline.setup_files[3],
        "<results_directory>",
        "<low_pass_order>many</low_pass_order><results_directory>",
    )
    assert "<low_pass_order> is 'many'" in refused(pipeline)
    edit(pipeline.setup_files[3], "many", "50")
    assert "emg.xml: <low_pass_order> is 50; expected a whole number from 1 to 10." in refused(pipeline)
    assert not (tmp_path / "results").exists()


def test_settings_that_make_no_sense(pipeline):
    assert refused(replace(pipeline, setup_files=())) == (
        "<setup_files> is empty. Name the setup files of the stages."
    )
    assert refused(replace(pipeline, n_workers=0)) == (
        "<n_workers> is 0; expected a whole number above 0. Correct it, or leave it out."
    )
    scale = pipeline.setup_files[0]
    assert f"<setup_files> holds {scale} more than once. Remove all but one." in refused(
        replace(pipeline, setup_files=(scale, scale))
    )


def test_a_pipeline_in_a_pipeline_is_refused(pipeline):
    path = pipeline.setup_files[0].with_name("pipeline.xml")
    assert refused(replace(pipeline, setup_files=(path,))).startswith(f"{path}: a pipeline runs ")
    assert refused(replace(pipeline, setup_files=(path,))).endswith(
        "; this is <NMSPipelineTool>. Give another setup file."
    )


@pytest.mark.slow
def test_the_virtual_leg_goes_from_raw_recordings_to_its_personalised_model(tmp_path):
    for folder in ("tools_setup/leg_raw", "models/leg/raw"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    tool = NMSPipelineTool(tmp_path / "tools_setup" / "leg_raw" / "pipeline.xml")
    assert tool.problems() == []
    tool.run()
    calibration = tmp_path / "results" / "leg_raw" / "calibration"
    summary = json.loads((calibration / "summary.json").read_text())
    assert (calibration / "leg_personalised.osim").is_file()
    assert all(each["calibrated"]["r2"] > 0.97 for each in summary["pooled"].values())
    assert all(each["calibrated"]["r2"] > each["uncalibrated"]["r2"] for each in summary["pooled"].values())
    assert len([trial for trial in summary["trials"] if "_cycle_" in trial["name"]]) == 15
