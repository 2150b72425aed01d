"""From the settings of an execution to its muscles and trials."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import opensim

from opensim_difcal.errors import DifcalError, Problems, raise_problems
from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.execution.execute import Projection
from opensim_difcal.inputs.geometry_cache import GeometryCache
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.opensim_model import find_coordinate
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.inputs.trial_checks import failures
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.inputs.trial_reader import read_trials, trial_findings
from opensim_difcal.inputs.trial_source import TrialSettings
from opensim_difcal.outputs.subject import Subject
from opensim_difcal.tools.common.cache_folder import cache_folder
from opensim_difcal.tools.common.findings import Findings
from opensim_difcal.tools.common.model_source import ModelSource, open_model
from opensim_difcal.tools.execution.checks import has_usable_grid, setting_problems
from opensim_difcal.tools.execution.excitation_drivers import Drivers, excitation_drivers
from opensim_difcal.tools.execution.subject_source import (
    SubjectSource,
    calibrated_muscles,
    open_subject,
    projection_of,
)
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

DEFAULT_TIME_STEP, DEFAULT_CUTOFF = 0.005, 6.0  # s, Hz; where no subject says


@dataclass(frozen=True)
class ExecutionInputs:
    """Everything an execution starts from.

    Attributes:
        source: The calibrated model.
        subject: What the calibration wrote beside it.
        muscles: At the time step of the trials.
        n_substeps: How many of these steps make one that is written.
        drivers: Where excitations come from.
        projection: The subject's synergies, where they drive a muscle.
        trials: On their time grids.
        notes: Sentences for the report.
    """

    source: ModelSource
    subject: Subject | None
    muscles: CalibratedMuscles
    n_substeps: int
    drivers: Drivers
    projection: Projection | None
    trials: tuple[Trial, ...]
    notes: tuple[str, ...]


def read_inputs(tool: NMSExecutionTool) -> ExecutionInputs:
    """Reads model, subject and trials; computes lengths and moment arms.

    Raises:
        DifcalError: If something is wrong; `Problems` if several things are.
    """
    raise_problems(setting_problems(tool))
    source = open_model(tool)
    raise_problems(_name_problems(tool, source.model))
    found = _subject(tool, source.model)
    subject = None if found is None else found.subject
    drivers = excitation_drivers(tool, source.model, subject)
    muscles, n_substeps = _muscles(tool, source.model, drivers, subject)
    trials = read_trials(
        _trial_files(tool), _paths(tool, source, drivers), _trial_settings(tool, subject, drivers, muscles)
    )
    notes = (*source.notes, *(found.notes if found else ()))
    return ExecutionInputs(
        source,
        subject,
        muscles,
        n_substeps,
        drivers,
        projection_of(subject, drivers.projected),
        trials,
        notes,
    )


def input_problems(tool: NMSExecutionTool) -> list[DifcalError]:
    """Returns everything that is wrong with settings, model, subject and trials, each once."""
    return list(input_findings(tool).problems)


def input_findings(tool: NMSExecutionTool) -> Findings:
    """Returns everything that is or looks wrong with settings, model, subject and trials, each once."""
    found: list[DifcalError] = [*setting_problems(tool)]
    warnings: list[str] = []
    try:
        source = open_model(tool)
    except DifcalError as error:
        return Findings(_each_once([*found, error, *_unreadable(tool)]))
    names = _name_problems(tool, source.model)
    found += names
    try:
        opened = _subject(tool, source.model)
    except DifcalError as error:
        return Findings(_each_once([*found, error, *_unreadable(tool)]))
    subject = None if opened is None else opened.subject
    lacks_subject = subject is None and tool.mode != "static_optimization"  # which was found above
    if not names and not lacks_subject and has_usable_grid(tool):
        try:
            drivers = excitation_drivers(tool, source.model, subject)
            muscles, _ = _muscles(tool, source.model, drivers, subject)
        except DifcalError as error:
            return Findings(_each_once([*found, error]))
        settings = _trial_settings(tool, subject, drivers, muscles)
        for files in _trial_files(tool):
            problems, suspicions = trial_findings(files, _paths(tool, source, drivers), settings)
            found += problems
            warnings += suspicions
    return Findings(_each_once(found), list(dict.fromkeys(warnings)))


def _muscles(
    tool: NMSExecutionTool, model: opensim.Model, drivers: Drivers, subject: Subject | None
) -> tuple[CalibratedMuscles, int]:
    """The muscles at the step that they are simulated at, and how many make one that is written."""
    calibrated = calibrated_muscles(model, drivers.muscles, subject, DEFAULT_TIME_STEP)
    muscles, n_substeps = calibrated.for_frames(tool.time_step or calibrated.time_step)
    if tool.mode == "static_optimization" and not tool.activation_dynamics:
        muscles = muscles.without_activation_dynamics()
    if tool.tendons != "model":
        muscles = muscles.with_rigid_tendon(rigid=tool.tendons == "rigid")
    return muscles, n_substeps


def _trial_files(tool: NMSExecutionTool) -> tuple[ExecutionTrialFiles, ...]:
    """The trials; without excitations where the mode uses none."""
    if tool.mode != "static_optimization":
        return tool.trials
    return tuple(replace(files, excitations_file=None) for files in tool.trials)


def _trial_settings(
    tool: NMSExecutionTool, subject: Subject | None, drivers: Drivers, muscles: CalibratedMuscles
) -> TrialSettings:
    cutoff = tool.lowpass_cutoff_frequency_for_coordinates
    if cutoff is None:
        cutoff = subject.lowpass_cutoff_frequency_for_coordinates if subject else DEFAULT_CUTOFF
    projection = projection_of(subject, drivers.projected)
    return TrialSettings(
        time_step=muscles.time_step,
        lead_in=tool.lead_in,
        electromechanical_delay=muscles.electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates=cutoff,
        excitation_map=drivers.excitation_map,
        allow_extra_columns=tool.allow_extra_columns,
        synthesized_muscles=(*drivers.projected, *drivers.synthesized),
        channels=projection.channel_names if projection else (),
        only_scored=tool.mode == "open_loop",
        delay_shift=muscles.shift_by_muscle(),
    )


def _paths(tool: NMSExecutionTool, source: ModelSource, drivers: Drivers) -> MusclePaths:
    folder = cache_folder(tool, "geometry")
    is_its_file = isinstance(tool.model_file, Path) and not source.notes
    return MusclePaths(
        source.model,
        drivers.muscles,
        tuple(tool.coordinates),
        None if folder is None else GeometryCache(folder),
        source.digest,
        source.path if is_its_file else None,
    )


def _subject(tool: NMSExecutionTool, model: opensim.Model) -> SubjectSource | None:
    if tool.subject_file is None:
        return None
    return open_subject(
        tool.subject_file, tool.model_file, model, allow_changed_model=tool.allow_changed_model
    )


def _name_problems(tool: NMSExecutionTool, model: opensim.Model) -> list[DifcalError]:
    return failures([partial(find_coordinate, model, name) for name in tool.coordinates])


def _unreadable(tool: NMSExecutionTool) -> list[DifcalError]:
    """Files of trials that cannot be read; for when there is nothing to check them against."""
    return failures([partial(read_storage, path) for files in tool.trials for path in files.paths])


def _each_once(problems: Sequence[DifcalError]) -> list[DifcalError]:
    single: list[DifcalError] = []
    for problem in problems:
        single += problem.errors if isinstance(problem, Problems) else (problem,)
    return list({str(problem): problem for problem in single}.values())
