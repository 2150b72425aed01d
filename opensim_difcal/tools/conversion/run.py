"""Converts a model, lets OpenSim compare forces, and writes what came of it; the .osim comes last."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import opensim
from tqdm import tqdm

from opensim_difcal.errors import raise_problems
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim
from opensim_difcal.inputs.thelen_conversion import (
    ParameterPair,
    convert_thelen_muscles,
    parameter_pairs,
    thelen_curves,
)
from opensim_difcal.outputs.conversion_csv import write_conversion
from opensim_difcal.outputs.conversion_forces import ComparedTrial, compared_trial
from opensim_difcal.outputs.conversion_report import Conversion, write_conversion_report
from opensim_difcal.outputs.figures.style import Curve
from opensim_difcal.setup_template import setup_text
from opensim_difcal.tools.common.model_source import open_source, printed
from opensim_difcal.tools.common.staging import move_into_place, staging_folder
from opensim_difcal.tools.conversion.checks import REPORT, TABLE, output_model_name, setting_problems
from opensim_difcal.tools.conversion.inputs import (
    MuscleMotion,
    max_isometric_forces,
    name_problems,
    read_motions,
)
from opensim_difcal.tools.muscle_conversion_tool import MuscleConversionTool

_N_POINTS = 201
_LENGTHS, _PASSIVE, _VELOCITIES = (0.0, 2.0), (0.9, 1.1), (-1.0, 1.0)


@dataclass(frozen=True)
class ConversionOutcome:
    """What a run of the conversion tool leaves behind.

    Attributes:
        model: The converted model, loaded from its file.
        conversion: Parameters and forces before and after.
        files: Every file that was written.
    """

    model: opensim.Model
    conversion: Conversion
    files: tuple[Path, ...]


def convert(tool: MuscleConversionTool, *, progress: bool = False) -> ConversionOutcome:
    """Converts, compares and writes.

    The forces are those of the very file that is written, as OpenSim loads it.

    Args:
        tool: The settings.
        progress: Whether a progress bar is shown.

    Raises:
        DifcalError: If an input is at fault, or OpenSim refuses the converted model.
        OSError: If a file cannot be written. Earlier results are then as they were.
    """
    raise_problems(setting_problems(tool))
    source = open_source(tool.model_file)
    raise_problems(name_problems(tool, source))
    motions = read_motions(tool, source.model)
    with quiet_opensim():
        converted = opensim.Model(source.model)
        converted.initSystem()
    names = convert_thelen_muscles(converted, tool.curves)
    directory, file_name = tool.results_directory, output_model_name(tool)
    with ExitStack() as folders:
        staging = folders.enter_context(staging_folder(directory, tool.name))
        path = staging / file_name
        path.write_bytes(printed(converted))
        model = load_model(path)
        original = source.path
        if not isinstance(tool.model_file, Path):
            original = Path(folders.enter_context(TemporaryDirectory())) / "original.osim"
            original.write_bytes(source.content)
        trials = _compared(tool, (original, path), motions, progress=progress)
        pairs = {name: tuple(_pairs(source.model, model, name)) for name in names}
        example = _example(names, trials, max_isometric_forces(source.model))
        conversion = Conversion(
            name=tool.name,
            model_file=source.path,
            output_model_file=file_name,
            curves=tool.curves,
            parameters=pairs,
            other_muscles=tuple(name for name in muscle_names(model) if name not in names),
            max_isometric_force=max_isometric_forces(source.model),
            example=example,
            drawn_curves=_drawn_curves(source.model, model, example),
            trials=trials,
            notes=tuple(dict.fromkeys(note for motion in motions for note in motion.notes)),
        )
        write_conversion(staging / TABLE, pairs, trials, conversion.max_isometric_force)
        settings_text = setup_text(replace(tool, model_file=source.path), directory)
        write_conversion_report(staging / REPORT, conversion, settings_text=settings_text)
        files = move_into_place(staging, directory, last=file_name)
    return ConversionOutcome(load_model(directory / file_name), conversion, files)


def _compared(
    tool: MuscleConversionTool,
    models: tuple[Path, Path],
    motions: tuple[MuscleMotion, ...],
    *,
    progress: bool,
) -> tuple[ComparedTrial, ...]:
    n_workers = (os.cpu_count() or 1) if tool.n_workers is None else tool.n_workers
    total = 2 * sum(len(motion.muscle_names) for motion in motions)
    with tqdm(total=total, disable=not progress, desc=tool.name, unit="muscle") as bar:

        def show(n_muscles: int) -> None:
            bar.update(n_muscles)

        return tuple(
            compared_trial(
                models,
                motion.name,
                motion.time,
                (motion.excitation, motion.muscle_tendon_length),
                motion.muscle_names,
                motion.moment_arm,
                motion.coordinate_names,
                n_lead_in=motion.n_lead_in,
                n_workers=n_workers,
                done=show,
            )
            for motion in motions
        )


def _example(
    names: tuple[str, ...], trials: tuple[ComparedTrial, ...], strengths: Mapping[str, float]
) -> str:
    """The muscle that changed most, else the first."""
    changes = [trial.force_changes(strengths) for trial in trials if trial.forces]
    return (
        max((each[0] for each in changes), key=lambda change: change.relative_rms).muscle
        if changes
        else names[0]
    )


def _pairs(before: opensim.Model, after: opensim.Model, name: str) -> list[ParameterPair]:
    return list(parameter_pairs(_thelen(before, name), _millard(after, name)))


def _thelen(model: opensim.Model, name: str) -> opensim.Thelen2003Muscle:
    return opensim.Thelen2003Muscle.safeDownCast(model.getMuscles().get(name))


def _millard(model: opensim.Model, name: str) -> opensim.Millard2012EquilibriumMuscle:
    return opensim.Millard2012EquilibriumMuscle.safeDownCast(model.getMuscles().get(name))


def _drawn_curves(before: opensim.Model, after: opensim.Model, name: str) -> list[tuple[Curve, Curve]]:
    thelen, millard = thelen_curves(_thelen(before, name)), _millard(after, name)
    strain = thelen.FmaxMuscleStrain
    lengths, passive = (
        np.linspace(*_LENGTHS, _N_POINTS),
        np.linspace(_PASSIVE[0], _PASSIVE[1] + strain, _N_POINTS),
    )
    velocities = np.linspace(*_VELOCITIES, _N_POINTS)
    tendon = np.linspace(1.0, 1.0 + 1.2 * thelen.FmaxTendonStrain, _N_POINTS)
    with quiet_opensim():
        return [
            (
                (lengths, thelen.active_force_length(lengths)),
                _drawn(millard.getActiveForceLengthCurve(), lengths),
            ),
            (
                (passive, thelen.passive_force_length(passive)),
                _drawn(millard.getFiberForceLengthCurve(), passive),
            ),
            (
                (velocities, thelen.force_velocity(velocities)),
                _drawn(millard.getForceVelocityCurve(), velocities),
            ),
            (
                (tendon, thelen.tendon_force_length(tendon)),
                _drawn(millard.getTendonForceLengthCurve(), tendon),
            ),
        ]


def _drawn(curve: opensim.Function, x: np.ndarray) -> Curve:
    return x, np.array([curve.calcValue(float(each)) for each in x])
