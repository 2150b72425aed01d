"""What a synergy-hybrid calibration needs to know of its inputs before they are read whole."""

from collections.abc import Sequence

import numpy as np
import opensim

from opensim_difcal.errors import DifcalError, ModelError, SetupFileError
from opensim_difcal.inputs.excitations import driven_muscles
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial_checks import failures
from opensim_difcal.synergies.factorization import check_channels
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool
from opensim_difcal.wording import did_you_mean


def synthesized_muscles(
    tool: NMSCalibrationTool, model: opensim.Model, recorded: Sequence[str]
) -> tuple[str, ...]:
    """Returns the muscles that synergies drive, in the model's order; none in mode emg_driven.

    Args:
        tool: The settings.
        model: Initialized.
        recorded: Muscles with an excitation in every trial.

    Raises:
        ModelError: If <synthesized_muscles> names a muscle that the model does not have.
        SetupFileError: If it names one that has an excitation, or crosses no chosen coordinate.
    """
    if tool.mode != "synergy_hybrid":
        return ()
    every = muscle_names(model)
    crosses = np.any(MusclePaths(model, every, tuple(tool.coordinates)).crosses, axis=0)
    candidates = [name for name, spans in zip(every, crosses, strict=True) if spans and name not in recorded]
    if not tool.synthesized_muscles:
        return tuple(candidates)
    for name in tool.synthesized_muscles:
        where = f"<synthesized_muscles>: muscle {name!r}"
        if name not in every:
            raise ModelError(
                f"{where} is not in the model.{did_you_mean(name, every)} Correct the name, or remove it."
            )
        if name in recorded:
            raise SetupFileError(
                f"{where} also has a recorded excitation. A muscle has one drive: remove it here, or take it "
                "out of the <excitation_map> or the excitation files."
            )
        if name not in candidates:
            raise SetupFileError(
                f"{where} crosses none of the chosen coordinates ({', '.join(tool.coordinates)}). Remove it, "
                "or add a coordinate that it crosses."
            )
    return tuple(name for name in candidates if name in tool.synthesized_muscles)


def channel_problems(
    tool: NMSCalibrationTool, model: opensim.Model, recorded: Sequence[str]
) -> list[DifcalError]:
    """Returns whether synergies can be extracted from what the calibration trials recorded.

    Args:
        tool: The settings.
        model: Initialized.
        recorded: Muscles with an excitation in every trial.
    """
    if tool.mode != "synergy_hybrid":
        return []
    names: list[str] = []
    series = []
    for files in tool.trials:
        if files.role != "calibration":
            continue
        table = read_storage(files.excitations_file)
        drivers = driven_muscles(
            str(files.excitations_file),
            table.labels,
            tool.excitation_map,
            muscle_names(model),
            allow_extra_columns=tool.allow_extra_columns,
        )
        names = names or sorted({c for name, columns in drivers.items() if name in recorded for c in columns})
        first, last = (instant - tool.electromechanical_delay for instant in files.time_range)
        inside = (table.time >= first - tool.lead_in) & (table.time <= last)
        if inside.any() and all(name in table.labels for name in names):  # else said elsewhere
            series.append(np.clip(np.stack([table.column(n)[inside] for n in names], axis=1), 0.0, 1.0))
    if not series:
        return []
    return failures([lambda: check_channels(names, series, tool.n_synergies or 1)])
