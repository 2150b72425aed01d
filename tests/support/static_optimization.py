"""OpenSim's own StaticOptimization on a variant of the virtual leg: the referee of ours.

What makes the two alike, after OpenSim 4.6's `StaticOptimization`, `StaticOptimizationTarget`
and `Millard2012EquilibriumMuscle`:

- The tool takes activation times the active force, with force-velocity, of a fiber behind an
  inextensible tendon (`calcInextensibleTendonActiveFiberForce` at activation 1). So tendons
  are rigid here, and fibers have neither passive force nor damping.
- It meets the accelerations exactly, with reserve actuators that count in the objective by
  their control; with an optimal force of 1 N m their sum of squares is the squared moment
  error, alpha 1 and raw.
- Its bounds are the actuators' `min_control` and `max_control`: `min_control` is set to
  `minimum_activation`.
- That force projects the fiber's by the pennation angle at the *normalized* fiber length
  passed as a length in m, so nearly by 1: it exceeds `getActiveFiberForceAlongTendon` by up
  to 17 % here (soleus_r; issue 4390 of opensim-core, open). Without pennation the
  two agree, and the tool is the exact referee; with it, the tool is off by what it is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import opensim
from ankle_tool import LEG

from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
LOWEST = 0.01  # activation
FIRST, LAST = 0.5, 1.5  # s
# kg, m: a weight hanging below the foot, for the ankle to hold
_FOOT_MASS, _FOOT_CENTER = 5.0, opensim.Vec3(0.0, -0.25, 0.0)


@dataclass(frozen=True)
class StaticOptimizationCase:
    """Files of a problem, and what OpenSim found.

    Attributes:
        model_file: The variant.
        coordinates_file: The motion.
        generalized_forces_file: Its inverse dynamics.
        time: Of what was found, s.
        activations: By muscle.
        reserves: By coordinate, N m.
    """

    model_file: Path
    coordinates_file: Path
    generalized_forces_file: Path
    time: np.ndarray
    activations: dict[str, np.ndarray]
    reserves: dict[str, np.ndarray]


def static_optimization_case(folder: Path, *, pennate: bool = True) -> StaticOptimizationCase:
    """Makes the variant and runs OpenSim's InverseDynamicsTool and StaticOptimization.

    Args:
        folder: For all files, empty.
        pennate: Whether fibers keep their pennation, which OpenSim's tool mistakes.
    """
    model_file, motion = folder / "leg_rigid.osim", folder / "motion.sto"
    _write_motion(motion)
    with quiet_opensim(), _without_stdout():
        names = _write_variant(model_file, pennate=pennate)
        _inverse_dynamics(model_file, motion, folder)
        _static_optimization(model_file, motion, folder)
    found = read_storage(next(folder.glob("*_StaticOptimization_activation.sto")))
    return StaticOptimizationCase(
        model_file=folder / "leg_without_reserves.osim",
        coordinates_file=motion,
        generalized_forces_file=folder / "id.sto",
        time=found.time,
        activations={name: found.column(name) for name in names},
        reserves={name: found.column(f"reserve_{name}") for name in COORDINATES},
    )


@contextmanager
def _without_stdout() -> Iterator[None]:
    """AnalyzeTool prints the model whatever the log level."""
    stdout = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(stdout, 1)
            os.close(stdout)


def _write_variant(path: Path, *, pennate: bool) -> tuple[str, ...]:
    model = opensim.Model(str(LEG / "leg_scaled.osim"))
    model.initSystem()
    muscles = model.getMuscles()
    names = tuple(muscles.get(i).getName() for i in range(muscles.getSize()))
    for name in names:
        muscle = opensim.Millard2012EquilibriumMuscle.safeDownCast(muscles.get(name))
        muscle.set_ignore_tendon_compliance(True)
        muscle.set_fiber_damping(0.0)
        if not pennate:
            muscle.setPennationAngleAtOptimalFiberLength(0.0)
        muscle.set_minimum_activation(LOWEST)
        muscle.setMinControl(LOWEST)
        muscle.upd_FiberForceLengthCurve().set_strain_at_zero_force(2.0)
        muscle.upd_FiberForceLengthCurve().set_strain_at_one_norm_force(4.0)
    bodies = model.updBodySet()
    foot = next(bodies.get(i) for i in range(bodies.getSize()) if _is_foot(bodies.get(i).getName()))
    foot.setMass(_FOOT_MASS)
    foot.setMassCenter(_FOOT_CENTER)
    model.finalizeConnections()
    model.printToXML(str(path.with_name("leg_without_reserves.osim")))
    for name in COORDINATES:
        reserve = opensim.CoordinateActuator(name)
        reserve.setName(f"reserve_{name}")
        reserve.setOptimalForce(1.0)
        reserve.setMinControl(-1000.0)
        reserve.setMaxControl(1000.0)
        model.addForce(reserve)
    model.finalizeConnections()
    model.initSystem()
    model.printToXML(str(path))
    return names


def _is_foot(name: str) -> bool:
    return any(word in name for word in ("foot", "calcn", "talus"))


def _write_motion(path: Path) -> None:
    """A smooth swing of all three joints, rad."""
    time = np.linspace(0.0, 2.0, 401)
    angles = {
        "hip_flexion_r": 0.3 + 0.35 * np.sin(2.0 * np.pi * time),
        "knee_angle_r": 0.8 + 0.5 * np.sin(2.0 * np.pi * time - 1.0),
        "ankle_angle_r": 0.25 * np.sin(4.0 * np.pi * time + 0.5),
    }
    lines = ["Coordinates", "version=1", f"nRows={len(time)}", "nColumns=4", "inDegrees=no", "endheader"]
    lines.append("\t".join(["time", *angles]))
    lines += ["\t".join(map(repr, row)) for row in np.column_stack([time, *angles.values()]).tolist()]
    path.write_text("\n".join(lines) + "\n")


def _inverse_dynamics(model_file: Path, motion: Path, folder: Path) -> None:
    tool = opensim.InverseDynamicsTool()
    tool.setModelFileName(str(model_file))
    tool.setCoordinatesFileName(str(motion))
    tool.setLowpassCutoffFrequency(-1)
    tool.setStartTime(0.0)
    tool.setEndTime(2.0)
    tool.setResultsDir(str(folder))
    tool.setOutputGenForceFileName("id.sto")
    excluded = opensim.ArrayStr()
    excluded.append("Muscles")
    excluded.append("Actuators")
    tool.setExcludedForces(excluded)
    assert tool.run()


def _static_optimization(model_file: Path, motion: Path, folder: Path) -> None:
    model = opensim.Model(str(model_file))
    analysis = opensim.StaticOptimization()
    analysis.setName("StaticOptimization")
    analysis.setUseMusclePhysiology(True)
    analysis.setActivationExponent(2)
    analysis.setConvergenceCriterion(1e-6)
    analysis.setStepInterval(1)
    analysis.setStartTime(FIRST)
    analysis.setEndTime(LAST)
    model.addAnalysis(analysis)
    tool = opensim.AnalyzeTool(model)
    tool.setName("referee")
    tool.setModelFilename(str(model_file))
    tool.setCoordinatesFileName(str(motion))
    tool.setLowpassCutoffFrequency(-1)
    tool.setInitialTime(FIRST)
    tool.setFinalTime(LAST)
    tool.setLoadModelAndInput(True)
    tool.setSolveForEquilibrium(False)
    tool.setReplaceForceSet(False)
    tool.setResultsDir(str(folder))
    assert tool.run()


def static_optimization_tool(case: StaticOptimizationCase, results: Path) -> NMSExecutionTool:
    """Our tool on the same problem."""
    trial = ExecutionTrialFiles(
        name="swing",
        coordinates_file=case.coordinates_file,
        generalized_forces_file=case.generalized_forces_file,
        time_range=(FIRST, LAST),
    )
    return NMSExecutionTool(
        name="static",
        model_file=case.model_file,
        results_directory=results,
        mode="static_optimization",
        coordinates=COORDINATES,
        trials=(trial,),
        alpha=1.0,
        beta=1.0,
        moment_error="raw",
        lead_in=0.0,
        time_step=0.005,
        lowpass_cutoff_frequency_for_coordinates=-1.0,
        tolerance=1e-6,
    )
