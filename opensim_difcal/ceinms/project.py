"""Everything that one file of CEINMS names, read together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from opensim_difcal.ceinms.calibration import CEINMSCalibration, read_calibration
from opensim_difcal.ceinms.document import read_document
from opensim_difcal.ceinms.excitation_generator import ExcitationGenerator, read_excitation_generator
from opensim_difcal.ceinms.execution import CEINMSExecution, read_execution
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.real_time import ROOT, read_real_time_calibration
from opensim_difcal.ceinms.setups import (
    CALIBRATION_ROOT,
    EXECUTION_ROOT,
    read_calibration_setup,
    read_execution_setup,
)
from opensim_difcal.ceinms.subject import CEINMSSubject
from opensim_difcal.ceinms.subject_reader import read_subject
from opensim_difcal.ceinms.trial import CEINMSTrial, read_trial
from opensim_difcal.errors import CEINMSFileError, DifcalError, raise_problems
from opensim_difcal.user_file import file_fault
from opensim_difcal.wording import shortened

_Read = TypeVar("_Read")

SUBJECT_ROOT = "subject"


@dataclass(frozen=True, kw_only=True)
class Project:
    """What is imported.

    Attributes:
        path: The file that names the others.
        subject: Always there.
        start: The subject that a calibrated one began with, where it can be read.
        generator: How muscles are excited; None for a subject alone.
        calibration: None where nothing is calibrated.
        execution: None where nothing is run.
        trials: Of the calibration, or of the execution.
        electromechanical_delay: s; None where no file says.
    """

    path: Path
    subject: CEINMSSubject
    start: CEINMSSubject | None = None
    generator: ExcitationGenerator | None = None
    calibration: CEINMSCalibration | None = None
    execution: CEINMSExecution | None = None
    trials: tuple[CEINMSTrial, ...] = ()
    electromechanical_delay: float | None = None


def read_project(path: Path, notes: Notes) -> Project:
    """Reads a setup of CEINMS, a configuration of CEINMS-RT or a subject, and all that it names.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If a file cannot be read or has one fault.
        Problems: If there are several faults, in one or several files.
    """
    readers = {
        CALIBRATION_ROOT: _calibration_project,
        EXECUTION_ROOT: _execution_project,
        ROOT: _real_time_project,
        SUBJECT_ROOT: _subject_project,
    }
    by_tag = {tag.lower(): reader for tag, reader in readers.items()}
    tag = read_document(path).tag
    if tag.lower() not in by_tag:
        raise CEINMSFileError(
            f"{path}: the root element is <{shortened(tag)}>; expected one of "
            f"{', '.join(f'<{each}>' for each in readers)}. Give a setup file of CEINMS, the calibration "
            "file of CEINMS-RT, or a subject."
        )
    return by_tag[tag.lower()](path, notes)


def _calibration_project(path: Path, notes: Notes) -> Project:
    setup = read_calibration_setup(path, notes)
    failures: list[DifcalError] = []
    subject = _try(read_subject, setup.subject_file, notes, failures)
    generator = _try(read_excitation_generator, setup.excitation_generator_file, notes, failures)
    calibration = _try(read_calibration, setup.calibration_file, notes, failures)
    files = () if calibration is None else calibration.trial_files
    trials = [_try(read_trial, file, notes, failures) for file in files]
    raise_problems(failures)
    assert subject is not None
    assert generator is not None
    assert calibration is not None
    output = setup.output_subject_file
    if output is not None and file_fault(output) is None:
        notes.add(
            Kind.CHOSEN,
            f"{path.name}: the calibrated subject {output} exists. It was not read: the import begins where "
            "the calibration begins. To run it, import it, or the setup of an execution, by itself.",
        )
    return Project(
        path=path,
        subject=subject,
        generator=generator,
        calibration=calibration,
        trials=tuple(trial for trial in trials if trial is not None),
        electromechanical_delay=subject.delay,
    )


def _execution_project(path: Path, notes: Notes) -> Project:
    setup = read_execution_setup(path, notes)
    failures: list[DifcalError] = []
    subject = _try(read_subject, setup.subject_file, notes, failures)
    generator = _try(read_excitation_generator, setup.excitation_generator_file, notes, failures)
    execution = _try(read_execution, setup.execution_file, notes, failures)
    trial = _try(read_trial, setup.input_data_file, notes, failures)
    raise_problems(failures)
    assert subject is not None
    assert generator is not None
    assert execution is not None
    assert trial is not None
    return Project(
        path=path,
        subject=subject,
        start=_start_of(subject, notes),
        generator=generator,
        execution=execution,
        trials=(trial,),
        electromechanical_delay=subject.delay,
    )


def _real_time_project(path: Path, notes: Notes) -> Project:
    configuration = read_real_time_calibration(path, notes)
    subject = read_subject(configuration.subject_file, notes)
    muscles = {muscle for members in subject.channels.values() for muscle in members}
    signals = tuple(subject.channels)
    mapping = {
        muscle: {name: 1.0 for name, members in subject.channels.items() if muscle in members}
        for muscle in subject.names
    }
    # A muscle in several channels gets their mean.
    means = {name: {each: weight / len(mix) for each, weight in mix.items()} for name, mix in mapping.items()}
    generator = ExcitationGenerator(subject.path, signals, means) if muscles else None
    if configuration.model_file is not None:
        notes.add(
            Kind.CHOSEN,
            f"{path.name}: <osimFile> names {configuration.model_file}; the model that the import was given "
            "was taken.",
        )
    return Project(
        path=path,
        subject=subject,
        generator=generator,
        calibration=configuration.calibration,
        trials=configuration.trials,
        electromechanical_delay=configuration.electromechanical_delay,
    )


def _subject_project(path: Path, notes: Notes) -> Project:
    subject = read_subject(path, notes)
    return Project(
        path=path,
        subject=subject,
        start=_start_of(subject, notes),
        electromechanical_delay=subject.delay,
    )


def _start_of(subject: CEINMSSubject, notes: Notes) -> CEINMSSubject | None:
    """The subject that a calibration began with; None where it is not there or is another's."""
    given = subject.calibrated.start_subject_file if subject.calibrated else ""
    if not given.lower().endswith(".xml") or "\0" in given or len(given) > 1024:
        return None
    path = subject.path.absolute().parent / given.replace("\\", "/")
    if file_fault(path) is not None or path.resolve() == subject.path.resolve():
        return None
    try:
        start = read_subject(path, notes)
    except DifcalError:
        notes.add(Kind.MISSING, f"{subject.path.name}: its <startSubjectFile> {path} cannot be read.")
        return None
    return start if set(subject.names) <= set(start.names) else None


def _try(
    read: Callable[[Path, Notes], _Read], path: Path, notes: Notes, failures: list[DifcalError]
) -> _Read | None:
    """What a file holds; None after a fault, which is kept."""
    try:
        return read(path, notes)
    except DifcalError as error:
        failures.append(error)
        return None


def trial_names(trials: Sequence[CEINMSTrial]) -> list[str]:
    """Returns different names for all trials, which can be part of a file name."""
    stems = [clean_name(trial.name) for trial in trials]
    names: list[str] = []
    for trial, stem in zip(trials, stems, strict=True):
        name = stem if stems.count(stem) == 1 else f"{clean_name(trial.path.absolute().parent.name)}_{stem}"
        count = 1
        while name in names:
            count += 1
            name = f"{stem}_{count}"
        names.append(name)
    return names


def clean_name(name: str, otherwise: str = "trial") -> str:
    """Returns a name that can be part of a file name.

    Args:
        name: Any.
        otherwise: Where nothing of it can.
    """
    kept = "".join("_" if each in '/\\:*?"<>|' or not each.isprintable() else each for each in name)
    return kept.lstrip(".") or otherwise
