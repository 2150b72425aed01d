import pytest
from ceinms_files import TRIAL

from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.trial import read_trial


def test_a_trial_is_read_in_any_order(write):
    notes = Notes()
    path = write(TRIAL)
    trial = read_trial(path, notes)
    assert trial.name == "file"
    assert trial.excitations_file == path.parent / "emg.sto"
    assert trial.external_torques_file == path.parent / "id.sto"
    assert trial.motion_file == path.parent / "ik.mot"
    assert trial.muscle_tendon_length_file == path.parent / "lmt.sto"
    assert trial.moment_arm_files == {"ankle_angle_r": path.parent / "ma_ankle.sto"}
    assert trial.time_range == (0.5, 0.9)
    assert notes.of(Kind.DROPPED) == (
        "Files of muscle-tendon lengths and moment arms: both are computed from the model and the trial's "
        "coordinates. Of the lengths' file only the time step is read.",
    )


def test_a_trial_may_lack_everything(write):
    trial = read_trial(write("<inputData/>"), Notes())
    assert (trial.excitations_file, trial.motion_file, trial.time_range) == (None, None, None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "0.5 0.9",
            "0.9 0.5",
            "<startStopTime> is '0.9 0.5'; expected the first time and a later one, in seconds. Correct it.",
        ),
        (
            "0.5 0.9",
            "0.5",
            "<startStopTime> is '0.5'; expected 2 finite numbers separated by spaces. Correct it.",
        ),
        (
            ' dofName="ankle_angle_r"',
            "",
            "<momentArmsFile dofName=''> lacks its degree of freedom or its file. Add it, or remove the "
            "element.",
        ),
        (
            "</momentArmsFiles>",
            '<momentArmsFile dofName="ankle_angle_r">b.sto</momentArmsFile></momentArmsFiles>',
            "2 <momentArmsFile> elements have the dofName 'ankle_angle_r'; expected one. Remove all but one.",
        ),
        (
            "<motionFile>ik.mot</motionFile>",
            "<motionFile>a</motionFile><motionFile>b</motionFile>",
            "<motionFile> stands 2 times; expected once. Remove all but one.",
        ),
    ],
)
def test_faults_say_where_what_and_the_remedy(faults_of, before, after, expected):
    assert before in TRIAL
    assert faults_of(read_trial, TRIAL.replace(before, after, 1)) == [expected]
