"""A run refuses to write over its inputs, and to write where it cannot."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import opensim
import pytest
from ankle_tool import LEG, tiny_tool, trial

from opensim_difcal.setup_template import write_setup
from opensim_difcal.tools.calibration.checks import setting_problems

REMEDY = "Choose another <results_directory>, or another name."


def messages(tool):
    return [str(problem) for problem in setting_problems(tool)]


def over(output, path, what):
    return [f"<results_directory>: the run would write its {output} over {path}, {what}. {REMEDY}"]


def test_the_model_is_not_written_over(tmp_path):
    model = tmp_path / "leg.osim"
    model.touch()
    (tmp_path / "other").mkdir()
    tool = tiny_tool(tmp_path / "other" / "..", name="leg", model_file=model)
    assert messages(tool) == over("leg.osim", model, "its <model_file>")
    assert messages(replace(tool, name="calibrated_leg")) == []


def test_the_file_of_a_model_object_is_not_written_over(tmp_path):
    path = Path(shutil.copy(LEG / "leg_scaled.osim", tmp_path / "leg.osim"))
    tool = tiny_tool(tmp_path, name="leg", model_file=opensim.Model(str(path)))
    assert messages(tool) == over("leg.osim", path, "the file of its model")
    assert messages(replace(tool, model_file=opensim.Model())) == []


def test_a_file_of_a_trial_is_not_written_over(tmp_path):
    path = tmp_path / "walk_slow_1_excitations.sto"
    files = replace(trial("walk_slow_1"), excitations_file=path)
    assert messages(tiny_tool(tmp_path, trials=(files,))) == over(
        "walk_slow_1_excitations.sto", path, "a file of trial 'walk_slow_1'"
    )


def test_what_only_synergies_write_is_not_written_over_either(tmp_path):
    path = tmp_path / "walk_slow_1_synthesized_excitations.sto"
    files = replace(trial("walk_slow_1"), excitations_file=path)
    hybrid = tiny_tool(tmp_path, trials=(files,), mode="synergy_hybrid")
    assert messages(hybrid) == over(path.name, path, "a file of trial 'walk_slow_1'")
    assert messages(replace(hybrid, mode="emg_driven")) == []


def test_a_setup_file_is_not_written_over(tmp_path):
    tool = tiny_tool(tmp_path)
    path = tmp_path / "ankle_subject.xml"
    write_setup(tool, path)
    assert messages(tool) == over("ankle_subject.xml", path, "a setup file")
    path.write_text("<OpenSimDocument/>")
    assert messages(tool) == []


def test_a_file_in_the_place_of_the_results_is_refused(tmp_path):
    path = tmp_path / "results"
    path.touch()
    assert messages(tiny_tool(path / "leg")) == [
        f"<results_directory> is '{path}/leg', but {path} is no folder. Choose a folder that exists or can "
        "be made."
    ]


@pytest.mark.parametrize("element", ["results_directory", "cache_directory"])
def test_a_folder_that_cannot_be_is_refused(tmp_path, element):
    folder = tmp_path / ("a" * 300)
    tool = replace(tiny_tool(tmp_path / "leg"), **{element: folder})
    assert messages(tool) == [
        f"<{element}> is '{folder}', which cannot be a folder: File name too long. Choose a folder that "
        "exists or can be made."
    ]


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert messages(tiny_tool(tmp_path / "leg")) == [
        f"<results_directory> is '{tmp_path}/leg', but you may not write into {tmp_path}. Choose a folder "
        "that you may write into."
    ]


IN_PYTHON = """
from pathlib import Path
from opensim_difcal import NMSCalibrationTool
from opensim_difcal.inputs.trial_files import TrialFiles

files = dict(coordinates_file="ik.mot", generalized_forces_file="id.sto", excitations_file="emg.sto")
trials = [TrialFiles(name="walk", time_range=(0.0, 1.0), **files)]
properties = dict(model_file="leg.osim", coordinates=("knee",), trials=trials)
tool = NMSCalibrationTool(results_directory="results", **properties)
assert (tool.model_file, tool.results_directory) == (Path("leg.osim"), Path("results"))
assert trials[0].paths == (Path("ik.mot"), Path("id.sto"), Path("emg.sto"))
assert len(tool.problems()) == 4, tool.problems()
"""


def test_paths_may_be_given_as_text(tmp_path):
    """In a program of its own, because the tests' type checks allow no text."""
    done = subprocess.run(
        [sys.executable, "-c", IN_PYTHON], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
