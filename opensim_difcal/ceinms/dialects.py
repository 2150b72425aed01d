"""What CEINMS 0.9, CEINMS 0.21 and CEINMS-RT call the same thing.

Names here are those of CEINMS 0.9. Upper and lower case do not matter.

References:
    The schemas and the manual of CEINMS 0.9, files written by version 0.21, and the
    documentation of CEINMS-RT.
"""

import re
from enum import Enum


class Dialect(Enum):
    """Which program a file was written for; the value is its name."""

    CEINMS_0_9 = "CEINMS 0.9"
    CEINMS_0_21 = "CEINMS 0.21"
    CEINMS_RT = "CEINMS-RT"


OTHER_NAMES = {
    "mtuDefault": ("muscleDefault",),
    "mtuSet": ("muscles",),
    "mtu": ("muscle",),
    "optimalFibreLength": ("optimalFiberLength",),
    "dofSet": ("DoFs",),
    "dof": ("DoF",),
    "mtuNameSet": ("muscleSequence",),
    "synthMTUs": ("predictedMuscles",),
    "adjustMTUs": ("trackedMuscles",),
}
"""Further names of an element, by its name in CEINMS 0.9."""

MISSPELLED = {"weight": ("weigth",), "adjustMTUs": ("trackedMuscles",), "synthMTUs": ("predictedMuscles",)}
"""Names that the manual of CEINMS has and its schema refuses; accepted, and told."""

PARAMETERS = (
    "c1",
    "c2",
    "shapeFactor",
    "optimalFibreLength",
    "pennationAngle",
    "tendonSlackLength",
    "maxContractionVelocity",
    "maxIsometricForce",
    "strengthCoefficient",
    "emDelay",
    "percentageChange",
    "damping",
)
"""Parameters that a calibration of CEINMS can name."""

TENDONS = ("stiff", "integrationElastic", "equilibriumElastic")
ACTIVATIONS = ("exponential", "piecewise")

DEFAULT_DELAY = 0.015  # s
DEFAULT_PERCENTAGE_CHANGE = 0.15
DEFAULT_DAMPING = 0.1

_ABSOLUTE = re.compile(r"^(?:[/\\]|[A-Za-z]:[/\\])")


def canonical(name: str) -> str:
    """Returns how CEINMS 0.9 spells a parameter's name; the word itself when it is none."""
    spelled = {other.lower(): each for each, others in OTHER_NAMES.items() for other in others}
    known = {each.lower(): each for each in PARAMETERS}
    return known.get(spelled.get(name.lower(), name).lower(), name)


def is_absolute(path: str) -> bool:
    """Whether a path is absolute on any system."""
    return bool(_ABSOLUTE.match(path))
