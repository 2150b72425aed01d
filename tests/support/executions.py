"""Executions made by hand: three muscles, two coordinates, a few samples."""

from dataclasses import replace

import numpy as np

from opensim_difcal.calibration.result import Prediction
from opensim_difcal.execution.result import ExecutedTrial, ExecutionResult, Search, SearchStatus
from opensim_difcal.inputs.trial import Trial

MUSCLES = ("soleus_r", "tibant_r", "tibpost_r")
COORDINATES = ("knee_angle_r", "ankle_angle_r")
TASKS = {"walk_1": "walking", "walk_2": "walking", "jump $x_{ <i>high</i>": "jumping"}
N_TIMES, N_LEAD_IN = 26, 5


def make_execution(
    mode: str = "emg_assisted", *, tasks: dict[str, str] = TASKS, unmeasured: tuple[str, ...] = ()
) -> ExecutionResult:
    """An execution of a few trials.

    Args:
        mode: Its mode.
        tasks: By trial.
        unmeasured: Trials without measured moments.
    """
    trials = [
        _executed(mode, _trial(name, task, i, measured=name not in unmeasured))
        for i, (name, task) in enumerate(tasks.items())
    ]
    projected = ("tibpost_r",) if mode in ("open_loop", "emg_assisted") else ()
    warnings = ("Trial 'walk_1' moves <b>soleus_r</b> & more.",)
    return ExecutionResult("subject01_new", mode, tuple(trials), projected, warnings)


def _trial(name: str, task: str, seed: int, *, measured: bool) -> Trial:
    rng = np.random.default_rng(seed)
    time = np.arange(N_TIMES) * 0.01 + 0.2 * seed
    phase = np.linspace(0.0, 2.0 * np.pi, N_TIMES)[:, None]
    moment = np.array([40.0, 90.0]) * np.sin(phase + np.array([0.0, 1.0])) + rng.uniform(-5.0, 5.0)
    return Trial(
        name=name,
        role="execution",
        muscle_names=MUSCLES,
        coordinate_names=COORDINATES,
        time=time,
        n_lead_in=N_LEAD_IN,
        excitation=0.3 + 0.2 * np.sin(phase + np.arange(3.0)),
        muscle_tendon_length=np.full((N_TIMES, 3), 0.4),
        moment_arm=np.full((N_TIMES, 2, 3), 0.03),
        joint_moment=moment if measured else np.full_like(moment, np.nan),
        task=task,
    )


def _executed(mode: str, trial: Trial) -> ExecutedTrial:
    phase = np.linspace(0.0, 2.0 * np.pi, N_TIMES)[:, None]
    given = trial.excitation
    if mode == "open_loop":
        prediction = _prediction(trial, phase, error=12.0)
        return ExecutedTrial(prediction, given, prediction)
    synthesized = {"emg_assisted": (), "emg_hybrid": MUSCLES[2:], "static_optimization": MUSCLES}[mode]
    adjusted = {"emg_assisted": (MUSCLES[0], MUSCLES[2]), "emg_hybrid": MUSCLES[:2]}.get(mode, ())
    is_given = np.array([name not in synthesized for name in MUSCLES])
    given = np.where(is_given, given, 0.0)
    change = np.where([name in adjusted for name in MUSCLES], np.array([0.03, 0.0, -0.04]), 0.0)
    used = np.where(is_given, given + change, trial.excitation)
    zero = {"moment_error": 4.0, "synthesized_excitation": 0.0, "adjustment": 0.0, "total": 4.0}
    cost = {"moment_error": 0.5, "synthesized_excitation": 0.25, "adjustment": 0.25, "total": 1.0}
    status = SearchStatus.MAX_ITERATIONS if trial.name == "walk_2" else SearchStatus.CONVERGED
    return ExecutedTrial(
        _prediction(replace(trial, excitation=used), phase, error=3.0),
        given,
        _prediction(replace(trial, excitation=given), phase, error=12.0),
        Search(status, 7, zero, cost, adjusted, synthesized),
    )


def _prediction(trial: Trial, phase: np.ndarray, *, error: float) -> Prediction:
    length = 1.0 + 0.2 * np.sin(phase + np.arange(3.0))
    activation = 0.9 * trial.excitation
    # Where nothing was measured, the prediction is still a number.
    moment = np.nan_to_num(trial.joint_moment, nan=10.0)
    return Prediction(
        trial=trial,
        activation=activation,
        fiber_length=0.08 * length,
        normalized_fiber_length=length,
        tendon_force=900.0 * activation,
        tendon_strain=0.03 * activation,
        joint_moment=moment + error * np.cos(3.0 * phase),
    )
