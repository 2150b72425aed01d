"""Everything a user can get wrong is found at once, without calibrating."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ankle_tool import LEG, MUSCLES, ankle_tool, tiny_tool, trial

from opensim_difcal import cli
from opensim_difcal.cache import default_cache_directory
from opensim_difcal.errors import DifcalError, Problems
from opensim_difcal.inputs import muscle_paths
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.setup_template import write_setup
from opensim_difcal.tools.calibration.inputs import geometry_cache, read_inputs
from opensim_difcal.tools.nms_calibration_tool import StrengthGroup


def refused(tool) -> list[str]:
    """The problems; a run must be refused with one of them or all."""
    found = [str(problem) for problem in tool.problems()]
    with pytest.raises(DifcalError) as caught:
        read_inputs(tool)
    raised = caught.value.errors if isinstance(caught.value, Problems) else [caught.value]
    assert {str(error) for error in raised} <= set(found)
    return found


def test_a_tool_without_fault_has_no_problems(tmp_path):
    assert tiny_tool(tmp_path).problems() == []


def test_a_device_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert refused(tiny_tool(tmp_path, device="cuda")) == [
        f"<device> is 'cuda', but torch {torch.__version__} sees no CUDA device. Set it to cpu, or install "
        "an NVIDIA driver and a CUDA build of torch."
    ]


def test_an_unknown_coordinate_is_refused(tmp_path):
    assert refused(tiny_tool(tmp_path, coordinates=("ankle_angl_r", "knee_angle_r"))) == [
        "leg_right: the model has no coordinate 'ankle_angl_r'. Did you mean 'ankle_angle_r'? "
        "The coordinates are: hip_flexion_r, knee_angle_r, ankle_angle_r."
    ]


def test_an_unknown_muscle_of_a_strength_group_is_refused(tmp_path):
    groups = (StrengthGroup(name="calf", muscles=("soleu_r", "med_gas_r")),)
    assert refused(tiny_tool(tmp_path, strength_groups=groups)) == [
        "<strength_groups>/<StrengthGroup name='calf'>: the model has no muscle 'soleu_r'. "
        "Did you mean 'soleus_r'? Correct the name, or remove it."
    ]


def test_an_unknown_muscle_of_a_channel_is_refused(tmp_path):
    channels = (ExcitationChannel(name="soleus_r", muscles=("soleus",)),)
    (problem,) = refused(tiny_tool(tmp_path, excitation_map=channels))
    assert problem.startswith(
        "<ExcitationChannel> 'soleus_r': the model has no muscle 'soleus'. Did you mean 'soleus_r'? "
        "The muscles are: glut_max1_r, "
    )


def test_missing_files_are_refused_together(tmp_path):
    missing = replace(trial("walk_slow_1"), excitations_file=tmp_path / "emg.sto")
    assert refused(tiny_tool(tmp_path, model_file=tmp_path / "leg.osim", trials=(missing,))) == [
        f"{tmp_path}/leg.osim: the model file does not exist. Check <model_file>.",
        f"{tmp_path}/emg.sto: the file does not exist. Check the path in the setup file.",
    ]


def test_a_time_range_outside_the_files_is_refused(tmp_path):
    late = trial("walk_slow_1", time_range=(1.0, 20.0))
    folder = LEG / "trials"
    last = read_storage(late.coordinates_file).time[-1]
    assert refused(tiny_tool(tmp_path, trials=(late,))) == [
        "Trial 'walk_slow_1': <time_range> is 1 to 20 s, which not every file covers: "
        f"{folder}/walk_slow_1_ik.mot holds 0 to {last:g} s, needed are 1 to 20 s; "
        f"{folder}/walk_slow_1_id.sto holds 0 to {last:g} s, needed are 1 to 20 s; "
        f"{folder}/walk_slow_1_emg.sto holds 0 to {last:g} s, needed are 0.965 to 19.965 s. "
        f"Excitations act 0.035 s late. All files hold 0.035 to {last:g} s; change <time_range>, the "
        "<cycles> of a <CycleTrial>, or the files."
    ]


def test_trials_whose_excitations_have_no_muscle_in_common_are_refused(tmp_path):
    first, second = trial("walk_slow_1"), trial("walk_slow_2")
    for name, label in (("a", "soleus_r"), ("b", "tib_ant_r")):
        rows = ["0\t0.5", "0.6\t0.4", "1.2\t0.5"]
        lines = [name, "version=1", "nRows=3", "nColumns=2", "endheader", f"time\t{label}", *rows]
        (tmp_path / f"{name}.sto").write_text("\n".join(lines) + "\n")
    tool = tiny_tool(
        tmp_path,
        excitation_map=(),
        trials=(
            replace(first, excitations_file=tmp_path / "a.sto"),
            replace(second, excitations_file=tmp_path / "b.sto"),
        ),
    )
    assert refused(tool) == [
        "<trials>: no muscle has an excitation in every trial. Calibrate trials together whose excitation "
        "files drive the same muscles."
    ]


def test_thelen_muscles_are_refused_unless_they_shall_be_converted(tmp_path, shared_data):
    path = shared_data / "models/gait2392_thelen2003muscle.osim"
    tool = tiny_tool(tmp_path, model_file=path)
    assert (
        f"{path}: muscle 'med_gas_r' is a Thelen2003Muscle; only Millard2012EquilibriumMuscle can be "
        "calibrated. Set <convert_thelen_muscles> to true to replace them."
    ) in refused(tool)
    inputs = read_inputs(replace(tool, convert_thelen_muscles=True))
    assert inputs.muscles.names == tuple(name for name in inputs.muscles.names if name in MUSCLES)
    assert inputs.source.notes == (
        "92 Thelen2003Muscle were replaced by Millard2012EquilibriumMuscle with the same parameters; the "
        "calibrated .osim is the converted model. By how much forces changed, muscle by muscle, tells "
        "MuscleConversionTool with <curves>millard</curves>.",
    )
    assert b"Thelen2003Muscle" not in inputs.source.content


def test_muscles_that_not_every_trial_drives_are_left_out_with_a_note(tmp_path):
    first, second = trial("walk_slow_1"), trial("walk_slow_2")
    text = second.excitations_file.read_text()
    (tmp_path / "emg.sto").write_text(text.replace("soleus_r", "trigger"))
    tool = tiny_tool(
        tmp_path, excitation_map=(), trials=(first, replace(second, excitations_file=tmp_path / "emg.sto"))
    )
    tool = replace(tool, coordinates=("hip_flexion_r", "knee_angle_r", "ankle_angle_r"))
    inputs = read_inputs(tool)
    assert "soleus_r" not in inputs.muscles.names
    assert inputs.notes == ("Not calibrated, because not every trial has their excitation: soleus_r.",)


def spoiled_setup(folder):
    """A setup file with faults of its own and of its inputs."""
    write_setup(tiny_tool(folder / "results", time_step=0.03, coordinates=("ankle",)), folder / "setup.xml")
    text = (folder / "setup.xml").read_text()
    text = text.replace("walk_slow_1_emg.sto", "walk_slow_1_emgs.sto")
    text = text.replace("<patience>50</patience>", "<patience>many</patience><patients>50</patients>")
    (folder / "setup.xml").write_text(text)


def test_validate_lists_faults_of_the_setup_file_and_of_its_inputs_at_once(tmp_path, capsys):
    spoiled_setup(tmp_path)
    assert cli.main(["validate", str(tmp_path / "setup.xml"), "--log", "off"]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    missing = LEG / "trials" / "walk_slow_1_emgs.sto"
    assert lines[0] == "[error] 5 problems found:"
    assert lines[1].startswith(
        f"1. {tmp_path}/setup.xml: unknown element <patients>. Did you mean <patience>? Allowed elements are "
    )
    assert f"but the file {missing} does not exist." in lines[2]
    assert lines[3] == f"3. {tmp_path}/setup.xml: <patience> is 'many'; expected a whole number."
    assert lines[4] == (
        "4. <time_step> is 0.03; expected at most 0.02 s, beyond which the tendon is not resolved. Correct "
        "it, or leave it out for the default."
    )
    assert lines[5].startswith("5. leg_right: the model has no coordinate 'ankle'.")


def test_validate_says_when_nothing_is_wrong(tmp_path, capsys):
    write_setup(tiny_tool(tmp_path / "results"), tmp_path / "setup.xml")
    assert cli.main(["validate", str(tmp_path / "setup.xml")]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/setup.xml: no problems found.\n"
    assert not (tmp_path / "results").exists()


def never(*_, **__):
    raise AssertionError("computed again")


@pytest.mark.usefixtures("without_pictures")
def test_a_calibration_with_kept_geometry_writes_the_same_bytes(tmp_path, monkeypatch):
    def written(folder: str, **changes) -> dict[str, bytes]:
        tool = tiny_tool(tmp_path / "results", cache_directory=tmp_path / "cache", **changes)
        tool.run()
        shutil.move(tmp_path / "results", tmp_path / folder)
        files = sorted((tmp_path / folder).iterdir())
        return {path.name: path.read_bytes() for path in files if path.suffix in (".osim", ".csv", ".sto")}

    without = written("without", use_cache=False)
    assert not (tmp_path / "cache").exists()
    first = written("first")
    monkeypatch.setattr(muscle_paths, "muscle_geometry", never)
    second = written("second")
    assert without == first == second
    assert len(without) > 2


@pytest.mark.usefixtures("without_pictures")
def test_another_model_is_computed_anew(tmp_path, monkeypatch):
    tool = tiny_tool(tmp_path / "results", cache_directory=tmp_path / "cache")
    read_inputs(tool)
    assert isinstance(tool.model_file, Path)
    other = tmp_path / "other.osim"
    other.write_bytes(tool.model_file.read_bytes() + b"\n")
    monkeypatch.setattr(muscle_paths, "muscle_geometry", never)
    read_inputs(tool)
    with pytest.raises(AssertionError, match="^computed again$"):
        read_inputs(replace(tool, model_file=other))


def test_geometry_is_kept_where_the_setting_says(tmp_path):
    assert geometry_cache(tiny_tool(tmp_path, use_cache=False)) is None
    given = geometry_cache(tiny_tool(tmp_path, cache_directory=tmp_path / "mine"))
    assert given is not None
    assert given.directory == tmp_path / "mine" / "geometry"
    user, by_default = default_cache_directory(), geometry_cache(tiny_tool(tmp_path))
    assert user is not None
    assert by_default is not None
    assert by_default.directory == user / "geometry"


def test_a_cache_that_cannot_be_written_does_not_end_a_run(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    inputs = read_inputs(tiny_tool(tmp_path, cache_directory=tmp_path / "file"))
    assert len(inputs.trials) == 1
    assert [message.partition(":")[0] for message in caplog.messages] == [f"{tmp_path}/file/geometry"]


def test_problems_are_found_without_keeping_anything(tmp_path):
    assert tiny_tool(tmp_path, cache_directory=tmp_path / "cache").problems() == []
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_trials_that_workers_computed_are_the_same(tmp_path, monkeypatch):
    tool = ankle_tool(tmp_path, use_cache=False)
    alone = read_inputs(tool).trials
    monkeypatch.setattr(muscle_paths, "workers_that_pay", lambda *_: 2)
    monkeypatch.setattr(muscle_paths, "muscle_geometry", never)
    for read, other in zip(read_inputs(tool).trials, alone, strict=True):
        assert read.moment_arm.tobytes() == other.moment_arm.tobytes()
        assert read.muscle_tendon_length.tobytes() == other.muscle_tendon_length.tobytes()
        assert read.notes == other.notes
