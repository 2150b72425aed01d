"""Which muscles take part in an execution, and what drives each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import opensim

from opensim_difcal.errors import DifcalError, ExecutionError, ModelError, TrialError, raise_problems
from opensim_difcal.inputs.excitations import ExcitationChannel, driven_muscles
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial_checks import failures
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.outputs.subject import Subject
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool
from opensim_difcal.wording import did_you_mean, listed


@dataclass(frozen=True)
class Drivers:
    """Where the excitation of every muscle comes from.

    Attributes:
        muscles: All that take part, in the model's order.
        recorded: Those that an electrode drives.
        projected: Those without, that the subject's synergies drive.
        synthesized: Those whose excitation is found from nothing.
        excitation_map: Which columns drive which muscles.
    """

    muscles: tuple[str, ...]
    recorded: tuple[str, ...]
    projected: tuple[str, ...]
    synthesized: tuple[str, ...]
    excitation_map: tuple[ExcitationChannel, ...]


def excitation_drivers(tool: NMSExecutionTool, model: opensim.Model, subject: Subject | None) -> Drivers:
    """Decides which muscles take part, and what drives each.

    Args:
        tool: The settings.
        model: Initialized.
        subject: The calibration's.

    Raises:
        DifcalError: If a trial lacks a file or a channel that the mode needs, or a muscle
            that is named cannot be used so.
    """
    every = muscle_names(model)
    crosses = np.any(MusclePaths(model, every, tuple(tool.coordinates)).crosses, axis=0)
    crossing = tuple(name for name, spans in zip(every, crosses, strict=True) if spans)
    raise_problems([*_missing_files(tool), *_unusable_muscles(tool, every, crossing)])
    if not crossing:
        raise ExecutionError(
            f"<coordinates>: no muscle of the model crosses {', '.join(tool.coordinates)}. Choose "
            "coordinates that muscles cross."
        )
    if tool.mode == "static_optimization":
        return Drivers(crossing, (), (), crossing, ())
    assert subject is not None  # the settings were checked
    excitation_map = tool.excitation_map or subject.excitation_map
    if tool.mode == "emg_hybrid":
        excitation_map = tool.excitation_map or _present_map(tool, subject)
    driven = _driven(tool, model, excitation_map)
    if tool.mode == "emg_hybrid":
        recorded = tuple(name for name in crossing if all(name in muscles for muscles in driven.values()))
        wanted = tool.synthesized_muscles or crossing
        synthesized = tuple(name for name in crossing if name in wanted and name not in recorded)
        taking_part = tuple(name for name in every if name in recorded or name in synthesized)
        drivers = Drivers(taking_part, recorded, (), synthesized, excitation_map)
    else:
        by_synergies = subject.synergies.synthesized if subject.synergies else ()
        taking_part = tuple(name for name in crossing if name in subject.muscle_names)
        projected = tuple(name for name in taking_part if name in by_synergies)
        recorded = tuple(name for name in taking_part if name not in projected)
        raise_problems(_missing_channels(tool, subject, recorded, projected, driven))
        drivers = Drivers(taking_part, recorded, projected, (), excitation_map)
    if not drivers.muscles:
        raise ExecutionError(
            f"<coordinates>: none of the calibrated muscles crosses {', '.join(tool.coordinates)}. Choose "
            f"coordinates that they cross. Calibrated are: {', '.join(subject.muscle_names)}."
        )
    raise_problems(_misused_muscles(tool, drivers))
    return drivers


def _missing_files(tool: NMSExecutionTool) -> list[DifcalError]:
    """Files that the mode cannot do without."""
    found: list[DifcalError] = []
    for files in tool.trials:
        if files.generalized_forces_file is None and tool.mode != "open_loop":
            found.append(
                TrialError(
                    f"Trial {files.name!r} has no <generalized_forces_file>, but mode {tool.mode} tracks "
                    "joint moments. Give its inverse dynamics, or run the trial in mode open_loop."
                )
            )
        if files.excitations_file is None and tool.mode != "static_optimization":
            found.append(
                TrialError(
                    f"Trial {files.name!r} has no <excitations_file>, but mode {tool.mode} needs recorded "
                    "excitations. Give the file, or run the trial in mode static_optimization."
                )
            )
    return found


def _unusable_muscles(
    tool: NMSExecutionTool, every: Sequence[str], crossing: Sequence[str]
) -> list[DifcalError]:
    """Muscles that a setting names in vain."""
    found: list[DifcalError] = []
    for element in ("adjusted_muscles", "synthesized_muscles"):
        for name in getattr(tool, element):
            if name not in every:
                hint = did_you_mean(name, every)
                found.append(
                    ModelError(f"<{element}>: the model has no muscle {name!r}.{hint} Correct the name.")
                )
            elif name not in crossing:
                found.append(
                    ExecutionError(
                        f"<{element}>: muscle {name!r} crosses none of the chosen coordinates "
                        f"({', '.join(tool.coordinates)}). Remove it, or add a coordinate that it crosses."
                    )
                )
    return found


def _misused_muscles(tool: NMSExecutionTool, drivers: Drivers) -> list[DifcalError]:
    """Muscles to adjust that have nothing to adjust, and muscles to synthesize that are recorded."""
    given = (*drivers.recorded, *drivers.projected)
    return [
        *(
            ExecutionError(
                f"<adjusted_muscles>: muscle {name!r} has no excitation to adjust. Remove it, or add its "
                "excitation to every trial. With one are: " + listed(given, "{}") + "."
            )
            for name in tool.adjusted_muscles
            if name not in given
        ),
        *(
            ExecutionError(
                f"<synthesized_muscles>: muscle {name!r} also has a recorded excitation. Remove it here, or "
                "take it out of the <excitation_map> or the excitation files."
            )
            for name in tool.synthesized_muscles
            if name in drivers.recorded
        ),
    ]


def _driven(
    tool: NMSExecutionTool, model: opensim.Model, excitation_map: Sequence[ExcitationChannel]
) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Columns by driven muscle, by trial."""
    driven: dict[str, Mapping[str, tuple[str, ...]]] = {}

    def read(files: ExecutionTrialFiles) -> None:
        assert files.excitations_file is not None  # which was checked
        driven[files.name] = driven_muscles(
            str(files.excitations_file),
            read_storage(files.excitations_file).labels,
            excitation_map,
            muscle_names(model),
            allow_extra_columns=tool.allow_extra_columns,
        )

    raise_problems(failures([partial(read, files) for files in tool.trials]))
    return driven


def _present_map(tool: NMSExecutionTool, subject: Subject) -> tuple[ExcitationChannel, ...]:
    """The calibration's map, of the channels that every trial has."""
    labels = [
        read_storage(files.excitations_file).labels
        for files in tool.trials
        if files.excitations_file is not None
    ]
    return tuple(
        channel for channel in subject.excitation_map if all(channel.name in each for each in labels)
    )


def _missing_channels(
    tool: NMSExecutionTool,
    subject: Subject,
    recorded: Sequence[str],
    projected: Sequence[str],
    driven: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> list[DifcalError]:
    """Muscles and synergies whose electrodes a trial lacks."""
    found: list[DifcalError] = []
    for files in tool.trials:
        muscles = driven[files.name]
        place = f"{files.excitations_file}: trial {files.name!r}"
        remedy = (
            "Add the columns, map others onto these muscles by an <ExcitationChannel>, or use mode "
            "emg_hybrid, which finds excitations for them."
        )
        silent = [name for name in recorded if name not in muscles]
        if silent:
            found.append(
                TrialError(
                    f"{place} has no excitation for {', '.join(silent)}, which the calibration had recorded. "
                    f"{remedy}"
                )
            )
        if projected and subject.synergies is not None:
            columns = {column for each in muscles.values() for column in each}
            lost = [name for name in subject.synergies.recorded if name not in columns]
            if lost:
                found.append(
                    TrialError(
                        f"{place} lacks the channels {', '.join(lost)}, from which the subject's synergies "
                        f"drive {', '.join(projected)}. {remedy}"
                    )
                )
    return found
