"""How a subject of CEINMS fits its model, and what means something else in the model."""

from pathlib import Path

import opensim

from opensim_difcal.ceinms.curves import abscissa_of, curve_of
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import Project
from opensim_difcal.errors import CEINMSFileError, DifcalError, raise_problems
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.wording import did_you_mean, listed

MOST_NAMED = 20
"""More of a kind are counted, not named."""


def check_names(project: Project, model: opensim.Model, model_file: Path) -> None:
    """Refuses muscles and degrees of freedom that the model does not have.

    Args:
        project: What was read.
        model: Initialized.
        model_file: Its file, for messages.

    Raises:
        CEINMSFileError: If there is one.
        Problems: If there are several.
    """
    known = muscle_names(model)
    faults: list[DifcalError] = [
        CEINMSFileError(
            f"{project.subject.path}: muscle-tendon unit {name!r} is no muscle of {model_file}."
            f"{did_you_mean(name, known)} The muscles are {listed(known)}. Give the model that the subject "
            "was made from."
        )
        for name in project.subject.names
        if name not in known
    ]
    coordinates = coordinate_names(model)
    calibrated = project.calibration.dofs if project.calibration else ()
    faults += [
        CEINMSFileError(
            f"{project.path}: degree of freedom {name!r} is no coordinate of {model_file}."
            f"{did_you_mean(name, coordinates)} The coordinates are {listed(coordinates)}. Give the model "
            "that "
            "the files were made from."
        )
        for name in calibrated
        if name not in coordinates
    ]
    raise_problems(faults[:MOST_NAMED])


def coordinate_names(model: opensim.Model) -> tuple[str, ...]:
    """Returns the names of all coordinates, in the model's order."""
    coordinates = model.getCoordinateSet()
    return tuple(coordinates.get(i).getName() for i in range(coordinates.getSize()))


def tell_of_meaning(project: Project, model: opensim.Model, notes: Notes) -> None:
    """Tells everything of a subject that the model's muscles mean differently, or do not have.

    Args:
        project: What was read; its muscles are in the model.
        model: Initialized.
        notes: What the user is told is added.
    """
    subject = project.subject
    if subject.percentage_change:
        notes.add(
            Kind.MEANING,
            "optimalFibreLength: CEINMS's is that at full activation, and grows to "
            f"{1 + subject.percentage_change:g} times of it without (<percentageChange> "
            f"{subject.percentage_change:g}) where active force is concerned. Here it does not depend on "
            "activation. The number was taken as it is; a muscle that is half active works at a fiber length "
            f"that is {100 * (1 - 1 / (1 + subject.percentage_change / 2)):.2g} % shorter there, in optimal "
            "fiber lengths.",
        )
    for mtu in subject.mtus:
        if mtu.activation_scale != 1.0:
            notes.add(Kind.DROPPED, f"<activationScale> of {mtu.name}, {mtu.activation_scale:g}.")
    strain = abscissa_of(curve_of(subject.curves, "tendonForceStrain"), 1.0)
    given = f"{len(subject.curves)} of its own curves" if subject.curves else "CEINMS's default curves"
    notes.add(
        Kind.MEANING,
        f"Curves: the subject has {given}; here every muscle keeps the Millard curves of the model."
        + (
            f" Its tendons reach maximum isometric force at a strain of {strain:.3g}, between points on a "
            "straight line; Millard's default does at 0.049."
            if strain is not None
            else ""
        ),
    )
    muscles = model.getMuscles()
    changed = []
    for mtu in subject.mtus:
        muscle = muscles.get(mtu.name)
        angle = muscle.getPennationAngleAtOptimalFiberLength()
        if abs(angle - mtu.pennation_angle) > 1e-4:
            changed.append(f"{mtu.name} (model {angle:.4g} rad, CEINMS {mtu.pennation_angle:.4g} rad)")
    if changed:
        notes.add(
            Kind.DROPPED,
            "Pennation angles; the model's are kept. Different are: "
            + ", ".join(changed[:MOST_NAMED])
            + (f", and {len(changed) - MOST_NAMED} more." if len(changed) > MOST_NAMED else "."),
        )
    notes.add(
        Kind.DROPPED,
        f"Damping ({subject.damping:g}) and maximum contraction velocity: those of the model's muscles are "
        "kept.",
    )
    left = [name for name in muscle_names(model) if name not in subject.names]
    if left:
        notes.add(
            Kind.CHOSEN,
            f"{len(left)} muscles of the model are not in the subject and were left as they are: "
            + ", ".join(left[:MOST_NAMED])
            + (f", and {len(left) - MOST_NAMED} more." if len(left) > MOST_NAMED else "."),
        )
