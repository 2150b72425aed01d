import pytest
from ceinms_files import calibration_xml, parameter_xml

from opensim_difcal.ceinms.calibration import read_calibration
from opensim_difcal.ceinms.notes import Kind, Notes

GROUPS = "<muscleGroups><muscles>soleus_r med_gas_r</muscles><muscles>tib_ant_r</muscles></muscleGroups>"
OBJECTIVE = (
    "<torqueErrorNormalised><targets>all</targets><weight>1</weight><exponent>1</exponent>"
    "</torqueErrorNormalised><penalty><targets>all</targets><targetsType>normalisedFibreLength</targetsType>"
    "<weight>100</weight><exponent>2</exponent><range>0.6 1.4</range></penalty>"
)


def test_a_calibration_of_0_9_is_read(write):
    path = write(calibration_xml("a.xml trials/b.xml"))
    calibration = read_calibration(path, Notes())
    assert calibration.annealing == {
        "noEpsilon": 4.0,
        "rt": 0.3,
        "T": 20000.0,
        "NS": 15.0,
        "NT": 5.0,
        "epsilon": 1e-5,
        "maxNoEval": 200000.0,
    }
    assert (calibration.tendon, calibration.activation) == ("equilibriumElastic", "exponential")
    assert calibration.trial_files == (path.parent / "a.xml", path.parent / "trials" / "b.xml")
    (step,) = calibration.steps
    assert step.dofs == ("ankle_angle_r",)
    assert step.fiber_range is None
    slack = next(each for each in step.parameters if each.name == "tendonSlackLength")
    assert (slack.is_relative, slack.range, slack.grouping, slack.groups) == (True, (0.9, 1.1), "single", ())


def test_the_penalty_of_0_21_gives_a_range(write):
    notes = Notes()
    calibration = read_calibration(write(calibration_xml(objective=OBJECTIVE)), notes)
    assert calibration.steps[0].fiber_range == (0.6, 1.4)
    assert notes.of(Kind.DROPPED) == (
        "file.xml: <torqueErrorNormalised> has weight '1', exponent '1'. Here the error is squared, divided "
        "by the variance of the measured moment, and has the weight 1.",
        "file.xml: the <penalty> on fiber lengths has weight '100', exponent '2'; its range was kept, and "
        "here the squared excess has the weight of the preset.",
    )


def test_groups_and_steps_are_kept(write):
    sets = (
        parameter_xml("strengthCoefficient", 0.5, 2, grouping=GROUPS),
        parameter_xml("OptimalFiberLength", 0.9, 1.1, kind="relativeToSubjectValue", grouping="<global/>"),
    )
    calibration = read_calibration(write(calibration_xml(parameters=sets)), Notes())
    first, second = (step.parameters[0] for step in calibration.steps)
    assert first.groups == (("soleus_r", "med_gas_r"), ("tib_ant_r",))
    assert (second.name, second.grouping) == ("optimalFibreLength", "global")
    assert calibration.dofs == ("ankle_angle_r",)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "<name>c1</name>",
            "<name>c3</name>",
            "<parameter 'c3'> is no parameter of CEINMS; expected one of c1, c2, damping, emDelay, "
            "maxContractionVelocity, maxIsometricForce, optimalFibreLength, pennationAngle, "
            "percentageChange, shapeFactor, strengthCoefficient, tendonSlackLength. Correct its <name>.",
        ),
        (
            "<range>-0.95 -0.05</range>",
            "<range>-0.05 -0.95</range>",
            "<parameter 'c1'>/<range> is '-0.05 -0.95'; expected a number and a larger one. Correct it.",
        ),
        (
            "<range>-0.95 -0.05</range>",
            "<range>-0.95</range>",
            "<parameter 'c1'>/<range> is '-0.95'; expected 2 finite numbers separated by spaces. Correct it.",
        ),
        (
            "<range>0.5 2.5</range>",
            "<range>-0.5 0</range>",
            "<parameter 'strengthCoefficient'>/<range> ends at 0; expected a number above 0. Correct it.",
        ),
        (
            "<name>c1</name><single/>",
            "<name>c1</name>",
            "<parameter 'c1'> holds <absolute>, <name>; expected one of <global>, <muscleGroups>, <single>. "
            "Correct it.",
        ),
        (
            "<name>c2</name>",
            "<name>c1</name>",
            "2 parameters of a <step> are named 'c1'; expected one. Remove all but one.",
        ),
        (
            "<NS>15</NS>",
            "<NS>1.5</NS>",
            "<simulatedAnnealing>/<NS> is 1.5; expected a whole number. Correct it.",
        ),
        (
            "<exponential/>",
            "<sigmoid/>",
            "<NMSmodel>/<activation> holds <sigmoid>; expected one of <exponential>, <piecewise>. Correct "
            "it.",
        ),
        ("<trialSet>walk.xml</trialSet>", "", "<trialSet> is missing. Add it."),
        ("<dofs>ankle_angle_r</dofs>", "<dofs/>", "<step>/<dofs> is empty. Give a value."),
    ],
)
def test_faults_say_where_what_and_the_remedy(faults_of, before, after, expected):
    text = calibration_xml()
    assert before in text
    assert expected in faults_of(read_calibration, text.replace(before, after, 1))


def test_a_penalty_whose_range_falls_is_refused(faults_of):
    text = calibration_xml(objective=OBJECTIVE.replace("0.6 1.4", "1.4 0.6"))
    assert faults_of(read_calibration, text) == [
        "<penalty>/<range> is '1.4 0.6'; expected a number and a larger one. Correct it."
    ]


def test_a_muscle_in_two_groups_is_refused(faults_of):
    groups = GROUPS.replace("tib_ant_r", "soleus_r")
    text = calibration_xml(parameters=(parameter_xml("strengthCoefficient", 0.5, 2, grouping=groups),))
    assert faults_of(read_calibration, text) == [
        "2 groups of <parameter 'strengthCoefficient'> hold 'soleus_r'; expected one. Remove all but one."
    ]


def test_a_calibration_without_steps_is_refused(faults_of):
    assert faults_of(read_calibration, calibration_xml(parameters=())) == [
        "<calibrationSteps> holds no <step>; expected at least one. Add one."
    ]


def test_more_trials_than_anyone_has_are_refused(faults_of):
    names = " ".join(f"trial_{i}.xml" for i in range(10_001))
    assert faults_of(read_calibration, calibration_xml(names)) == [
        "<trialSet> names 10001 trials; expected at most 10000. Correct it."
    ]
