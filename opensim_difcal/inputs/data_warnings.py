"""What only data can show to be wrong with a trial, in sentences. Suspicions, not errors.

Each tells where, what was found, what is expected, and what to look at.
"""

from collections.abc import Sequence

import numpy as np
import opensim
from jaxtyping import Int

from opensim_difcal.inputs.coordinates import force_label
from opensim_difcal.inputs.data_checks import (
    LEADS,
    PLAUSIBLE_LEADS,
    LeadFit,
    PerCoordinate,
    Strengths,
    channel_strengths,
    common_lead,
    correlations,
    excitation_at_leads,
    expected_moments,
    fits_the_other_side,
    is_plausible,
    is_short,
    largest_moments,
    lead_fit,
    mean_opposed,
    opposed,
    swapped_channels,
    within,
)
from opensim_difcal.inputs.sides import other_side, side_of
from opensim_difcal.inputs.signals import resample
from opensim_difcal.inputs.storage import Table
from opensim_difcal.inputs.trial_source import TrialSource
from opensim_difcal.shapes import CoordinateArray, MomentArmArray, TimeArray

N_INSTANTS = 100
_MIN_RATE = 20.0  # Hz: envelopes and joint moments hold frequencies to some 6 to 10 Hz
_SILENT = 0.02  # an envelope's largest value
_FARTHEST = 50.0  # m
_TOO_STRONG, _MILLIMETERS, _TOO_WEAK = 3.0, 100.0, 0.015  # measured moment by what the muscles can make
_CLEARLY = 0.02  # correlation, by which one explanation is better than another
_LEAST = 0.5  # N m, of what muscles can make, to be compared
_EXPECTED_LEADS = f"{1000 * PLAUSIBLE_LEADS[0]:.0f} to {1000 * PLAUSIBLE_LEADS[1]:.0f} ms"


def data_warnings(
    source: TrialSource, time: TimeArray, moment_arm: MomentArmArray, joint_moment: CoordinateArray
) -> list[str]:
    """Returns what looks wrong with a trial in which no check found a fault.

    Args:
        source: The trial.
        time: Some instants of the scored range, s.
        moment_arm: Then, m.
        joint_moment: Then, N m; NaN for a trial without inverse dynamics.
    """
    found = [*_rates(source), *_translations(source), *_sides_of_columns(source), *_faint(source)]
    if source.tables.forces is None or not source.coordinate_names:
        return found
    strength = _strengths(source)
    found += _sizes(source, largest_moments(moment_arm, strength), joint_moment)
    if source.drivers:
        found += _misfits(source, time, moment_arm, joint_moment)
    return found


def instants_of(time: TimeArray, n_lead_in: int) -> Int[np.ndarray, " instant"]:
    """Returns which samples of a trial are looked at, by their index."""
    n = min(N_INSTANTS, len(time) - n_lead_in)
    return np.linspace(n_lead_in, len(time) - 1, n).round().astype(int)


def _rates(source: TrialSource) -> list[str]:
    """Files with too few samples for what they hold."""
    kinds = (source.tables.forces, "joint moments"), (source.tables.excitations, "EMG envelopes")
    found = []
    for table, what in kinds:
        if table is None or len(table.time) < 2:
            continue
        rate = 1.0 / float(np.median(np.diff(table.time)))
        if rate < _MIN_RATE:
            found.append(
                f"{table.path}: {rate:.3g} samples a second are too few for {what}, which change up to some "
                f"10 times a second; expected are {_MIN_RATE:g} or more. Export the file at its full rate."
            )
    return found


def _translations(source: TrialSource) -> list[str]:
    """Translations that no room holds."""
    coordinates = source.model.getCoordinateSet()
    found = []
    for name, values in source.motion.values.items():
        if coordinates.get(name).getMotionType() != opensim.Coordinate.Translational:
            continue
        worst = float(values[np.argmax(np.abs(values))])
        if abs(worst) > _FARTHEST:
            found.append(
                f"{source.tables.coordinates.path}: coordinate {name!r} reaches {worst:.4g} m. Translations "
                f"are meters, and more than {_FARTHEST:g} are not expected. If the file holds millimeters, "
                "divide its translations by 1000."
            )
    return found


def _sides_of_columns(source: TrialSource) -> list[str]:
    """Columns that name one side and drive muscles of the other."""
    crossed: dict[str, list[str]] = {}
    for muscle, columns in source.drivers.items():
        for column in columns:
            if side_of(column) and side_of(muscle) and side_of(column) != side_of(muscle):
                crossed.setdefault(column, []).append(muscle)
    return [
        f"{source.tables.excitations.path}: column {column!r} is of the {side_of(column)} side by its name, "
        f"but drives {', '.join(muscles)}. Check <excitation_map>."
        for column, muscles in crossed.items()
        if source.tables.excitations is not None
    ]


def _faint(source: TrialSource) -> list[str]:
    """Excitations all of which are hardly there."""
    table = source.tables.excitations
    columns = sorted({column for columns in source.drivers.values() for column in columns})
    if table is None or not columns:
        return []
    largest = max(float(np.max(table.column(column))) for column in columns)
    if largest >= _SILENT:
        return []
    return [
        f"{table.path}: no excitation that drives a muscle exceeds {largest:.2g} in the whole file; expected "
        "are parts of the largest contraction, 0 to 1. If the file holds volts, divide every envelope by its "
        "largest value over all trials."
    ]


def _sizes(source: TrialSource, able: PerCoordinate, joint_moment: CoordinateArray) -> list[str]:
    """Moments that are far beyond the muscles, or hardly there."""
    comparable = able > _LEAST
    if not comparable.any() or source.tables.forces is None:
        return []
    peak = np.abs(joint_moment).max(axis=0)
    ratio = np.where(comparable, peak / np.maximum(able, _LEAST), 0.0)
    path = source.tables.forces.path
    if float(ratio.max()) < _TOO_WEAK:
        c = int(np.argmax(ratio))
        return [
            f"{path}: {source.where}: all joint moments are below {100 * _TOO_WEAK:g} % of what the muscles "
            f"can make: {source.coordinate_names[c]!r} reaches {peak[c]:.3g} of {able[c]:.3g} N m. Moments "
            "are N m. If the file holds N m/kg, multiply by the body mass."
        ]
    return [
        f"{path}: {source.where}: the moment of {source.coordinate_names[c]!r} reaches {peak[c]:.4g} N m, "
        f"{ratio[c]:.3g} times what the muscles of the trial can make ({able[c]:.3g} N m). "
        + (
            "Moments are N m; if the file holds N mm, divide by 1000."
            if ratio[c] > _MILLIMETERS
            else "Check the unit (N m, not N mm), the model's max_isometric_force, and for missing muscles."
        )
        for c in np.flatnonzero(ratio > _TOO_STRONG)
    ]


def _misfits(
    source: TrialSource, time: TimeArray, moment_arm: MomentArmArray, joint_moment: CoordinateArray
) -> list[str]:
    """Excitations that fit another side, other channels, another sign or another time than theirs."""
    table = source.tables.excitations
    assert table is not None, "muscles are driven by columns of a file"
    columns = sorted({column for each in source.drivers.values() for column in each})
    drivers = [
        [columns.index(column) for column in source.drivers.get(name, ())] for name in source.muscle_names
    ]
    strength = channel_strengths(moment_arm, _strengths(source), drivers, len(columns))
    written = np.column_stack([table.column(column) for column in columns])
    excitation = excitation_at_leads(table.time, written, time, LEADS)
    expected = expected_moments(excitation, strength)
    own = within(correlations(expected, joint_moment), time)
    plausible = is_plausible(LEADS)
    other = correlations(expected[plausible], _other_moments(source, time))
    in_time = common_lead(own)[1]  # how well all fits when nothing but the time base is wrong
    side = fits_the_other_side(own[plausible], other)
    if side is not None and side[1] >= max(in_time, mean_opposed(own[plausible])):
        return [_other_side(source, *side)]
    swap = swapped_channels(excitation[plausible], strength, joint_moment, short=is_short(time))
    against = opposed(own[plausible])
    sign = -np.nan_to_num(against)  # how well each coordinate fits when nothing but its sign is wrong
    if swap is not None and swap.mean_after >= in_time and swap.after >= sign[swap.coordinate] + _CLEARLY:
        one, two = (columns[i] for i in swap.channels)
        return [
            f"{table.path}: {source.where}: columns {one!r} and {two!r} seem to be swapped: the other way "
            f"round the moment of {source.coordinate_names[swap.coordinate]!r} fits with a correlation of "
            f"{swap.after:.2f} instead of {swap.before:.2f}. Check the electrodes' channels."
        ]
    found: list[str] = []
    late: dict[str, LeadFit] = {}
    for c, name in enumerate(source.coordinate_names):
        fit = lead_fit(own[:, c], short=is_short(time))
        if fit is not None and fit.is_implausible and fit.correlation >= sign[c]:
            late[name] = fit
        elif not np.isnan(against[c]):
            found.append(_opposed(source, name, float(against[c])))
    return found + ([_time_base(source, late)] if late else [])


def _other_side(source: TrialSource, own: float, other: float) -> str:
    return (
        f"{source.where}: excitations times strength and moment arm fit the joint moments of the other side "
        f"(mean correlation {other:.2f}) and not those of their own ({own:.2f}). Left and right seem to be "
        f"swapped in {source.files.excitations_file} or {source.files.generalized_forces_file}; or the EMG "
        "is off by half a cycle."
    )


def _opposed(source: TrialSource, name: str, correlation: float) -> str:
    return (
        f"{source.where}: coordinate {name!r}: excitations times strength and moment arm run against the "
        f"measured moment (correlation {correlation:.2f}). Check the sign of column "
        f"{force_label(source.model, name)!r} of {source.files.generalized_forces_file} (knee extension is "
        "positive in some models and negative in others), the side, the channels and the time base."
    )


def _time_base(source: TrialSource, fits: dict[str, LeadFit]) -> str:
    each = "; ".join(
        f"at {name} it {'leads' if fit.lead > 0 else 'lags'} by {1000 * abs(fit.lead):.0f} ms (correlation "
        f"{fit.correlation:.2f}, within the expected leads {fit.plausible_correlation:.2f})"
        for name, fit in fits.items()
    )
    return (
        f"{source.where}: the EMG does not fit the joint moments in time: {each}. "
        f"Expected are leads of {_EXPECTED_LEADS}. Check the trigger, and that the times of "
        f"{source.files.excitations_file} and {source.files.generalized_forces_file} begin at the same "
        "instant."
    )


def _strengths(source: TrialSource) -> Strengths:
    muscles = source.model.getMuscles()
    return np.array([muscles.get(name).getMaxIsometricForce() for name in source.muscle_names])


def _other_moments(source: TrialSource, time: TimeArray) -> CoordinateArray:
    """Moments of the other side's coordinates; zero, which fits nothing, where there are none."""
    table = source.tables.forces
    assert table is not None, "asked for the moments of a trial without inverse dynamics"
    columns: Sequence[np.ndarray] = [_other_moment(source, table, name) for name in source.coordinate_names]
    return resample(table.time, np.column_stack(columns), time)


def _other_moment(source: TrialSource, table: Table, name: str) -> TimeArray:
    other = other_side(name)
    label = force_label(source.model, name).replace(name, other or "", 1)
    return table.column(label) if other and label in table.labels else np.zeros(len(table.time))
