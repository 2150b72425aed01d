"""Reads a trial: coordinates, joint moments and excitations onto one time grid."""

import logging
from collections.abc import Sequence
from functools import partial

from opensim_difcal.errors import DifcalError, raise_problems
from opensim_difcal.inputs.data_warnings import data_warnings, instants_of
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.inputs.trial_checks import check_signs, failures, trial_faults
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles, TrialFiles
from opensim_difcal.inputs.trial_source import ROUNDING, TrialSettings, TrialSource

_log = logging.getLogger("opensim_difcal")


def read_trial(
    files: TrialFiles | ExecutionTrialFiles, muscle_paths: MusclePaths, settings: TrialSettings
) -> Trial:
    """Returns a trial on a uniform time grid from the first to the last scored time.

    Coordinates are low-passed over their whole file, joint moments taken as they are; both
    are splined onto the grid. Muscles without an excitation have zeros and a note.

    Args:
        files: Where the measurements are.
        muscle_paths: The model, the muscles of the trial and the tracked coordinates.
        settings: How it is read.

    Raises:
        TrialError: If the files contradict each other or the model.
        DifcalError: Of another kind, if a file cannot be read or a name is not in the model.
        Problems: If several things are wrong.
    """
    source = TrialSource(files, muscle_paths, settings)
    _check(source)
    return _read(source)


def read_trials(
    all_files: Sequence[TrialFiles | ExecutionTrialFiles], muscle_paths: MusclePaths, settings: TrialSettings
) -> tuple[Trial, ...]:
    """Returns several trials of one model; see `read_trial`.

    Args:
        all_files: Where the measurements of each trial are.
        muscle_paths: As for `read_trial`.
        settings: Likewise.

    Raises:
        DifcalError: As for `read_trial`.
        Problems: If several things are wrong, in one trial or in several.
    """
    sources = [TrialSource(files, muscle_paths, settings) for files in all_files]
    raise_problems(failures([partial(_check, source) for source in sources]))
    grids = [(source, source.grid()[0]) for source in sources]
    muscle_paths.prepare([(time, source.smooth_motion(time)) for source, time in grids])
    trials: list[Trial] = []
    raise_problems(failures([partial(_append, trials, source) for source in sources]))
    return tuple(trials)


def _check(source: TrialSource) -> None:
    raise_problems(trial_faults(source))


def _append(trials: list[Trial], source: TrialSource) -> None:
    trials.append(_read(source))


def trial_problems(
    files: TrialFiles | ExecutionTrialFiles,
    muscle_paths: MusclePaths,
    settings: TrialSettings,
    *,
    check_crossing: bool = True,
) -> list[DifcalError]:
    """Returns everything that is wrong with a trial; see `trial_findings`."""
    return trial_findings(files, muscle_paths, settings, check_crossing=check_crossing)[0]


def trial_findings(
    files: TrialFiles | ExecutionTrialFiles,
    muscle_paths: MusclePaths,
    settings: TrialSettings,
    *,
    check_crossing: bool = True,
) -> tuple[list[DifcalError], list[str]]:
    """Returns everything that is wrong with a trial, and what looks wrong, with little computation.

    Excitations and moment arms are compared with the measured moments at some instants only,
    and when nothing else is wrong.

    Args:
        files: As for `read_trial`.
        muscle_paths: Likewise; names that are not known are left out, and then not checked.
        settings: Likewise.
        check_crossing: Whether muscles must cross a coordinate and each coordinate be
            crossed.
    """
    source = TrialSource(files, muscle_paths, settings)
    faults = trial_faults(source, check_crossing=check_crossing)
    if faults or not check_crossing or not source.coordinate_names or not source.muscle_names:
        return faults, []
    warnings: list[str] = []
    return failures([lambda: warnings.extend(_compared_at_some_instants(source))]), warnings


def _compared_at_some_instants(source: TrialSource) -> list[str]:
    """What looks wrong when excitations, moment arms and moments are held against each other.

    Raises:
        TrialError: If the muscles cannot produce the moments.
    """
    time, n_lead_in = source.grid()
    time = time[instants_of(time, n_lead_in)]
    moment_arm, joint_moment = source.geometry(time).moment_arm, source.measured_moments(time)
    notes = [] if source.tables.forces is None else check_signs(source, moment_arm, joint_moment)
    return notes + data_warnings(source, time, moment_arm, joint_moment)


def _read(source: TrialSource) -> Trial:
    """The trial, in which no check has found a fault."""
    time, n_lead_in = source.grid()
    geometry = source.geometry(time)
    recording, notes = source.recording(time)
    excitation = source.excitation(time, recording)
    joint_moment = source.measured_moments(time)
    scored = slice(n_lead_in, None)
    notes = [*source.motion.notes, *notes, *_lead_in_notes(source, n_lead_in)]
    if source.tables.forces is not None:
        notes += check_signs(source, geometry.moment_arm[scored], joint_moment[scored])
    some = instants_of(time, n_lead_in)
    warnings = data_warnings(source, time[some], geometry.moment_arm[some], joint_moment[some])
    for warning in warnings:
        _log.warning("%s", warning)
    notes += warnings
    if geometry.exact_moment_arms:
        pairs = ", ".join(f"{muscle} at {coordinate}" for coordinate, muscle in geometry.exact_moment_arms)
        notes.append(f"{source.where}: moment arms by OpenSim's slower method: {pairs}.")
    return Trial(
        name=source.files.name,
        role=source.files.role,
        muscle_names=source.muscle_names,
        coordinate_names=source.coordinate_names,
        time=time,
        n_lead_in=n_lead_in,
        excitation=excitation,
        muscle_tendon_length=geometry.muscle_tendon_length,
        moment_arm=geometry.moment_arm,
        joint_moment=joint_moment,
        notes=tuple(notes),
        recording=None if source.tables.excitations is None else recording,
        task=getattr(source.files, "task", ""),
    )


def _lead_in_notes(source: TrialSource, n_lead_in: int) -> list[str]:
    wanted, lasts = source.settings.lead_in, n_lead_in * source.settings.time_step
    if wanted - lasts < 0.5 * source.settings.time_step + ROUNDING:
        return []
    return [
        f"{source.where}: the lead-in lasts {lasts:g} s instead of {wanted:g} s, because a file begins later."
    ]
