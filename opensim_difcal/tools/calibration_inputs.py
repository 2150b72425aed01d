"""From the settings of a calibration to its model, muscles and trials."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import opensim
import torch

from opensim_difcal.errors import DifcalError, ModelError, Problems, SetupFileError
from opensim_difcal.inputs.excitations import driven_muscles
from opensim_difcal.inputs.muscles import convert_thelen_muscles, muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import find_coordinate, load_model, quiet_opensim
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.inputs.trial_reader import read_trial, trial_problems
from opensim_difcal.inputs.trial_source import TrialSettings
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool
from opensim_difcal.wording import did_you_mean


@dataclass(frozen=True)
class CalibrationInputs:
    """Everything a calibration starts from.

    Attributes:
        model: The scaled model, muscles converted where that was asked for.
        model_source: The model as an .osim file's content; calibrated values go in here.
        muscles: The muscles that take part.
        made_elastic: Those whose tendon the model has rigid and the calibration elastic.
        trials: All trials on their time grids.
        input_files: Every file that was read.
        notes: Sentences for the report.
        seconds: Wall-clock time of reading.
    """

    model: opensim.Model
    model_source: bytes
    muscles: Muscles
    made_elastic: tuple[str, ...]
    trials: tuple[Trial, ...]
    input_files: tuple[Path, ...]
    notes: tuple[str, ...]
    seconds: float


def read_inputs(tool: NMSCalibrationTool) -> CalibrationInputs:
    """Reads model and trials; computes lengths and moment arms.

    Raises:
        DifcalError: If something is wrong; `Problems` if several things are.
    """
    started = time.perf_counter()
    problems = setting_problems(tool)
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)
    model, source, notes = _open_model(tool)
    names = _calibrated_muscles(tool, model)
    muscles = read_muscles(model, names)
    made_elastic: tuple[str, ...] = ()
    if tool.tendon == "elastic":
        rigid = muscles.rigid_tendon.tolist()
        made_elastic = tuple(name for name, is_rigid in zip(names, rigid, strict=True) if is_rigid)
        muscles = muscles.with_rigid_tendon(torch.zeros_like(muscles.rigid_tendon))
    trials = tuple(
        read_trial(files, model, names, tool.coordinates, _trial_settings(tool)) for files in tool.trials
    )
    seconds = time.perf_counter() - started
    return CalibrationInputs(model, source, muscles, made_elastic, trials, _input_files(tool), notes, seconds)


def input_problems(tool: NMSCalibrationTool) -> list[DifcalError]:
    """Everything that is wrong with settings, model and trials, each once."""
    problems = setting_problems(tool)
    try:
        model, _, _ = _open_model(tool)
    except DifcalError as error:
        return [*problems, error]
    found = {str(problem): problem for problem in problems}

    def add(errors: list[DifcalError]) -> None:
        for error in errors:
            for single in error.errors if isinstance(error, Problems) else (error,):
                found.setdefault(str(single), single)

    try:
        names = _calibrated_muscles(tool, model)
        read_muscles(model, names)
    except DifcalError as error:
        add([error])
        names = ()
    for files in tool.trials:
        add(trial_problems(files, model, names, tool.coordinates, _trial_settings(tool)))
    return list(found.values())


def setting_problems(tool: NMSCalibrationTool) -> list[DifcalError]:
    """What is wrong with the settings themselves."""
    problems: list[DifcalError] = []

    def refuse(element: str, value: object, expected: str) -> None:
        problems.append(SetupFileError(f"<{element}> is {value!r}; expected {expected}."))

    for element in ("time_step", "max_seconds", "tolerance", "learning_rate", "closed_loop_limit"):
        if not getattr(tool, element) > 0.0:
            refuse(element, getattr(tool, element), "a number above 0")
    for element in ("lead_in", "electromechanical_delay"):
        if not getattr(tool, element) >= 0.0:
            refuse(element, getattr(tool, element), "0 or more")
    if tool.time_step > 0.02:
        refuse("time_step", tool.time_step, "at most 0.02 s, beyond which the tendon is not resolved")
    for element in ("max_iterations", "patience"):
        value = tool.by_preset(element) if element == "max_iterations" else tool.patience
        if value < 1:
            refuse(element, value, "a whole number above 0")
    if not 0.0 < tool.learning_rate_decay <= 1.0:
        refuse("learning_rate_decay", tool.learning_rate_decay, "a number above 0 and at most 1")
    problems += _bounds_problems(tool)
    roles = {files.role for files in tool.trials}
    if "calibration" not in roles:
        problems.append(
            SetupFileError("<trials> holds no trial with <role>calibration</role>. Give at least one.")
        )
    names = [files.name for files in tool.trials]
    if tool.closed_loop_trial is not None and tool.closed_loop_trial not in names:
        problems.append(
            SetupFileError(
                f"<closed_loop_trial> is {tool.closed_loop_trial!r}, which is no trial."
                f"{did_you_mean(tool.closed_loop_trial, names)} Give the name of a <Trial>, or leave it out."
            )
        )
    return problems


_BOUNDED = {
    "optimal_fiber_length": (None, (0.0, float("inf"))),
    "tendon_slack_length": (None, (0.0, float("inf"))),
    "strength_coefficient": (None, (0.0, float("inf"))),
    "c1": ("initial_c1", (-1.0, 0.0)),
    "c2": ("initial_c2", (-1.0, 0.0)),
    "shape_factor": ("initial_shape_factor", (-float("inf"), 0.0)),
}


def _bounds_problems(tool: NMSCalibrationTool) -> list[DifcalError]:
    problems: list[DifcalError] = []
    for name, (start_element, (least, most)) in _BOUNDED.items():
        lower, upper = getattr(tool, f"{name}_bounds")
        start = 1.0 if start_element is None else getattr(tool, start_element)
        what = "its start, 1," if start_element is None else f"<{start_element}>, {start:g},"
        if not (least < lower < upper < most):
            problems.append(
                SetupFileError(
                    f"<{name}_bounds> is '{lower:g} {upper:g}'; expected a lower bound and a larger upper "
                    f"bound, both strictly between {least:g} and {most:g}."
                )
            )
        elif not lower < start < upper:
            problems.append(
                SetupFileError(
                    f"<{name}_bounds> is '{lower:g} {upper:g}'; {what} lies outside. "
                    "Choose bounds with the start strictly inside."
                )
            )
    for element in ("normalized_fiber_length_range", "tendon_strain_range"):
        low, high = getattr(tool, element)
        if not low < high:
            problems.append(
                SetupFileError(f"<{element}> is '{low:g} {high:g}'; expected a number and a larger one.")
            )
    return problems


def _trial_settings(tool: NMSCalibrationTool) -> TrialSettings:
    return TrialSettings(
        time_step=tool.time_step,
        lead_in=tool.lead_in,
        electromechanical_delay=tool.electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates=tool.lowpass_cutoff_frequency_for_coordinates,
        excitation_map=tool.excitation_map,
        allow_extra_columns=tool.allow_extra_columns,
    )


def _open_model(tool: NMSCalibrationTool) -> tuple[opensim.Model, bytes, tuple[str, ...]]:
    """The model, its .osim content, and what was done to it."""
    if isinstance(tool.model_file, opensim.Model):
        model = opensim.Model(tool.model_file)
        with quiet_opensim():
            model.initSystem()
        source = None
    else:
        model, source = load_model(tool.model_file), tool.model_file.read_bytes()
    notes: tuple[str, ...] = ()
    if tool.convert_thelen_muscles:
        converted = convert_thelen_muscles(model)
        if converted:
            source = None
            notes = (
                f"{len(converted)} Thelen2003Muscle were replaced by Millard2012EquilibriumMuscle with the "
                "same parameters; the calibrated .osim is the converted model.",
            )
    return model, _printed(model) if source is None else source, notes


def _printed(model: opensim.Model) -> bytes:
    """The model as OpenSim writes it."""
    with tempfile.TemporaryDirectory() as folder, quiet_opensim():
        path = Path(folder) / "model.osim"
        model.printToXML(str(path))
        return path.read_bytes()


def _calibrated_muscles(tool: NMSCalibrationTool, model: opensim.Model) -> tuple[str, ...]:
    """Muscles with an excitation in every trial's file, in the model's order."""
    for name in tool.coordinates:
        find_coordinate(model, name)
    available = muscle_names(model)
    for group in tool.strength_groups:
        for muscle in group.muscles:
            if muscle not in available:
                raise ModelError(
                    f"<strength_groups>/<StrengthGroup name={group.name!r}>: the model has no muscle {muscle!r}."
                    f"{did_you_mean(muscle, available)} Correct the name, or remove it."
                )
    driven = [
        set(
            driven_muscles(
                str(files.excitations_file),
                read_storage(files.excitations_file).labels,
                tool.excitation_map,
                available,
                allow_extra_columns=tool.allow_extra_columns,
            )
        )
        for files in tool.trials
    ]
    common = set.intersection(*driven)
    return tuple(name for name in available if name in common)


def _input_files(tool: NMSCalibrationTool) -> tuple[Path, ...]:
    files = [] if isinstance(tool.model_file, opensim.Model) else [tool.model_file]
    for trial in tool.trials:
        files += [trial.coordinates_file, trial.generalized_forces_file, trial.excitations_file]
    return tuple(files)
