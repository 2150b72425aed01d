"""Every error this package raises on purpose.

    DifcalError
    ├── SetupFileError      the setup file says something the tool cannot do
    ├── StorageFileError    a .sto or .mot file cannot be read
    ├── ModelError          the .osim model cannot be used
    ├── TrialError          a trial's files contradict each other or the model
    ├── EMGError            raw EMG cannot be made into envelopes
    ├── SynergyError        synergies cannot be extracted from the excitations
    ├── BoundsError         a start value lies outside its bounds
    ├── CalibrationError    the optimization failed
    │   └── NonFiniteError  a force, a length or the cost became NaN or infinite
    ├── ExecutionError      a calibrated model cannot be run as asked
    ├── PipelineError       a stage of a pipeline failed
    ├── CEINMSFileError     a file of CEINMS cannot be read, or says what cannot be used
    └── ClosedLoopError     OpenSim disagrees with the calibrated muscles

A message says where (file and element or column), what, what is allowed and the
remedy. `Problems` carries several of them at once, for `validate`.
"""

from collections.abc import Sequence


class DifcalError(Exception):
    """Base of all errors raised on purpose by this package."""


class SetupFileError(DifcalError, ValueError):
    """The setup file says something the tool cannot do."""


class StorageFileError(DifcalError, ValueError):
    """A .sto or .mot file cannot be read."""


class ModelError(DifcalError, ValueError):
    """The .osim model cannot be used."""


class TrialError(DifcalError, ValueError):
    """A trial's files contradict each other or the model."""


class EMGError(DifcalError, ValueError):
    """Raw EMG cannot be made into envelopes."""


class SynergyError(DifcalError, ValueError):
    """Synergies cannot be extracted from the recorded excitations."""


class BoundsError(DifcalError, ValueError):
    """A start value lies outside its bounds."""


class CalibrationError(DifcalError, RuntimeError):
    """The optimization failed."""


class NonFiniteError(CalibrationError):
    """A force, a length or the cost became NaN or infinite."""


class ExecutionError(DifcalError, ValueError):
    """A calibrated model cannot be run as asked."""


class PipelineError(DifcalError, RuntimeError):
    """A stage of a pipeline failed."""


class CEINMSFileError(DifcalError, ValueError):
    """A file of CEINMS cannot be read, or says what cannot be used."""


class ClosedLoopError(DifcalError, RuntimeError):
    """OpenSim disagrees with the calibrated muscles."""


class Problems(DifcalError, ValueError):
    """Several errors found in one pass.

    Attributes:
        errors: The single errors, in the order they were found.
    """

    def __init__(self, errors: Sequence[DifcalError]):
        """Joins the messages, one numbered line each."""
        self.errors = tuple(errors)
        lines = [f"{i}. {error}" for i, error in enumerate(self.errors, start=1)]
        noun = "problem" if len(lines) == 1 else "problems"
        super().__init__(f"{len(lines)} {noun} found:\n" + "\n".join(lines))


def raise_problems(errors: Sequence[DifcalError]) -> None:
    """Raises the error when there is one, `Problems` when there are several.

    Args:
        errors: What was found; may be empty. `Problems` among them are taken apart.
    """
    single: list[DifcalError] = []
    for error in errors:
        single += error.errors if isinstance(error, Problems) else (error,)
    if single:
        raise single[0] if len(single) == 1 else Problems(single)
