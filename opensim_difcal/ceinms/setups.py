"""The two setup files of CEINMS: which files belong to a calibration, or to an execution."""

from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.ceinms.notes import Notes
from opensim_difcal.ceinms.reader import Reader

CALIBRATION_ROOT = "ceinmsCalibration"
EXECUTION_ROOT = "ceinms"


@dataclass(frozen=True, kw_only=True)
class CalibrationSetup:
    """A `<ceinmsCalibration>`."""

    subject_file: Path
    excitation_generator_file: Path
    calibration_file: Path
    output_subject_file: Path | None


@dataclass(frozen=True, kw_only=True)
class ExecutionSetup:
    """A `<ceinms>`."""

    subject_file: Path
    excitation_generator_file: Path
    execution_file: Path
    input_data_file: Path


def read_calibration_setup(path: Path, notes: Notes) -> CalibrationSetup:
    """Reads a `<ceinmsCalibration>`.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root(CALIBRATION_ROOT)
    required = {name: reader.file(root, name, required=True) for name in _CALIBRATION}
    output = reader.file(root, "outputSubjectFile")
    reader.leave_out(root, (*_CALIBRATION, "outputSubjectFile"), f"<{CALIBRATION_ROOT}>")
    reader.raise_errors()
    subject, generator, calibration = (_given(required[name]) for name in _CALIBRATION)
    return CalibrationSetup(
        subject_file=subject,
        excitation_generator_file=generator,
        calibration_file=calibration,
        output_subject_file=output,
    )


def read_execution_setup(path: Path, notes: Notes) -> ExecutionSetup:
    """Reads a `<ceinms>`.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root(EXECUTION_ROOT)
    required = {name: reader.file(root, name, required=True) for name in _EXECUTION}
    reader.leave_out(root, (*_EXECUTION, "outputDirectory"), f"<{EXECUTION_ROOT}>")
    reader.raise_errors()
    subject, generator, execution, trial = (_given(required[name]) for name in _EXECUTION)
    return ExecutionSetup(
        subject_file=subject,
        excitation_generator_file=generator,
        execution_file=execution,
        input_data_file=trial,
    )


_CALIBRATION = ("subjectFile", "excitationGeneratorFile", "calibrationFile")
_EXECUTION = ("subjectFile", "excitationGeneratorFile", "executionFile", "inputDataFile")


def _given(path: Path | None) -> Path:
    assert path is not None, "what is required and missing was refused"
    return path
