from pathlib import Path

import pytest
from ceinms_files import REAL_TIME_CALIBRATION, REAL_TIME_SUBJECT

from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import read_project
from opensim_difcal.ceinms.real_time import read_real_time_calibration


@pytest.fixture
def configuration(tmp_path) -> Path:
    """A folder of CEINMS-RT; its paths are relative to the folder above `cfg`."""
    (tmp_path / "cfg" / "data" / "walk").mkdir(parents=True)
    (tmp_path / "cfg" / "data" / "subject.xml").write_text(REAL_TIME_SUBJECT)
    path = tmp_path / "cfg" / "Calibration.xml"
    path.write_text(REAL_TIME_CALIBRATION)
    return path


def test_a_configuration_is_read_and_its_paths_are_found(configuration):
    notes = Notes()
    found = read_real_time_calibration(configuration, notes)
    data = configuration.parent / "data"
    assert found.subject_file == data / "subject.xml"
    assert found.electromechanical_delay == 0.05
    assert found.calibration.dofs == ("ankle_angle_r",)
    assert found.calibration.annealing == {"noEpsilon": 2.0, "epsilon": 1e-3, "maxNoEval": 100000.0}
    (trial,) = found.trials
    assert (trial.name, trial.time_range, trial.is_from_zero) == ("walk", (0.4, 0.9), True)
    assert trial.motion_file == data / "walk" / "ik.sto"
    assert trial.excitations_file == data / "walk" / "emg.sto"


@pytest.mark.parametrize(
    ("objective", "slack", "fiber", "filters"),
    [
        ("StrengthCoefficients_ShapeFactor_TendonSlackLength_single", (0.95, 1.05), (0.975, 1.025), False),
        (
            "StrengthCoefficients_ShapeFactor_TendonSlackLength_single_widerRange",
            (0.85, 1.15),
            (0.75, 1.25),
            False,
        ),
        ("StrengthCoefficients_C1_C2_TendonSlackLength_single", (0.85, 1.15), (0.975, 1.025), True),
    ],
)
def test_bounds_follow_from_the_objectives_name(configuration, objective, slack, fiber, filters):
    configuration.write_text(
        REAL_TIME_CALIBRATION.replace("StrengthCoefficients_ShapeFactor_TendonSlackLength_single", objective)
    )
    notes = Notes()
    parameters = read_real_time_calibration(configuration, notes).calibration.steps[0].parameters
    ranges = {each.name: each.range for each in parameters}
    assert (ranges["tendonSlackLength"], ranges["optimalFibreLength"]) == (slack, fiber)
    assert ("c1" in ranges) is filters
    assert notes.of(Kind.CHOSEN)[0].startswith(f"Calibration.xml: <objectiveFunction> is '{objective}'.")


def test_a_muscle_in_two_channels_gets_their_mean(configuration):
    project = read_project(configuration, Notes())
    assert project.generator is not None
    assert project.generator.input_signals == ("SOL", "SOL2", "TA")
    assert project.generator.mapping == {"soleus_r": {"SOL": 0.5, "SOL2": 0.5}, "tib_ant_r": {"TA": 1.0}}
    assert project.electromechanical_delay == 0.05


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "<cropMinTimeFromZero>0.4",
            "<cropMinTimeFromZero>4",
            "<trial 'walk'>/<cropMinTimeFromZero> is 4, not before 0.9. Correct them.",
        ),
        ("<subjectXML>cfg/data/subject.xml</subjectXML>", "", "<subjectXML> is missing. Add it."),
        (
            "<trialName>walk</trialName>",
            "",
            "<trial>/<trialName> is missing. Add it.",
        ),
    ],
)
def test_faults_say_where_what_and_the_remedy(faults_of, before, after, expected):
    assert before in REAL_TIME_CALIBRATION
    text = REAL_TIME_CALIBRATION.replace(before, after, 1)
    assert faults_of(read_real_time_calibration, text) == [expected]


def test_a_configuration_without_trials_or_degrees_of_freedom_is_refused(faults_of):
    text = (
        "<simulatedAnnealing><subjectXML>s.xml</subjectXML><calibration><trials/></calibration>"
        "</simulatedAnnealing>"
    )
    assert faults_of(read_real_time_calibration, text) == [
        "<calibration>/<dofToCalibrate> and <dofsSpline> name no degree of freedom. Add them.",
        "<trials> holds no <trial>; expected at least one. Add one.",
    ]
