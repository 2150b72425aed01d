"""conversion.csv: every number of every muscle before and after its conversion, and its forces."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.inputs.thelen_conversion import ParameterPair
from opensim_difcal.outputs.conversion_forces import ComparedTrial, ForceChange, MomentChange

HEADER = ("component", "trial", "quantity", "unit", "thelen", "millard", "difference", "millard_property")

Row = tuple[str, str, str, str, float | str, float | str, float | str, str]


def write_conversion(
    path: Path,
    parameters: Mapping[str, Sequence[ParameterPair]],
    trials: Sequence[ComparedTrial],
    max_isometric_force: Mapping[str, float],
) -> None:
    """Writes the table, atomically and without rounding.

    A row without a trial is a parameter: `quantity` is the Thelen2003Muscle's property, or, where it has
    none, the Millard muscle's; where only one of them has it, the other's value is empty. Rows with a
    trial are about tendon forces of a muscle, or moments of a coordinate.

    Args:
        path: The file, usually conversion.csv.
        parameters: By muscle.
        trials: What OpenSim integrated.
        max_isometric_force: N, by muscle.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for muscle, pairs in parameters.items():
        writer.writerows(_parameter(muscle, pair) for pair in pairs)
    for trial in trials:
        for change in trial.force_changes(max_isometric_force):
            writer.writerows(_force_rows(change))
        for moment in trial.moment_changes():
            writer.writerows(_moment_rows(moment))
        writer.writerows(
            (name, trial.name, "not_compared", "", "", "", "", why) for name, why in trial.failed.items()
        )
    write_atomically(path, text.getvalue().encode())


def _parameter(muscle: str, pair: ParameterPair) -> Row:
    return (
        muscle,
        "",
        pair.thelen_property or pair.millard_property,
        pair.unit,
        "" if pair.thelen is None else pair.thelen,
        "" if pair.millard is None else pair.millard,
        "" if pair.thelen is None or pair.millard is None else pair.millard - pair.thelen,
        pair.millard_property,
    )


def _force_rows(change: ForceChange) -> Iterator[Row]:
    start, percent = (change.muscle, change.trial), 100.0 / change.max_isometric_force
    rms, thelen = change.rms, change.thelen_rms
    yield *start, "tendon_force_rms", "N", thelen, "", rms, ""
    yield *start, "tendon_force_rms", "% of max_isometric_force", percent * thelen, "", percent * rms, ""
    before, after = change.thelen[0], change.millard[0]
    yield *start, "tendon_force_at_largest_difference", "N", before, after, change.largest, ""
    shares = percent * before, percent * after, percent * change.largest
    yield *start, "tendon_force_at_largest_difference", "% of max_isometric_force", *shares, ""
    yield *start, "time_of_largest_difference", "s", change.time, change.time, "", ""
    for i, quantity in ((1, "normalized_fiber_length"), (2, "normalized_fiber_velocity")):
        pair = change.thelen[i], change.millard[i]
        yield *start, f"{quantity}_at_largest_difference", "", *pair, pair[1] - pair[0], ""


def _moment_rows(change: MomentChange) -> Iterator[Row]:
    start = change.coordinate, change.trial
    yield *start, "joint_moment_rms", "N m", change.thelen_rms, "", change.rms, ""
    yield *start, "joint_moment_largest_difference", "N m", "", "", change.largest, ""
