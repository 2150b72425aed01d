"""The calibration configuration of CEINMS-RT (`<simulatedAnnealing>`)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.ceinms.calibration import (
    CalibratedParameter,
    CalibrationStep,
    CEINMSCalibration,
    annealing_settings,
)
from opensim_difcal.ceinms.document import Element, shown
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.reader import Reader
from opensim_difcal.ceinms.trial import CEINMSTrial
from opensim_difcal.user_file import file_fault

ROOT = "simulatedAnnealing"
_HIGHEST_FOLDER = 6
"""Folders above the file in which a path is looked for: the program's own folder is one of them."""


@dataclass(frozen=True, kw_only=True)
class RealTimeCalibration:
    """A calibration of CEINMS-RT.

    Attributes:
        subject_file: The subject that it begins with.
        calibration: What is calibrated.
        trials: The trials.
        electromechanical_delay: s; None where not given.
        model_file: The .osim file that it names.
    """

    subject_file: Path
    calibration: CEINMSCalibration
    trials: tuple[CEINMSTrial, ...]
    electromechanical_delay: float | None
    model_file: Path | None


def read_real_time_calibration(path: Path, notes: Notes) -> RealTimeCalibration:
    """Reads a calibration configuration of CEINMS-RT.

    Its paths are relative to the folder that the program is started in; they are looked for
    beside the file and in the folders above it.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root(ROOT)
    part = reader.child(root, "calibration", required=True) or Element("calibration", {})
    where = "<calibration>/"
    spline = reader.words(root, "dofsSpline")
    chosen = reader.child(part, "dofToCalibrate", where)
    dofs = (() if chosen is None else reader.words(chosen, "dofs", where)) or spline
    if not dofs:
        reader.refuse(f"{where}<dofToCalibrate>", " and <dofsSpline> name no degree of freedom. Add them.")
    delay = reader.number(part, "EMD", where, default=math.nan)
    option = reader.child(part, "option", where) or Element("option", {})
    trials = _read_trials(reader, part)
    subject = _subject_file(reader, root, part, trials)
    model = reader.text(root, "osimFile")
    calibration = CEINMSCalibration(
        path=path,
        annealing=annealing_settings(reader, option, "<option>/"),
        tendon="equilibriumElastic",
        activation="exponential",
        steps=(
            CalibrationStep(
                dofs=tuple(dict.fromkeys(dofs)),
                parameters=_parameters(reader, reader.text(part, "objectiveFunction", where)),
            ),
        ),
        trial_files=(),
    )
    reader.raise_errors()
    assert subject is not None, "a missing subject was refused"
    return RealTimeCalibration(
        subject_file=subject,
        calibration=calibration,
        trials=trials,
        electromechanical_delay=None if math.isnan(delay) else delay,
        model_file=_found(path, model) if model else None,
    )


def _read_trials(reader: Reader, part: Element) -> tuple[CEINMSTrial, ...]:
    holder = reader.child(part, "trials", "<calibration>/", required=True)
    if holder is None:
        return ()
    directory = _found(reader.path, reader.text(holder, "directory", "<trials>/"))
    trials = []
    for element in reader.children(holder, "trial"):
        name = reader.text(element, "trialName", "<trial>/", required=True)
        where = f"<trial {shown(name)}>/"
        first, last = (
            reader.number(element, f"crop{end}TimeFromZero", where, default=math.nan)
            for end in ("Min", "Max")
        )
        if not math.isnan(first) and not math.isnan(last) and not first < last:
            reader.refuse(
                f"{where}<cropMinTimeFromZero>", f" is {first:g}, not before {last:g}. Correct them."
            )
        folder = reader.resolved(str(directory / name), where.removesuffix("/"))
        trials.append(
            CEINMSTrial(
                path=folder,
                name=Path(name.replace("\\", "/")).name,
                excitations_file=folder / "emg.sto",
                external_torques_file=folder / "id.sto",
                motion_file=folder / "ik.sto",
                moment_arm_files={},
                time_range=None if math.isnan(first) or math.isnan(last) else (first, last),
                is_from_zero=True,
            )
        )
    if not trials:
        reader.refuse("<trials>", " holds no <trial>; expected at least one. Add one.")
    return tuple(trials)


def _subject_file(reader: Reader, root: Element, part: Element, trials: Sequence[CEINMSTrial]) -> Path | None:
    """The subject that the calibration begins with."""
    given = reader.text(part, "inputSubjectXMLName") or reader.text(root, "subjectXML", required=True)
    if not given:
        return None
    beside = [trials[0].path.parent / given] if trials and "\0" not in given else []
    return next((path for path in beside if file_fault(path) is None), None) or _found(reader.path, given)


def _found(path: Path, text: str) -> Path:
    """A path beside a file or in a folder above it; beside it where it is nowhere."""
    plain = text.replace("\\", "/").replace("\0", "")[:4096]
    folders = list(path.absolute().parents)[:_HIGHEST_FOLDER]
    for folder in folders:
        try:
            if (folder / plain).exists():
                return folder / plain
        except OSError:
            continue
    return folders[0] / plain


def _parameters(reader: Reader, objective: str) -> tuple[CalibratedParameter, ...]:
    """What the program calibrates, which it has in its code, by the name of the objective."""
    wide = "widerRange" in objective
    filters = "C1_C2" in objective
    slack = (0.85, 1.15) if wide or filters else (0.95, 1.05)
    fiber = (0.75, 1.25) if wide else (0.975, 1.025)
    reader.notes.add(
        Kind.CHOSEN,
        f"{reader.path.name}: <objectiveFunction> is {shown(objective)}. CEINMS-RT has its bounds in its "
        f"code, not in files; taken were {fiber[0]:g} to {fiber[1]:g} for optimal fiber lengths, "
        f"{slack[0]:g} to {slack[1]:g} for tendon slack lengths, 0.5 to 2.5 for strength (some of its sets "
        "have 0.5 to 1.5) and -2.999 to -0.001 for shape factors"
        + (", -0.995 to -0.005 for c1 and c2." if filters else "; c1 and c2 are kept."),
    )
    reader.notes.add(
        Kind.DROPPED,
        f"{reader.path.name}: strength groups, which CEINMS-RT has in its code. Every muscle has its own "
        "strength coefficient; add <strength_groups> to the setup.",
    )

    def parameter(name: str, low: float, high: float, *, relative: bool) -> CalibratedParameter:
        return CalibratedParameter(name=name, grouping="single", is_relative=relative, range=(low, high))

    found = [
        parameter("optimalFibreLength", *fiber, relative=True),
        parameter("tendonSlackLength", *slack, relative=True),
        parameter("strengthCoefficient", 0.5, 2.5, relative=False),
        parameter("shapeFactor", -2.999, -0.001, relative=False),
    ]
    if filters:
        found += [parameter(name, -0.995, -0.005, relative=False) for name in ("c1", "c2")]
    return tuple(found)
