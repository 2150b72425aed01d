"""Simulates the virtual subject, with none of the code of `opensim_difcal`.

Excitation to activation is a scipy filter; muscles are OpenSim's own
Millard2012EquilibriumMuscle, each integrated by OpenSim in a small model of its own.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim
from osim_build import set_common_properties
from scipy.signal import lfilter, lfilter_zi

STEP = 0.005  # s, the time step that c1 and c2 belong to
DELAY = 0.035  # s, electromechanical delay
INTEGRATOR_ACCURACY = 1e-6
PROCESSES = 2


@dataclass(frozen=True)
class Geometry:
    """Muscle-tendon geometry along one trial.

    Attributes:
        time: s, uniform.
        length: Muscle-tendon length, m, (time, muscle).
        moment_arm: m, (time, coordinate, muscle).
    """

    time: np.ndarray
    length: np.ndarray
    moment_arm: np.ndarray


@dataclass(frozen=True)
class MuscleStates:
    """What OpenSim's integration of the muscles gave, each (time, muscle)."""

    tendon_force: np.ndarray
    normalized_fiber_length: np.ndarray
    tendon_strain: np.ndarray


def silence() -> None:
    """Keeps OpenSim from writing to the console and to a log file."""
    opensim.Logger.setLevelString("off")
    opensim.Logger.removeFileSink()


def geometry(model_file: Path, coordinates: Sequence[str], time: np.ndarray, angle: np.ndarray) -> Geometry:
    """Returns muscle-tendon lengths and moment arms along joint angles.

    Args:
        model_file: The model.
        coordinates: Names of the coordinates, in the order of the columns of `angle`.
        time: s.
        angle: rad, (time, coordinate).
    """
    model = opensim.Model(str(model_file))
    state = model.initSystem()
    moved = [model.getCoordinateSet().get(name) for name in coordinates]
    muscles = list(model.getMuscles())
    length = np.empty((len(time), len(muscles)))
    moment_arm = np.empty((len(time), len(moved), len(muscles)))
    for i, posture in enumerate(angle):
        for coordinate, value in zip(moved, posture, strict=True):
            coordinate.setValue(state, float(value), False)
        model.realizePosition(state)
        length[i] = [muscle.getLength(state) for muscle in muscles]
        for j, coordinate in enumerate(moved):
            moment_arm[i, j] = [muscle.computeMomentArm(state, coordinate) for muscle in muscles]
    return Geometry(time, length, moment_arm)


def activation(
    time: np.ndarray, excitation: np.ndarray, parameters: Sequence[Mapping[str, float]]
) -> np.ndarray:
    """Returns activation from excitation, both (time, muscle).

    The excitation is delayed, filtered by u_i = alpha e_i - b1 u_{i-1} - b2 u_{i-2} with
    b1 = c1 + c2, b2 = c1 c2, alpha = 1 + b1 + b2 from a steady state, and bent by
    a = (exp(A u) - 1) / (exp(A) - 1).

    References:
        Lloyd & Besier (2003), J Biomech 36(6):765-776.
    """
    result = np.empty_like(excitation)
    for j, muscle in enumerate(parameters):
        delayed = np.interp(time - DELAY, time, excitation[:, j])
        b1, b2 = muscle["c1"] + muscle["c2"], muscle["c1"] * muscle["c2"]
        numerator, denominator = [1 + b1 + b2, 0.0, 0.0], [1.0, b1, b2]
        start = lfilter_zi(numerator, denominator) * delayed[0]
        neural, _ = lfilter(numerator, denominator, delayed, zi=start)
        shape = muscle["shape_factor"]
        result[:, j] = np.expm1(shape * neural) / np.expm1(shape)
    return result


def simulate_muscle(
    parameters: Mapping[str, float], time: np.ndarray, length: np.ndarray, active: np.ndarray
) -> np.ndarray:
    """Integrates one muscle along its length and activation.

    Args:
        parameters: max_isometric_force, optimal_fiber_length, tendon_slack_length, pennation_angle.
        time: s.
        length: Muscle-tendon length, m.
        active: Activation.

    Returns:
        Tendon force (N), normalized fiber length and tendon strain, (time, 3).
    """
    silence()
    model = opensim.Model()
    model.setGravity(opensim.Vec3(0))
    body = opensim.Body("end", 1.0, opensim.Vec3(0), opensim.Inertia(1.0))
    model.addBody(body)
    joint = opensim.SliderJoint("slider", model.getGround(), body)
    coordinate = joint.updCoordinate()
    coordinate.setName("length")
    path_length = opensim.GCVSpline()
    path_length.setDegree(5)
    for instant, value in zip(time, length, strict=True):
        path_length.addPoint(float(instant), float(value))
    coordinate.setPrescribedFunction(path_length)
    coordinate.setDefaultIsPrescribed(True)
    model.addJoint(joint)
    muscle = opensim.Millard2012EquilibriumMuscle(
        "muscle",
        parameters["max_isometric_force"],
        parameters["optimal_fiber_length"],
        parameters["tendon_slack_length"],
        parameters["pennation_angle"],
    )
    set_common_properties(muscle)
    muscle.set_ignore_activation_dynamics(True)
    muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0))
    muscle.addNewPathPoint("insertion", body, opensim.Vec3(0))
    model.addForce(muscle)
    controller = opensim.PrescribedController()
    controller.addActuator(muscle)
    course = opensim.PiecewiseLinearFunction()
    for instant, value in zip(time, active, strict=True):
        course.addPoint(float(instant), float(value))
    controller.prescribeControlForActuator("muscle", course)
    model.addController(controller)
    reporter = opensim.TableReporter()
    reporter.set_report_time_interval(STEP)
    for output in ("tendon_force", "normalized_fiber_length", "tendon_strain"):
        reporter.addToReport(muscle.getOutput(output))
    model.addComponent(reporter)
    state = model.initSystem()
    state.setTime(float(time[0]))
    model.equilibrateMuscles(state)
    manager = opensim.Manager(model)
    manager.setIntegratorAccuracy(INTEGRATOR_ACCURACY)
    manager.initialize(state)
    manager.integrate(float(time[-1]))
    table = reporter.getTable()
    rows = table.getMatrix().to_numpy()
    reported = np.array(table.getIndependentColumn())
    return np.column_stack([np.interp(time, reported, column) for column in rows.T])


def _simulate_task(task: tuple) -> np.ndarray:
    return simulate_muscle(*task)


def simulate_muscles(tasks: Sequence[tuple]) -> list[np.ndarray]:
    """Runs `simulate_muscle` for argument tuples in worker processes, in order."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        return list(pool.map(_simulate_task, tasks, chunksize=4))


def simulate_trials(
    parameters: Sequence[Mapping[str, float]],
    geometries: Sequence[Geometry],
    activations: Sequence[np.ndarray],
) -> list[MuscleStates]:
    """Integrates every muscle along every trial."""
    tasks = [
        (muscle, trial.time, trial.length[:, j], active[:, j])
        for trial, active in zip(geometries, activations, strict=True)
        for j, muscle in enumerate(parameters)
    ]
    results = simulate_muscles(tasks)
    count = len(parameters)
    states = []
    for i in range(len(geometries)):
        block = np.stack(results[i * count : (i + 1) * count], axis=1)
        states.append(MuscleStates(block[..., 0], block[..., 1], block[..., 2]))
    return states


def joint_moments(trial: Geometry, tendon_force: np.ndarray) -> np.ndarray:
    """Returns the summed joint moments, N m, (time, coordinate)."""
    return np.einsum("tcm,tm->tc", trial.moment_arm, tendon_force)
