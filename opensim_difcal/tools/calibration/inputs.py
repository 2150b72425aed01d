"""From the settings of a calibration to its model, muscles and trials."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import opensim
import torch

from opensim_difcal.calibration.unknowns import Bounds, check_rise
from opensim_difcal.errors import DifcalError, ModelError, SetupFileError, TrialError, raise_problems
from opensim_difcal.initialization.feasibility import MuscleRepair, repaired
from opensim_difcal.inputs.excitations import driven_muscles
from opensim_difcal.inputs.geometry_cache import GeometryCache
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import find_coordinate
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.inputs.trial_checks import failures
from opensim_difcal.inputs.trial_reader import read_trials, trial_findings
from opensim_difcal.inputs.trial_source import TrialSettings
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.tools.calibration.checks import setting_problems
from opensim_difcal.tools.calibration.synergies import channel_problems, synthesized_muscles
from opensim_difcal.tools.common.cache_folder import cache_folder
from opensim_difcal.tools.common.findings import Findings
from opensim_difcal.tools.common.model_source import ModelSource, open_model
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool
from opensim_difcal.wording import did_you_mean

_log = logging.getLogger("opensim_difcal")


@dataclass(frozen=True)
class CalibrationInputs:
    """Everything a calibration starts from.

    Attributes:
        source: The scaled model and its .osim content; calibrated values go in there.
        muscles: The muscles that take part; repaired where their fibers had no room.
        made_elastic: Those whose tendon the model has rigid and the calibration elastic.
        trials: All trials on their time grids.
        notes: Sentences for the report.
        repairs: What was changed of the model's muscles.
    """

    source: ModelSource
    muscles: Muscles
    made_elastic: tuple[str, ...]
    trials: tuple[Trial, ...]
    notes: tuple[str, ...]
    repairs: tuple[MuscleRepair, ...] = ()


def read_inputs(tool: NMSCalibrationTool) -> CalibrationInputs:
    """Reads model and trials; computes lengths and moment arms.

    Raises:
        DifcalError: If something is wrong; `Problems` if several things are.
    """
    raise_problems([*setting_problems(tool), *_device_problems(tool)])
    source = open_model(tool)
    raise_problems(_name_problems(tool, source.model))
    driven = _driven_by_trial(tool, source.model)
    recorded = _common(driven, muscle_names(source.model))
    synthesized = synthesized_muscles(tool, source.model, recorded)
    raise_problems(channel_problems(tool, source.model, recorded))
    names = _taking_part(driven, synthesized, source.model)
    muscles = read_muscles(source.model, names)
    raise_problems(_strain_problems(tool, muscles, source.model))
    made_elastic: tuple[str, ...] = ()
    if tool.tendon == "elastic":
        rigid = muscles.rigid_tendon.tolist()
        made_elastic = tuple(name for name, is_rigid in zip(names, rigid, strict=True) if is_rigid)
        muscles = muscles.with_rigid_tendon(torch.zeros_like(muscles.rigid_tendon))
    trials = _read_trials(tool, source, names, synthesized)
    muscles, repairs = _with_room(tool, muscles, trials)
    notes = [*source.notes, *_undriven_notes(tool, driven, names), *(repair.sentence for repair in repairs)]
    return CalibrationInputs(source, muscles, made_elastic, trials, tuple(notes), repairs)


def input_problems(tool: NMSCalibrationTool) -> list[DifcalError]:
    """Returns everything that is wrong with settings, model and trials, each once."""
    return list(input_findings(tool).problems)


def input_findings(tool: NMSCalibrationTool) -> Findings:
    """Returns everything that is or looks wrong with settings, model and trials, each once.

    Without a usable model the trials' files are only opened.
    """
    found: list[DifcalError] = [*setting_problems(tool), *_device_problems(tool)]
    try:
        model = open_model(tool).model
    except DifcalError as error:
        paths = [path for files in tool.trials for path in files.paths]
        return Findings([*found, error, *failures([partial(read_storage, path) for path in paths])])
    found += _name_problems(tool, model)
    known = set(_coordinate_names(model))
    coordinates = [name for name in dict.fromkeys(tool.coordinates) if name in known]
    driven: dict[str, Sequence[str]] = {}
    found += failures([lambda: driven.update(_driven_by_trial(tool, model))])
    synthesized: list[str] = []
    if coordinates and driven:
        known_tool = replace(tool, coordinates=tuple(coordinates))
        recorded = _common(driven, muscle_names(model))
        found += failures([lambda: synthesized.extend(synthesized_muscles(known_tool, model, recorded))])
        found += failures([lambda: raise_problems(channel_problems(known_tool, model, recorded))])
    names = _taking_part(driven, synthesized, model)
    read: list[Muscles] = []
    found += failures([lambda: read.append(read_muscles(model, names))] if names else [])
    found += [problem for muscles in read for problem in _strain_problems(tool, muscles, model)]
    all_known = known.issuperset(tool.coordinates)
    paths = MusclePaths(model, names, tuple(coordinates))
    settings = _trial_settings(tool, synthesized)
    warnings: list[str] = []
    for files in tool.trials:
        problems, suspicions = trial_findings(files, paths, settings, check_crossing=all_known)
        found += problems
        warnings += suspicions
    return Findings(
        list({str(problem): problem for problem in found}.values()), list(dict.fromkeys(warnings))
    )


def parameter_bounds(tool: NMSCalibrationTool) -> Bounds:
    """Returns the bounds of everything that is learned."""
    return Bounds(
        optimal_fiber_length=tool.optimal_fiber_length_bounds,
        tendon_slack_length=tool.tendon_slack_length_bounds,
        strength_coefficient=tool.strength_coefficient_bounds,
        c1=tool.c1_bounds,
        c2=tool.c2_bounds,
        shape_factor=tool.shape_factor_bounds,
        passive_fiber_strain_at_zero_force=tool.passive_fiber_strain_at_zero_force_bounds,
        passive_fiber_strain_at_one_norm_force=tool.passive_fiber_strain_at_one_norm_force_bounds,
        tendon_strain_at_one_norm_force=tool.tendon_strain_at_one_norm_force_bounds,
    )


def _strain_problems(tool: NMSCalibrationTool, muscles: Muscles, model: opensim.Model) -> list[DifcalError]:
    """Groups that share strains although no member takes part; bounds within which a curve need not rise."""
    if not tool.calibrated_curve_strains:
        return []
    groups = {group.name: group.muscles for group in tool.curve_strain_groups}
    found: list[DifcalError] = [
        SetupFileError(
            f"<curve_strain_groups>/<CurveStrainGroup name={name!r}>: none of its muscles takes part in the "
            "calibration. Name muscles with an excitation, or remove the group."
        )
        for name, members in groups.items()
        if not set(members).intersection(muscles.names) and set(members).issubset(muscle_names(model))
    ]
    bounds = parameter_bounds(tool)
    return found + failures([partial(check_rise, muscles, bounds, tool.calibrated_curve_strains, groups)])


def geometry_cache(tool: NMSCalibrationTool) -> GeometryCache | None:
    """Returns where lengths and moment arms are kept; None for nowhere."""
    folder = cache_folder(tool, "geometry")
    return None if folder is None else GeometryCache(folder)


def recorded_channels(tool: NMSCalibrationTool) -> tuple[str, ...]:
    """Returns the excitation columns that drive muscles in every trial; reads no series.

    Raises:
        DifcalError: If the model or an excitation file cannot be used.
    """
    model = open_model(tool).model
    recorded = _common(_driven_by_trial(tool, model), muscle_names(model))
    path = tool.trials[0].excitations_file
    drivers = driven_muscles(
        str(path),
        read_storage(path).labels,
        tool.excitation_map,
        muscle_names(model),
        allow_extra_columns=tool.allow_extra_columns,
    )
    return tuple(sorted({column for name in recorded for column in drivers[name]}))


def _device_problems(tool: NMSCalibrationTool) -> list[DifcalError]:
    """Whether torch can compute where the settings say."""
    if tool.device != "cuda" or torch.cuda.is_available():
        return []
    return [
        SetupFileError(
            f"<device> is 'cuda', but torch {torch.__version__} sees no CUDA device. Set it to cpu, or "
            "install an NVIDIA driver and a CUDA build of torch."
        )
    ]


def _trial_settings(tool: NMSCalibrationTool, synthesized: Sequence[str]) -> TrialSettings:
    return TrialSettings(
        time_step=tool.time_step,
        lead_in=tool.lead_in,
        electromechanical_delay=tool.electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates=tool.lowpass_cutoff_frequency_for_coordinates,
        excitation_map=tool.excitation_map,
        allow_extra_columns=tool.allow_extra_columns,
        synthesized_muscles=tuple(synthesized),
    )


def _name_problems(tool: NMSCalibrationTool, model: opensim.Model) -> list[DifcalError]:
    """Coordinates and members of groups that the model does not have."""
    found = failures([partial(find_coordinate, model, name) for name in tool.coordinates])
    available = muscle_names(model)
    for element, groups in (
        ("strength_groups", tool.strength_groups),
        ("curve_strain_groups", tool.curve_strain_groups),
    ):
        found += [
            ModelError(
                f"<{element}>/<{type(group).__name__} name={group.name!r}>: the model has no muscle "
                f"{muscle!r}.{did_you_mean(muscle, available)} Correct the name, or remove it."
            )
            for group in groups
            for muscle in group.muscles
            if muscle not in available
        ]
    return found


def _driven_by_trial(tool: NMSCalibrationTool, model: opensim.Model) -> dict[str, Sequence[str]]:
    """Muscles with an excitation, by trial."""
    driven: dict[str, Sequence[str]] = {
        files.name: tuple(
            driven_muscles(
                str(files.excitations_file),
                read_storage(files.excitations_file).labels,
                tool.excitation_map,
                muscle_names(model),
                allow_extra_columns=tool.allow_extra_columns,
            )
        )
        for files in tool.trials
    }
    if driven and not _common(driven, muscle_names(model)):
        raise TrialError(
            "<trials>: no muscle has an excitation in every trial. Calibrate trials together whose "
            "excitation files drive the same muscles."
        )
    return driven


def _common(driven: Mapping[str, Sequence[str]], available: Sequence[str]) -> tuple[str, ...]:
    """Muscles with an excitation in every trial, in the model's order."""
    return tuple(name for name in available if driven and all(name in each for each in driven.values()))


def _taking_part(
    driven: Mapping[str, Sequence[str]], synthesized: Sequence[str], model: opensim.Model
) -> tuple[str, ...]:
    """Muscles with an excitation, recorded or synthesized, in the model's order."""
    every = muscle_names(model)
    recorded = _common(driven, every)
    return tuple(name for name in every if name in recorded or name in synthesized)


def _read_trials(
    tool: NMSCalibrationTool, source: ModelSource, names: Sequence[str], synthesized: Sequence[str]
) -> tuple[Trial, ...]:
    is_its_file = isinstance(tool.model_file, Path) and not source.notes  # notes: muscles were converted
    paths = MusclePaths(
        source.model,
        tuple(names),
        tuple(tool.coordinates),
        geometry_cache(tool),
        source.digest,
        source.path if is_its_file else None,
    )
    return read_trials(tool.trials, paths, _trial_settings(tool, synthesized))


def _with_room(
    tool: NMSCalibrationTool, muscles: Muscles, trials: Sequence[Trial]
) -> tuple[Muscles, tuple[MuscleRepair, ...]]:
    """Repairs muscles whose fibers have no room in some trial, validation trials included."""
    if not tool.repair_infeasible_muscles:
        return muscles, ()
    muscles, repairs = repaired(
        muscles,
        {trial.name: trial.muscle_tendon_length[trial.scored] for trial in trials},
        tendon_slack_length_bounds=tool.tendon_slack_length_bounds,
        optimal_fiber_length_bounds=tool.optimal_fiber_length_bounds,
    )
    for repair in repairs:
        _log.warning("%s", repair.sentence)
    return muscles, repairs


def _undriven_notes(
    tool: NMSCalibrationTool, driven: Mapping[str, Sequence[str]], names: Sequence[str]
) -> list[str]:
    """Muscles that were left out although a file or a group names them."""
    notes = []
    some = dict.fromkeys(name for muscles in driven.values() for name in muscles if name not in names)
    if some:
        notes.append(f"Not calibrated, because not every trial has their excitation: {', '.join(some)}.")
    for group in tool.strength_groups:
        idle = [muscle for muscle in group.muscles if muscle not in names]
        if idle:
            notes.append(
                f"Strength group {group.name!r}: {', '.join(idle)} have no excitation and are not calibrated."
            )
    return notes


def _coordinate_names(model: opensim.Model) -> list[str]:
    every = model.getCoordinateSet()
    return [every.get(i).getName() for i in range(every.getSize())]
