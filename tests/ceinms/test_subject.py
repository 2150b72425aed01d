import math
import re
from pathlib import Path

import pytest
from ceinms_files import CALIBRATED, REAL_TIME_SUBJECT, UNITS, subject_xml

from opensim_difcal.ceinms.dialects import Dialect
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.subject import CEINMSSubject
from opensim_difcal.ceinms.subject_reader import read_subject
from opensim_difcal.errors import CEINMSFileError, DifcalError, Problems


class Reading:
    """Reads a subject's text."""

    def __init__(self, path: Path):
        self.path = path
        self.notes = Notes()

    def __call__(self, text: str) -> CEINMSSubject:
        self.path.write_text(text, encoding="utf-8")
        self.notes = Notes()
        return read_subject(self.path, self.notes)


@pytest.fixture
def read(tmp_path) -> Reading:
    return Reading(tmp_path / "subject.xml")


def refused(read, text: str) -> list[str]:
    with pytest.raises(DifcalError) as caught:
        read(text)
    errors = caught.value.errors if isinstance(caught.value, Problems) else (caught.value,)
    assert all(isinstance(error, CEINMSFileError) for error in errors)
    return [str(error).partition("subject.xml: ")[2] for error in errors]


def test_a_subject_of_0_9_is_read(read):
    subject = read(subject_xml(info=CALIBRATED))
    assert subject.dialect is Dialect.CEINMS_0_9
    assert (subject.em_delay, subject.percentage_change, subject.damping) == (0.03, 0.15, 0.1)
    assert subject.names == ("soleus_r", "tib_ant_r")
    soleus, tibialis = subject.mtus
    assert (soleus.c1, soleus.c2, soleus.shape_factor) == (-0.51, -0.47, -0.8)
    assert (soleus.optimal_fiber_length, soleus.tendon_slack_length) == (0.047, 0.268)
    assert soleus.pennation_angle == 0.41
    assert soleus.effective_force == 5120.5 * 1.1
    assert (tibialis.max_contraction_velocity, tibialis.em_delay, tibialis.damping) == (9.0, 0.02, None)
    assert subject.dofs == {"ankle_angle_r": ("soleus_r", "tib_ant_r")}
    assert [(curve.name, curve.x, curve.y) for curve in subject.curves] == [
        ("activeForceLength", (0.4, 1.0, 1.7), (0.0, 1.0, 0.0)),
        ("tendonForceStrain", (0.0, 0.02, 0.06), (0.0, 0.5, 2.5)),
    ]
    assert subject.calibrated is not None
    assert subject.calibrated.start_subject_file == "start.xml"
    assert subject.calibrated.calibration_sequence == ("walk", "squat")
    assert subject.exported_time_step is None
    assert read(subject_xml()).calibrated is None


def test_only_the_first_muscles_delay_counts_and_others_are_told(read):
    subject = read(subject_xml())
    assert subject.delay == 0.03
    assert read.notes.of(Kind.DROPPED) == (
        "subject.xml: 1 muscles have an <emDelay> of their own. CEINMS takes the first muscle's for all; so "
        "does the import (the common one).",
    )
    first = {"soleus_r": "<emDelay>0.012</emDelay>" + UNITS["soleus_r"], "tib_ant_r": UNITS["tib_ant_r"]}
    assert read(subject_xml(first)).delay == 0.012


def test_a_subject_of_ceinms_rt_is_read_with_degrees(read):
    subject = read(REAL_TIME_SUBJECT)
    assert subject.dialect is Dialect.CEINMS_RT
    assert subject.mtus[0].pennation_angle == pytest.approx(math.radians(23.5))
    assert subject.dofs == {"ankle_angle_r": ("soleus_r", "tib_ant_r")}
    assert subject.channels == {"SOL": ("soleus_r",), "SOL2": ("soleus_r",), "TA": ("tib_ant_r",)}
    assert subject.delay is None
    assert read.notes.of(Kind.CONVERTED) == (
        "subject.xml: pennation angles are in degrees; they were read as such.",
    )


def test_degrees_are_read_where_the_unit_says_so_and_where_radians_cannot_be(read):
    text = subject_xml().replace(
        "<pennationAngle>0.41</pennationAngle>", '<pennationAngle unit="deg">20</pennationAngle>'
    )
    assert read(text).mtus[0].pennation_angle == pytest.approx(math.radians(20))
    text = subject_xml().replace(
        "<pennationAngle>0.19</pennationAngle>", "<pennationAngle>12</pennationAngle>"
    )
    assert read(text).mtus[1].pennation_angle == pytest.approx(math.radians(12))
    assert read.notes.of(Kind.CONVERTED) == (
        "subject.xml: <mtu 'tib_ant_r'>/<pennationAngle> is 12, which no muscle has in radians; it was read "
        "as degrees.",
    )


def test_what_0_21_adds_is_read(read):
    text = subject_xml().replace("</shapeFactor>", "</shapeFactor><activationScale>0.9</activationScale>", 1)
    text = text.replace("</subject>", "<opensimModelFile>m\\leg.osim</opensimModelFile></subject>")
    subject = read(text)
    assert subject.dialect is Dialect.CEINMS_0_21
    assert subject.mtus[0].activation_scale == 0.9
    assert subject.model_file == subject.path.parent / "m" / "leg.osim"


def test_the_order_of_elements_does_not_matter(read):
    flat = {name: "".join(reversed(re.findall(r"<\w+>[^<]*</\w+>", unit))) for name, unit in UNITS.items()}
    assert read(subject_xml(flat)).mtus == read(subject_xml()).mtus


def test_unknown_elements_are_told_not_refused(read):
    read(subject_xml().replace("<mtuSet>", "<contactModel/><mtuSet>"))
    assert "subject.xml: <contactModel> in <subject> is not read." in read.notes.of(Kind.DROPPED)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("<c1>-0.51</c1>", "", "<mtu 'soleus_r'>/<c1> is missing. Add it."),
        (
            "<optimalFibreLength>0.047</optimalFibreLength>",
            "<optimalFibreLenght>0.047</optimalFibreLenght>",
            "<mtu 'soleus_r'>/<optimalFibreLength> is missing. Did you misspell it as <optimalFibreLenght>? "
            "Add it.",
        ),
        (
            "<c1>-0.51</c1>",
            "<c1>-0.51</c1><c1>-0.5</c1>",
            "<mtu 'soleus_r'>/<c1> stands 2 times; expected once. Remove all but one.",
        ),
        (
            "<c1>-0.51</c1>",
            "<c1>NaN</c1>",
            "<mtu 'soleus_r'>/<c1> holds 'NaN'; expected one finite number. Correct it.",
        ),
        (
            "<c1>-0.51</c1>",
            "<c1>1e999</c1>",
            "<mtu 'soleus_r'>/<c1> holds '1e999'; expected one finite number. Correct it.",
        ),
        (
            "<c1>-0.51</c1>",
            "<c1>-0,51</c1>",
            "<mtu 'soleus_r'>/<c1> holds '-0,51'; expected one finite number. Correct it.",
        ),
        (
            "<c1>-0.51</c1>",
            "<c1>-0.5 1</c1>",
            "<mtu 'soleus_r'>/<c1> is '-0.5 1'; expected one finite number. Correct it.",
        ),
        (
            "<c1>-0.51</c1>",
            "<c1/>",
            "<mtu 'soleus_r'>/<c1> is ''; expected one finite number. Correct it.",
        ),
        (
            "<optimalFibreLength>0.047",
            "<optimalFibreLength>0",
            "<mtu 'soleus_r'>/<optimalFibreLength> is '0'; expected a number above 0. Correct it.",
        ),
        (
            "<pennationAngle>0.41",
            "<pennationAngle unit='grad'>0.41",
            "<mtu 'soleus_r'>/<pennationAngle> attribute 'unit' is 'grad'; expected deg or rad. Correct it.",
        ),
        (
            "<pennationAngle>0.41",
            "<pennationAngle>95",
            "<mtu 'soleus_r'>/<pennationAngle> is 95 degrees; expected 0 or more, and less than 90. "
            "Correct it.",
        ),
        (
            "<maxIsometricForce>5120.5",
            "<maxIsometricForce>1e308",
            None,
        ),
        (
            "<name>tib_ant_r</name><emDelay>",
            "<name>soleus_r</name><emDelay>",
            "2 muscle-tendon units are named 'soleus_r'; expected one. Remove all but one.",
        ),
        (
            "<name>soleus_r</name><c1>",
            "<name>soleus r</name><c1>",
            "<mtu 'soleus r'>/<name> holds a space, and lists of names are separated by spaces. Rename it.",
        ),
        (
            "<mtuNameSet>soleus_r",
            "<mtuNameSet>soleus_l",
            "<dof 'ankle_angle_r'> names 'soleus_l', which is no muscle-tendon unit of the file. Correct it.",
        ),
        (
            "<xPoints>0.4 1 1.7",
            "<xPoints>0.4 1",
            "<curve 'activeForceLength'>: <xPoints> holds 2 numbers and <yPoints> 3; expected as many. "
            "Correct them.",
        ),
        (
            "<xPoints>0.4 1 1.7",
            "<xPoints>0.4 1 1",
            "<curve 'activeForceLength'>/<xPoints> falls or repeats; expected rising numbers. Correct them.",
        ),
        (
            "<name>activeForceLength",
            "<name>forceLength",
            "<curve 'forceLength'> is none of activeForceLength, passiveForceLength, forceVelocity, "
            "tendonForceStrain. Correct its <name>.",
        ),
        (
            "<name>activeForceLength",
            "<name>tendonForceStrain",
            "2 curves are named 'tendonForceStrain'; expected one. Remove all but one.",
        ),
        (
            "<emDelay>0.03",
            "<emDelay>-0.03",
            "<emDelay> is below 0; expected 0 or more, in seconds. Correct it.",
        ),
    ],
)
def test_faults_say_where_what_and_the_remedy(read, before, after, expected):
    text = subject_xml()
    assert before in text
    if expected is None:  # large, but finite
        assert read(text.replace(before, after, 1)).mtus[0].effective_force == 1e308 * 1.1
        return
    faults = refused(read, text.replace(before, after, 1))
    assert expected in faults


def test_a_force_that_overflows_is_refused(read):
    text = subject_xml().replace("<maxIsometricForce>5120.5", "<maxIsometricForce>1.7e308")
    assert refused(read, text) == [
        "<mtu 'soleus_r'>: <maxIsometricForce> times <strengthCoefficient> is inf; expected a finite number "
        "above 0. Correct them."
    ]


def test_several_faults_are_told_at_once_but_not_without_end(read):
    text = subject_xml().replace("<c1>", "<c1>x").replace("<c2>", "<c2>y")
    assert len(refused(read, text)) == 4
    many = {f"m{i}": UNITS["soleus_r"].replace("<c1>", "<c1>x") for i in range(1000)}
    assert len(refused(read, subject_xml(many))) == 20


def test_a_subject_without_units_is_refused(read):
    assert refused(read, "<subject><mtuSet/></subject>") == [
        "<mtuSet> holds no <mtu>; expected at least one. Check what wrote the file."
    ]
    assert refused(read, "<subject/>") == ["<mtuSet> is missing. Add it."]
    assert refused(read, "<setup/>") == [
        "the root element is <setup>; expected <subject>. Check which file is named."
    ]
