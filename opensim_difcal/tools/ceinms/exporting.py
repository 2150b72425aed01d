"""From a calibrated model and its sidecar to a subject that CEINMS 0.9 reads."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim
import torch

from opensim_difcal.atomic import write_atomically
from opensim_difcal.ceinms.dialects import Dialect
from opensim_difcal.ceinms.schema import subject_faults
from opensim_difcal.ceinms.subject import (
    MTU,
    TIME_STEP_KEY,
    CalibrationInfo,
    CEINMSSubject,
    CurvePoints,
)
from opensim_difcal.ceinms.writer import excitation_generator_text, number_text, subject_text
from opensim_difcal.errors import CEINMSFileError, raise_problems
from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.inputs.crossing import crossing
from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.subject import Subject
from opensim_difcal.physics.curves import CurveTable
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.tools.ceinms.sidecar import CALIBRATED_DOFS, PERCENTAGE_CHANGE
from opensim_difcal.tools.execution.subject_source import calibrated_muscles, open_subject

_COMMENT = """
Written by opensim_difcal. What differs in meaning:
c1 and c2 belong to a time step of {step} s: in CEINMS, one frame of the muscle-tendon lengths.
Give it lengths, moment arms, moments and excitations with that step, or export again with another.
{fiber}
The curves are those of the model's muscles (Millard2012Equilibrium), sampled.
"""
_CONSTANT_FIBER = """\
optimalFibreLength was calibrated with muscles whose optimal fiber length does not depend on
activation. That of CEINMS by default grows to 1.15 times of it without activation. percentageChange is
therefore 0 here, with which both are the same. Do not set it to 0.15 without calibrating again in CEINMS."""
_GROWING_FIBER = """\
optimalFibreLength came from CEINMS, and belongs to the percentageChange that this file has. In OpenSim's
muscles the optimal fiber length does not depend on activation."""

_ENDS = {
    "activeForceLength": (0.0, 2.2, 5.0),
    "passiveForceLength": (0.0, 2.2, 5.0),
    "forceVelocity": (-10.0, 10.0),
    "tendonForceStrain": (-10.0, 0.2, 10.0),
}


@dataclass(frozen=True)
class ExportOutcome:
    """What an export leaves behind.

    Attributes:
        files: Every file that was written.
        notes: Sentences for the user.
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def export_ceinms(
    model_file: Path,
    subject_file: Path,
    output: Path,
    *,
    time_step: float | None = None,
    excitation_generator_file: Path | None = None,
    allow_changed_model: bool = False,
) -> ExportOutcome:
    """Writes a calibrated subject as a subject of CEINMS 0.9.

    Args:
        model_file: The calibrated .osim file.
        subject_file: The sidecar that belongs to it.
        output: The file to write.
        time_step: That of the frames in CEINMS, s, to which C1 and C2 are converted. By
            default that of the calibration, so that all numbers stay as they are.
        excitation_generator_file: Where the excitation map is written; None for nowhere.
        allow_changed_model: Whether the model may differ from the one that was calibrated.

    Raises:
        DifcalError: If model or sidecar cannot be used. Nothing is written then.
    """
    _check_paths(model_file, subject_file, output, excitation_generator_file)
    if time_step is not None and not 0.0 < time_step < math.inf:
        raise CEINMSFileError(
            f"--time-step is {time_step!r}; expected a number of seconds above 0. Correct it."
        )
    model = load_model(model_file)
    source = open_subject(subject_file, model_file, model, allow_changed_model=allow_changed_model)
    notes = list(source.notes)
    subject = ceinms_subject(model, source.subject, output, notes, time_step=time_step)
    step = time_step or source.subject.time_step
    fiber = _GROWING_FIBER if subject.percentage_change else _CONSTANT_FIBER
    content = subject_text(subject, _COMMENT.format(step=number_text(step), fiber=fiber)).encode()
    raise_problems([CEINMSFileError(f"{output}: {fault}") for fault in subject_faults(content, str(output))])
    files = [output]
    if excitation_generator_file is not None:
        text = _generator_text(source.subject)
        excitation_generator_file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(excitation_generator_file, text.encode())
        files.append(excitation_generator_file)
        notes.append(
            f"{excitation_generator_file}: <inputSignals> have to be in the order of the EMG file's columns; "
            "CEINMS goes by it."
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, content)
    return ExportOutcome(tuple(files), tuple(notes))


def ceinms_subject(
    model: opensim.Model, subject: Subject, path: Path, notes: list[str], *, time_step: float | None = None
) -> CEINMSSubject:
    """Returns a calibrated subject as CEINMS has it.

    Args:
        model: Calibrated and initialized.
        subject: Its sidecar.
        path: The file that it is for.
        notes: Sentences for the user are added.
        time_step: That C1 and C2 are converted to, s; None for the calibration's.
    """
    names = subject.muscle_names
    muscles = calibrated_muscles(model, names, subject, subject.time_step)
    delay = subject.electromechanical_delay
    if time_step is not None and time_step != subject.time_step:
        muscles, delay = _converted(muscles, time_step, notes)
    activation = muscles.activation_parameters
    parameters = muscles.muscles
    own = read_muscles(model, names)
    mtus = []
    for i, name in enumerate(names):
        force, coefficient = _strength(subject, i)
        mtus.append(
            MTU(
                name=name,
                c1=float(activation.c1[i]),
                c2=float(activation.c2[i]),
                shape_factor=float(activation.shape_factor[i]),
                optimal_fiber_length=float(subject.parameters["optimal_fiber_length"].final[i]),
                pennation_angle=float(parameters.pennation_angle_at_optimal[i]),
                tendon_slack_length=float(subject.parameters["tendon_slack_length"].final[i]),
                max_contraction_velocity=float(parameters.max_contraction_velocity[i]),
                max_isometric_force=force,
                strength_coefficient=coefficient,
            )
        )
    return CEINMSSubject(
        path=path,
        dialect=Dialect.CEINMS_0_9,
        em_delay=delay,
        percentage_change=_percentage_change(subject),
        damping=_common_damping(own, notes),
        curves=sampled_curves(own, notes),
        mtus=tuple(mtus),
        dofs=_dofs(model, subject),
        calibrated=CalibrationInfo(
            _start_file(subject), (f"{TIME_STEP_KEY}{number_text(time_step or subject.time_step)}", *_NOTE)
        ),
        channels={},
    )


_NOTE = ("optimalFibreLength=Millard", "see_the_comment_of_this_file", "opensim_difcal")


def _check_paths(model_file: Path, subject_file: Path, output: Path, generator: Path | None) -> None:
    written = [path for path in (output, generator) if path is not None]
    for path in written:
        if path.resolve() in {model_file.resolve(), subject_file.resolve()}:
            raise CEINMSFileError(f"{path}: is read by the export. Choose another name for what it writes.")
        if path.is_dir():
            raise CEINMSFileError(f"{path}: is a folder; expected the name of a file to write.")
    if len({path.resolve() for path in written}) < len(written):
        raise CEINMSFileError(f"{output}: is named for both files. Choose two names.")


def _converted(
    muscles: CalibratedMuscles, time_step: float, notes: list[str]
) -> tuple[CalibratedMuscles, float]:
    """The muscles at CEINMS's time step, and its one delay, s."""
    converted = muscles.at_time_step(time_step)
    shifts = converted.delay_shift
    delay = float(converted.electromechanical_delay + shifts.mean())
    notes.append(
        f"c1 and c2 were converted from a time step of {muscles.time_step:g} s to {time_step:g} s. The "
        f"filter's own delay changes with it, by {1000 * float(shifts.min()):.2g} to "
        f"{1000 * float(shifts.max()):.2g} ms; CEINMS has one delay for all muscles, so that emDelay was "
        f"changed by the mean, to {max(delay, 0.0):.6g} s."
    )
    return converted, max(delay, 0.0)


def _strength(subject: Subject, i: int) -> tuple[float, float]:
    """Maximum isometric force and strength coefficient, whose product is the calibrated force exactly."""
    change = subject.parameters["max_isometric_force"]
    initial, final = float(change.initial[i]), float(change.final[i])
    name = subject.muscle_names[i]
    of_group = [
        subject.strength_coefficients[group]
        for group, members in subject.strength_groups.items()
        if name in members
    ]
    ratio = final / initial
    nearby = (ratio, math.nextafter(ratio, math.inf), math.nextafter(ratio, 0.0))
    for coefficient in (*of_group, *nearby):
        if initial * coefficient == final:
            return initial, float(coefficient)
    return final, 1.0


def _percentage_change(subject: Subject) -> float:
    """Of a subject that was imported from CEINMS its own; else 0, as Millard's muscles have it."""
    try:
        value = float(subject.provenance.settings.get(PERCENTAGE_CHANGE, "0"))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _common_damping(muscles: Muscles, notes: list[str]) -> float:
    values = muscles.fiber_damping.tolist()
    common, count = Counter(values).most_common(1)[0]
    if count < len(values):
        notes.append(
            f"CEINMS 0.9 has one damping for all muscles: {common:g}, which {count} of {len(values)} "
            "muscles have."
        )
    return float(common)


def _dofs(model: opensim.Model, subject: Subject) -> dict[str, tuple[str, ...]]:
    """Muscles by coordinate, of the calibration's coordinates, else of all that a muscle crosses."""
    coordinates = model.getCoordinateSet()
    every = [coordinates.get(i).getName() for i in range(coordinates.getSize())]
    settings = subject.provenance.settings
    found = re.search(r"<coordinates>([^<]*)</coordinates>", settings.get("setup", ""))
    wanted = (found.group(1) if found else settings.get(CALIBRATED_DOFS, "")).split()
    names = [name for name in wanted if name in every] or every
    crosses = crossing(model, subject.muscle_names, names)
    members = {
        name: tuple(muscle for muscle, spans in zip(subject.muscle_names, row, strict=True) if spans)
        for name, row in zip(names, crosses, strict=True)
    }
    return {name: muscles for name, muscles in members.items() if muscles}


def _start_file(subject: Subject) -> str:
    """The scaled model's file name, as far as the sidecar tells."""
    models = [name for name in subject.provenance.input_files if name.lower().endswith(".osim")]
    return models[0] if models else subject.name


def sampled_curves(muscles: Muscles, notes: list[str]) -> tuple[CurvePoints, ...]:
    """Returns the muscles' curves as points; those of most muscles, where they differ.

    Args:
        muscles: Of the model.
        notes: Sentences for the user are added.
    """
    tables = {
        "activeForceLength": (muscles.active_force_length, np.arange(0.2, 2.0, 0.01)),
        "passiveForceLength": (muscles.fiber_force_length, np.arange(0.5, 2.1, 0.01)),
        "forceVelocity": (muscles.force_velocity, np.arange(-1.0, 1.001, 0.01)),
        "tendonForceStrain": (muscles.tendon_force_length, np.arange(-0.01, 0.1005, 0.001)),
    }
    return tuple(
        _sampled(name, table, inside, muscles.names, notes) for name, (table, inside) in tables.items()
    )


def _sampled(
    name: str, table: CurveTable, inside: np.ndarray, muscles: Sequence[str], notes: list[str]
) -> CurvePoints:
    low = [end for end in _ENDS[name] if end < inside[0]]
    high = [end for end in _ENDS[name] if end > inside[-1]]
    x = np.round([*low, *inside, *high], 6) + 0.0  # no negative zero
    at = 1.0 + x if name == "tendonForceStrain" else x  # Millard's is over normalized length
    values = table.evaluate(torch.tensor(at)[:, None].expand(-1, len(muscles)))[0].numpy()
    values = np.maximum(values, 0.0)  # below the first point no curve pushes
    distinct, counts = np.unique(np.round(values, 9), axis=1, return_counts=True)
    common = distinct[:, int(np.argmax(counts))]
    same = np.abs(values - common[:, None]).max(axis=0) < 1e-8
    if not same.all():
        others = ", ".join(muscle for i, muscle in enumerate(muscles) if not same[i])
        notes.append(
            f"CEINMS 0.9 has one {name} curve for all muscles: that of {int(same.sum())} of {len(muscles)} "
            f"was written; another has {others}."
        )
    y = values[:, int(np.argmax(same))]
    return CurvePoints(name, tuple(x.tolist()), tuple(np.round(y, 9).tolist()))


def _generator_text(subject: Subject) -> str:
    synthesized = set(subject.synergies.synthesized) if subject.synergies else set()
    recorded = [name for name in subject.muscle_names if name not in synthesized]
    if subject.excitation_map:
        by_muscle = {
            name: [channel.name for channel in subject.excitation_map if name in channel.muscles]
            for name in subject.muscle_names
        }
        signals: Sequence[str] = [channel.name for channel in subject.excitation_map]
    else:
        by_muscle = {name: [name] if name in recorded else [] for name in subject.muscle_names}
        signals = recorded
    mapping: Mapping[str, Mapping[str, float]] = {
        name: {channel: 1.0 / len(channels) for channel in channels} for name, channels in by_muscle.items()
    }
    return excitation_generator_text(signals, mapping)
