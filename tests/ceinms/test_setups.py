from ceinms_files import CALIBRATION_SETUP, EXECUTION_SETUP

from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.setups import read_calibration_setup, read_execution_setup


def test_both_setups_are_read(write):
    path = write(CALIBRATION_SETUP)
    setup = read_calibration_setup(path, Notes())
    assert setup.subject_file == path.parent / "subject.xml"
    assert setup.excitation_generator_file == path.parent / "generator.xml"
    assert setup.calibration_file == path.parent / "calibration.xml"
    assert setup.output_subject_file == path.parent / "calibrated.xml"
    path = write(EXECUTION_SETUP)
    run = read_execution_setup(path, Notes())
    assert run.input_data_file == path.parent / "walk.xml"
    assert run.execution_file == path.parent / "execution.xml"


def test_everything_that_is_missing_is_told_at_once(faults_of):
    assert faults_of(read_calibration_setup, "<ceinmsCalibration/>") == [
        "<subjectFile> is missing. Add it.",
        "<excitationGeneratorFile> is missing. Add it.",
        "<calibrationFile> is missing. Add it.",
    ]
    assert len(faults_of(read_execution_setup, "<ceinms/>")) == 4


def test_what_is_not_known_is_told(write):
    notes = Notes()
    text = EXECUTION_SETUP.replace("</ceinms>", "<contactModelFile>c.xml</contactModelFile></ceinms>")
    read_execution_setup(write(text), notes)
    assert notes.of(Kind.DROPPED) == ("file.xml: <contactModelFile> in <ceinms> is not read.",)
