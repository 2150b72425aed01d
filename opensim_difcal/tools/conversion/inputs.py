"""From the settings of a conversion to its model, and to what its muscles go through in each trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import opensim

from opensim_difcal.errors import DifcalError, ModelError, TrialError, raise_problems
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import find_coordinate
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.thelen_conversion import thelen_muscle_names
from opensim_difcal.inputs.trial_checks import failures, trial_faults
from opensim_difcal.inputs.trial_files import MotionFiles
from opensim_difcal.inputs.trial_source import TrialSettings, TrialSource
from opensim_difcal.shapes import MomentArmArray, MuscleArray, TimeArray
from opensim_difcal.tools.common.model_source import ModelSource, open_source
from opensim_difcal.tools.conversion.checks import setting_problems
from opensim_difcal.tools.muscle_conversion_tool import MuscleConversionTool
from opensim_difcal.wording import did_you_mean


@dataclass(frozen=True)
class MuscleMotion:
    """What the compared muscles go through in a trial, the same for both models.

    Attributes:
        name: Of the trial.
        muscle_names: The compared muscles.
        coordinate_names: Coordinates whose moments are compared.
        time: s.
        n_lead_in: Samples that are integrated and not compared.
        excitation: 0..1.
        muscle_tendon_length: m.
        moment_arm: m.
        notes: Sentences for the report.
    """

    name: str
    muscle_names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    time: TimeArray
    n_lead_in: int
    excitation: MuscleArray
    muscle_tendon_length: MuscleArray
    moment_arm: MomentArmArray
    notes: tuple[str, ...]


def input_problems(tool: MuscleConversionTool) -> list[DifcalError]:
    """Returns everything that is wrong with settings, model and trials, each once."""
    found: list[DifcalError] = [*setting_problems(tool)]
    try:
        source = open_source(tool.model_file)
    except DifcalError as error:
        paths = [path for files in tool.trials for path in files.paths]
        return [*found, error, *failures([partial(read_storage, path) for path in paths])]
    names = name_problems(tool, source)
    found += names
    if not names and not found:
        for files in tool.trials:
            found += failures([partial(_checked, tool, files, source.model)])
    return list({str(problem): problem for problem in found}.values())


def name_problems(tool: MuscleConversionTool, source: ModelSource) -> list[DifcalError]:
    """Returns what the model lacks: Thelen muscles, named muscles, coordinates."""
    thelen = thelen_muscle_names(source.model)
    if not thelen:
        classes = [each.getConcreteClassName() for each in _muscles(source.model)]
        listed = ", ".join(f"{classes.count(kind)} {kind}" for kind in dict.fromkeys(classes)) or "none"
        return [
            ModelError(
                f"{source.path}: the model has no Thelen2003Muscle, so there is nothing to convert. Its "
                f"muscles: {listed}. Check <model_file>."
            )
        ]
    found = failures([partial(find_coordinate, source.model, name) for name in tool.coordinates])
    return found + [
        ModelError(
            f"<muscles>: the model has no Thelen2003Muscle {name!r}.{did_you_mean(name, thelen)} Correct the "
            "name, or remove it."
        )
        for name in tool.muscles
        if name not in thelen
    ]


def read_motions(tool: MuscleConversionTool, model: opensim.Model) -> tuple[MuscleMotion, ...]:
    """Reads all trials: lengths, moment arms and excitations on a grid.

    Args:
        tool: The settings.
        model: The model with its Thelen muscles.

    Raises:
        DifcalError: If a trial is at fault; `Problems` if several things are.
    """
    sources: list[TrialSource] = []
    raise_problems(failures([partial(_append, sources, tool, files, model) for files in tool.trials]))
    return tuple(_motion(tool, source) for source in sources)


def _append(
    sources: list[TrialSource], tool: MuscleConversionTool, files: MotionFiles, model: opensim.Model
) -> None:
    sources.append(_checked(tool, files, model))


def _checked(tool: MuscleConversionTool, files: MotionFiles, model: opensim.Model) -> TrialSource:
    """A trial in which no check finds a fault."""
    thelen = thelen_muscle_names(model)
    names = tuple(name for name in thelen if name in tool.muscles or not tool.muscles)
    paths = MusclePaths(model, names, tuple(tool.coordinates))
    settings = TrialSettings(
        time_step=tool.time_step,
        lead_in=tool.lead_in,
        electromechanical_delay=0.0,
        lowpass_cutoff_frequency_for_coordinates=tool.lowpass_cutoff_frequency_for_coordinates,
        excitation_map=tool.excitation_map,
        allow_extra_columns=tool.allow_extra_columns,
    )
    source = TrialSource(files.during(files.time_range or _common_time(files, tool.lead_in)), paths, settings)
    raise_problems(trial_faults(source, check_crossing=False))
    idle = tuple(name for name in names if name not in source.drivers)
    return replace(source, settings=replace(settings, synthesized_muscles=idle))


def _common_time(files: MotionFiles, lead_in: float) -> tuple[float, float]:
    """First and last time that all files hold, the lead-in left out."""
    tables = [read_storage(path) for path in files.paths]
    first, last = (
        max(float(table.time[0]) for table in tables),
        min(float(table.time[-1]) for table in tables),
    )
    if first + lead_in >= last:
        raise TrialError(
            f"Trial {files.name!r}: coordinates_file and excitations_file share no time, or no more than "
            f"<lead_in>, {lead_in:g} s. Give files of the same recording."
        )
    return first + lead_in, last


def _motion(tool: MuscleConversionTool, source: TrialSource) -> MuscleMotion:
    time, n_lead_in = source.grid()
    geometry = source.geometry(time)
    recording, notes = source.recording(time)
    excitation = source.excitation(time, recording)
    idle = source.settings.synthesized_muscles
    excitation[:, np.isin(source.muscle_names, idle)] = tool.constant_activation
    if source.tables.excitations is not None and idle:
        notes.append(
            f"{source.where}: no excitation drives {len(idle)} of {len(source.muscle_names)} compared "
            f"muscles; they have the constant activation {tool.constant_activation:g}."
        )
    return MuscleMotion(
        name=source.files.name,
        muscle_names=source.muscle_names,
        coordinate_names=source.coordinate_names,
        time=time,
        n_lead_in=n_lead_in,
        excitation=excitation,
        muscle_tendon_length=geometry.muscle_tendon_length,
        moment_arm=geometry.moment_arm,
        notes=(*source.motion.notes, *notes),
    )


def _muscles(model: opensim.Model) -> Sequence[opensim.Muscle]:
    return [model.getMuscles().get(name) for name in muscle_names(model)]


def max_isometric_forces(model: opensim.Model) -> Mapping[str, float]:
    """Returns every muscle's max_isometric_force, N."""
    return {each.getName(): each.getMaxIsometricForce() for each in _muscles(model)}
