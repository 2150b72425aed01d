"""Reads huge files of CEINMS; prints what each is, seconds of processor time, and the outcome."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ceinms_files import CALIBRATED, GENERATOR, TRIAL, calibration_xml, execution_xml, subject_xml

from opensim_difcal.ceinms.calibration import read_calibration
from opensim_difcal.ceinms.document import MAX_BYTES, MAX_ELEMENTS
from opensim_difcal.ceinms.excitation_generator import read_excitation_generator
from opensim_difcal.ceinms.execution import read_execution
from opensim_difcal.ceinms.notes import Notes
from opensim_difcal.ceinms.schema import subject_faults
from opensim_difcal.ceinms.subject_reader import read_subject
from opensim_difcal.ceinms.trial import read_trial
from opensim_difcal.errors import DifcalError

Read = Callable[[Path, Notes], Any]


def within(text: str, inserted: str) -> str:
    """A document with more at the end of its root."""
    end = text.rindex("</")
    return text[:end] + inserted + text[end:]


def repeated(text: str, tag: str) -> str:
    """A document with an element as often as can be."""
    root = ElementTree.fromstring(text.encode())
    parent = next(element for element in root.iter() if element.find(tag) is not None)
    one = parent.find(tag)
    assert one is not None
    parent.extend([one] * (MAX_ELEMENTS * 9 // 10 // sum(1 for _ in one.iter())))
    return ElementTree.tostring(root, encoding="unicode")


def schema(path: Path, notes: Notes) -> None:
    """The check of a subject, as a reader."""
    if subject_faults(path.read_bytes()):
        raise DifcalError("faults")


SUBJECT = subject_xml(info=CALIBRATED)
NAMES = " ".join(f"muscle_{i}" for i in range(200_000))[: MAX_BYTES - 10_000]
NUMBERS = " ".join(map(str, range(200_000)))
CASES: dict[str, tuple[Read, str]] = {
    "refused: elements of one name": (read_subject, within(SUBJECT, "<x/>" * 200_000)),
    "refused: deep": (read_subject, within(SUBJECT, "<x>" * 200_000)),
    "refused: white space": (read_subject, within(SUBJECT, " " * MAX_BYTES)),
    "read: elements of one name": (read_subject, within(SUBJECT, "<x/>" * (MAX_ELEMENTS * 9 // 10))),
    "read: elements of many names": (
        read_subject,
        within(SUBJECT, "".join(f"<x{i}>{i}</x{i}>" for i in range(MAX_ELEMENTS * 9 // 10))),
    ),
    "read: text": (read_subject, within(SUBJECT, "1 " * (MAX_BYTES // 2 - len(SUBJECT)))),
    "read: attribute": (
        read_subject,
        SUBJECT.replace("<mtuSet>", f'<mtuSet a="{"1" * (MAX_BYTES - 10_000)}">'),
    ),
    "refused: units": (read_subject, repeated(SUBJECT, "mtu")),
    "refused: curves": (read_subject, repeated(SUBJECT, "curve")),
    "refused: degrees of freedom": (read_subject, repeated(SUBJECT, "dof")),
    "refused: names": (read_subject, SUBJECT.replace("<mtuNameSet>", f"<mtuNameSet>{NAMES} ")),
    "refused: points": (read_subject, SUBJECT.replace("<xPoints>0.4", f"<xPoints>{NUMBERS}")),
    "read: sequence": (read_subject, SUBJECT.replace("walk squat", NAMES)),
    "refused: excitations": (read_excitation_generator, repeated(GENERATOR, "excitation")),
    "read: signals": (read_excitation_generator, GENERATOR.replace("SOL TA GAS", f"SOL TA GAS {NAMES}")),
    "refused: parameters": (read_calibration, repeated(calibration_xml(), "parameter")),
    "refused: trials": (read_calibration, calibration_xml(NAMES)),
    "refused: moment arms": (read_trial, repeated(TRIAL, "momentArmsFile")),
    "read: muscles": (read_execution, execution_xml().replace("tib_post_r", NAMES)),
    "read: units by the schema": (schema, repeated(SUBJECT, "mtu")),
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.xml"
        for label, (read, text) in CASES.items():
            path.write_text(text, encoding="utf-8")
            began = time.process_time()
            try:
                read(path, Notes())
                outcome = "read"
            except DifcalError:
                outcome = "refused"
            print(label, f"{time.process_time() - began:.3f}", outcome, sep="\t")
