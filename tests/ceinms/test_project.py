import re
from dataclasses import replace

import pytest
from ceinms_files import (
    CALIBRATED,
    CALIBRATION_SETUP,
    EXECUTION_SETUP,
    GENERATOR,
    TRIAL,
    UNITS,
    calibration_xml,
    execution_xml,
    subject_xml,
)

from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import read_project, trial_names
from opensim_difcal.ceinms.trial import read_trial
from opensim_difcal.errors import CEINMSFileError, Problems

FILES = {
    "setup": CALIBRATION_SETUP,
    "run": EXECUTION_SETUP,
    "subject": subject_xml(),
    "generator": GENERATOR,
    "calibration": calibration_xml(),
    "execution": execution_xml(),
    "walk": TRIAL,
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / f"{name}.xml").write_text(text)
    return tmp_path


def test_a_calibration_setup_brings_everything_it_names(folder):
    notes = Notes()
    project = read_project(folder / "setup.xml", notes)
    assert project.subject.names == ("soleus_r", "tib_ant_r")
    assert project.calibration is not None
    assert project.execution is None
    assert [trial.name for trial in project.trials] == ["walk"]
    assert project.electromechanical_delay == 0.03
    assert len(notes.of(Kind.READ)) == 5


def test_a_calibrated_subject_that_exists_is_told(folder):
    (folder / "calibrated.xml").write_text(subject_xml(info=CALIBRATED))
    notes = Notes()
    read_project(folder / "setup.xml", notes)
    assert notes.of(Kind.CHOSEN) == (
        f"setup.xml: the calibrated subject {folder / 'calibrated.xml'} exists. It was not read: the import "
        "begins where the calibration begins. To run it, import it, or the setup of an execution, by itself.",
    )


def test_an_execution_setup_brings_everything_it_names(folder):
    project = read_project(folder / "run.xml", Notes())
    assert project.execution is not None
    assert project.calibration is None


def test_the_subject_that_a_calibration_began_with_is_read_where_it_can_be(folder):
    (folder / "done.xml").write_text(subject_xml(info=CALIBRATED))
    assert read_project(folder / "done.xml", Notes()).start is None
    (folder / "start.xml").write_text(subject_xml())
    start = read_project(folder / "done.xml", Notes()).start
    assert start is not None
    assert start.path == folder / "start.xml"
    (folder / "start.xml").write_text(subject_xml({"soleus_r": UNITS["soleus_r"]}))
    assert read_project(folder / "done.xml", Notes()).start is None  # of other muscles
    (folder / "start.xml").write_text("<subject>")
    notes = Notes()
    assert read_project(folder / "done.xml", notes).start is None
    assert notes.of(Kind.MISSING) == (
        f"done.xml: its <startSubjectFile> {folder / 'start.xml'} cannot be read.",
    )


def test_faults_of_several_files_are_told_at_once(folder):
    (folder / "subject.xml").write_text("<subject/>")
    (folder / "generator.xml").unlink()
    (folder / "walk.xml").write_text("<trial/>")
    with pytest.raises(Problems) as caught:
        read_project(folder / "setup.xml", Notes())
    assert [str(error).replace(f"{folder}/", "") for error in caught.value.errors] == [
        "subject.xml: <mtuSet> is missing. Add it.",
        "generator.xml: the file does not exist. Correct the path; paths in a file of CEINMS "
        "are relative to that file's folder.",
        "walk.xml: the root element is <trial>; expected <inputData>. Check which file is named.",
    ]


def test_another_file_is_refused(folder):
    expected = re.escape(
        "the root element is <execution>; expected one of <ceinmsCalibration>, <ceinms>, "
        "<simulatedAnnealing>, <subject>. Give a setup file of CEINMS, the calibration file of CEINMS-RT, or "
        "a subject."
    )
    with pytest.raises(CEINMSFileError, match=expected):
        read_project(folder / "execution.xml", Notes())


def test_trials_of_the_same_name_are_told_apart(folder):
    trial = read_trial(folder / "walk.xml", Notes())
    others = [replace(trial, path=folder / each / "walk.xml") for each in ("a", "b", "b")]
    assert trial_names(others) == ["a_walk", "b_walk", "walk_2"]
    assert trial_names([replace(trial, name='..a/b:"c')]) == ["a_b__c"]
    assert trial_names([replace(trial, name="..")]) == ["trial"]
