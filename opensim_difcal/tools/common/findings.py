"""What `validate` finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from opensim_difcal.errors import DifcalError


@dataclass(frozen=True)
class Findings:
    """What is wrong with a tool's inputs, and what looks wrong.

    Attributes:
        problems: Errors; the tool would not run.
        warnings: Sentences about what only data can show. The tool runs, and says them too.
    """

    problems: Sequence[DifcalError]
    warnings: Sequence[str] = ()
