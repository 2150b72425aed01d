"""One muscle of a model alone in OpenSim, its muscle-tendon length prescribed.

A body slides on a line; its coordinate is the muscle-tendon length, because a copy of
the muscle spans from the ground to the body. What OpenSim computes for the copy it
would compute for the muscle in the whole model at the same length and activation.

This module is loaded by worker processes, so it keeps away from torch, which takes
longer to import than OpenSim needs for its answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim
from jaxtyping import Bool, Float

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim

TimeSeries = Float[np.ndarray, " time"]

FiberMuscle = opensim.Millard2012EquilibriumMuscle | opensim.Thelen2003Muscle

_N_BISECTIONS = 40


@dataclass(frozen=True)
class SliderModel:
    """A copy of a muscle in a model of its own.

    Attributes:
        model: Owns the muscle and the coordinate.
        muscle: The copy; its activation is what it is told, without dynamics, unless the
            slider model was made with them.
        coordinate: The muscle-tendon length, m.
    """

    model: opensim.Model
    muscle: FiberMuscle
    coordinate: opensim.Coordinate


@dataclass(frozen=True)
class Integrated:
    """What OpenSim integrates for a muscle.

    Attributes:
        tendon_force: N.
        activation: 0..1.
        normalized_fiber_length: In optimal fiber lengths.
        normalized_fiber_velocity: In max_contraction_velocity, lengthening positive.
    """

    tendon_force: TimeSeries
    activation: TimeSeries
    normalized_fiber_length: TimeSeries
    normalized_fiber_velocity: TimeSeries

    def after(self, n_samples: int) -> "Integrated":
        """Returns what is left when the first samples are dropped."""
        return Integrated(*(series[n_samples:] for series in vars(self).values()))


@dataclass(frozen=True)
class Frames:
    """What OpenSim computes for a muscle frame by frame.

    Attributes:
        tendon_force: N.
        fiber_velocity: m/s.
        is_at_shortest: Whether OpenSim holds the fiber at its shortest length, where the
            forces of fiber and tendon need not balance.
    """

    tendon_force: TimeSeries
    fiber_velocity: TimeSeries
    is_at_shortest: Bool[np.ndarray, " time"]


def find_muscle(model: opensim.Model, name: str, model_path: Path) -> opensim.Millard2012EquilibriumMuscle:
    """Returns a muscle of a model; keep the model as long as the muscle is used.

    Args:
        model: The model.
        name: Name of the muscle.
        model_path: The model's file, for the error message.

    Raises:
        ModelError: If the model has no such Millard2012EquilibriumMuscle.
    """
    muscles = model.getMuscles()
    found = muscles.get(name) if muscles.contains(name) else None
    muscle = opensim.Millard2012EquilibriumMuscle.safeDownCast(found) if found is not None else None
    if muscle is None:
        raise ModelError(
            f"{model_path}: the model has no Millard2012EquilibriumMuscle {name!r}. "
            "Check that the model is the one that was calibrated."
        )
    return muscle


def slider_model(source: FiberMuscle, *, activation_dynamics: bool = False) -> SliderModel:
    """Returns a model with nothing but a copy of the muscle on a slider.

    Args:
        source: The muscle in its own model, of its own class.
        activation_dynamics: Whether activation follows what the muscle is told with OpenSim's
            dynamics, which a Thelen2003Muscle cannot do without.
    """
    muscle = source.clone()
    muscle.set_appliesForce(True)
    muscle.set_ignore_activation_dynamics(not activation_dynamics)
    muscle.setMinControl(muscle.getMinimumActivation())
    muscle.setMaxControl(1.0)
    muscle.set_path(opensim.GeometryPath())

    model = opensim.Model()
    model.setName(source.getName())
    body = opensim.Body("body", 1.0, opensim.Vec3(0), opensim.Inertia(1, 1, 1))
    joint = opensim.SliderJoint("joint", model.getGround(), body)
    coordinate = joint.updCoordinate()
    coordinate.setName("muscle_tendon_length")
    model.addBody(body)
    model.addJoint(joint)
    muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0))
    muscle.addNewPathPoint("insertion", body, opensim.Vec3(0))
    model.addForce(muscle)
    return SliderModel(model, muscle, coordinate)


def integrated_tendon_force(
    slider: SliderModel,
    time: TimeSeries,
    activation: TimeSeries,
    muscle_tendon_length: TimeSeries,
    accuracy: float,
) -> TimeSeries:
    """Lets OpenSim integrate the muscle from equilibrium at the first sample.

    The length follows a quintic spline through the samples, the activation is linear
    between them. The integrator stops at every sample, so that it never steps across a
    kink of the activation.

    Args:
        slider: A fresh slider model; it is changed.
        time: Sample times, s.
        activation: 0..1; OpenSim raises it to the muscle's `minimum_activation`.
        muscle_tendon_length: m.
        accuracy: Relative accuracy of the integrator.

    Returns:
        Tendon force at the samples, N.
    """
    return integrated(slider, time, activation, muscle_tendon_length, accuracy).tendon_force


def integrated(
    slider: SliderModel,
    time: TimeSeries,
    control: TimeSeries,
    muscle_tendon_length: TimeSeries,
    accuracy: float,
) -> Integrated:
    """Integrates like `integrated_tendon_force`, and tells more.

    Args:
        slider: A fresh slider model; it is changed.
        time: Sample times, s.
        control: 0..1: the activation, or with activation dynamics the excitation, from
            which activation starts, the fiber at rest.
        muscle_tendon_length: m.
        accuracy: Relative accuracy of the integrator.
    """
    splines = _splines(time, muscle_tendon_length)
    slider.coordinate.setPrescribedFunction(splines.get(0))
    slider.coordinate.setDefaultIsPrescribed(True)
    slider.model.addController(_controller(slider.muscle, time, control))
    state = slider.model.initSystem()
    state.setTime(float(time[0]))
    slider.model.assemble(state)
    if not slider.muscle.get_ignore_activation_dynamics():
        slider.muscle.setActivation(state, max(float(control[0]), slider.muscle.getMinControl()))
        _set_at_rest(slider, state)
    else:
        slider.model.equilibrateMuscles(state)
    manager = opensim.Manager(slider.model)
    manager.setWriteToStorage(False)
    manager.setIntegratorAccuracy(accuracy)
    manager.initialize(state)
    series = np.empty((4, len(time)))
    for i, sample in enumerate(time):
        if i > 0:
            state = manager.integrate(float(sample))
        slider.model.realizeDynamics(state)
        series[:, i] = (
            slider.muscle.getTendonForce(state),
            slider.muscle.getActivation(state),
            slider.muscle.getNormalizedFiberLength(state),
            slider.muscle.getNormalizedFiberVelocity(state),
        )
    return Integrated(*series)


def _set_at_rest(slider: SliderModel, state: opensim.State) -> None:
    """Sets the fiber length at which the fiber rests, where its force balances the tendon's.

    OpenSim's own search for an equilibrium does not always end for a Thelen2003Muscle.
    """
    muscle = slider.muscle
    slider.model.realizePosition(state)
    low, high = 1.01 * muscle.getMinimumFiberLength(), muscle.getLength(state)
    for _ in range(_N_BISECTIONS):
        middle = 0.5 * (low + high)
        muscle.setFiberLength(state, middle)
        slider.model.realizeDynamics(state)
        if muscle.getFiberVelocity(state) > 0.0:  # the tendon pulls it longer
            low = middle
        else:
            high = middle


def tendon_force_by_muscle(
    model_path: Path,
    muscle_names: Sequence[str],
    time: TimeSeries,
    series: tuple[Float[np.ndarray, "time muscle"], Float[np.ndarray, "time muscle"]],
    accuracy: float,
) -> dict[str, TimeSeries | str]:
    """Integrates muscles of a model one after the other.

    Args:
        model_path: The .osim file.
        muscle_names: The muscles.
        time: Sample times, s.
        series: Activation, 0..1, and muscle-tendon length, m.
        accuracy: Relative accuracy of the integrator.

    Returns:
        By muscle the tendon force, N, or the reason why there is none.
    """
    model = load_model(model_path)
    result: dict[str, TimeSeries | str] = {}
    with quiet_opensim():
        for i, name in enumerate(muscle_names):
            slider = slider_model(find_muscle(model, name, model_path))
            activation, muscle_tendon_length = series[0][:, i], series[1][:, i]
            if not np.isfinite([activation, muscle_tendon_length]).all():
                result[name] = "its activation or muscle-tendon length is not finite"
                continue
            try:
                result[name] = integrated_tendon_force(
                    slider, time, activation, muscle_tendon_length, accuracy
                )
            except RuntimeError as error:
                result[name] = reason_of(error)
    return result


def integrated_by_muscle(
    model_path: Path,
    muscle_names: Sequence[str],
    time: TimeSeries,
    series: tuple[Float[np.ndarray, "time muscle"], Float[np.ndarray, "time muscle"]],
    accuracy: float,
) -> dict[str, Integrated | str]:
    """Integrates Thelen or Millard muscles with OpenSim's activation dynamics, one after the other.

    Args:
        model_path: The .osim file.
        muscle_names: Muscles of the model.
        time: Sample times, s.
        series: Excitation, 0..1, and muscle-tendon length, m.
        accuracy: Relative accuracy of the integrator.

    Returns:
        By muscle what OpenSim integrates, or the reason why it cannot.
    """
    model = load_model(model_path)
    result: dict[str, Integrated | str] = {}
    with quiet_opensim():
        for i, name in enumerate(muscle_names):
            muscle = model.getMuscles().get(name)
            kind = getattr(opensim, muscle.getConcreteClassName())  # whose methods a Muscle lacks
            slider = slider_model(kind.safeDownCast(muscle), activation_dynamics=True)
            try:
                found = integrated(slider, time, series[0][:, i], series[1][:, i], accuracy)
            except RuntimeError as error:
                result[name] = reason_of(error)
                continue
            finite = np.isfinite(found.tendon_force).all()
            result[name] = found if finite else "its tendon force is not finite"
    return result


def frames(
    slider: SliderModel,
    activation: TimeSeries,
    fiber_length: TimeSeries,
    muscle_tendon_length: TimeSeries,
    muscle_tendon_velocity: TimeSeries,
) -> Frames:
    """Evaluates the muscle in states that are given one by one.

    Args:
        slider: A fresh slider model; it is changed.
        activation: 0..1.
        fiber_length: m; of no effect for a rigid tendon.
        muscle_tendon_length: m.
        muscle_tendon_velocity: m/s; of effect for a rigid tendon only.
    """
    slider.muscle.set_ignore_activation_dynamics(False)
    is_elastic = not slider.muscle.get_ignore_tendon_compliance()
    state = slider.model.initSystem()
    shortest = slider.muscle.getMinimumFiberLength()
    tendon_force, fiber_velocity = np.empty(len(activation)), np.empty(len(activation))
    for i in range(len(activation)):
        slider.coordinate.setValue(state, float(muscle_tendon_length[i]))
        slider.coordinate.setSpeedValue(state, float(muscle_tendon_velocity[i]))
        slider.muscle.setActivation(state, float(activation[i]))
        if is_elastic:
            slider.muscle.setFiberLength(state, float(fiber_length[i]))
        slider.model.realizeDynamics(state)
        tendon_force[i] = slider.muscle.getTendonForce(state)
        fiber_velocity[i] = slider.muscle.getFiberVelocity(state)
    return Frames(tendon_force, fiber_velocity, fiber_length <= shortest * (1.0 + 1e-9))


def _splines(time: TimeSeries, values: TimeSeries) -> opensim.GCVSplineSet:
    """Returns a set with one quintic spline; the spline lives as long as the set."""
    table = opensim.TimeSeriesTable()
    table.setColumnLabels(["value"])
    for t, value in zip(time, values, strict=True):
        table.appendRow(float(t), opensim.RowVector([float(value)]))
    return opensim.GCVSplineSet(table, ["value"], 5, 0.0)


def _controller(
    muscle: opensim.Muscle, time: TimeSeries, activation: TimeSeries
) -> opensim.PrescribedController:
    linear = opensim.PiecewiseLinearFunction()
    for t, value in zip(time, activation, strict=True):
        linear.addPoint(float(t), float(value))
    controller = opensim.PrescribedController()
    controller.setName("activation")
    controller.addActuator(muscle)
    controller.prescribeControlForActuator(muscle.getName(), linear)
    return controller


def reason_of(error: RuntimeError) -> str:
    """Returns what OpenSim complains about in one line, without the names of C++ functions."""
    words = " ".join(str(error).split())
    return re.sub(r"^std::exception in '.*?': ", "", words).rstrip(".")
