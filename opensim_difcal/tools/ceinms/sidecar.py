"""A calibrated subject of CEINMS as the sidecar that executions read, and back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from opensim_difcal.calibration.result import ParameterChange
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import Project
from opensim_difcal.ceinms.subject import MTU
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.outputs.subject import Provenance, Subject, file_digests, package_versions
from opensim_difcal.physics.limits import LARGEST_TIME_STEP
from opensim_difcal.tools.ceinms.bounds import converted_pole
from opensim_difcal.tools.execution.inputs import DEFAULT_CUTOFF

PERCENTAGE_CHANGE = "ceinms_percentage_change"
CALIBRATED_DOFS = "ceinms_dofs"
"""Settings in the sidecar of an imported subject that its export needs."""

_FILTER = (-0.999, -0.001)
_SHAPE = -0.001


def usable_activation(mtus: Sequence[MTU], notes: Notes) -> tuple[MTU, ...]:
    """Returns the units with activation dynamics that can be run; says what was clamped.

    Args:
        mtus: A subject's.
        notes: What the user is told is added.
    """
    usable = []
    for mtu in mtus:
        changed = {}
        for name in ("c1", "c2"):
            value = getattr(mtu, name)
            if not -1.0 < value < 0.0:
                changed[name] = min(max(value, _FILTER[0]), _FILTER[1])
                notes.add(
                    Kind.CLAMPED,
                    f"{name} of {mtu.name} is {value:g}; it became {changed[name]:g}, since only poles "
                    f"-{name} between 0 and 1 stand for a time constant.",
                )
        if mtu.shape_factor >= 0.0:
            changed["shape_factor"] = _SHAPE
            notes.add(
                Kind.CLAMPED,
                f"shapeFactor of {mtu.name} is {mtu.shape_factor:g}, which belongs to the piecewise "
                f"activation; it became {_SHAPE:g}, with which activation is excitation nearly.",
            )
        usable.append(replace(mtu, **changed))
    return tuple(usable)


def sidecar(
    project: Project,
    excitation_map: Sequence[ExcitationChannel],
    notes: Notes,
    *,
    name: str,
    model_sha256: str,
    time_step: float,
    delay: float,
    inputs: Sequence[Path],
) -> Subject:
    """Returns the sidecar of an imported model.

    Files of CEINMS do not tell between which bounds a value was calibrated; the sidecar has
    the value itself as both. Nor do they tell which lengths the calibration saw.

    Args:
        project: What was read; its subject's activation dynamics are usable.
        excitation_map: Which columns drive which muscles.
        notes: What the user is told is added.
        name: Of the .osim file, without its ending.
        model_sha256: Digest (hexadecimal) of the .osim file.
        time_step: That C1 and C2 belong to, s.
        delay: The electromechanical delay, s.
        inputs: Files that were read.
    """
    subject = project.subject
    tendon = project.execution.tendon if project.execution else ""
    mtus, step = _at_usable_step(subject.mtus, time_step, notes)
    starts = {mtu.name: mtu for mtu in project.start.mtus} if project.start else {}

    def change(final: Sequence[float], initial: Sequence[float]) -> ParameterChange:
        last = np.array(final, dtype=float)
        return ParameterChange(np.array(initial, dtype=float), last, last.copy(), last.copy())

    def of(name: str) -> ParameterChange:
        same = step == time_step or name not in ("c1", "c2")
        initial = [getattr(starts.get(mtu.name, mtu) if same else mtu, name) for mtu in mtus]
        return change([getattr(mtu, name) for mtu in mtus], initial)

    coefficients = {mtu.name: mtu.strength_coefficient for mtu in mtus}
    return Subject(
        name=name,
        model_sha256=model_sha256,
        muscle_names=tuple(mtu.name for mtu in mtus),
        parameters={
            "optimal_fiber_length": of("optimal_fiber_length"),
            "tendon_slack_length": of("tendon_slack_length"),
            "max_isometric_force": change(
                [mtu.effective_force for mtu in mtus], [mtu.max_isometric_force for mtu in mtus]
            ),
            **{each: of(each) for each in ("c1", "c2", "shape_factor")},
        },
        time_step=step,
        electromechanical_delay=delay,
        lowpass_cutoff_frequency_for_coordinates=DEFAULT_CUTOFF,
        tendon="elastic",
        elastic_tendon="rosenbrock" if tendon == "integrationElastic" else "equilibrium",
        made_elastic=(),
        excitation_map=tuple(excitation_map),
        strength_groups={name: (name,) for name in coefficients},
        strength_coefficients=coefficients,
        strength_bounds=(min(coefficients.values()), max(coefficients.values())),
        muscle_tendon_length_ranges={},
        normalized_fiber_length_ranges={},
        provenance=Provenance(
            input_files=file_digests(inputs),
            versions=package_versions(),
            settings={
                "imported_from": str(project.path),
                "bounds": "not known: files of CEINMS hold none; every value stands for its own",
                PERCENTAGE_CHANGE: repr(subject.percentage_change),
                CALIBRATED_DOFS: " ".join(subject.dofs),
            },
            seed=0,
        ),
    )


def _at_usable_step(mtus: Sequence[MTU], time_step: float, notes: Notes) -> tuple[Sequence[MTU], float]:
    """The units at a time step that can be simulated."""
    if time_step <= LARGEST_TIME_STEP:
        return mtus, time_step
    ratio = LARGEST_TIME_STEP / time_step
    notes.add(
        Kind.CONVERTED,
        f"c1 and c2 belong to {time_step:g} s, longer than the {LARGEST_TIME_STEP:g} s with which tendons "
        f"are resolved; every c became -(-c)^{ratio:.4g}, which belongs to {LARGEST_TIME_STEP:g} s.",
    )
    return tuple(
        replace(mtu, c1=converted_pole(mtu.c1, ratio), c2=converted_pole(mtu.c2, ratio)) for mtu in mtus
    ), LARGEST_TIME_STEP
