"""The setups that an import writes: one to calibrate, or one to run."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opensim_difcal.ceinms.calibration import CEINMSCalibration
from opensim_difcal.ceinms.execution import CEINMSExecution, Hybrid
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import Project
from opensim_difcal.ceinms.subject import MTU
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles, TrialFiles
from opensim_difcal.setup_file import PLACEHOLDER
from opensim_difcal.tools.ceinms.bounds import StartAndBounds
from opensim_difcal.tools.ceinms.trials import ImportedTrial
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool, StrengthGroup
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

_ANNEALING = {
    "noEpsilon": ("n_epsilon", int),
    "rt": ("temperature_reduction_factor", float),
    "T": ("initial_temperature", float),
    "NS": ("sweeps_per_adjustment", int),
    "NT": ("adjustments_per_temperature", int),
    "epsilon": ("cost_epsilon", float),
    "maxNoEval": ("max_evaluations", int),
}
_LEAST_WEIGHT = 1e-6
_LARGE_GAMMA = 1000.0
LONGEST_STEP = 0.005
"""The calibration's time step is at most the default, with which tendons are resolved well, s."""


def calibration_step(frame_step: float) -> float:
    """Returns the time step of a calibration, s, so that C1 and C2 keep their numbers where they can.

    It is the frames' own step between a half and the whole of `LONGEST_STEP`; else the
    largest whole fraction, or multiple, of it up to there.

    Args:
        frame_step: That C1 and C2 of the subject belong to, s.
    """
    if frame_step > LONGEST_STEP:
        return frame_step / math.ceil(frame_step / LONGEST_STEP - 1e-6)
    return frame_step * max(1, math.floor(LONGEST_STEP / frame_step + 1e-6))


def calibration_tool(
    project: Project,
    calibration: CEINMSCalibration,
    start: StartAndBounds,
    trials: Sequence[ImportedTrial],
    excitation_map: Sequence[ExcitationChannel],
    notes: Notes,
    *,
    name: str,
    model_file: Path,
    delay: float,
    time_step: float,
    preset: str,
) -> NMSCalibrationTool:
    """Returns the calibration that a configuration of CEINMS stands for.

    Args:
        project: What was read.
        calibration: Its calibration.
        start: Start values and bounds.
        trials: The trials.
        excitation_map: Which columns drive which muscles.
        notes: What the user is told is added.
        name: Of the run.
        model_file: The .osim file that the import writes.
        delay: The electromechanical delay, s.
        time_step: s.
        preset: Of the tool.
    """
    values: dict[str, Any] = {f"{each}_bounds": pair for each, pair in start.bounds.items()}
    values |= {f"initial_{each}": value for each, value in start.initial.items()}
    values |= _annealing(calibration, notes)
    ranges = [step.fiber_range for step in calibration.steps if step.fiber_range is not None]
    if ranges:
        values["normalized_fiber_length_range"] = min(r[0] for r in ranges), max(r[1] for r in ranges)
    _tell_of_choices(calibration, notes, preset)
    return NMSCalibrationTool(
        name=name,
        model_file=model_file,
        results_directory=model_file.parent / "results" / name,
        preset=preset,
        coordinates=calibration.dofs,
        trials=tuple(_calibration_trial(trial, model_file.parent / PLACEHOLDER) for trial in trials),
        excitation_map=tuple(excitation_map),
        allow_extra_columns=_has_extra_columns(trials, excitation_map),
        strength_groups=_strength_groups(calibration, project.subject.mtus, notes),
        **_calibration_tendon(calibration.tendon, notes),
        time_step=time_step,
        electromechanical_delay=delay,
        **values,
    )


def _calibration_trial(trial: ImportedTrial, placeholder: Path) -> TrialFiles:
    return TrialFiles(
        name=trial.name,
        coordinates_file=trial.coordinates_file,
        generalized_forces_file=trial.generalized_forces_file or placeholder,
        excitations_file=trial.excitations_file or placeholder,
        time_range=trial.time_range,
    )


def _has_extra_columns(trials: Sequence[ImportedTrial], excitation_map: Sequence[ExcitationChannel]) -> bool:
    mapped = {channel.name for channel in excitation_map}
    return bool(mapped) and any(set(trial.columns or ()) - mapped for trial in trials)


def _strength_groups(
    calibration: CEINMSCalibration, mtus: Sequence[MTU], notes: Notes
) -> tuple[StrengthGroup, ...]:
    names = [mtu.name for mtu in mtus]
    grouped: set[str] = set()
    groups: list[StrengthGroup] = []
    given = [
        each for step in calibration.steps for each in step.parameters if each.name == "strengthCoefficient"
    ]
    for each in given:
        written = [tuple(names)] if each.grouping == "global" else each.groups
        for members in written:
            unknown = [name for name in members if name not in names]
            kept = tuple(dict.fromkeys(name for name in members if name in names and name not in grouped))
            if unknown:
                notes.add(
                    Kind.DROPPED,
                    f"{calibration.path.name}: a strength group names {', '.join(unknown[:20])}, which the "
                    "subject does not have.",
                )
            if len(kept) < len(set(members) - set(unknown)):
                notes.add(
                    Kind.CHOSEN,
                    f"{calibration.path.name}: a later step groups muscles for strength that are in a group "
                    "already; they stay in the first.",
                )
            if kept:
                grouped.update(kept)
                groups.append(StrengthGroup(name=f"strength_group_{len(groups) + 1}", muscles=kept))
    coefficient = {mtu.name: mtu.strength_coefficient for mtu in mtus}
    if any(len({coefficient[name] for name in group.muscles}) > 1 for group in groups):
        notes.add(
            Kind.MEANING,
            "Muscles of a strength group start with different strength coefficients. CEINMS gives all of "
            "them the first one's; here they share a factor on their own.",
        )
    return tuple(groups)


def _calibration_tendon(tendon: str, notes: Notes) -> dict[str, str]:
    if tendon == "stiff":
        notes.add(
            Kind.MEANING,
            "The tendon is <stiff>. Here <tendon>model</tendon> leaves every muscle the tendon that the "
            "model gives it (ignore_tendon_compliance): set that property to true in the .osim for a rigid "
            "one.",
        )
        return {"tendon": "model"}
    kind = "equilibrium" if tendon == "equilibriumElastic" else "rosenbrock"
    notes.add(
        Kind.CHOSEN, f"The tendon <{tendon}> became <elastic_tendon>{kind}</elastic_tendon>, of all muscles."
    )
    return {"tendon": "elastic", "elastic_tendon": kind}


def _annealing(calibration: CEINMSCalibration, notes: Notes) -> dict[str, int | float]:
    found = calibration.annealing
    values = {own: kind(found[given]) for given, (own, kind) in _ANNEALING.items() if given in found}
    factor = values.get("temperature_reduction_factor")
    if factor is not None and not 0.0 < factor < 1.0:
        del values["temperature_reduction_factor"]
        notes.add(
            Kind.CLAMPED,
            f"{calibration.path.name}: <rt> is {factor:g}, outside 0 to 1; the default was taken.",
        )
    return values


def _tell_of_choices(calibration: CEINMSCalibration, notes: Notes, preset: str) -> None:
    if preset == "ceinms":
        notes.add(
            Kind.CHOSEN, "Preset ceinms: simulated annealing with the settings of the file, as CEINMS has it."
        )
    else:
        notes.add(
            Kind.CHOSEN,
            f"Preset {preset}: calibrated by gradients, in seconds. The settings of simulated annealing "
            "stand in the setup and are used with <preset>ceinms</preset> (import with --preset ceinms).",
        )
    if len(calibration.steps) > 1:
        notes.add(
            Kind.CHOSEN,
            f"{len(calibration.steps)} steps became one calibration: all their degrees of freedom and "
            "parameters at once, ranges united. Steps make annealing's search smaller; a search by gradients "
            "does not need them, and finds what fits all joints.",
        )
    notes.add(
        Kind.CHOSEN,
        "Every trial of <trialSet> calibrates. Add others with <role>validation</role>: only on movement "
        "that the calibration has not seen does the report show whether to believe it.",
    )
    if calibration.activation == "piecewise":
        notes.add(
            Kind.MEANING,
            "The activation is <piecewise>. Here it is always exponential, with a negative shape factor.",
        )


def tell_of_lowpass(notes: Notes) -> None:
    """Tells what files of CEINMS do not say about the coordinates."""
    notes.add(
        Kind.CHOSEN,
        "<lowpass_cutoff_frequency_for_coordinates> is the default, 6 Hz: files of CEINMS do not tell how "
        "the inverse dynamics were filtered. Set it to what you used; -1 for none.",
    )


def execution_tool(
    project: Project,
    execution: CEINMSExecution,
    trials: Sequence[ImportedTrial],
    excitation_map: Sequence[ExcitationChannel],
    notes: Notes,
    *,
    name: str,
    model_file: Path,
    coordinates: Sequence[str],
    crossing: Sequence[str],
    driven: Sequence[str],
) -> NMSExecutionTool:
    """Returns the execution that a configuration of CEINMS stands for.

    Args:
        project: What was read.
        execution: Its execution.
        trials: The trials.
        excitation_map: Which columns drive which muscles.
        notes: What the user is told is added.
        name: Of the run.
        model_file: The .osim file that the import writes; the sidecar stands beside it.
        coordinates: Those whose moments are computed.
        crossing: Muscles of the model that cross them.
        driven: Muscles that have an excitation.
    """
    mode, values = _mode(project, execution.hybrid, crossing, driven, notes)
    tendon = "rigid" if execution.tendon == "stiff" else "elastic"
    notes.add(
        Kind.CHOSEN, f"The tendon <{execution.tendon}> became <tendon>{tendon}</tendon>, of all muscles."
    )
    if mode != "open_loop":
        notes.add(
            Kind.MEANING,
            "gamma weighs absolute changes of excitations in CEINMS, squared ones here; alpha, beta and "
            "gamma were taken as they are. What they mean is best seen in the report of a run.",
        )
    return NMSExecutionTool(
        name=name,
        model_file=model_file,
        subject_file=model_file.with_name(f"{model_file.stem}_subject.xml"),
        results_directory=model_file.parent / "results" / name,
        mode=mode,
        coordinates=tuple(coordinates),
        trials=tuple(
            ExecutionTrialFiles(
                name=trial.name,
                coordinates_file=trial.coordinates_file,
                generalized_forces_file=trial.generalized_forces_file,
                excitations_file=trial.excitations_file,
                time_range=trial.time_range,
            )
            for trial in trials
        ),
        excitation_map=tuple(excitation_map),
        allow_extra_columns=_has_extra_columns(trials, excitation_map),
        tendon=tendon,
        **values,
    )


def _mode(
    project: Project, hybrid: Hybrid | None, crossing: Sequence[str], driven: Sequence[str], notes: Notes
) -> tuple[str, dict[str, Any]]:
    if hybrid is None:
        return "open_loop", {}
    values: dict[str, Any] = {"moment_error": "raw"}
    for weight in ("alpha", "beta", "gamma"):
        value = getattr(hybrid, weight)
        if value == 0.0:
            notes.add(Kind.CLAMPED, f"{weight} is 0; here it is {_LEAST_WEIGHT:g}, which has to be above 0.")
        values[weight] = max(value, _LEAST_WEIGHT)
    synthesized = _crossing(hybrid.synthesized, crossing, "synthMTUs", notes)
    adjusted = _crossing(hybrid.adjusted, crossing, "adjustMTUs", notes)
    if not adjusted and set(synthesized) >= set(project.subject.names) & set(crossing):
        notes.add(Kind.CHOSEN, "No muscle is adjusted and all are synthesized: mode static_optimization.")
        return "static_optimization", values | {"activation_dynamics": True}
    recorded = [name for name in adjusted if name in driven]
    if len(recorded) < len(adjusted):
        lost = ", ".join(name for name in adjusted if name not in driven)
        notes.add(Kind.DROPPED, f"<adjustMTUs> {lost}: they have no excitation that could be adjusted.")
    if not recorded:
        values["gamma"] = _LARGE_GAMMA
        notes.add(
            Kind.MEANING,
            f"No muscle is adjusted, and mode emg_hybrid always adjusts: gamma is {_LARGE_GAMMA:g}, so that "
            "recorded excitations stay as they are.",
        )
    values["adjusted_muscles"] = tuple(recorded)
    if not synthesized:
        return "emg_assisted", values
    return "emg_hybrid", values | {"synthesized_muscles": tuple(synthesized)}


def _crossing(names: Sequence[str], crossing: Sequence[str], tag: str, notes: Notes) -> list[str]:
    idle = [name for name in names if name not in crossing]
    if idle:
        notes.add(
            Kind.DROPPED,
            f"<{tag}> {', '.join(idle[:20])}: muscles that cross none of the degrees of freedom.",
        )
    return [name for name in names if name in crossing]
