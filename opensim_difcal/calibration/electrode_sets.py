"""Calibrations with some electrodes taken off: what they predict, and which muscles they find.

References:
    Hambly et al., Section III-D.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.metrics import trial_agreement
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.calibration.synergy_hybrid import recording_of
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.muscle import Muscles

Method = Literal["emg_driven", "synergy_hybrid"]
COMPARED = ("optimal_fiber_length", "tendon_slack_length", "strength_coefficient")
"""Parameters whose difference between models is measured."""


@dataclass(frozen=True)
class ElectrodeProblem:
    """What every calibration starts from.

    Attributes:
        muscles: All that take part in a synergy-hybrid calibration.
        trials: With recordings of every electrode.
        settings: Of the synergy-hybrid calibration; the EMG-driven one leaves synergies out.
    """

    muscles: Muscles
    trials: tuple[Trial, ...]
    settings: CalibrationSettings

    @property
    def electrodes(self) -> tuple[str, ...]:
        """Names of all electrodes."""
        return recording_of(self.trials[0]).channel_names


@dataclass(frozen=True)
class SetScores:
    """How a calibration with some electrodes taken off does.

    Attributes:
        removed: Electrodes that were taken off.
        method: "emg_driven" or "synergy_hybrid".
        calibration_rmse: Of every calibration trial and coordinate, N m.
        calibration_r2: Likewise.
        rmse: Of every validation trial and coordinate, N m, predicted from the recorded
            excitations alone; of calibration trials where there is no other.
        r2: Likewise.
        factors: Calibrated over model's value, by parameter (`COMPARED`) and muscle.
        n_iterations: Of the optimizer.
        seconds: It took.
    """

    removed: tuple[str, ...]
    method: Method
    calibration_rmse: tuple[float, ...]
    calibration_r2: tuple[float, ...]
    rmse: tuple[float, ...]
    r2: tuple[float, ...]
    factors: Mapping[str, Mapping[str, float]]
    n_iterations: int
    seconds: float


def without_electrodes(
    problem: ElectrodeProblem, removed: Collection[str], method: Method
) -> ElectrodeProblem:
    """Returns the problem that is left.

    EMG-driven, only muscles that an electrode still drives take part; synergy-hybrid, all
    do, and there are at most as many synergies as electrodes.

    Args:
        problem: With all electrodes.
        removed: Electrodes to take off.
        method: How it will be calibrated.
    """
    settings, muscles, trials = problem.settings, problem.muscles, []
    for trial in problem.trials:
        recording = recording_of(trial).without(removed)
        excitation = recording.by_muscle(trial.muscle_names)
        trials.append(replace(trial, recording=recording, excitation=excitation))
    left = recording_of(trials[0])
    if method == "emg_driven":
        driven = [name for name in muscles.names if name in left.drivers]
        index = torch.tensor([muscles.names.index(name) for name in driven])
        return ElectrodeProblem(
            muscles.select(index),
            tuple(trial.of_muscles(driven) for trial in trials),
            replace(settings, synergies=None),
        )
    synergies = settings.synergies
    assert synergies is not None
    if synergies.n_synergies is not None:
        synergies = replace(synergies, n_synergies=min(synergies.n_synergies, len(left.channel_names)))
    return ElectrodeProblem(muscles, tuple(trials), replace(settings, synergies=synergies))


def calibrate_set(problem: ElectrodeProblem, removed: Sequence[str], method: Method) -> SetScores:
    """Calibrates with some electrodes taken off.

    Args:
        problem: With all electrodes.
        removed: Electrodes to take off.
        method: "emg_driven" or "synergy_hybrid".
    """
    started = time.perf_counter()
    left = without_electrodes(problem, removed, method)
    result = calibrate(method, left.trials, left.muscles, left.settings)
    seen, unseen = _scores(result, "calibration"), _scores(result, "validation")
    scored = unseen if len(unseen) else seen
    return SetScores(
        removed=tuple(removed),
        method=method,
        calibration_rmse=tuple(seen[:, 0].tolist()),
        calibration_r2=tuple(seen[:, 1].tolist()),
        rmse=tuple(scored[:, 0].tolist()),
        r2=tuple(scored[:, 1].tolist()),
        factors=_factors(result),
        n_iterations=result.n_iterations,
        seconds=time.perf_counter() - started,
    )


def parameter_differences(
    scores: SetScores, reference: SetScores, settings: CalibrationSettings
) -> np.ndarray:
    """Returns how far parameters are from a reference's, each scaled to its allowed range.

    One number per muscle of the reference and parameter of `COMPARED`. A muscle that did
    not take part keeps the model's value.

    Args:
        scores: Of a reduced set.
        reference: Of all electrodes.
        settings: Hold the bounds.
    """
    differences = []
    for kind in COMPARED:
        lower, upper = getattr(settings.bounds, kind)
        for muscle, value in reference.factors[kind].items():
            differences.append(abs(scores.factors[kind].get(muscle, 1.0) - value) / (upper - lower))
    return np.array(differences)


def removal_order(single: Sequence[SetScores]) -> tuple[str, ...]:
    """Returns the electrodes in the order in which they are taken off.

    The one whose removal leaves the lowest error goes first.

    Args:
        single: Of calibrations that each lack one electrode.
    """
    return tuple(scores.removed[0] for scores in ranked(single))


def ranked(single: Sequence[SetScores]) -> list[SetScores]:
    """Returns calibrations by their mean error over calibration trials and coordinates, lowest first."""
    return sorted(single, key=lambda scores: np.mean(scores.calibration_rmse))


def _scores(result: CalibrationResult, role: str) -> np.ndarray:
    """RMSE and R2 of every trial of a role and coordinate."""
    found = [
        (agreement.rmse, agreement.r2)
        for prediction in result.calibrated
        if prediction.trial.role == role
        for agreement in trial_agreement(prediction).values()
    ]
    return np.array(found).reshape(-1, 2)


def _factors(result: CalibrationResult) -> dict[str, dict[str, float]]:
    sources = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")
    return {
        kind: dict(
            zip(
                result.muscle_names,
                (result.parameters[source].final / result.parameters[source].initial).tolist(),
                strict=True,
            )
        )
        for kind, source in zip(COMPARED, sources, strict=True)
    }
