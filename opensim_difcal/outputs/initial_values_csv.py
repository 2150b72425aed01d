"""initial_values.csv: every start value, one per row."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.result import PARAMETER_UNITS
from opensim_difcal.initialization.normalized_lengths import KEPT
from opensim_difcal.initialization.result import InitializationResult, InitializedMuscle

HEADER = ("muscle", "parameter", "unit", "before", "after", "change_percent", "source")
SOURCES = {
    "least_squares": "reference model",
    "tendon_share": "reference model, by its share of tendon",
    "kept": "kept",
    "volume": "muscle volume",
}
"""Words for how a value was found."""


def write_initial_values(path: Path, result: InitializationResult) -> None:
    """Writes one row per muscle and parameter, atomically and without rounding.

    Args:
        path: The file, usually initial_values.csv.
        result: The start values.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for muscle in result.muscles:
        writer.writerows(_rows(muscle))
    write_atomically(path, text.getvalue().encode())


def length_source(muscle: InitializedMuscle) -> str:
    """Returns where a muscle's lengths are from, in words."""
    return SOURCES[muscle.mapping.method if muscle.mapping else KEPT]


def force_source(muscle: InitializedMuscle) -> str:
    """Returns where a muscle's maximum isometric force is from, in words."""
    return SOURCES[KEPT if muscle.volume is None else "volume"]


def _rows(muscle: InitializedMuscle) -> Iterator[list[str | float]]:
    for parameter, source in (
        ("optimal_fiber_length", length_source(muscle)),
        ("tendon_slack_length", length_source(muscle)),
        ("max_isometric_force", force_source(muscle)),
    ):
        before, after = getattr(muscle, parameter)
        change = 100.0 * (after / before - 1.0)
        yield [muscle.name, parameter, PARAMETER_UNITS[parameter], before, after, change, source]
