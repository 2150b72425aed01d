"""What the benchmarks of confidence share: noisy trials of virtual subjects, and errors from their truth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

import numpy as np
from virtual_subjects import band_limited_noise, clean_trials, read_truth, true_values

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.cache import cache_subfolder
from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.confidence import Identifiability
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.engine import Engine
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, read_inputs
from opensim_difcal.tools.calibration.run import calibration_settings

ROOT = Path(__file__).resolve().parents[1]
EMG_NOISE = 0.1  # of the excitation, from sample to sample
MOMENT_NOISE = 0.05  # of the moment's standard deviation
LABELS = {
    "optimal_fiber_length": "optimal fiber length",
    "tendon_slack_length": "tendon slack length",
    "max_isometric_force": "strength",
    "c1": "C1",
    "c2": "C2",
    "shape_factor": "shape factor",
}


@dataclass(frozen=True)
class Subject:
    """A virtual subject whose parameters are known.

    Attributes:
        name: leg or arm.
        inputs: Model, muscles and trials.
        settings: As shipped.
        engine: What computes.
        calibration: Trials to calibrate on, before noise is added.
        validation: Trials that no calibration sees, without noise.
        truth: True values by parameter, one entry per muscle.
        emg_noise: Standard deviation of an excitation's relative error.
    """

    name: str
    inputs: CalibrationInputs
    settings: CalibrationSettings
    engine: Engine
    calibration: tuple[Trial, ...]
    validation: tuple[Trial, ...]
    truth: Mapping[str, np.ndarray]
    emg_noise: float = EMG_NOISE

    @classmethod
    def read(cls, name: str, setup: str = "emg_driven") -> Self:
        """Reads leg or arm as a setup in `tools_setup` describes it."""
        tool = NMSCalibrationTool(ROOT / "tools_setup" / f"{name}_{setup}.xml")
        inputs, trials = read_inputs(tool), clean_trials(tool)
        truth = read_truth(name)
        return cls(
            name=name,
            inputs=inputs,
            settings=calibration_settings(tool),
            engine=best_engine(inputs.muscles, cache_subfolder("kernels")),
            calibration=tuple(trial for trial in trials if trial.role == "calibration"),
            validation=tuple(trial for trial in trials if trial.role == "validation"),
            truth={key: true_values(truth, inputs.muscles.names, key) for key in LABELS},
        )

    def noisy(self, realisation: int, chosen: Sequence[int]) -> tuple[Trial, ...]:
        """Returns some of the calibration trials with noise; a realisation's noise is always the same."""
        return tuple(noisy(self.calibration[i], realisation, i, self.emg_noise) for i in chosen)

    def calibrate(self, trials: Iterable[Trial], prior_weight: float) -> CalibrationResult:
        """Calibrates with a weight of the prior."""
        settings = replace(self.settings, cost=replace(self.settings.cost, prior_weight=prior_weight))
        return calibrate(self.name, tuple(trials), self.inputs.muscles, settings, engine=self.engine)


@dataclass(frozen=True)
class Values:
    """Calibrated values against the truth, a strength group's once; lengths in half ranges of the bounds.

    Attributes:
        parameter: A key of `LABELS`.
        error: Calibrated minus true.
        error_by_trials: Standard error from the trials alone.
        error_with_prior: Standard error of the estimate as it was made.
        by_trials: Whether the interval from the trials alone contains the truth.
        with_prior: Whether the other interval does.
        informed: Whether the value is called informed.
        at_bound: Whether it lies at a bound.
    """

    parameter: np.ndarray
    error: np.ndarray
    error_by_trials: np.ndarray
    error_with_prior: np.ndarray
    by_trials: np.ndarray
    with_prior: np.ndarray
    informed: np.ndarray
    at_bound: np.ndarray

    @classmethod
    def of(cls, result: CalibrationResult, truth: Mapping[str, np.ndarray]) -> Self:
        """Compares one calibration."""
        found, parts = identified(result), []
        for key, change in result.parameters.items():
            once = _once(result, key)
            half, true = 0.5 * (change.upper - change.lower), truth[key]
            trials, prior = found.by_trials[key], found.with_prior[key]
            part = cls(
                parameter=np.full(len(true), key),
                error=(change.final - true) / half,
                error_by_trials=trials.standard_error / half,
                error_with_prior=prior.standard_error / half,
                by_trials=(trials.lower_95 <= true) & (true <= trials.upper_95),
                with_prior=(prior.lower_95 <= true) & (true <= prior.upper_95),
                informed=found.informed[key],
                at_bound=change.at_bound,
            )
            parts.append(part.where(once))
        return cls.joined(parts)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All values of several calibrations."""
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def where(self, chosen: np.ndarray) -> Self:
        """Returns some of the values."""
        return type(self)(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def of_parameters(self, parameters: Sequence[str]) -> Self:
        """Returns the values of some parameters."""
        return self.where(np.isin(self.parameter, parameters))


def identified(result: CalibrationResult) -> Identifiability:
    """What a calibration says about its confidence, which every one here does."""
    assert result.identifiability is not None
    return result.identifiability


def n_at_bound(result: CalibrationResult) -> int:
    """How many calibrated values of single muscles lie at a bound."""
    return sum(int(change.at_bound.sum()) for change in result.parameters.values())


def noisy(trial: Trial, realisation: int, place: int, emg_noise: float) -> Trial:
    """Returns a clean trial with noise of excitations, sample by sample, and of moments, low-passed."""
    random = np.random.default_rng([9, realisation, place])
    factor = 1.0 + emg_noise * random.standard_normal(trial.excitation.shape)
    seed = [10, realisation, place]
    noise = band_limited_noise(trial.joint_moment, MOMENT_NOISE, trial.time_step, seed)
    return replace(
        trial,
        excitation=np.clip(trial.excitation * factor, 0.0, 1.0),
        joint_moment=trial.joint_moment + noise,
    )


def _once(result: CalibrationResult, parameter: str) -> np.ndarray:
    """Which muscles' values are counted: of a strength group the first member's only."""
    if parameter != "max_isometric_force":
        return np.ones(len(result.muscle_names), dtype=bool)
    first = {members[0] for members in result.strength_groups.values()}
    return np.array([name in first for name in result.muscle_names])
