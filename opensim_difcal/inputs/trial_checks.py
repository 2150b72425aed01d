"""What can be wrong with a trial, each with a message that says how to put it right."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from opensim_difcal.errors import DifcalError, TrialError
from opensim_difcal.inputs.coordinates import force_label
from opensim_difcal.inputs.data_checks import is_raw
from opensim_difcal.inputs.sides import side_of
from opensim_difcal.inputs.signals import check_cutoff, check_uniform
from opensim_difcal.inputs.storage import Table, read_storage
from opensim_difcal.inputs.trial_source import ROUNDING, TrialSource
from opensim_difcal.shapes import CoordinateArray, MomentArmArray
from opensim_difcal.wording import listed

_MIN_SAMPLES = 10
_MAX_SAMPLES = 10_000_000  # which take gigabytes; measurements have thousands
_RIPPLE = 0.05  # of a filter, beyond 0..1
_MAX_SHARE_OUTSIDE = 0.02
_MAX_EXCITATION = 1.5
_MIN_MOMENT_ARM = 1e-3  # m, to count as able to produce a moment
_CONTRADICTED, _UNEXPLAINED = 0.5, 0.1  # shares of the measured moment
_SLOWEST = 0.75  # s, a time step that no recording has
_PERCENT = 150.0  # an envelope in percent stays below


def trial_faults(source: TrialSource, *, check_crossing: bool = True) -> list[DifcalError]:
    """Returns everything that can be found without muscle geometry.

    Args:
        source: The trial. One without coordinates or muscles, because their names are at
            fault, is checked as far as that goes.
        check_crossing: Whether muscles must cross a coordinate of the source, and each
            coordinate be crossed; without sense where a coordinate is missing.
    """
    try:
        tables = source.tables
    except DifcalError:
        return failures([partial(read_storage, path) for path in source.paths])
    found = failures([partial(check_time_unit, table) for table in tables.all])
    if found:
        return found  # nothing else would make sense
    found = failures([partial(check_uniform, table) for table in tables.all])
    cutoff = source.settings.lowpass_cutoff_frequency_for_coordinates
    return found + failures(
        [
            partial(check_cutoff, tables.coordinates.path, tables.coordinates.time, cutoff),
            lambda: source.motion,
            partial(check_moments, source),
            lambda: source.drivers,
            partial(check_time_range, source),
            partial(check_excitations, source),
            *([partial(check_spans, source)] if check_crossing else []),
        ]
    )


def failures(checks: Sequence[Callable[[], object]]) -> list[DifcalError]:
    """Returns the errors that checks raise, each once."""
    found: dict[str, DifcalError] = {}
    for check in checks:
        try:
            check()
        except DifcalError as error:
            found.setdefault(str(error), error)
    return list(found.values())


def check_time_unit(table: Table) -> None:
    """Refuses times in milliseconds."""
    step = float(np.median(np.diff(table.time))) if len(table.time) > 1 else 0.0
    if step >= _SLOWEST:
        raise TrialError(
            f"{table.path}: time runs in steps of {step:.4g}, from {table.time[0]:.6g} to "
            f"{table.time[-1]:.6g}. Times are seconds, and steps below {_SLOWEST:g} s are expected. If the "
            "file holds milliseconds, divide its times by 1000."
        )


def check_moments(source: TrialSource) -> None:
    """Refuses a missing column of a joint moment, and one without any change that is to be tracked."""
    table, (first, last) = source.tables.forces, source.files.time_range
    if not source.coordinate_names or table is None:
        return
    time, moments = source.moment_table()
    moments = moments[(time >= first) & (time <= last)]
    for name, moment in zip(source.coordinate_names, moments.T, strict=True):
        if len(moment) > 1 and np.ptp(moment) == 0.0 and not source.settings.only_scored:
            raise TrialError(
                f"{table.path}: column {force_label(source.model, name)!r} is {moment[0]:g} at every time of "
                f"trial {source.files.name!r}, {first:g} to {last:g} s, so it cannot be scored. Leave "
                f"{name!r} out of <coordinates>, or give another trial or <time_range>."
            )


def check_time_range(source: TrialSource) -> None:
    """Refuses a time range that is too short, or that the files do not cover."""
    time_step, lead_in = source.settings.time_step, source.settings.lead_in
    if time_step <= 0 or lead_in < 0 or source.delay < 0:
        raise TrialError(
            f"<time_step> is {time_step:g} s, <lead_in> {lead_in:g} s and <electromechanical_delay> "
            f"{source.delay:g} s. The first must be positive, the others not negative."
        )
    first, last = source.files.time_range
    shortest = (_MIN_SAMPLES - 1) * time_step
    if last - first < shortest - ROUNDING:
        raise TrialError(
            f"{source.where}: <time_range> is {first:g} to {last:g} s. It must rise and last at least "
            f"{shortest:g} s, {_MIN_SAMPLES} samples."
        )
    start, end = source.available()
    n_samples = (last - first + min(lead_in, max(first - start, 0.0))) / time_step
    if n_samples > _MAX_SAMPLES:
        raise TrialError(
            f"{source.where}: <time_range> {first:g} to {last:g} s with a <lead_in> of {lead_in:g} s holds "
            f"{n_samples:.3g} samples; expected at most {_MAX_SAMPLES}. Check that the files give times in "
            "s, and choose a shorter <time_range> or a longer <time_step>."
        )
    if start - ROUNDING <= first and last <= end + ROUNDING:
        return
    lines = []
    for table in source.tables.all:
        start_lost, end_lost = (
            source.covered(table)[0] - table.time[0],
            source.covered(table)[1] - table.time[-1],
        )
        lines.append(
            f"{table.path} holds {table.time[0]:g} to {table.time[-1]:g} s, needed are "
            f"{first - start_lost:g} to {last - end_lost:g} s"
        )
    late = f" Excitations act {source.delay:g} s late." * (source.tables.excitations is not None)
    common = f"All files hold {start:g} to {end:g} s" if start < end else "The files share no time"
    raise TrialError(
        f"{source.where}: <time_range> is {first:g} to {last:g} s, which not every file covers: "
        f"{'; '.join(lines)}.{late} {common}; change <time_range>, the <cycles> of a <CycleTrial>, or the "
        "files."
    )


def check_excitations(source: TrialSource) -> None:
    """Refuses excitations that are not normalized."""
    table = source.tables.excitations
    if table is None:
        return
    first, last = source.files.time_range
    first, last = first - source.settings.lead_in - source.delay, last - source.delay
    inside = (table.time >= first) & (table.time <= last)
    for label in sorted({column for columns in source.drivers.values() for column in columns}):
        values = table.column(label)[inside]
        if not len(values):
            return  # the time range is wrong, and said to be
        if is_raw(values):
            raise TrialError(
                f"{table.path}: column {label!r} looks like raw EMG: its mean is about zero, and "
                f"{100 * (values < 0).mean():.0f} % of its samples are negative. Excitations are envelopes, "
                "0 to 1; process the EMG with EMGProcessingTool."
            )
        outside = (values < -_RIPPLE) | (values > 1 + _RIPPLE)
        worst = float(values[np.argmax(np.abs(values - 0.5))])
        if outside.mean() > _MAX_SHARE_OUTSIDE or abs(worst - 0.5) > _MAX_EXCITATION - 0.5:
            percent = "If the file holds percent, divide by 100. " * (_MAX_EXCITATION < worst < _PERCENT)
            raise TrialError(
                f"{table.path}: column {label!r} is not normalized: it reaches {worst:.4g}, and "
                f"{100 * outside.mean():.0f} % of its samples lie outside 0 to 1. {percent}Divide every "
                "envelope by its largest value over all trials, or process the raw EMG with "
                "EMGProcessingTool."
            )


def check_spans(source: TrialSource) -> None:
    """Refuses muscles without a chosen coordinate, and coordinates without a driven muscle."""
    if not source.coordinate_names or not source.muscle_names:
        return
    spans, synthesized = source.muscle_paths.crosses, source.settings.synthesized_muscles
    idle = [name for m, name in enumerate(source.muscle_names) if not spans[:, m].any()]
    if idle:
        raise TrialError(
            f"{source.where}: {', '.join(idle)} cross none of the chosen coordinates "
            f"({', '.join(source.coordinate_names)}). Add a coordinate that they cross to <coordinates>, "
            "or map the excitations without them by <ExcitationChannel> and set "
            "<allow_extra_columns> to true."
        )
    for c, name in enumerate(source.coordinate_names):
        crosses = [muscle for m, muscle in enumerate(source.muscle_names) if spans[c, m]]
        if not any(muscle in source.drivers or muscle in synthesized for muscle in crosses):
            sides = {side_of(muscle) for muscle in source.drivers}
            other = side_of(name) is not None and None not in sides and side_of(name) not in sides
            hint = f" These are of the {sides.pop()} side, the coordinate is of the other." if other else ""
            raise TrialError(
                f"{source.where}: no muscle with an excitation crosses coordinate {name!r}. Remove it from "
                f"<coordinates>, or add excitations. With one are: {listed(source.drivers, '{}')}.{hint}"
            )


def check_signs(source: TrialSource, moment_arm: MomentArmArray, joint_moment: CoordinateArray) -> list[str]:
    """Refuses moments that the muscles can mostly not produce; notes a smaller part.

    Moments that are only compared with are never refused.
    """
    unable = ((joint_moment > 0) & ~(moment_arm > _MIN_MOMENT_ARM).any(axis=-1)) | (
        (joint_moment < 0) & ~(moment_arm < -_MIN_MOMENT_ARM).any(axis=-1)
    )
    size = np.abs(joint_moment)
    shares = (size * unable).sum(axis=0) / np.maximum(size.sum(axis=0), 1e-12)
    notes = []
    for c, name in enumerate(source.coordinate_names):
        sign = "positive" if (joint_moment[:, c] * unable[:, c]).sum() > 0 else "negative"
        part = (
            f"{100 * shares[c]:.0f} % of the measured moment is {sign}, where no muscle has a {sign} "
            "moment arm"
        )
        if shares[c] > _CONTRADICTED and not source.settings.only_scored:
            raise TrialError(
                f"{source.where}: coordinate {name!r}: {part}. Check the sign of column "
                f"{force_label(source.model, name)!r} of {source.files.generalized_forces_file}, that both "
                "belong to the same leg and model, or add excitations of the missing muscles."
            )
        if shares[c] > _UNEXPLAINED:
            notes.append(f"{source.where}: coordinate {name!r}: {part}; it cannot be tracked.")
    return notes
