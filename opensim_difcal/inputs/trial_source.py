"""A trial's files beside a model: what they hold, and how it comes onto the trial's grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np
import opensim

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.coordinates import CoordinateValues, coordinate_values, force_label
from opensim_difcal.inputs.excitations import ExcitationChannel, driven_muscles
from opensim_difcal.inputs.geometry import MuscleGeometry
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.recording import Recording
from opensim_difcal.inputs.signals import lowpass, resample, resample_monotone
from opensim_difcal.inputs.storage import Table, read_storage
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles, TrialFiles
from opensim_difcal.shapes import CoordinateArray, MuscleArray, TimeArray
from opensim_difcal.wording import did_you_mean

ROUNDING = 1e-6  # s, of printed times
_SILENT = 0.01  # an excitation that stays below drives nothing


@dataclass(frozen=True, kw_only=True)
class TrialSettings:
    """How every trial is read.

    Attributes:
        time_step: s.
        lead_in: Simulated but not scored before the time range, s; shorter where a file
            begins later.
        electromechanical_delay: From excitation to neural activation, s.
        lowpass_cutoff_frequency_for_coordinates: Hz; -1 for none.
        excitation_map: Which columns drive which muscles; empty when columns are named
            after muscles.
        allow_extra_columns: Whether excitation columns that drive nothing are ignored.
        synthesized_muscles: Muscles whose excitation is not read but synthesized later.
        channels: Excitation columns that are kept in the recording although no muscle of the
            trial needs them.
        only_scored: Whether measured moments are compared with and nothing else, so that
            doubtful ones are told instead of refused.
        delay_shift: By how much muscles' delays differ from the electromechanical delay, s;
            zero for those not named. It makes up for what converted activation dynamics
            add or lack.
    """

    time_step: float
    lead_in: float
    electromechanical_delay: float
    lowpass_cutoff_frequency_for_coordinates: float
    excitation_map: tuple[ExcitationChannel, ...] = ()
    allow_extra_columns: bool = False
    synthesized_muscles: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    only_scored: bool = False
    delay_shift: Mapping[str, float] = field(default_factory=dict)

    @property
    def delays(self) -> tuple[float, float]:
        """Shortest and longest delay of any muscle, s."""
        shifts = (0.0, *self.delay_shift.values())
        return self.electromechanical_delay + min(shifts), self.electromechanical_delay + max(shifts)


@dataclass(frozen=True)
class Tables:
    """The files of a trial; None for those it does without."""

    coordinates: Table
    forces: Table | None
    excitations: Table | None

    @property
    def all(self) -> tuple[Table, ...]:
        """Those of coordinates, forces and excitations that there are."""
        every = self.coordinates, self.forces, self.excitations
        return tuple(table for table in every if table is not None)


@final
@dataclass(frozen=True)
class TrialSource:
    """A trial's files, the model and what is wanted of them; files are read when needed.

    Attributes:
        files: Where the measurements are.
        muscle_paths: The model, the muscles and the coordinates of all trials.
        settings: How it is read.
    """

    files: TrialFiles | ExecutionTrialFiles
    muscle_paths: MusclePaths
    settings: TrialSettings

    @property
    def model(self) -> opensim.Model:
        """The initialized model."""
        return self.muscle_paths.model

    @property
    def muscle_names(self) -> tuple[str, ...]:
        """Muscles of the trial."""
        return self.muscle_paths.muscle_names

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """Coordinates whose joint moments are tracked."""
        return self.muscle_paths.coordinate_names

    @property
    def where(self) -> str:
        """How messages call the trial."""
        return f"Trial {self.files.name!r}"

    @property
    def delay(self) -> float:
        """The electromechanical delay, s."""
        return self.settings.electromechanical_delay

    @property
    def paths(self) -> tuple[Path, ...]:
        """Coordinates, forces, excitations: those there are."""
        return self.files.paths

    @cached_property
    def tables(self) -> Tables:
        """What the files hold."""
        forces, excitations = self.files.generalized_forces_file, self.files.excitations_file
        return Tables(
            read_storage(self.files.coordinates_file),
            None if forces is None else read_storage(forces),
            None if excitations is None else read_storage(excitations),
        )

    @cached_property
    def motion(self) -> CoordinateValues:
        """Every coordinate of the model at the times of the coordinates file."""
        return coordinate_values(self.tables.coordinates, self.model, self.coordinate_names)

    @cached_property
    def drivers(self) -> dict[str, tuple[str, ...]]:
        """Columns by driven muscle, of the muscles of the trial that are not synthesized."""
        if self.tables.excitations is None:
            return {}
        driven = driven_muscles(
            str(self.files.excitations_file),
            self.tables.excitations.labels,
            self.settings.excitation_map,
            muscle_names(self.model),
            allow_extra_columns=self.settings.allow_extra_columns,
        )
        wanted = set(self.muscle_names) - set(self.settings.synthesized_muscles)
        return {name: columns for name, columns in driven.items() if name in wanted}

    def available(self) -> tuple[float, float]:
        """First and last time that every file covers, the delay counted."""
        spans = [self.covered(table) for table in self.tables.all]
        return max(start for start, _ in spans), min(end for _, end in spans)

    def covered(self, table: Table) -> tuple[float, float]:
        """First and last time of a trial for which a table has what is needed, the delay counted."""
        shortest, longest = self.settings.delays if table is self.tables.excitations else (0.0, 0.0)
        return float(table.time[0]) + longest, float(table.time[-1]) + shortest

    def grid(self) -> tuple[TimeArray, int]:
        """The uniform time and the number of lead-in samples."""
        first, last = self.files.time_range
        start, _ = self.available()
        step = self.settings.time_step
        room = int(np.floor((first - start + ROUNDING) / step))
        n_lead_in = round(max(0, min(self.settings.lead_in / step, room)))
        n_scored = int(np.floor((last - first + ROUNDING) / step)) + 1
        return first + step * np.arange(-n_lead_in, n_scored), n_lead_in

    def smooth_motion(self, time: TimeArray) -> dict[str, TimeArray]:
        """The low-passed motion at other times, every coordinate, rad or m."""
        motion = self.motion
        written = np.column_stack(list(motion.values.values()))
        smooth = lowpass(motion.time, written, self.settings.lowpass_cutoff_frequency_for_coordinates)
        return dict(zip(motion.values, resample(motion.time, smooth, time).T, strict=True))

    def geometry(self, time: TimeArray) -> MuscleGeometry:
        """Lengths and moment arms along the low-passed motion."""
        return self.muscle_paths.along(time, self.smooth_motion(time))

    def moment_table(self) -> tuple[TimeArray, CoordinateArray]:
        """Times and joint moments of the file that holds them."""
        table, columns = self.tables.forces, []
        assert table is not None, "asked for the moments of a trial without inverse dynamics"
        for name in self.coordinate_names:
            label = force_label(self.model, name)
            if label not in table.labels:
                raise TrialError(
                    f"{table.path}: no column {label!r} for the chosen coordinate {name!r}."
                    f"{did_you_mean(label, table.labels)} The columns are: {', '.join(table.labels)}."
                )
            columns.append(table.column(label))
        return table.time, np.column_stack(columns)

    def measured_moments(self, time: TimeArray) -> CoordinateArray:
        """Joint moments at other times; NaN where the trial has no inverse dynamics."""
        if self.tables.forces is None:
            return np.full((len(time), len(self.coordinate_names)), np.nan)
        return resample(*self.moment_table(), time)

    def recording(self, time: TimeArray) -> tuple[Recording, list[str]]:
        """The recorded excitations after the delay, and notes."""
        table = self.tables.excitations
        if table is None:
            return Recording((), np.zeros((len(time), 0)), {}), []
        driving = {column for columns in self.drivers.values() for column in columns}
        used = sorted(driving.union(self.settings.channels))
        written = np.column_stack([table.column(label) for label in used])
        delayed = resample_monotone(table.time, written, time - self.delay)
        clipped = np.clip(delayed, 0.0, 1.0)
        notes = _clipping_notes(table, used, delayed)
        idle = [
            name
            for name in self.muscle_names
            if name not in self.drivers and name not in self.settings.synthesized_muscles
        ]
        if idle:
            notes.append(f"{table.path}: no excitation for {', '.join(idle)}; zero was taken.")
        return Recording(tuple(used), clipped, self.drivers), notes

    def excitation(self, time: TimeArray, recording: Recording) -> MuscleArray:
        """Every muscle's excitation after its own delay; zero where no column drives it."""
        excitation, table = recording.by_muscle(self.muscle_names), self.tables.excitations
        for name, shift in self.settings.delay_shift.items():
            if table is not None and shift and name in self.drivers:
                written = np.column_stack([table.column(label) for label in self.drivers[name]])
                delayed = resample_monotone(table.time, written, time - self.delay - shift)
                excitation[:, self.muscle_names.index(name)] = np.clip(delayed, 0.0, 1.0).mean(axis=1)
        return excitation


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
