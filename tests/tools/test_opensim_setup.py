from pathlib import Path

import pytest

from opensim_difcal.errors import PipelineError, SetupFileError
from opensim_difcal.tools.opensim_setup import read_opensim_setup, tool_of

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
    from opensim_difcal.tools.opensim_stage import run_opensim_tool

    (tmp_path / "model.osim").write_text(
        "<OpenSimDocument Version='40600'><Model name='m'/></OpenSimDocument>"
    )
    path = write(
        tmp_path,
        "<InverseKinematicsTool><model_file>model.osim</model_file><marker_file>no.trc</marker_file>"
        "<output_motion_file>ik.mot</output_motion_file></InverseKinematicsTool>",
    )
    (tmp_path / "ik.mot").write_text("of an earlier run")
    with pytest.raises(PipelineError) as error:
        run_opensim_tool(read_opensim_setup(path))
    assert str(error.value).startswith(f"{path}: InverseKinematicsTool failed")
    assert "no.trc" in str(error.value)
    assert (tmp_path / "ik.mot").read_text() == "of an earlier run"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ik.mot", "model.osim", "setup.xml"]
