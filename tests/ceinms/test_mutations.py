"""Files that something spoiled: they are read, or refused with a reason; nothing else, and soon."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ceinms_files import (
    CALIBRATED,
    CALIBRATION_SETUP,
    EXECUTION_SETUP,
    GENERATOR,
    REAL_TIME_CALIBRATION,
    REAL_TIME_SUBJECT,
    TRIAL,
    calibration_xml,
    execution_xml,
    subject_xml,
)
from ceinms_mutations import mutated
from hypothesis import given, settings
from hypothesis import strategies as st

from opensim_difcal.ceinms.calibration import read_calibration
from opensim_difcal.ceinms.excitation_generator import read_excitation_generator
from opensim_difcal.ceinms.execution import read_execution
from opensim_difcal.ceinms.notes import Notes
from opensim_difcal.ceinms.project import read_project
from opensim_difcal.ceinms.real_time import read_real_time_calibration
from opensim_difcal.ceinms.report import report_text
from opensim_difcal.ceinms.schema import subject_faults
from opensim_difcal.ceinms.setups import read_calibration_setup, read_execution_setup
from opensim_difcal.ceinms.subject_reader import read_subject
from opensim_difcal.ceinms.trial import read_trial
from opensim_difcal.errors import DifcalError

READERS: dict[str, tuple[Callable[[Path, Notes], Any], str]] = {
    "subject": (read_subject, subject_xml(info=CALIBRATED)),
    "subject of CEINMS-RT": (read_subject, REAL_TIME_SUBJECT),
    "excitation generator": (read_excitation_generator, GENERATOR),
    "calibration": (read_calibration, calibration_xml()),
    "trial": (read_trial, TRIAL),
    "execution": (read_execution, execution_xml()),
    "calibration setup": (read_calibration_setup, CALIBRATION_SETUP),
    "execution setup": (read_execution_setup, EXECUTION_SETUP),
    "calibration of CEINMS-RT": (read_real_time_calibration, REAL_TIME_CALIBRATION),
    "project": (read_project, subject_xml()),
    "schema": (lambda path, notes: subject_faults(path.read_bytes()), subject_xml()),
}
CPU_SECONDS = 1.0


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("mutations") / "file.xml"


def read_or_refused(name: str, path: Path, content: bytes) -> bool:
    """Whether a file is read; fails where it is neither read nor refused, or takes too long."""
    path.write_bytes(content)
    notes = Notes()
    began = time.process_time()
    try:
        READERS[name][0](path, notes)
        refusal = ""
    except DifcalError as error:
        refusal = str(error)
    report_text(path, notes)
    assert time.process_time() - began < CPU_SECONDS
    assert len(refusal) < 20_000
    return not refusal


@pytest.mark.parametrize("name", READERS)
def test_the_file_itself_is_read(name, path):
    assert read_or_refused(name, path, READERS[name][1].encode())


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_file_that_is_cut_short_or_has_strange_bytes(name, path, data):
    content = READERS[name][1].encode()
    cut = data.draw(st.integers(0, len(content)))
    read_or_refused(name, path, content[:cut])
    inserted = data.draw(st.binary(min_size=1, max_size=8))
    read_or_refused(name, path, content[:cut] + inserted + content[cut:])


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_with_elements_and_values_changed(name, path, data):
    root = ElementTree.fromstring(READERS[name][1].encode())
    for _ in range(data.draw(st.integers(1, 3))):
        mutated(root, data)
    read_or_refused(name, path, ElementTree.tostring(root, encoding="utf-8"))


@pytest.mark.parametrize("name", READERS)
def test_bombs_and_what_reaches_for_other_files_are_refused(name, path):
    text = READERS[name][1].partition("?>\n")[2] or READERS[name][1]
    root = ElementTree.fromstring(text.encode()).tag
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(20))
    for subset in (
        f"[{entities}]",
        '[<!ENTITY a20 SYSTEM "file:///etc/passwd">]',
        'SYSTEM "http://127.0.0.1:9/x.dtd"',
    ):
        spoiled = f"<!DOCTYPE {root} {subset}>" + text.replace("</", "&a20;</", 1)
        assert not read_or_refused(name, path, spoiled.encode())


def test_huge_files_are_refused_or_read_within_a_second_of_processor_time():
    # In a process of its own, without the type checks that tests have and users have not.
    support = Path(__file__).parents[1] / "support"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(support.parents[1]), str(support)])}
    command = [sys.executable, str(support / "ceinms_huge_files.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(lines) == 20
    for label, seconds, outcome in lines:
        assert float(seconds) < CPU_SECONDS, label
        assert outcome == ("read" if label.startswith("read") else "refused"), label
