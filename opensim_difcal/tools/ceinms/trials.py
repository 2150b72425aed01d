"""Trials of CEINMS as trials of this package: which files, which times, what has to be rewritten."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

import numpy as np

from opensim_difcal.ceinms.document import shown
from opensim_difcal.ceinms.excitation_generator import ExcitationGenerator
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import trial_names
from opensim_difcal.ceinms.trial import CEINMSTrial
from opensim_difcal.errors import CEINMSFileError, DifcalError, raise_problems
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.storage import Table, read_storage
from opensim_difcal.outputs.tables import write_storage
from opensim_difcal.setup_file import PLACEHOLDER
from opensim_difcal.wording import listed

_SAME_WEIGHT = 1e-6
_MOMENT = "_moment"
UNKNOWN = (math.nan, math.nan)
"""A time range that no file tells."""


@dataclass(frozen=True, kw_only=True)
class ImportedTrial:
    """A trial's files; those that no file of CEINMS names are the template's placeholder.

    Attributes:
        name: Of the trial.
        coordinates_file: Coordinates.
        generalized_forces_file: Joint moments; None where there are none.
        excitations_file: EMG; None where there is none.
        time_range: First and last time, s; `UNKNOWN` where no file tells.
        frame_step: From one frame of the lengths' or the coordinates' file to the next, s;
            None where neither can be read.
        columns: Of the excitations' file; None where it cannot be read.
    """

    name: str
    coordinates_file: Path
    generalized_forces_file: Path | None
    excitations_file: Path | None
    time_range: tuple[float, float]
    frame_step: float | None
    columns: tuple[str, ...] | None


@final
@dataclass
class TrialImport:
    """Turns trials into this package's.

    Attributes:
        output: Where the import's files go in the end.
        staging: Where they are written first.
        dofs: Degrees of freedom whose moments are needed.
        delay: The electromechanical delay, s.
        mixes: Weights by channel, by muscle, where channels are mixed beforehand; None where
            the excitation map does it.
        coordinates_files: Coordinates that the user gave, by file or name of the trial.
        notes: What the user is told is added.
        errors: What is wrong.
    """

    output: Path
    staging: Path
    dofs: Sequence[str]
    delay: float
    mixes: Mapping[str, Mapping[str, float]] | None
    coordinates_files: Mapping[str, Path]
    notes: Notes
    errors: list[DifcalError] = field(default_factory=list)

    def read(self, trials: Sequence[CEINMSTrial]) -> tuple[ImportedTrial, ...]:
        """Returns all trials; writes what has to be rewritten.

        Raises:
            DifcalError: If something is wrong; `Problems` if several things are.
        """
        used: set[str] = set()
        names = trial_names(trials)
        imported = [self._read(trial, name, used) for trial, name in zip(trials, names, strict=True)]
        for key in sorted(set(self.coordinates_files) - used):
            self.errors.append(
                CEINMSFileError(
                    f"--coordinates-file: {key!r} is none of the trials, which are {listed(names)}. Give the "
                    "name or the file of a trial, as in TRIAL.xml=IK.mot."
                )
            )
        raise_problems(self.errors)
        return tuple(imported)

    def _read(self, trial: CEINMSTrial, name: str, used: set[str]) -> ImportedTrial:
        coordinates = self._coordinates(trial, name, used)
        motion = self._table(coordinates, name, "coordinates")
        forces = self._table(trial.external_torques_file, name, "joint moments")
        excitations = self._table(trial.excitations_file, name, "excitations")
        lengths = self._table(trial.muscle_tendon_length_file, name, "muscle-tendon lengths")
        if trial.external_torques_file is None:
            self.notes.add(Kind.MISSING, f"Trial {name!r} has no <externalTorquesFile>, so no joint moments.")
        if trial.excitations_file is None:
            self.notes.add(Kind.MISSING, f"Trial {name!r} has no <excitationsFile>, so no EMG.")
        tables = [table for table in (motion, forces) if table is not None]
        framed = lengths or motion
        imported = ImportedTrial(
            name=name,
            coordinates_file=coordinates or self.output / PLACEHOLDER,
            generalized_forces_file=trial.external_torques_file,
            excitations_file=trial.excitations_file,
            time_range=self._time_range(trial, name, tables, excitations),
            frame_step=None if framed is None or len(framed.time) < 2 else _step(framed),
            columns=None if excitations is None else excitations.labels,
        )
        if forces is not None:
            imported = self._with_moment_names(imported, forces)
        if excitations is not None and self.mixes is not None:
            imported = self._with_mixed_excitations(imported, excitations)
        return imported

    def _coordinates(self, trial: CEINMSTrial, name: str, used: set[str]) -> Path | None:
        for key in (str(trial.path), trial.path.name, name, trial.name):
            if key in self.coordinates_files:
                used.add(key)
                path = self.coordinates_files[key]
                if not path.is_file():
                    self.errors.append(
                        CEINMSFileError(
                            f"--coordinates-file: {path} of trial {name!r} does not exist. Correct the path."
                        )
                    )
                return path
        for key, path in self.coordinates_files.items():
            if Path(key).resolve() == trial.path.resolve():
                used.add(key)
                return path
        if trial.motion_file is None:
            self.notes.add(
                Kind.MISSING,
                f"Trial {name!r} names no coordinates (CEINMS 0.9 has no element for them), from which "
                f"muscle lengths and moment arms are computed. Replace {PLACEHOLDER} in its "
                f"<coordinates_file>, or import again with --coordinates-file {trial.path.name}=IK.mot.",
            )
        return trial.motion_file

    def _table(self, path: Path | None, name: str, what: str) -> Table | None:
        """The content of a file; None where it is missing or cannot be read, which is told."""
        if path is None:
            return None
        try:
            table = read_storage(path)
        except (DifcalError, OSError) as error:
            self.notes.add(Kind.MISSING, f"Trial {name!r}: the {what} cannot be read. {error}")
            return None
        self.notes.add(Kind.READ, str(path))
        return table

    def _time_range(
        self, trial: CEINMSTrial, name: str, tables: Sequence[Table], excitations: Table | None
    ) -> tuple[float, float]:
        spans = [(float(table.time[0]), float(table.time[-1])) for table in tables]
        if excitations is not None:
            spans.append((float(excitations.time[0]) + self.delay, float(excitations.time[-1]) + self.delay))
        if not spans:
            return trial.time_range if trial.time_range and not trial.is_from_zero else UNKNOWN
        first, last = max(start for start, _ in spans), min(end for _, end in spans)
        if not first < last:
            self.notes.add(
                Kind.MISSING,
                f"Trial {name!r}: its files have no time in common, the delay of {self.delay:g} s counted.",
            )
            return trial.time_range if trial.time_range and not trial.is_from_zero else UNKNOWN
        if trial.time_range is None:
            self.notes.add(
                Kind.CHOSEN,
                f"Trial {name!r} has no <startStopTime>; its files have {first:g} to {last:g} s in common, "
                f"the delay of {self.delay:g} s counted, and all of it is scored.",
            )
            return first, last
        offset = min(start for start, _ in spans) if trial.is_from_zero else 0.0
        wanted = trial.time_range[0] + offset, trial.time_range[1] + offset
        kept = max(wanted[0], first), min(wanted[1], last)
        if not kept[0] < kept[1]:
            return wanted  # which `validate` explains
        if kept != wanted:
            self.notes.add(
                Kind.CLAMPED,
                f"Trial {name!r}: its times {wanted[0]:g} to {wanted[1]:g} s became {kept[0]:g} to "
                f"{kept[1]:g} s, for which all its files have data, the delay of {self.delay:g} s counted.",
            )
        return kept

    def _with_moment_names(self, trial: ImportedTrial, forces: Table) -> ImportedTrial:
        """Joint moments that are named after degrees of freedom alone, as CEINMS writes its own."""
        bare = [dof for dof in self.dofs if dof in forces.labels and dof + _MOMENT not in forces.labels]
        if not bare:
            return trial
        file = f"{trial.name}_moments.sto"
        columns = {label + _MOMENT * (label in bare): forces.column(label) for label in forces.labels}
        write_storage(self.staging / file, trial.name, forces.time, columns)
        self.notes.add(
            Kind.CONVERTED,
            f"Trial {trial.name!r}: columns {', '.join(bare)} of {forces.path.name} have no '{_MOMENT}' at "
            f"the end; {file} has.",
        )
        return replace(trial, generalized_forces_file=self.output / file)

    def _with_mixed_excitations(self, trial: ImportedTrial, excitations: Table) -> ImportedTrial:
        """Sums of channels, by muscle."""
        assert self.mixes is not None
        try:
            columns = {muscle: _mixed(excitations, mix) for muscle, mix in self.mixes.items()}
        except DifcalError as error:
            self.errors.append(error)
            return trial
        file = f"{trial.name}_excitations.sto"
        write_storage(self.staging / file, trial.name, excitations.time, columns)
        self.notes.add(
            Kind.CONVERTED,
            f"Trial {trial.name!r}: the weighted sums of {excitations.path.name} stand in {file}, by muscle.",
        )
        return replace(trial, excitations_file=self.output / file, columns=tuple(columns))


def _mixed(table: Table, mix: Mapping[str, float]) -> np.ndarray:
    total = np.zeros(len(table.time))
    for channel, weight in mix.items():
        total = total + weight * table.column(channel)
    return total


def _step(table: Table) -> float:
    return round(float(np.median(np.diff(table.time))), 9)  # times are printed with few digits


def known_mixes(
    generator: ExcitationGenerator, muscles: Sequence[str], notes: Notes
) -> dict[str, dict[str, float]]:
    """Returns the weights of every muscle that has an excitation.

    Args:
        generator: The excitation generator.
        muscles: Of the subject.
        notes: What the user is told is added.
    """
    unknown = [name for name in generator.mapping if name not in muscles]
    if unknown:
        notes.add(
            Kind.DROPPED,
            f"{generator.path.name}: excitations of {', '.join(map(shown, unknown[:20]))}, which the subject "
            "does not have.",
        )
    mixes = {
        name: {
            channel: weight for channel, weight in generator.mapping.get(name, {}).items() if weight != 0.0
        }
        for name in muscles
    }
    silent = [name for name, mix in mixes.items() if not mix]
    if silent:
        notes.add(
            Kind.CHOSEN,
            f"Without an excitation are {', '.join(silent)}. They are left as they are; with mode "
            "synergy_hybrid instead of emg_driven, synergies drive them and they are calibrated too.",
        )
    return {name: mix for name, mix in mixes.items() if mix}


def is_mean(mix: Mapping[str, float]) -> bool:
    """Whether a muscle gets the mean of its channels, which an excitation map can say."""
    return all(math.isclose(weight, 1.0 / len(mix), rel_tol=_SAME_WEIGHT) for weight in mix.values())


def excitation_map(
    mixes: Mapping[str, Mapping[str, float]], signals: Iterable[str]
) -> tuple[ExcitationChannel, ...]:
    """Returns the channels and the muscles that each drives.

    Args:
        mixes: Weights by channel, by muscle.
        signals: Channels, in the order of the EMG files.
    """
    driven = {signal: tuple(name for name, mix in mixes.items() if signal in mix) for signal in signals}
    return tuple(ExcitationChannel(name=name, muscles=muscles) for name, muscles in driven.items() if muscles)
