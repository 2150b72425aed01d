"""From files of CEINMS to a model, setups, a sidecar and a report."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

import numpy as np

from opensim_difcal.atomic import write_atomically
from opensim_difcal.ceinms.dialects import DEFAULT_DELAY
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import Project, clean_name, read_project
from opensim_difcal.ceinms.report import report_text
from opensim_difcal.ceinms.subject import MTU
from opensim_difcal.errors import CEINMSFileError
from opensim_difcal.inputs.crossing import crossing
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.osim_file import MuscleChange, calibrated_osim_text
from opensim_difcal.outputs.subject_file import write_subject
from opensim_difcal.setup_file import PLACEHOLDER
from opensim_difcal.setup_template import setup_text
from opensim_difcal.tools.ceinms.bounds import start_and_bounds
from opensim_difcal.tools.ceinms.meaning import check_names, coordinate_names, tell_of_meaning
from opensim_difcal.tools.ceinms.setups import (
    calibration_step,
    calibration_tool,
    execution_tool,
    tell_of_lowpass,
)
from opensim_difcal.tools.ceinms.sidecar import sidecar, usable_activation
from opensim_difcal.tools.ceinms.trials import (
    ImportedTrial,
    TrialImport,
    excitation_map,
    is_mean,
    known_mixes,
)
from opensim_difcal.tools.common.model_object import ModelObject
from opensim_difcal.tools.common.model_source import ModelSource, open_model
from opensim_difcal.tools.common.staging import move_into_place, staging_folder

REPORT = "import_report.md"
_STEP_WHEN_UNKNOWN = 0.005
_MOST_NAMED = 20


@dataclass(frozen=True)
class ImportOutcome:
    """What an import leaves behind.

    Attributes:
        files: Every file that was written; the .osim file is the last.
        notes: Everything that the report tells.
    """

    files: tuple[Path, ...]
    notes: Notes


@dataclass
class _ModelFile:
    """As `open_model` wants to be told of a model."""

    model_file: Path | ModelObject
    convert_thelen_muscles: bool


def import_ceinms(
    source: Path,
    *,
    model_file: Path,
    output: Path,
    coordinates_files: Mapping[str, Path] | None = None,
    time_step: float | None = None,
    preset: str = "default",
    convert_thelen_muscles: bool = False,
) -> ImportOutcome:
    """Writes what files of CEINMS say as files of this package; the model that is given stays as it is.

    Args:
        source: A `<ceinmsCalibration>` or `<ceinms>` setup, a `<simulatedAnnealing>`
            configuration of CEINMS-RT, or a `<subject>`.
        model_file: The .osim file that the subject belongs to.
        output: Folder for everything that is written; made when it does not exist.
        coordinates_files: Coordinates by file or name of a trial.
        time_step: That C1 and C2 of the subject belong to, s. By default the step of the
            trials' muscle-tendon lengths, else of their coordinates.
        preset: Of the calibration.
        convert_thelen_muscles: Whether Thelen muscles of the model become Millard muscles.

    Raises:
        DifcalError: If a file cannot be used. Nothing is written then.
    """
    if time_step is not None and not 0.0 < time_step < math.inf:
        raise CEINMSFileError(
            f"--time-step is {time_step!r}; expected a number of seconds above 0. Correct it."
        )
    notes = Notes()
    project = read_project(source, notes)
    model = open_model(_ModelFile(model_file, convert_thelen_muscles))
    notes.add(Kind.READ, str(model_file))
    for note in model.notes:
        notes.add(Kind.CONVERTED, note)
    check_names(project, model.model, model_file)
    with staging_folder(output, "import") as staging:
        work = _Import(
            project=project,
            source=model,
            output=output.absolute(),
            staging=staging,
            notes=notes,
            given_step=time_step,
            coordinates_files=coordinates_files or {},
            preset=preset,
        )
        work.write()
        _check_not_overwritten(staging, output, [source, model_file, *map(Path, notes.of(Kind.READ))])
        files = move_into_place(staging, output, last=f"{work.name}.osim")
    return ImportOutcome(files, notes)


@final
@dataclass
class _Import:
    """One import while its files are written.

    Attributes:
        project: What was read.
        source: The model.
        output: Where files go in the end.
        staging: Where they are written first.
        notes: What the user is told.
        given_step: The time step of C1 and C2 that the user gave, s.
        coordinates_files: Coordinates by trial.
        preset: Of the calibration.
        mixes: Weights by channel, by muscle.
    """

    project: Project
    source: ModelSource
    output: Path
    staging: Path
    notes: Notes
    given_step: float | None
    coordinates_files: Mapping[str, Path]
    preset: str
    mixes: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the files."""
        return clean_name(self.project.subject.path.stem.removesuffix("_subject"), "subject")

    @property
    def delay(self) -> float:
        """The electromechanical delay, s."""
        given = self.project.electromechanical_delay
        return DEFAULT_DELAY if given is None else given

    @property
    def dofs(self) -> tuple[str, ...]:
        """Degrees of freedom whose moments matter."""
        if self.project.calibration is not None:
            return self.project.calibration.dofs
        execution = self.project.execution
        return (execution.dofs if execution else ()) or tuple(self.project.subject.dofs)

    def write(self) -> None:
        """Writes every file into the staging folder."""
        self._tell()
        generator = self.project.generator
        if generator is not None:
            self.mixes = known_mixes(generator, self.project.subject.names, self.notes)
            self._leave_out_synthesized()
        is_exact = all(is_mean(mix) for mix in self.mixes.values())
        channels = excitation_map(self.mixes, generator.input_signals) if generator and is_exact else ()
        if not is_exact:
            self.notes.add(
                Kind.CONVERTED,
                "A muscle that several channels drive gets their mean here. The weights of the excitation "
                "generator are others, so that their sums were computed and written, by muscle.",
            )
        trials = TrialImport(
            output=self.output,
            staging=self.staging,
            dofs=self.dofs,
            delay=self.delay,
            mixes=None if is_exact else self.mixes,
            coordinates_files=self.coordinates_files,
            notes=self.notes,
        ).read(self.project.trials)
        if trials:
            tell_of_lowpass(self.notes)
        step = self._time_step(trials)
        if self.project.calibration is not None:
            self._write_calibration(trials, channels, step)
        else:
            self._write_calibrated(trials, channels, step)
        self.notes.add(Kind.WRITTEN, str(self.output / REPORT))
        write_atomically(self.staging / REPORT, report_text(self.project.path, self.notes).encode())

    def _leave_out_synthesized(self) -> None:
        """Of muscles whose excitation is to be found, the recorded one is not used."""
        execution = self.project.execution
        found = execution.hybrid.synthesized if execution and execution.hybrid else ()
        both = [name for name in found if name in self.mixes]
        if both:
            self.notes.add(
                Kind.CHOSEN,
                f"<synthMTUs> {', '.join(both[:_MOST_NAMED])}: their recorded excitations are not used, as "
                "in CEINMS.",
            )
        self.mixes = {name: mix for name, mix in self.mixes.items() if name not in both}

    def _write_calibration(
        self, trials: Sequence[ImportedTrial], channels: Sequence[ExcitationChannel], step: float
    ) -> None:
        calibration = self.project.calibration
        assert calibration is not None
        own_step = calibration_step(step)
        start = start_and_bounds(
            self.project.subject.mtus, calibration, self.notes, time_steps=(step, own_step)
        )
        self._write_model(start.mtus)
        tool = calibration_tool(
            self.project,
            calibration,
            start,
            trials,
            channels,
            self.notes,
            name=f"{self.name}_calibrated",
            model_file=self.output / f"{self.name}.osim",
            delay=self.delay,
            time_step=own_step,
            preset=self.preset,
        )
        self._write_text(f"{self.name}_calibration.xml", setup_text(tool, self.output))

    def _write_calibrated(
        self, trials: Sequence[ImportedTrial], channels: Sequence[ExcitationChannel], step: float
    ) -> None:
        execution = self.project.execution
        subject = self.project.subject
        if subject.calibrated is None and execution is None:
            self.notes.add(
                Kind.CHOSEN,
                f"{subject.path.name} is not calibrated, so no sidecar (_subject.xml) was written, which "
                "only an execution needs.",
            )
            self._write_model(subject.mtus)
            return
        usable = usable_activation(subject.mtus, self.notes)
        digest = self._write_model(usable)
        project = replace(self.project, subject=replace(subject, mtus=usable))
        inputs = [Path(text) for text in self.notes.of(Kind.READ)]
        side = sidecar(
            project,
            channels,
            self.notes,
            name=self.name,
            model_sha256=digest,
            time_step=step,
            delay=self.delay,
            inputs=inputs,
        )
        write_subject(self.staging / f"{self.name}_subject.xml", side)
        self.notes.add(Kind.WRITTEN, str(self.output / f"{self.name}_subject.xml"))
        if execution is not None:
            self._write_execution(trials, channels)

    def _write_execution(
        self, trials: Sequence[ImportedTrial], channels: Sequence[ExcitationChannel]
    ) -> None:
        execution = self.project.execution
        assert execution is not None
        known = coordinate_names(self.source.model)
        coordinates = [dof for dof in self.dofs if dof in known]
        every = muscle_names(self.source.model)
        crosses = (
            np.any(crossing(self.source.model, every, coordinates), axis=0)
            if coordinates
            else np.zeros(len(every), dtype=bool)
        )
        tool = execution_tool(
            self.project,
            execution,
            trials,
            channels,
            self.notes,
            name=f"{self.name}_execution",
            model_file=self.output / f"{self.name}.osim",
            coordinates=coordinates or self.dofs,
            crossing=[name for name, spans in zip(every, crosses, strict=True) if spans],
            driven=tuple(self.mixes),
        )
        self._write_text(f"{self.name}_execution.xml", setup_text(tool, self.output))

    def _write_model(self, mtus: Sequence[MTU]) -> str:
        """Writes the .osim file; returns its digest (hexadecimal)."""
        changes = {
            mtu.name: MuscleChange(
                max_isometric_force=mtu.effective_force,
                optimal_fiber_length=mtu.optimal_fiber_length,
                tendon_slack_length=mtu.tendon_slack_length,
            )
            for mtu in mtus
        }
        content = calibrated_osim_text(self.source.content, changes, where=str(self.source.path))
        path = self.staging / f"{self.name}.osim"
        write_atomically(path, content)
        load_model(path)
        self.notes.add(Kind.WRITTEN, str(self.output / path.name))
        return hashlib.sha256(content).hexdigest()

    def _write_text(self, name: str, text: str) -> None:
        text = text.replace(">nan nan<", f">{PLACEHOLDER} {PLACEHOLDER}<")  # times that no file tells
        write_atomically(self.staging / name, text.encode())
        self.notes.add(Kind.WRITTEN, str(self.output / name))

    def _time_step(self, trials: Sequence[ImportedTrial]) -> float:
        """The time step that C1 and C2 of the subject belong to, s; says where it is from."""
        steps = [trial.frame_step for trial in trials if trial.frame_step is not None]
        exported = self.project.subject.exported_time_step
        if self.given_step is not None:
            step, reason = self.given_step, "as given"
        elif exported is not None:
            step, reason = exported, "as the subject's export noted"
        elif steps:
            step, reason = steps[0], "that of the frames, once in each of which CEINMS steps its filter"
        else:
            step, reason = (
                _STEP_WHEN_UNKNOWN,
                "A GUESS: no file tells. Import again with --time-step and the step of your muscle-tendon "
                "lengths, in seconds",
            )
        self.notes.add(
            Kind.MISSING if reason.startswith("A GUESS") else Kind.CHOSEN,
            f"c1 and c2 of the subject belong to a time step of {step:g} s, {reason}.",
        )
        if steps and max(steps) > 1.01 * min(steps):
            self.notes.add(
                Kind.MEANING,
                f"Trials have frames every {min(steps):g} to {max(steps):g} s. In CEINMS the same c1 and c2 "
                "mean other time constants for each; here they mean the same.",
            )
        return step

    def _tell(self) -> None:
        """Notes about everything that a subject of CEINMS means differently."""
        tell_of_meaning(self.project, self.source.model, self.notes)
        if self.project.electromechanical_delay is None:
            self.notes.add(
                Kind.CHOSEN,
                f"No file gives the electromechanical delay; CEINMS's {DEFAULT_DELAY:g} s was taken.",
            )


def _check_not_overwritten(staging: Path, output: Path, inputs: Sequence[Path]) -> None:
    written = {(output / path.name).resolve() for path in staging.iterdir()}
    for path in inputs:
        if path.resolve() in written:
            raise CEINMSFileError(
                f"--output: the import would write {path.name} over {path}, which it reads. Choose another "
                "folder."
            )
