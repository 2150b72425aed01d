"""Finds start values of a scaled model's muscles, and writes the model with them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import opensim
import torch
from tqdm import tqdm

from opensim_difcal.atomic import write_atomically
from opensim_difcal.cache import cache_subfolder
from opensim_difcal.errors import DifcalError, ModelError, raise_problems
from opensim_difcal.initialization.muscle_volumes import VolumeForces, forces_from_volumes
from opensim_difcal.initialization.normalized_lengths import (
    MappedLengths,
    fiber_difference,
    joint_space,
    mapped_lengths,
    normalized_lengths,
)
from opensim_difcal.initialization.result import Change, InitializationResult, InitializedMuscle
from opensim_difcal.inputs.joint_space import coordinate_range, lengths_in_poses, spanned_coordinates
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.trial_checks import failures
from opensim_difcal.outputs.initial_values_csv import write_initial_values
from opensim_difcal.outputs.initialization_report import write_initialization_report
from opensim_difcal.outputs.osim_file import MuscleChange, calibrated_osim_text
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.setup_template import setup_text
from opensim_difcal.tools.common.garbage import no_garbage_collection
from opensim_difcal.tools.common.model_source import ModelSource, open_model
from opensim_difcal.tools.common.staging import move_into_place, staging_folder
from opensim_difcal.tools.muscle_initialization_tool import MuscleInitializationTool
from opensim_difcal.wording import counted

_log = logging.getLogger("opensim_difcal")


@dataclass(frozen=True)
class InitializationOutcome:
    """What a run of the initialization tool leaves behind.

    Attributes:
        model: The new model, loaded from the written .osim file.
        result: What changed.
        files: Every file that was written.
    """

    model: opensim.Model
    result: InitializationResult
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Inputs:
    """The scaled model, its muscles and the reference they are compared with."""

    source: ModelSource
    muscles: Muscles
    reference: opensim.Model | None

    @property
    def shared(self) -> tuple[str, ...]:
        """Muscles that the reference has as well, in the scaled model's order."""
        known = set() if self.reference is None else set(muscle_names(self.reference))
        return tuple(name for name in self.muscles.names if name in known)


def initialize_muscles(tool: MuscleInitializationTool, *, progress: bool) -> InitializationOutcome:
    """Finds start values and writes everything; the .osim comes last.

    Args:
        tool: The settings.
        progress: Whether a progress bar is shown.

    Raises:
        DifcalError: If a model cannot be used.
    """
    inputs = _read(tool)
    raise_problems(_model_problems(tool, inputs))
    muscles = inputs.muscles
    mapped: dict[str, MappedLengths] = {}
    differences: dict[str, Change] = {}
    if inputs.reference is not None:
        mapped, differences = _mapped(tool, inputs, inputs.reference, progress=progress)
        _log.info("Mapped the lengths of %s.", counted(len(mapped), "muscle"))
    lengths = {
        name: (mapped[name].optimal_fiber_length, mapped[name].tendon_slack_length)
        if name in mapped
        else (float(muscles.optimal_fiber_length[i]), float(muscles.tendon_slack_length[i]))
        for i, name in enumerate(muscles.names)
    }
    forces = _forces(tool, muscles, lengths)
    result = _result(tool, inputs, mapped, differences, lengths, forces)
    return _write(tool, inputs, result)


def input_problems(tool: MuscleInitializationTool) -> list[DifcalError]:
    """Returns what is wrong with the models, each problem once."""
    try:
        inputs = _read(tool)
    except DifcalError as error:
        return [error]
    return _model_problems(tool, inputs)


def _read(tool: MuscleInitializationTool) -> _Inputs:
    """Opens the models.

    Raises:
        ModelError: If one cannot be used.
    """
    source = open_model(tool)
    names = muscle_names(source.model)
    if not names:
        raise ModelError(f"{source.path}: the model has no muscles. Choose a model with muscles.")
    muscles = read_muscles(source.model, names)
    reference = None
    if tool.reference_model_file is not None:
        if not tool.reference_model_file.is_file():
            raise ModelError(
                f"{tool.reference_model_file}: the model file does not exist. Check <reference_model_file>."
            )
        reference = open_model(replace(tool, model_file=tool.reference_model_file)).model
    return _Inputs(source, muscles, reference)


def _model_problems(tool: MuscleInitializationTool, inputs: _Inputs) -> list[DifcalError]:
    """Models that do not belong together; muscles without volumes."""
    found: list[DifcalError] = []
    if inputs.reference is not None:
        found += failures([partial(_check_reference, tool, inputs, inputs.reference)])
    lengths = {
        name: (float(inputs.muscles.optimal_fiber_length[i]), 0.0)
        for i, name in enumerate(inputs.muscles.names)
    }
    return found + failures([partial(_forces, tool, inputs.muscles, lengths)])


def _check_reference(tool: MuscleInitializationTool, inputs: _Inputs, reference: opensim.Model) -> None:
    """Refuses a reference whose muscles or coordinates the scaled model does not have."""
    place = f"<reference_model_file> {tool.reference_model_file}"
    if not inputs.shared:
        raise ModelError(
            f"{place}: none of its muscles has the name of one of {inputs.source.path}; the first is "
            f"{muscle_names(reference)[0]!r} there, {inputs.muscles.names[0]!r} here. Give the model that "
            "was scaled."
        )
    read_muscles(reference, inputs.shared)
    every = inputs.source.model.getCoordinateSet()
    known = {every.get(i).getName() for i in range(every.getSize())}
    for name, coordinates in spanned_coordinates(reference, inputs.shared).items():
        for coordinate in coordinates:
            coordinate_range(reference, coordinate)
            if coordinate not in known:
                raise ModelError(
                    f"{place}: its muscle {name!r} spans the coordinate {coordinate!r}, which "
                    f"{inputs.source.path} does not have. Give the model that was scaled."
                )


def _mapped(
    tool: MuscleInitializationTool, inputs: _Inputs, reference: opensim.Model, *, progress: bool
) -> tuple[dict[str, MappedLengths], dict[str, Change]]:
    """Lengths by muscle, and how far its fibers are from the reference's before and after."""
    model, muscles = inputs.source.model, inputs.muscles
    of_reference = read_muscles(reference, inputs.shared)
    engine = best_engine(muscles, cache_subfolder("kernels"))
    by_coordinates: dict[tuple[str, ...], list[str]] = {}
    for name, coordinates in spanned_coordinates(reference, inputs.shared).items():
        by_coordinates.setdefault(coordinates, []).append(name)
    mapped: dict[str, MappedLengths] = {}
    differences: dict[str, Change] = {}
    with tqdm(total=len(inputs.shared), disable=not progress, desc=tool.name, unit="muscle") as bar:
        for coordinates, names in by_coordinates.items():
            if coordinates:
                ranges = {each: coordinate_range(reference, each) for each in coordinates}
                poses = joint_space(ranges, tool.samples_per_coordinate, tool.max_poses)
                lengths = [lengths_in_poses(each, poses, names) for each in (reference, model)]
                pair = _some(of_reference, names), _some(muscles, names)
                found = _map_group(engine, lengths, pair)
                mapped |= found[0]
                differences |= found[1]
            bar.update(len(names))
    return mapped, differences


def _map_group(
    engine: Engine, lengths: Sequence, pair: tuple[Muscles, Muscles]
) -> tuple[dict[str, MappedLengths], dict[str, Change]]:
    """The same for muscles that span the same coordinates; reference first."""
    reference = normalized_lengths(engine, lengths[0], pair[0])
    mapped = mapped_lengths(reference, lengths[1], pair[1])
    new = pair[1].with_lengths(
        *(
            torch.tensor([getattr(each, name) for each in mapped.values()], dtype=torch.float64)
            for name in ("optimal_fiber_length", "tendon_slack_length")
        )
    )
    before, after = (
        fiber_difference(reference, normalized_lengths(engine, lengths[1], each)) for each in (pair[1], new)
    )
    return mapped, {
        name: (float(before[i]), float(after[i]))
        for i, (name, each) in enumerate(mapped.items())
        if each.n_active
    }


def _some(muscles: Muscles, names: Sequence[str]) -> Muscles:
    return muscles.select(torch.tensor([muscles.names.index(name) for name in names]))


def _forces(
    tool: MuscleInitializationTool, muscles: Muscles, lengths: Mapping[str, tuple[float, float]]
) -> VolumeForces | None:
    """Forces from volumes, with the lengths that the model will have; None where not asked for."""
    if tool.height is None or tool.mass is None:
        return None
    optimal = torch.tensor([lengths[name][0] for name in muscles.names], dtype=torch.float64)
    return forces_from_volumes(
        muscles.names,
        optimal.numpy(),
        model_volume=(muscles.max_isometric_force * muscles.optimal_fiber_length).numpy(),
        height=tool.height,
        mass=tool.mass,
        specific_tension=tool.specific_tension,
    )


def _result(
    tool: MuscleInitializationTool,
    inputs: _Inputs,
    mapped: Mapping[str, MappedLengths],
    differences: Mapping[str, Change],
    lengths: Mapping[str, tuple[float, float]],
    forces: VolumeForces | None,
) -> InitializationResult:
    muscles = inputs.muscles
    new_forces = {} if forces is None else forces.max_isometric_force
    found = []
    for i, name in enumerate(muscles.names):
        force = float(muscles.max_isometric_force[i])
        found.append(
            InitializedMuscle(
                name=name,
                optimal_fiber_length=(float(muscles.optimal_fiber_length[i]), lengths[name][0]),
                tendon_slack_length=(float(muscles.tendon_slack_length[i]), lengths[name][1]),
                max_isometric_force=(force, new_forces.get(name, force)),
                mapping=mapped.get(name),
                fiber_difference=differences.get(name),
                volume=None if forces is None else forces.volume.get(name),
                volume_rows=() if forces is None else forces.rows.get(name, ()),
            )
        )
    return InitializationResult(
        name=tool.name,
        muscles=tuple(found),
        has_reference=inputs.reference is not None,
        leg_volume=None if forces is None else forces.leg_volume,
        specific_tension=tool.specific_tension,
        notes=inputs.source.notes,
    )


def _write(
    tool: MuscleInitializationTool, inputs: _Inputs, result: InitializationResult
) -> InitializationOutcome:
    """Writes into a folder beside the results, lets OpenSim load the model, then moves all in place."""
    changes = {
        muscle.name: MuscleChange(
            max_isometric_force=muscle.max_isometric_force[1],
            optimal_fiber_length=muscle.optimal_fiber_length[1],
            tendon_slack_length=muscle.tendon_slack_length[1],
        )
        for muscle in result.muscles
    }
    with staging_folder(tool.results_directory, tool.name) as staging:
        content = calibrated_osim_text(inputs.source.content, changes, where=str(inputs.source.path))
        write_atomically(staging / tool.model_name, content)
        load_model(staging / tool.model_name)
        write_initial_values(staging / "initial_values.csv", result)
        settings = replace(tool, model_file=inputs.source.path)
        with no_garbage_collection():
            from opensim_difcal.outputs.figures.initialization import initialization_picture  # matplotlib

            picture = initialization_picture(result)
        write_initialization_report(
            staging / "report.html",
            result,
            picture=picture,
            settings_text=setup_text(settings, tool.results_directory),
        )
        files = move_into_place(staging, tool.results_directory, last=tool.model_name)
    _log.info("Wrote %d files; %s came last.", len(files), files[-1])
    return InitializationOutcome(load_model(files[-1]), result, files)
