"""parameters.csv: every calibrated number, one per row."""

import csv
import io
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.confidence import Identifiability
from opensim_difcal.calibration.result import PARAMETER_UNITS, CalibrationResult

HEADER = (
    "muscle",
    "parameter",
    "unit",
    "initial",
    "final",
    "change_percent",
    "lower",
    "upper",
    "at_bound",
    "standard_error",
    "lower_95",
    "upper_95",
    "informed",
    "standard_error_with_prior",
    "lower_95_with_prior",
    "upper_95_with_prior",
    "strength_group",
)


def write_parameters(path: Path, result: CalibrationResult) -> None:
    """Writes one row per muscle and parameter, atomically and without rounding.

    The change is relative to the size of the start value, so that a positive percentage
    is an increase for the negative activation parameters too. It is empty where the
    start value is zero. at_bound and informed are "true" or "false"; strength_group stands
    with max_isometric_force only. Standard error and 95 % interval are those that the trials
    alone allow, then those with the prior; they are empty where nothing is known of them.

    Args:
        path: The file, usually parameters.csv.
        result: The calibration.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for muscle, name in enumerate(result.muscle_names):
        writer.writerows(_row(result, muscle, name, parameter) for parameter in result.parameters)
    write_atomically(path, text.getvalue().encode())


def _row(result: CalibrationResult, muscle: int, name: str, parameter: str) -> list[str | float]:
    change = result.parameters[parameter]
    initial, final = float(change.initial[muscle]), float(change.final[muscle])
    is_strength = parameter == "max_isometric_force"
    return [
        name,
        parameter,
        PARAMETER_UNITS[parameter],
        initial,
        final,
        100.0 * (final - initial) / abs(initial) if initial != 0.0 else "",
        float(change.lower[muscle]),
        float(change.upper[muscle]),
        "true" if change.at_bound[muscle] else "false",
        *_confidence(result.identifiability, parameter, muscle),
        _strength_group(result, name) if is_strength else "",
    ]


def _confidence(known: Identifiability | None, parameter: str, muscle: int) -> list[str | float]:
    if known is None or not known.is_calibrated(parameter)[muscle]:
        return [""] * 7
    alone, with_prior = (
        [float(values[muscle]) for values in vars(intervals[parameter]).values()]
        for intervals in (known.by_trials, known.with_prior)
    )
    return [*alone, "true" if known.informed[parameter][muscle] else "false", *with_prior]


def _strength_group(result: CalibrationResult, muscle: str) -> str:
    return next((group for group, members in result.strength_groups.items() if muscle in members), "")
