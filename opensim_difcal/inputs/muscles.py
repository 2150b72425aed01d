"""Reads muscles of an OpenSim model with their effective curve parameters."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import opensim
import torch

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.physics.curve_parameters import (
    ActiveForceLengthCurve,
    FiberForceLengthCurve,
    ForceVelocityCurve,
    TendonForceLengthCurve,
)
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.curves import curve_table
from opensim_difcal.physics.muscle import Muscles

_THELEN_CLASSES = ("Thelen2003Muscle",)
_POSITIVE = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length")


def muscle_names(model: opensim.Model) -> tuple[str, ...]:
    """Names of all muscles of the model, in its order."""
    muscles = model.getMuscles()
    return tuple(muscles.get(i).getName() for i in range(muscles.getSize()))


def read_muscles(model: opensim.Model, names: Sequence[str]) -> Muscles:
    """Reads muscles after OpenSim's own finalize, so that curve parameters are effective.

    Args:
        model: A model on which `initSystem` was called.
        names: Muscles, in the wanted order.

    Returns:
        Parameters as float64 tensors on the CPU.

    Raises:
        ModelError: If a muscle is not a Millard2012EquilibriumMuscle, or a number of it is
            NaN, infinite or, for a force or a length, not positive. OpenSim accepts these.
    """
    muscles = [_millard(model, name) for name in names]
    for muscle in muscles:
        _check_numbers(model, muscle)
    active = [_active_force_length(muscle) for muscle in muscles]
    sin_limit = np.sin([muscle.get_maximum_pennation_angle() for muscle in muscles])
    sin_optimal = np.sin([muscle.getPennationAngleAtOptimalFiberLength() for muscle in muscles])
    shortest = np.maximum(sin_optimal / sin_limit, [curve.min_norm_active_fiber_length for curve in active])
    passive = [_fiber_force_length(muscle) for muscle in muscles]
    tendons = [_tendon_force_length(muscle) for muscle in muscles]
    return Muscles(
        names=tuple(names),
        max_isometric_force=_tensor(muscle.getMaxIsometricForce() for muscle in muscles),
        optimal_fiber_length=_tensor(muscle.getOptimalFiberLength() for muscle in muscles),
        tendon_slack_length=_tensor(muscle.getTendonSlackLength() for muscle in muscles),
        pennation_angle_at_optimal=_tensor(m.getPennationAngleAtOptimalFiberLength() for m in muscles),
        maximum_pennation_angle=_tensor(muscle.get_maximum_pennation_angle() for muscle in muscles),
        max_contraction_velocity=_tensor(muscle.getMaxContractionVelocity() for muscle in muscles),
        fiber_damping=_tensor(m.getFiberDamping() if m.getUseFiberDamping() else 0.0 for m in muscles),
        minimum_activation=_tensor(muscle.getMinimumActivation() for muscle in muscles),
        minimum_normalized_fiber_length=_tensor(shortest),
        rigid_tendon=torch.tensor([bool(muscle.get_ignore_tendon_compliance()) for muscle in muscles]),
        active_force_length=curve_table(active),
        fiber_force_length=curve_table(passive),
        force_velocity=curve_table([_force_velocity(muscle) for muscle in muscles]),
        tendon_force_length=curve_table(tendons),
        tendon_stiffness=_tensor(curve.stiffness_at_one_norm_force for curve in tendons),
        passive_fiber_strain_at_zero_force=_tensor(curve.strain_at_zero_force for curve in passive),
        passive_fiber_strain_at_one_norm_force=_tensor(curve.strain_at_one_norm_force for curve in passive),
        tendon_strain_at_one_norm_force=_tensor(curve.strain_at_one_norm_force for curve in tendons),
    )


def stretched_curves(
    model: opensim.Model, name: str, strains: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Returns the properties of a muscle's curves that are stretched to other strains.

    The shape stays: slopes fall as strains grow. OpenSim would derive a passive curve's low
    stiffness without regard to its strains, so that all its properties are given. Those of a
    tendon's curve it derives so that the curve is the stretched one.

    Args:
        model: A model on which `initSystem` was called.
        name: Of the muscle.
        strains: Some of `CURVE_STRAINS`; the others are as the model has them.

    Returns:
        Values by property, by class of the curve.
    """
    muscle = _millard(model, name)
    curves: dict[str, dict[str, float]] = {}
    zero, one, tendon_strain = (strains.get(kind) for kind in CURVE_STRAINS)
    if zero is not None or one is not None:
        passive = _fiber_force_length(muscle)
        first = passive.strain_at_zero_force if zero is None else zero
        last = passive.strain_at_one_norm_force if one is None else one
        stretch = (passive.strain_at_one_norm_force - passive.strain_at_zero_force) / (last - first)
        curves["FiberForceLengthCurve"] = vars(passive) | {
            "strain_at_zero_force": first,
            "strain_at_one_norm_force": last,
            "stiffness_at_low_force": passive.stiffness_at_low_force * stretch,
            "stiffness_at_one_norm_force": passive.stiffness_at_one_norm_force * stretch,
        }
    if tendon_strain is not None:
        tendon = _tendon_force_length(muscle)
        stretch = tendon.strain_at_one_norm_force / tendon_strain
        curves["TendonForceLengthCurve"] = vars(tendon) | {
            "strain_at_one_norm_force": tendon_strain,
            "stiffness_at_one_norm_force": tendon.stiffness_at_one_norm_force * stretch,
        }
    return curves


def convert_thelen_muscles(model: opensim.Model) -> tuple[str, ...]:
    """Replaces every Thelen2003Muscle by a Millard muscle with the same parameters.

    Path, max_isometric_force, optimal_fiber_length, tendon_slack_length, pennation angle,
    maximum contraction velocity and minimum activation carry over; curves are Millard's
    defaults, with the passive and tendon strains at one normalized force of the Thelen
    muscle.

    Args:
        model: Changed in place; `initSystem` is called again.

    Returns:
        The converted muscles' names.
    """
    muscles = model.getMuscles()
    thelen = [
        muscles.get(i).getName()
        for i in range(muscles.getSize())
        if muscles.get(i).getConcreteClassName() in _THELEN_CLASSES
    ]
    with quiet_opensim():
        forces = model.updForceSet()
        for name in thelen:
            old = opensim.Thelen2003Muscle.safeDownCast(muscles.get(name))
            new = _millard_of_thelen(old)
            forces.remove(forces.getIndex(name))
            model.addForce(new)
        model.finalizeConnections()
        model.initSystem()
    return tuple(thelen)


def _millard_of_thelen(old: opensim.Thelen2003Muscle) -> opensim.Millard2012EquilibriumMuscle:
    new = opensim.Millard2012EquilibriumMuscle(
        old.getName(),
        old.getMaxIsometricForce(),
        old.getOptimalFiberLength(),
        old.getTendonSlackLength(),
        old.getPennationAngleAtOptimalFiberLength(),
    )
    new.set_path(old.get_path())
    new.setMinControl(old.getMinControl())
    new.setMaxControl(old.getMaxControl())
    new.setMinimumActivation(old.getMinimumActivation())
    new.set_appliesForce(old.get_appliesForce())
    new.set_max_contraction_velocity(old.getMaxContractionVelocity())
    new.set_activation_time_constant(old.get_activation_time_constant())
    new.set_deactivation_time_constant(old.get_deactivation_time_constant())
    new.upd_FiberForceLengthCurve().set_strain_at_one_norm_force(old.get_FmaxMuscleStrain())
    new.upd_TendonForceLengthCurve().set_strain_at_one_norm_force(old.get_FmaxTendonStrain())
    return new


def _millard(model: opensim.Model, name: str) -> opensim.Millard2012EquilibriumMuscle:
    muscle = model.getMuscles().get(name)
    millard = opensim.Millard2012EquilibriumMuscle.safeDownCast(muscle)
    if millard is None:
        kind = muscle.getConcreteClassName()
        remedy = (
            "Set <convert_thelen_muscles> to true to replace them."
            if kind in _THELEN_CLASSES
            else "Replace it in the model."
        )
        raise ModelError(
            f"{model.getInputFileName()}: muscle {name!r} is a {kind}; "
            f"only Millard2012EquilibriumMuscle can be calibrated. {remedy}"
        )
    return millard


def _check_numbers(model: opensim.Model, muscle: opensim.Millard2012EquilibriumMuscle) -> None:
    numbers = {
        "max_isometric_force": muscle.getMaxIsometricForce(),
        "optimal_fiber_length": muscle.getOptimalFiberLength(),
        "tendon_slack_length": muscle.getTendonSlackLength(),
        "pennation_angle_at_optimal": muscle.getPennationAngleAtOptimalFiberLength(),
        "maximum_pennation_angle": muscle.get_maximum_pennation_angle(),
        "max_contraction_velocity": muscle.getMaxContractionVelocity(),
        "fiber_damping": muscle.getFiberDamping(),
        "minimum_activation": muscle.getMinimumActivation(),
    }
    for name, value in numbers.items():
        if not (math.isfinite(value) and (value > 0.0 or name not in _POSITIVE)):
            expected = "a positive, finite number" if name in _POSITIVE else "a finite number"
            raise ModelError(
                f"{model.getInputFileName()}: muscle {muscle.getName()!r}: <{name}> is {value}; expected "
                f"{expected}. Correct it in the model."
            )


def _tensor(values) -> torch.Tensor:
    return torch.tensor([float(value) for value in values], dtype=torch.float64)


def _active_force_length(muscle: opensim.Millard2012EquilibriumMuscle) -> ActiveForceLengthCurve:
    curve = muscle.getActiveForceLengthCurve()
    return ActiveForceLengthCurve(
        curve.getMinActiveFiberLength(),
        curve.getTransitionFiberLength(),
        curve.getMaxActiveFiberLength(),
        curve.getShallowAscendingSlope(),
        curve.getMinValue(),
    )


def _fiber_force_length(muscle: opensim.Millard2012EquilibriumMuscle) -> FiberForceLengthCurve:
    curve = muscle.getFiberForceLengthCurve()
    return FiberForceLengthCurve(
        curve.getStrainAtZeroForce(),
        curve.getStrainAtOneNormForce(),
        curve.getStiffnessAtLowForceInUse(),
        curve.getStiffnessAtOneNormForceInUse(),
        curve.getCurvinessInUse(),
    )


def _force_velocity(muscle: opensim.Millard2012EquilibriumMuscle) -> ForceVelocityCurve:
    curve = muscle.getForceVelocityCurve()
    return ForceVelocityCurve(
        curve.getConcentricSlopeAtVmax(),
        curve.getConcentricSlopeNearVmax(),
        curve.getIsometricSlope(),
        curve.getEccentricSlopeAtVmax(),
        curve.getEccentricSlopeNearVmax(),
        curve.getMaxEccentricVelocityForceMultiplier(),
        curve.getConcentricCurviness(),
        curve.getEccentricCurviness(),
    )


def _tendon_force_length(muscle: opensim.Millard2012EquilibriumMuscle) -> TendonForceLengthCurve:
    curve = muscle.getTendonForceLengthCurve()
    return TendonForceLengthCurve(
        curve.getStrainAtOneNormForce(),
        curve.getStiffnessAtOneNormForceInUse(),
        curve.getNormForceAtToeEndInUse(),
        curve.getCurvinessInUse(),
    )
