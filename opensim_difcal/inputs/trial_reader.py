"""Reads a trial: coordinates, joint moments and excitations onto one time grid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import final

import numpy as np
import opensim

from opensim_difcal.errors import DifcalError, Problems, TrialError
from opensim_difcal.inputs.coordinates import coordinate_values, force_label
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.geometry import MuscleGeometry, crossing, muscle_geometry
from opensim_difcal.inputs.signals import (
    check_cutoff,
    check_uniform,
    lowpass,
    resample,
    resample_monotone,
)
from opensim_difcal.inputs.storage import Table, read_storage
from opensim_difcal.inputs.trial import Trial, TrialFiles
from opensim_difcal.shapes import CoordinateArray, MomentArmArray, MuscleArray, TimeArray
from opensim_difcal.wording import counted, did_you_mean, listed

_MIN_SAMPLES = 10
_ROUNDING = 1e-6  # s, of printed times
_RIPPLE = 0.05  # of a filter, beyond 0..1
_MAX_SHARE_OUTSIDE = 0.02
_MAX_EXCITATION = 1.5
_SILENT = 0.01  # an excitation that stays below drives nothing
_MIN_MOMENT_ARM = 1e-3  # m, to count as able to produce a moment
_CONTRADICTED, _UNEXPLAINED = 0.5, 0.1  # shares of the measured moment
_OPPOSED = -0.3  # correlation


def read_trial(
    files: TrialFiles,
    model: opensim.Model,
    muscle_names: Sequence[str],
    coordinate_names: Sequence[str],
    excitation_map: Sequence[ExcitationChannel],
    *,
    time_step: float,
    lead_in: float,
    electromechanical_delay: float,
    lowpass_cutoff_frequency_for_coordinates: float,
    allow_extra_columns: bool,
) -> Trial:
    """Returns a trial on a uniform time grid from the first to the last scored time.

    Coordinates are low-passed over their whole file, joint moments taken as they are; both
    are splined onto the grid. Muscles without an excitation have zeros and a note.

    Args:
        files: Where the measurements are.
        model: An initialized model.
        muscle_names: Muscles of the trial.
        coordinate_names: Coordinates whose joint moments are tracked.
        excitation_map: Which columns drive which muscles; empty when columns are named
            after muscles.
        time_step: s.
        lead_in: Simulated but not scored before the time range, s; shorter where a file
            begins later.
        electromechanical_delay: From excitation to neural activation, s.
        lowpass_cutoff_frequency_for_coordinates: Hz; -1 for none.
        allow_extra_columns: Whether excitation columns that drive nothing are ignored.

    Raises:
        TrialError: If the files contradict each other or the model.
        DifcalError: Of another kind, if a file cannot be read or a name is not in the model.
        Problems: If several things are wrong.
    """
    reader = _TrialReader(
        files,
        model,
        tuple(muscle_names),
        tuple(coordinate_names),
        tuple(excitation_map),
        time_step,
        lead_in,
        electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates,
        allow_extra_columns,
    )
    problems = reader.problems()
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)
    return reader.read()


def trial_problems(
    files: TrialFiles,
    model: opensim.Model,
    muscle_names: Sequence[str],
    coordinate_names: Sequence[str],
    excitation_map: Sequence[ExcitationChannel],
    *,
    time_step: float,
    lead_in: float,
    electromechanical_delay: float,
    lowpass_cutoff_frequency_for_coordinates: float,
    allow_extra_columns: bool,
) -> list[DifcalError]:
    """Returns everything that is wrong with a trial, with little computation.

    The arguments are those of `read_trial`. Signs of moment arms are compared with the
    measured moments at a few instants only, and when nothing else is wrong.
    """
    reader = _TrialReader(
        files,
        model,
        tuple(muscle_names),
        tuple(coordinate_names),
        tuple(excitation_map),
        time_step,
        lead_in,
        electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates,
        allow_extra_columns,
    )
    return reader.problems() or _failures([reader.check_signs_at_a_few_instants])


def driven_muscles(
    excitations_file: str,
    labels: Sequence[str],
    excitation_map: Sequence[ExcitationChannel],
    model_muscle_names: Sequence[str],
    *,
    allow_extra_columns: bool = False,
) -> dict[str, tuple[str, ...]]:
    """Returns the muscles that have an excitation, in the model's order, and their columns.

    Args:
        excitations_file: The file, for messages.
        labels: Its columns.
        excitation_map: Which columns drive which muscles; empty when columns are named
            after muscles.
        model_muscle_names: All muscles of the model.
        allow_extra_columns: Whether columns that drive nothing are ignored.

    Raises:
        TrialError: If a muscle or column does not exist, or a column drives nothing.
    """
    columns: dict[str, list[str]] = {}
    for channel in excitation_map:
        if channel.name not in labels:
            raise TrialError(
                f"{excitations_file}: no column {channel.name!r}, which an <ExcitationChannel> names."
                f"{did_you_mean(channel.name, labels)} The columns are: {', '.join(labels)}."
            )
        for muscle in channel.muscles:
            if muscle not in model_muscle_names:
                raise TrialError(
                    f"<ExcitationChannel> {channel.name!r}: the model has no muscle {muscle!r}."
                    f"{did_you_mean(muscle, model_muscle_names)} "
                    f"The muscles are: {', '.join(model_muscle_names)}."
                )
            columns.setdefault(muscle, []).append(channel.name)
    if not excitation_map:
        columns = {label: [label] for label in labels if label in model_muscle_names}
    extra = [label for label in labels if not any(label in each for each in columns.values())]
    if extra and not allow_extra_columns:
        close = "" if excitation_map else did_you_mean(extra[0], model_muscle_names)
        remedy = "Map it with an <ExcitationChannel>" if excitation_map else "Name it after a muscle"
        raise TrialError(
            f"{excitations_file}: no muscle is driven by {counted(len(extra), 'column')}: {', '.join(extra)}."
            f"{close} {remedy}, or set <allow_extra_columns> to true to ignore such columns."
        )
    if not columns:
        raise TrialError(
            f"{excitations_file}: no column drives a muscle. Name columns after muscles, or write an "
            f"<ExcitationChannel> for each. The columns are: {', '.join(labels)}."
        )
    return {name: tuple(dict.fromkeys(columns[name])) for name in model_muscle_names if name in columns}


@dataclass(frozen=True)
class _Tables:
    coordinates: Table
    forces: Table
    excitations: Table

    @property
    def all(self) -> tuple[Table, Table, Table]:
        return self.coordinates, self.forces, self.excitations


@final
@dataclass(frozen=True)
class _TrialReader:
    files: TrialFiles
    model: opensim.Model
    muscle_names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    excitation_map: tuple[ExcitationChannel, ...]
    time_step: float
    lead_in: float
    delay: float
    cutoff: float
    allow_extra_columns: bool

    @property
    def where(self) -> str:
        return f"Trial {self.files.name!r}"

    @cached_property
    def tables(self) -> _Tables:
        files = self.files
        paths = (files.coordinates_file, files.generalized_forces_file, files.excitations_file)
        return _Tables(*(read_storage(path) for path in paths))

    @cached_property
    def drivers(self) -> dict[str, tuple[str, ...]]:
        """Columns by driven muscle, of the muscles of the trial."""
        muscles = self.model.getMuscles()
        known = [muscles.get(i).getName() for i in range(muscles.getSize())]
        driven = driven_muscles(
            str(self.files.excitations_file),
            self.tables.excitations.labels,
            self.excitation_map,
            known,
            allow_extra_columns=self.allow_extra_columns,
        )
        return {name: columns for name, columns in driven.items() if name in self.muscle_names}

    def problems(self) -> list[DifcalError]:
        """Everything that can be found without muscle geometry."""
        files = self.files
        paths = (files.coordinates_file, files.generalized_forces_file, files.excitations_file)
        unreadable = _failures([partial(read_storage, path) for path in paths])
        if unreadable:
            return unreadable
        tables = self.tables
        found = _failures([partial(check_uniform, table) for table in tables.all])
        time = tables.coordinates.time
        return found + _failures(
            [
                partial(check_cutoff, files.coordinates_file, time, self.cutoff),
                partial(coordinate_values, tables.coordinates, self.model, self.coordinate_names),
                self.measured_moments,
                lambda: self.drivers,
                self.check_time_range,
                self.check_excitations,
                self.check_spans,
            ]
        )

    def read(self) -> Trial:
        """The trial; `problems` has found nothing."""
        time, n_lead_in = self.grid()
        motion = coordinate_values(self.tables.coordinates, self.model, self.coordinate_names)
        geometry = self.geometry(time)
        excitation, notes = self.excitations(time)
        joint_moment = resample(self.tables.forces.time, self.measured_moments(), time)
        scored = slice(n_lead_in, None)
        notes = [*motion.notes, *notes, *_lead_in_notes(self, n_lead_in)]
        notes += self.check_signs(geometry.moment_arm[scored], joint_moment[scored])
        notes += self.opposed(excitation[scored], geometry.moment_arm[scored], joint_moment[scored])
        if geometry.exact_moment_arms:
            pairs = ", ".join(
                f"{muscle} at {coordinate}" for coordinate, muscle in geometry.exact_moment_arms
            )
            notes.append(f"{self.where}: moment arms by OpenSim's slower method: {pairs}.")
        return Trial(
            name=self.files.name,
            role=self.files.role,
            muscle_names=self.muscle_names,
            coordinate_names=self.coordinate_names,
            time=time,
            n_lead_in=n_lead_in,
            excitation=excitation,
            muscle_tendon_length=geometry.muscle_tendon_length,
            moment_arm=geometry.moment_arm,
            joint_moment=joint_moment,
            notes=tuple(notes),
        )

    def available(self) -> tuple[float, float]:
        """First and last time that every file covers, the delay counted."""
        tables = self.tables
        starts = [tables.coordinates.time[0], tables.forces.time[0], tables.excitations.time[0] + self.delay]
        ends = [tables.coordinates.time[-1], tables.forces.time[-1], tables.excitations.time[-1] + self.delay]
        return float(max(starts)), float(min(ends))

    def check_time_range(self) -> None:
        """Refuses a time range that is too short, or that the files do not cover."""
        if self.time_step <= 0 or self.lead_in < 0 or self.delay < 0:
            raise TrialError(
                f"<time_step> is {self.time_step:g} s, <lead_in> {self.lead_in:g} s and "
                f"<electromechanical_delay> {self.delay:g} s. The first must be positive, "
                "the others not negative."
            )
        first, last = self.files.time_range
        shortest = (_MIN_SAMPLES - 1) * self.time_step
        if last - first < shortest - _ROUNDING:
            raise TrialError(
                f"{self.where}: <time_range> is {first:g} to {last:g} s. It must rise and last at least "
                f"{shortest:g} s, {_MIN_SAMPLES} samples."
            )
        start, end = self.available()
        if start - _ROUNDING <= first and last <= end + _ROUNDING:
            return
        needed = {table.path: (first, last) for table in self.tables.all}
        needed[self.files.excitations_file] = (first - self.delay, last - self.delay)
        lines = [
            f"{table.path} holds {table.time[0]:g} to {table.time[-1]:g} s, needed are "
            f"{needed[table.path][0]:g} to {needed[table.path][1]:g} s"
            for table in self.tables.all
        ]
        common = f"All files hold {start:g} to {end:g} s" if start < end else "The files share no time"
        raise TrialError(
            f"{self.where}: <time_range> is {first:g} to {last:g} s, which not every file covers: "
            f"{'; '.join(lines)}. Excitations act {self.delay:g} s late. {common}; change <time_range>, or "
            "the files."
        )

    def grid(self) -> tuple[TimeArray, int]:
        """The uniform time and the number of lead-in samples."""
        first, last = self.files.time_range
        start, _ = self.available()
        room = int(np.floor((first - start + _ROUNDING) / self.time_step))
        n_lead_in = max(0, min(round(self.lead_in / self.time_step), room))
        n_scored = int(np.floor((last - first + _ROUNDING) / self.time_step)) + 1
        return first + self.time_step * np.arange(-n_lead_in, n_scored), n_lead_in

    def geometry(self, time: TimeArray) -> MuscleGeometry:
        table = self.tables.coordinates
        motion = coordinate_values(table, self.model, self.coordinate_names)
        written = np.column_stack(list(motion.values.values()))
        on_grid = resample(table.time, lowpass(table.time, written, self.cutoff), time)
        values = dict(zip(motion.values, on_grid.T, strict=True))
        return muscle_geometry(self.model, time, values, self.muscle_names, self.coordinate_names)

    def measured_moments(self) -> CoordinateArray:
        """Joint moments at the times of their file."""
        table = self.tables.forces
        columns = []
        for name in self.coordinate_names:
            label = force_label(self.model, name)
            if label not in table.labels:
                raise TrialError(
                    f"{table.path}: no column {label!r} for the chosen coordinate {name!r}."
                    f"{did_you_mean(label, table.labels)} The columns are: {', '.join(table.labels)}."
                )
            columns.append(table.column(label))
        return np.column_stack(columns)

    def excitations(self, time: TimeArray) -> tuple[MuscleArray, list[str]]:
        """Excitation of every muscle after the delay, and notes."""
        table = self.tables.excitations
        used = sorted({column for columns in self.drivers.values() for column in columns})
        written = np.column_stack([table.column(label) for label in used])
        delayed = resample_monotone(table.time, written, time - self.delay)
        clipped = np.clip(delayed, 0.0, 1.0)
        notes = _clipping_notes(table, used, delayed)
        excitation = np.zeros((len(time), len(self.muscle_names)))
        for name, columns in self.drivers.items():
            indices = [used.index(column) for column in columns]
            excitation[:, self.muscle_names.index(name)] = clipped[:, indices].mean(axis=1)
        undriven = [name for name in self.muscle_names if name not in self.drivers]
        if undriven:
            notes.append(f"{table.path}: no excitation for {', '.join(undriven)}; zero was taken.")
        return excitation, notes

    def check_excitations(self) -> None:
        """Refuses excitations that are not normalized."""
        table = self.tables.excitations
        first, last = self.files.time_range
        inside = (table.time >= first - self.lead_in - self.delay) & (table.time <= last - self.delay)
        for label in sorted({column for columns in self.drivers.values() for column in columns}):
            values = table.column(label)[inside]
            if not len(values):
                return  # the time range is wrong, and said to be
            outside = (values < -_RIPPLE) | (values > 1 + _RIPPLE)
            worst = float(values[np.argmax(np.abs(values - 0.5))])
            if outside.mean() > _MAX_SHARE_OUTSIDE or abs(worst - 0.5) > _MAX_EXCITATION - 0.5:
                raise TrialError(
                    f"{table.path}: column {label!r} is not normalized: it reaches {worst:.4g}, and "
                    f"{100 * outside.mean():.0f} % of its samples lie outside 0 to 1. Divide every envelope "
                    "by its largest value over all trials, or process the raw EMG with EMGProcessingTool."
                )

    def check_spans(self) -> None:
        """Refuses muscles without a chosen coordinate, and coordinates without a driven muscle."""
        spans = crossing(self.model, self.muscle_names, self.coordinate_names)
        idle = [name for m, name in enumerate(self.muscle_names) if not spans[:, m].any()]
        if idle:
            raise TrialError(
                f"{self.where}: {', '.join(idle)} cross none of the chosen coordinates "
                f"({', '.join(self.coordinate_names)}). Add a coordinate that they cross to <coordinates>, "
                "or map the excitations without them by <ExcitationChannel> and set "
                "<allow_extra_columns> to true."
            )
        for c, name in enumerate(self.coordinate_names):
            crosses = [muscle for m, muscle in enumerate(self.muscle_names) if spans[c, m]]
            if not any(muscle in self.drivers for muscle in crosses):
                raise TrialError(
                    f"{self.where}: no muscle with an excitation crosses coordinate {name!r}. Remove it from "
                    f"<coordinates>, or add excitations. With one are: {listed(self.drivers, '{}')}."
                )

    def check_signs_at_a_few_instants(self) -> None:
        time, n_lead_in = self.grid()
        few = time[np.linspace(n_lead_in, len(time) - 1, _MIN_SAMPLES).round().astype(int)]
        moments = resample(self.tables.forces.time, self.measured_moments(), few)
        self.check_signs(self.geometry(few).moment_arm, moments)

    def check_signs(self, moment_arm: MomentArmArray, joint_moment: CoordinateArray) -> list[str]:
        """Refuses moments that the muscles can mostly not produce; notes a smaller part."""
        unable = ((joint_moment > 0) & ~(moment_arm > _MIN_MOMENT_ARM).any(axis=-1)) | (
            (joint_moment < 0) & ~(moment_arm < -_MIN_MOMENT_ARM).any(axis=-1)
        )
        size = np.abs(joint_moment)
        shares = (size * unable).sum(axis=0) / np.maximum(size.sum(axis=0), 1e-12)
        notes = []
        for c, name in enumerate(self.coordinate_names):
            sign = "positive" if (joint_moment[:, c] * unable[:, c]).sum() > 0 else "negative"
            part = (
                f"{100 * shares[c]:.0f} % of the measured moment is {sign}, where no muscle has a {sign} "
                "moment arm"
            )
            if shares[c] > _CONTRADICTED:
                raise TrialError(
                    f"{self.where}: coordinate {name!r}: {part}. Check the sign of column "
                    f"{force_label(self.model, name)!r} of {self.files.generalized_forces_file}, that both "
                    "belong to the same leg and model, or add excitations of the missing muscles."
                )
            if shares[c] > _UNEXPLAINED:
                notes.append(f"{self.where}: coordinate {name!r}: {part}; it cannot be tracked.")
        return notes

    def opposed(
        self, excitation: MuscleArray, moment_arm: MomentArmArray, joint_moment: CoordinateArray
    ) -> list[str]:
        """Notes coordinates whose muscles are active when the moment is opposite."""
        muscles = self.model.getMuscles()
        strength = np.array([muscles.get(name).getMaxIsometricForce() for name in self.muscle_names])
        expected = np.einsum("tcm,tm->tc", moment_arm, excitation * strength)
        notes = []
        for c, name in enumerate(self.coordinate_names):
            if min(np.std(expected[:, c]), np.std(joint_moment[:, c])) < 1e-9:
                continue
            correlation = np.corrcoef(expected[:, c], joint_moment[:, c])[0, 1]
            if correlation < _OPPOSED:
                notes.append(
                    f"{self.where}: coordinate {name!r}: excitations times strength and moment arm run "
                    f"against the measured moment (correlation {correlation:.2f}). Check sign, side and "
                    "time base."
                )
        return notes


def _failures(checks: Sequence[Callable[[], object]]) -> list[DifcalError]:
    """The errors of the checks, each once."""
    found: dict[str, DifcalError] = {}
    for check in checks:
        try:
            check()
        except DifcalError as error:
            found.setdefault(str(error), error)
    return list(found.values())


def _lead_in_notes(reader: _TrialReader, n_lead_in: int) -> list[str]:
    missing = reader.lead_in - n_lead_in * reader.time_step
    if missing < 0.5 * reader.time_step + _ROUNDING:
        return []
    return [
        f"{reader.where}: the lead-in lasts {n_lead_in * reader.time_step:g} s instead of {reader.lead_in:g} "
        "s, because a file begins later."
    ]


def _clipping_notes(table: Table, labels: Sequence[str], values: np.ndarray) -> list[str]:
    notes = []
    outside = (values < 0) | (values > 1)
    if outside.any():
        row, column = divmod(int(np.argmax(np.abs(values - 0.5))), values.shape[1])
        notes.append(
            f"{table.path}: {outside.sum()} of {values.size} excitation samples lay outside 0 to 1 and were "
            f"clipped; the worst is {values[row, column]:.4g} in column {labels[column]!r}."
        )
    silent = [label for label, largest in zip(labels, values.max(axis=0), strict=True) if largest < _SILENT]
    if silent:
        notes.append(f"{table.path}: {', '.join(silent)}: never above {_SILENT:g} in this trial.")
    return notes
