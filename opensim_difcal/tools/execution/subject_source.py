"""The sidecar of a calibrated model, and whether it belongs to the model."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import opensim
import torch

from opensim_difcal.errors import ModelError
from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.execution.execute import Projection
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.outputs.subject import Subject
from opensim_difcal.outputs.subject_file import read_subject
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.simulation import ActivationParameters
from opensim_difcal.tools.common.model_object import ModelObject
from opensim_difcal.wording import listed

_ACTIVATION = ("c1", "c2", "shape_factor")
_IN_MODEL = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")
_SAME = 1e-9  # relative


@dataclass(frozen=True)
class SubjectSource:
    """A subject that was checked against its model.

    Attributes:
        subject: What the sidecar says.
        notes: Sentences for the report.
    """

    subject: Subject
    notes: tuple[str, ...]


def open_subject(
    subject_file: Path, model_file: Path | ModelObject, model: opensim.Model, *, allow_changed_model: bool
) -> SubjectSource:
    """Reads a sidecar, and compares the model with the one it was written for.

    A model file must be the very file that the calibration wrote; a model in memory must
    have the calibrated values.

    Args:
        subject_file: `<name>_subject.xml`.
        model_file: The calibrated model's file, or the model.
        model: The same, initialized.
        allow_changed_model: Whether a difference is a note instead of an error.

    Raises:
        ModelError: If the sidecar cannot be read, or belongs to another model.
    """
    subject = read_subject(subject_file)
    missing = set(subject.muscle_names) - set(muscle_names(model))
    if missing:
        raise ModelError(
            f"{subject_file}: belongs to another model: {_place(model_file)} has no muscle "
            f"{listed(missing)}. Give the .osim and the _subject.xml that one calibration wrote."
        )
    differences = list(_differences(subject, model))
    if isinstance(model_file, Path):
        digest = hashlib.sha256(model_file.read_bytes()).hexdigest()
        if digest == subject.model_sha256:
            return SubjectSource(subject, ())
        reason = (
            f"it was written for an .osim file with the SHA-256 digest {subject.model_sha256[:12]}..., and "
            f"that of {model_file} is {digest[:12]}..."
        )
    elif not differences:
        return SubjectSource(subject, ())
    else:
        reason = f"the values of {_place(model_file)} are not those it was written for"
    found = (
        f"Other than calibrated: {differences[0]}"
        + (f", and {len(differences) - 1} more values." if len(differences) > 1 else ".")
        if differences
        else "All calibrated values agree, so something else in the model was changed."
    )
    if allow_changed_model:
        return SubjectSource(subject, (f"The model was changed after its calibration: {reason}. {found}",))
    raise ModelError(
        f"{subject_file}: belongs to another model: {reason}. {found} Give the .osim and the _subject.xml "
        "that one calibration wrote, or set <allow_changed_model> to true."
    )


def calibrated_muscles(
    model: opensim.Model, names: tuple[str, ...], subject: Subject | None, time_step: float
) -> CalibratedMuscles:
    """Returns muscles of a model with the subject's activation dynamics and tendons, at its own time step.

    Muscles that were not calibrated have the activation dynamics that calibrated ones
    started from. Without a subject activation is excitation.

    Args:
        model: Calibrated and initialized.
        names: The muscles.
        subject: What the calibration found beside the model's own values.
        time_step: s, where there is no subject.
    """
    muscles = read_muscles(model, names)
    nothing = torch.zeros(len(names), dtype=torch.float64)
    if subject is None:
        without = ActivationParameters(nothing, nothing, nothing)
        return CalibratedMuscles(muscles, without, time_step, 0.0, nothing)
    muscles = muscles.with_elastic_tendon(subject.elastic_tendon)
    parameters = []
    for kind in _ACTIVATION:
        change = subject.parameters[kind]
        final = dict(zip(subject.muscle_names, change.final.tolist(), strict=True))
        start = float(change.initial[0])
        parameters.append(torch.tensor([final.get(name, start) for name in names], dtype=torch.float64))
    return CalibratedMuscles(
        muscles,
        ActivationParameters(*parameters),
        subject.time_step,
        subject.electromechanical_delay,
        nothing,
    )


def projection_of(subject: Subject | None, projected: Sequence[str]) -> Projection | None:
    """Returns the subject's synergies; None where they drive none of the muscles.

    Args:
        subject: What the calibration found.
        projected: Muscles that take part and that synergies drive.
    """
    synergies = subject.synergies if subject else None
    if synergies is None or not projected:
        return None
    return Projection(
        weights=synergies.weights,
        channel_names=tuple(synergies.recorded),
        muscle_names=tuple(synergies.synthesized),
        ratio=synergies.ratio,
    )


def _differences(subject: Subject, model: opensim.Model) -> Iterator[str]:
    """Says which values of the model are not the calibrated ones."""
    muscles = model.getMuscles()
    strains = [kind for kind in CURVE_STRAINS if kind in subject.parameters]
    read = read_muscles(model, subject.muscle_names) if strains else None
    for kind in strains:
        for i, name in enumerate(subject.muscle_names):
            value, calibrated = float(getattr(read, kind)[i]), float(subject.parameters[kind].final[i])
            if not math.isclose(value, calibrated, rel_tol=_SAME, abs_tol=_SAME):
                yield f"{kind} of {name} is {value:.6g}, calibrated was {calibrated:.6g}"
    for i, name in enumerate(subject.muscle_names):
        muscle = muscles.get(name)
        found = muscle.getOptimalFiberLength(), muscle.getTendonSlackLength(), muscle.getMaxIsometricForce()
        for kind, value in zip(_IN_MODEL, found, strict=True):
            calibrated = float(subject.parameters[kind].final[i])
            if not math.isclose(value, calibrated, rel_tol=_SAME):
                yield f"{kind} of {name} is {value:.6g}, calibrated was {calibrated:.6g}"


def _place(model_file: Path | ModelObject) -> str:
    return str(model_file) if isinstance(model_file, Path) else "the model"
