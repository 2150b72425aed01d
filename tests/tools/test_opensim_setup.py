from pathlib import Path

import pytest
from mutations import FILES, XML, check_refusal, in_the_way, mutated

from opensim_difcal.errors import PipelineError, SetupFileError
from opensim_difcal.tools.pipeline.opensim_setup import read_opensim_setup, tool_of, write_absolute_setup
from opensim_difcal.tools.pipeline.opensim_stage import run_opensim_tool

SETUPS = Path(__file__).resolve().parents[2] / "tools_setup" / "leg_raw"


def write(folder: Path, body: str, root: str = "OpenSimDocument") -> Path:
    path = folder / "setup.xml"
    path.write_text(f'<?xml version="1.0" encoding="UTF-8" ?>\n<{root} Version="40600">{body}</{root}>')
    return path


def refused(path: Path) -> str:
    with pytest.raises(SetupFileError) as error:
        read_opensim_setup(path)
    return str(error.value)


def test_files_of_the_three_tools_are_absolute():
    results = SETUPS.parents[1] / "results" / "leg_raw"
    raw = SETUPS.parents[1] / "models" / "leg" / "raw"
    scale = read_opensim_setup(SETUPS / "scale.xml")
    assert (scale.tool, set(scale.inputs)) == ("ScaleTool", {raw / "leg_generic.osim", raw / "static.trc"})
    assert set(scale.outputs) == {results / "leg_scaled_by_tool.osim", results / "static_pose.mot"}
    kinematics = read_opensim_setup(SETUPS / "ik_squat_1.xml")
    assert kinematics.inputs == (results / "leg_scaled_by_tool.osim", raw / "squat_1.trc")
    assert kinematics.outputs == (results / "squat_1_ik.mot",)
    dynamics = read_opensim_setup(SETUPS / "id_squat_1.xml")
    assert dynamics.inputs == (
        results / "leg_scaled_by_tool.osim",
        results / "squat_1_ik.mot",
        raw / "squat_1_external_loads.xml",
        raw / "squat_1_forces.mot",
    )
    assert dynamics.outputs == (results / "squat_1_id.sto",)


def test_parts_that_are_switched_off_and_unassigned_files_do_not_count(tmp_path):
    path = write(
        tmp_path,
        "<ScaleTool><GenericModelMaker><model_file>a.osim</model_file>"
        "<marker_set_file>Unassigned</marker_set_file></GenericModelMaker>"
        "<ModelScaler><apply>true</apply><marker_file>static.trc</marker_file>"
        "<output_model_file>b.osim</output_model_file></ModelScaler>"
        "<MarkerPlacer><apply>false</apply><marker_file>other.trc</marker_file>"
        "<output_model_file>c.osim</output_model_file></MarkerPlacer></ScaleTool>",
    )
    setup = read_opensim_setup(path)
    assert setup.inputs == (tmp_path / "a.osim", tmp_path / "static.trc")
    assert setup.outputs == (tmp_path / "b.osim",)


def test_backslashes_are_separators(tmp_path):
    path = write(
        tmp_path,
        "<InverseDynamicsTool><results_directory>out\\id</results_directory>"
        "<model_file>..\\m.osim</model_file><output_gen_force_file>id.sto</output_gen_force_file>"
        "</InverseDynamicsTool>",
    )
    setup = read_opensim_setup(path)
    assert setup.inputs == (tmp_path.parent / "m.osim",)
    assert setup.outputs == (tmp_path / "out" / "id" / "id.sto",)


def test_sets_that_stand_in_files_of_their_own_are_inputs_and_come_into_the_copy(tmp_path):
    (tmp_path / "tasks.xml").write_text(
        "<OpenSimDocument><IKTaskSet><objects><IKMarkerTask name='RASI'/></objects></IKTaskSet>"
        "</OpenSimDocument>"
    )
    (tmp_path / "model.osim").write_text(
        "<OpenSimDocument><Model><ForceSet file='forces.xml'/></Model></OpenSimDocument>"
    )
    path = write(
        tmp_path,
        "<InverseKinematicsTool><model_file>model.osim</model_file><IKTaskSet file='tasks.xml'/>"
        "<marker_file>a.trc</marker_file><output_motion_file>ik.mot</output_motion_file>"
        "</InverseKinematicsTool>",
    )
    setup = read_opensim_setup(path)
    names = [each.name for each in setup.inputs]
    assert names == ["model.osim", "a.trc", "forces.xml", "tasks.xml"]
    (tmp_path / "copy").mkdir()
    copy, _ = write_absolute_setup(setup, tmp_path / "copy")
    assert "RASI" in copy.read_text()
    assert "tasks.xml" not in copy.read_text()


def test_sets_in_files_that_are_missing_wrong_or_name_themselves(tmp_path):
    path = write(tmp_path, "<InverseKinematicsTool><IKTaskSet file='tasks.xml'/></InverseKinematicsTool>")
    tasks = tmp_path / "tasks.xml"
    assert refused(path) == f"{tasks}: the file of <IKTaskSet> in {path} does not exist. Correct the path."
    tasks.write_text("<OpenSimDocument><MarkerSet/></OpenSimDocument>")
    assert refused(path) == (
        f"{tasks}: no <IKTaskSet>, for which {path} names the file. Give another file there."
    )
    tasks.write_text("<OpenSimDocument><IKTaskSet file='tasks.xml'/></OpenSimDocument>")
    assert refused(path) == f"{tasks}: <IKTaskSet file='tasks.xml'> names itself. Correct the file."


def test_body_forces_are_an_output_only_of_joints_that_are_named(tmp_path):
    body = (
        "<InverseDynamicsTool><model_file>a.osim</model_file>"
        "<output_gen_force_file>id.sto</output_gen_force_file>"
        "<joints_to_report_body_forces>{}</joints_to_report_body_forces>"
        "<output_body_forces_file>body.sto</output_body_forces_file></InverseDynamicsTool>"
    )
    assert read_opensim_setup(write(tmp_path, body.format(""))).outputs == (tmp_path / "id.sto",)
    assert len(read_opensim_setup(write(tmp_path, body.format("hip_r"))).outputs) == 2


def test_data_of_external_loads_may_have_the_separators_of_windows(tmp_path):
    (tmp_path / "loads.xml").write_text(
        "<OpenSimDocument><ExternalLoads><datafile>data\\..\\forces.mot</datafile></ExternalLoads>"
        "</OpenSimDocument>"
    )
    path = write(
        tmp_path,
        "<InverseDynamicsTool><external_loads_file>loads.xml</external_loads_file>"
        "<output_gen_force_file>id.sto</output_gen_force_file></InverseDynamicsTool>",
    )
    assert read_opensim_setup(path).inputs == (tmp_path / "loads.xml", tmp_path / "forces.mot")


@pytest.mark.opensim
def test_reports_that_a_setup_asks_for_are_kept(tmp_path):
    raw, results = SETUPS.parents[1] / "models" / "leg" / "raw", tmp_path / "out"
    path = write(
        tmp_path,
        f"<InverseKinematicsTool name='squat'><model_file>{raw / 'leg_generic.osim'}</model_file>"
        f"<marker_file>{raw / 'squat_1.trc'}</marker_file><time_range>0 0.1</time_range>"
        "<results_directory>out</results_directory><report_errors>true</report_errors>"
        "<report_marker_locations>true</report_marker_locations>"
        "<output_motion_file>out/ik.mot</output_motion_file></InverseKinematicsTool>",
    )
    (tmp_path / "staging").mkdir()
    run = run_opensim_tool(read_opensim_setup(path), tmp_path / "staging")
    expected = {"ik.mot", "squat_ik_marker_errors.sto", "squat_ik_model_marker_locations.sto"}
    assert {each.name for each in results.iterdir()} == expected == {each.name for each in run.files}


def test_setups_that_cannot_be_used(tmp_path):
    path = write(tmp_path, "<AnalyzeTool/>")
    assert refused(path) == (
        f"{path}: expected <OpenSimDocument> with one of <ScaleTool>, <InverseKinematicsTool>, "
        "<InverseDynamicsTool> in it. Give another setup file."
    )
    path = write(tmp_path, "<InverseDynamicsTool/>")
    assert refused(path) == f"{path}: this InverseDynamicsTool reads no file. Give at least <model_file>."
    path = write(tmp_path, "<InverseKinematicsTool><model_file>a.osim</model_file></InverseKinematicsTool>")
    assert refused(path) == (
        f"{path}: this InverseKinematicsTool writes no file. Give at least <output_motion_file>."
    )
    missing = tmp_path / "missing.xml"
    assert refused(missing).startswith(f"{missing}: the setup file does not exist")


def test_the_tool_of_a_file():
    assert tool_of(SETUPS / "scale.xml") == "ScaleTool"
    assert tool_of(SETUPS / "emg.xml") == "EMGProcessingTool"


def test_a_failure_of_opensim_is_told_in_its_own_words(tmp_path):
    (tmp_path / "model.osim").write_text(
        "<OpenSimDocument Version='40600'><Model name='m'/></OpenSimDocument>"
    )
    path = write(
        tmp_path,
        "<InverseKinematicsTool><model_file>model.osim</model_file><marker_file>no.trc</marker_file>"
        "<output_motion_file>ik.mot</output_motion_file></InverseKinematicsTool>",
    )
    (tmp_path / "ik.mot").write_text("of an earlier run")
    (tmp_path / "staging").mkdir()
    with pytest.raises(PipelineError) as error:
        run_opensim_tool(read_opensim_setup(path), tmp_path / "staging")
    assert str(error.value).startswith(f"{path}: InverseKinematicsTool failed")
    assert "no.trc" in str(error.value)
    assert (tmp_path / "ik.mot").read_text() == "of an earlier run"


@pytest.mark.parametrize("mutation", XML)
def test_a_mutated_setup_is_read_or_refused(tmp_path, mutation):
    valid = (SETUPS / "id_squat_1.xml").read_bytes()
    check_refusal(read_opensim_setup, mutated(tmp_path / "setup.xml", valid, mutation))


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_setup_is_refused(tmp_path, obstacle):
    assert check_refusal(read_opensim_setup, in_the_way(tmp_path / "setup.xml", obstacle)) is not None
