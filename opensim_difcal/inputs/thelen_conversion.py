"""Replaces Thelen2003Muscle by Millard2012EquilibriumMuscle, everything else of the model as it is."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import opensim

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.muscles import THELEN_CLASS
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.physics.curve_parameters import CurveParameters
from opensim_difcal.physics.thelen_curves import ThelenCurves, closest_millard_curves

THELEN, MILLARD = "thelen", "millard"
"""Whose curves a converted muscle has."""

_SHARED = {
    "max_isometric_force": "N",
    "optimal_fiber_length": "m",
    "tendon_slack_length": "m",
    "pennation_angle_at_optimal": "rad",
    "max_contraction_velocity": "optimal_fiber_length/s",
    "activation_time_constant": "s",
    "deactivation_time_constant": "s",
    "minimum_activation": "",
    "default_activation": "",
    "default_fiber_length": "m",
    "maximum_pennation_angle": "rad",
    "min_control": "",
    "max_control": "",
    "optimal_force": "N",
}
"""Numbers that both classes have, with their units."""

_COUNTERPARTS = {
    "FmaxTendonStrain": "TendonForceLengthCurve/strain_at_one_norm_force",
    "FmaxMuscleStrain": "FiberForceLengthCurve/strain_at_one_norm_force",
    "Flen": "ForceVelocityCurve/max_eccentric_velocity_force_multiplier",
}
"""Thelen's curve properties that one property of a Millard curve stands for."""

_CURVES = (
    "ActiveForceLengthCurve",
    "FiberForceLengthCurve",
    "ForceVelocityCurve",
    "TendonForceLengthCurve",
)


@dataclass(frozen=True)
class ParameterPair:
    """A number of a muscle before and after its conversion.

    Attributes:
        thelen_property: Name of the Thelen2003Muscle's property; empty where it has none.
        thelen: Its value.
        millard_property: Likewise, of the Millard2012EquilibriumMuscle; curves by their path.
        millard: Its value.
        unit: Unit; empty when dimensionless.
    """

    thelen_property: str
    thelen: float | None
    millard_property: str
    millard: float | None
    unit: str = ""


def thelen_muscle_names(model: opensim.Model) -> tuple[str, ...]:
    """Names of the Thelen2003Muscle objects of a model, in its order."""
    muscles = model.getMuscles()
    every = [muscles.get(i) for i in range(muscles.getSize())]
    return tuple(each.getName() for each in every if each.getConcreteClassName() == THELEN_CLASS)


def convert_thelen_muscles(model: opensim.Model, curves: str = MILLARD) -> tuple[str, ...]:
    """Replaces every Thelen2003Muscle by a Millard2012EquilibriumMuscle of the same name.

    Each new muscle stands where the old one stood among the forces and in their groups, and
    controllers and probes find it under its name. Every property that both classes have
    carries over, the path with its points and wrap objects and the activation dynamics
    among them. What has no counterpart is listed in docs/theory.md.

    Args:
        model: Changed in place; `initSystem` is called again.
        curves: millard: Millard's default curves, with the tendon and fiber strain at one
            max_isometric_force of the Thelen muscle. thelen: those of `closest_millard_curves`.

    Returns:
        The converted muscles' names.

    Raises:
        ModelError: If a muscle's curves make no sense, or OpenSim refuses the new model.
    """
    names = thelen_muscle_names(model)
    if not names:
        return ()
    with quiet_opensim():
        model.clearConnections()  # else controllers would keep looking at the muscles that are gone
        forces = model.updForceSet()
        for name in names:
            old = opensim.Thelen2003Muscle.safeDownCast(model.getMuscles().get(name))
            new = _millard_of_thelen(old, model, curves)
            new.thisown = False  # the set owns it from now on, which this binding does not say
            forces.set(forces.getIndex(name), new, True)
        model.finalizeConnections()
        try:
            model.initSystem()
        except RuntimeError as error:
            raise ModelError(
                f"{_where(model)}: OpenSim refuses the converted model: {str(error).strip().splitlines()[0]} "
                "Convert the muscles in the OpenSim GUI, and see which one is at fault."
            ) from error
    return names


def thelen_curves(muscle: opensim.Thelen2003Muscle) -> ThelenCurves:
    """Returns what shapes a muscle's curves."""
    return ThelenCurves(
        **{each.name: float(getattr(muscle, f"get_{each.name}")()) for each in fields(ThelenCurves)}
    )


def parameter_pairs(
    old: opensim.Thelen2003Muscle, new: opensim.Millard2012EquilibriumMuscle
) -> Iterator[ParameterPair]:
    """Yields every number of a muscle before and after its conversion.

    Args:
        old: In the model as it was.
        new: In the converted model, after OpenSim's finalize, so that curves are effective.
    """
    for name, unit in _SHARED.items():
        yield ParameterPair(name, _number(old, name), name, _number(new, name), unit)
    after = {
        f"{curve}/{name}": value
        for curve in _CURVES
        for name, value in _effective(getattr(new, f"get_{curve}")()).items()
    }
    for name, value in vars(thelen_curves(old)).items():
        counterpart = _COUNTERPARTS.get(name, "")
        yield ParameterPair(name, value, counterpart, after.pop(counterpart, None))
    yield ParameterPair("", None, "fiber_damping", _number(new, "fiber_damping"))
    for name, value in after.items():
        yield ParameterPair("", None, name, value)


def _number(muscle: opensim.Muscle, name: str) -> float:
    return float(getattr(muscle, f"get_{name}")())


def _effective(curve: opensim.Function) -> dict[str, float]:
    """A curve's properties; those that OpenSim derives where they are not given."""
    values = {}
    for i in range(curve.getNumProperties()):
        shown = curve.getPropertyByIndex(i)
        name = shown.getName()
        getter = "get" + "".join(word.capitalize() for word in name.split("_")) + "InUse"
        in_use = getattr(curve, getter, None)
        values[name] = float(in_use() if in_use is not None else getattr(curve, f"get_{name}")())
    return values


def _millard_of_thelen(
    old: opensim.Thelen2003Muscle, model: opensim.Model, curves: str
) -> opensim.Millard2012EquilibriumMuscle:
    thelen = thelen_curves(old)
    _check(thelen, old.getName(), model)
    new = opensim.Millard2012EquilibriumMuscle()
    new.setName(old.getName())
    for i in range(old.getNumProperties()):
        shared = old.getPropertyByIndex(i)
        if new.hasProperty(shared.getName()):
            new.updPropertyByName(shared.getName()).assign(shared)
    if curves == MILLARD:
        new.upd_FiberForceLengthCurve().set_strain_at_one_norm_force(thelen.FmaxMuscleStrain)
        new.upd_TendonForceLengthCurve().set_strain_at_one_norm_force(thelen.FmaxTendonStrain)
        return new
    closest = closest_millard_curves(thelen)
    _set(new.upd_ActiveForceLengthCurve(), closest.active_force_length)
    _set(new.upd_FiberForceLengthCurve(), closest.fiber_force_length)
    _set(new.upd_ForceVelocityCurve(), closest.force_velocity)
    _set(new.upd_TendonForceLengthCurve(), closest.tendon_force_length)
    return new


def _set(curve: opensim.Function, parameters: CurveParameters) -> None:
    for name, value in vars(parameters).items():
        getattr(curve, f"set_{name}")(float(value))


def _check(thelen: ThelenCurves, name: str, model: opensim.Model) -> None:
    """Refuses a force-velocity curve that never leaves its hyperbola; OpenSim checks the other values."""
    if thelen.fv_linear_extrap_threshold >= 1.0:
        raise ModelError(
            f"{_where(model)}: muscle {name!r}: <fv_linear_extrap_threshold> is "
            f"{thelen.fv_linear_extrap_threshold:g}; expected a number below 1, or its force has no value in "
            "fast lengthening. Correct it in the model; OpenSim's default is 0.95."
        )


def _where(model: opensim.Model) -> str:
    return model.getInputFileName() or model.getName()
