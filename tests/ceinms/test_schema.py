import pytest
from ceinms_files import CALIBRATED, UNITS, subject_xml

from opensim_difcal.ceinms.schema import subject_faults

SUBJECT = subject_xml(info=CALIBRATED)
UNIT = "<subject>/<mtuSet>/<mtu>"


def test_a_subject_of_0_9_fits():
    assert subject_faults(SUBJECT.encode()) == []
    assert subject_faults(subject_xml(curves="").encode()) == []
    degrees = SUBJECT.replace("<pennationAngle>", "<pennationAngle unit='deg'>")
    assert subject_faults(degrees.encode()) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "<c1>-0.51</c1><c2>-0.47</c2>",
            "<c2>-0.47</c2><c1>-0.51</c1>",
            f"{UNIT}: elements stand in the wrong order; expected <name> <emDelay> <c1> <c2> <shapeFactor> "
            "<optimalFibreLength> <pennationAngle> <tendonSlackLength> <maxContractionVelocity> "
            "<maxIsometricForce> <strengthCoefficient>.",
        ),
        ("<c1>-0.51</c1>", "", f"{UNIT}: <c1> stands 0 times; expected 1 to 1."),
        ("<c1>-0.51</c1>", "<c1>-0.51</c1><c1>1</c1>", f"{UNIT}: <c1> stands 2 times; expected 1 to 1."),
        ("<c1>-0.51</c1>", "<c1>a</c1>", f"{UNIT}/<c1>: is 'a'; expected a number."),
        ("<c1>-0.51</c1>", "<c1></c1>", f"{UNIT}/<c1>: is ''; expected a number."),
        ("<c1>-0.51</c1>", "<c1>0x1</c1>", f"{UNIT}/<c1>: is '0x1'; expected a number."),
        ("<c1>-0.51</c1>", "<c1><b/></c1>", f"{UNIT}/<c1>: holds <b>; expected text."),
        (
            "<c1>-0.51</c1>",
            "<c1 unit='x'>1</c1>",
            f"{UNIT}/<c1>: attribute 'unit' is not allowed.",
        ),
        (
            "<pennationAngle>0.41",
            "<pennationAngle unit='grad'>0.41",
            f"{UNIT}/<pennationAngle>: attribute 'unit' is 'grad'; expected deg or rad.",
        ),
        ("<c1>-0.51</c1>", "<c1>-0.51</c1><damping>1</damping>", f"{UNIT}: <damping> is not allowed there."),
        ("<mtuSet>", "<mtuSet>text", "<subject>/<mtuSet>: holds the text 'text'; expected elements alone."),
        (
            "<xPoints>0.4 1",
            "<xPoints>0.4 one",
            "<subject>/<mtuDefault>/<curve>/<xPoints>: holds 'one'; expected numbers.",
        ),
        (
            "<calibrated>",
            "<uncalibrated><subjectID/><additionalInfo/></uncalibrated><calibrated>",
            "<subject>/<calibrationInfo>: expected one of <uncalibrated> and <calibrated>.",
        ),
        (
            "<curve>",
            "<curve><name/><xPoints/><yPoints/></curve>" * 3 + "<curve>",
            "<subject>/<mtuDefault>: <curve> stands 5 times; expected 0 to 4.",
        ),
        (
            "<dofSet><dof>",
            "<dofSet/><dofSet><dof>",
            "<subject>: <dofSet> stands 2 times; expected 1 to 1.",
        ),
    ],
)
def test_what_ceinms_refuses_is_found(before, after, expected):
    assert before in SUBJECT
    assert expected in subject_faults(SUBJECT.replace(before, after, 1).encode())


def test_an_empty_set_is_found():
    assert "<subject>/<mtuSet>: <mtu> stands 0 times; expected 1 or more." in subject_faults(
        subject_xml({}).encode()
    )


def test_another_root_is_found():
    assert subject_faults(b"<model/>") == ["the root element is <model>; expected <subject>."]


def test_what_0_21_and_rt_add_does_not_fit():
    assert subject_faults(
        subject_xml({"a": UNITS["soleus_r"] + "<activationScale>1</activationScale>"}).encode()
    )
