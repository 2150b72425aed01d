"""Runs a calibrated model on trials: excitations in, forces and moments out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from opensim_difcal.calibration.problem import prediction_of
from opensim_difcal.calibration.result import Prediction
from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.execution.excitation_problem import ExcitationProblem, Weights
from opensim_difcal.execution.excitation_search import search_excitations
from opensim_difcal.execution.result import ExecutedTrial, Search
from opensim_difcal.inputs.batch import batch_trials
from opensim_difcal.inputs.signals import resample_monotone
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.differentiable import EngineOperations
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.simulation import simulate
from opensim_difcal.shapes import MuscleArray
from opensim_difcal.synergies.projection import project

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Projection:
    """What a subject's synergies need to drive muscles without a recording.

    Attributes:
        weights: Of the recorded channels, then of the muscles.
        channel_names: The recorded channels, in the weights' order.
        muscle_names: Muscles that the synergies drive.
        ratio: w_s / w_e of Eq. 5.
    """

    weights: Float[np.ndarray, "row synergy"]
    channel_names: tuple[str, ...]
    muscle_names: tuple[str, ...]
    ratio: float


@dataclass(frozen=True, kw_only=True)
class ExecutionSettings:
    """How trials are run.

    Attributes:
        adjusted: Muscles whose recorded excitation may be adjusted.
        synthesized: Muscles whose excitation is found from nothing.
        weights: Of the search's terms; None for no search.
        max_iterations: Of the search.
        tolerance: Relative decrease of its cost that still counts as one.
        projection: The subject's synergies; None where they drive nothing.
    """

    adjusted: tuple[str, ...] = ()
    synthesized: tuple[str, ...] = ()
    weights: Weights | None = None
    max_iterations: int = 200
    tolerance: float = 1e-4
    projection: Projection | None = None


def execute(
    trials: Sequence[Trial],
    muscles: CalibratedMuscles,
    settings: ExecutionSettings,
    engine: Engine,
    progress: Progress | None = None,
) -> tuple[ExecutedTrial, ...]:
    """Runs trials one after the other.

    Args:
        trials: Of the muscles' names and time step.
        muscles: Calibrated.
        settings: How.
        engine: What computes.
        progress: Called with the number of trials done.
    """
    done = []
    for trial in trials:
        if settings.projection is not None:
            trial = projected_trial(trial, settings.projection, muscles.shift_by_muscle())
        done.append(_executed(trial, muscles, settings, engine))
        if progress is not None:
            progress(len(done))
    return tuple(done)


def run_muscles(trial: Trial, muscles: CalibratedMuscles, engine: Engine) -> Prediction:
    """Returns what the trial's excitations lead to.

    Args:
        trial: Of the muscles' names and time step.
        muscles: Calibrated.
        engine: What computes.
    """
    with torch.no_grad():
        batch = batch_trials([trial])
        simulation = simulate(
            batch.excitation,
            batch.muscle_tendon_length,
            batch.moment_arm,
            activation_parameters=muscles.activation_parameters,
            muscles=muscles.muscles,
            time_step=muscles.time_step,
            operations=EngineOperations(engine),
        )
    return prediction_of(trial, simulation)


def projected_trial(trial: Trial, projection: Projection, shifts: Mapping[str, float]) -> Trial:
    """Returns the trial with the excitations that synergies give muscles without a recording.

    Args:
        trial: With a recording of the synergies' channels.
        projection: The synergies.
        shifts: By which muscles are delayed more than the recording, s.
    """
    assert trial.recording is not None, "synergies need a recording"
    columns = [trial.recording.channel_names.index(name) for name in projection.channel_names]
    n_channels = len(columns)
    of_channels, of_muscles = projection.weights[:n_channels], projection.weights[n_channels:]
    recorded = trial.recording.excitation[:, columns]
    primitives = project(recorded, of_channels, others=of_muscles, ratio=projection.ratio)
    series = np.clip(primitives @ of_muscles.T, 0.0, 1.0)
    excitation: MuscleArray = trial.excitation.copy()
    for i, name in enumerate(projection.muscle_names):
        if name in trial.muscle_names:
            course, shift = series[:, [i]], shifts.get(name, 0.0)
            delayed = resample_monotone(trial.time, course, trial.time - shift) if shift else course
            excitation[:, trial.muscle_names.index(name)] = delayed[:, 0]
    return replace(trial, excitation=excitation)


def _executed(
    trial: Trial, muscles: CalibratedMuscles, settings: ExecutionSettings, engine: Engine
) -> ExecutedTrial:
    open_loop = run_muscles(trial, muscles, engine)
    if settings.weights is None:
        return ExecutedTrial(open_loop, trial.excitation, open_loop)
    problem = _problem(trial, muscles, settings, settings.weights, engine)
    found = search_excitations(problem, max_iterations=settings.max_iterations, tolerance=settings.tolerance)
    search = Search(
        found.status,
        found.n_iterations,
        found.first_cost,
        found.cost,
        settings.adjusted,
        settings.synthesized,
    )
    driven = replace(trial, excitation=found.excitation.numpy())
    return ExecutedTrial(run_muscles(driven, muscles, engine), trial.excitation, open_loop, search)


def _problem(
    trial: Trial, muscles: CalibratedMuscles, settings: ExecutionSettings, weights: Weights, engine: Engine
) -> ExcitationProblem:
    given, length, arm, measured = (
        torch.tensor(getattr(trial, name))
        for name in ("excitation", "muscle_tendon_length", "moment_arm", "joint_moment")
    )
    return ExcitationProblem(
        given=given,
        muscle_tendon_length=length,
        moment_arm=arm,
        measured=measured,
        n_lead_in=trial.n_lead_in,
        muscles=muscles,
        adjusted=_among(settings.adjusted, trial.muscle_names),
        synthesized=_among(settings.synthesized, trial.muscle_names),
        weights=weights,
        engine=engine,
    )


def _among(chosen: Sequence[str], names: Sequence[str]) -> torch.Tensor:
    return torch.tensor([name in chosen for name in names])
