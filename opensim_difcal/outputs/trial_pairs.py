"""Predictions as the figures need them: paired, ordered, reduced to ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from opensim_difcal.calibration.result import CalibrationResult, Prediction
from opensim_difcal.inputs.trial import Trial

MuscleQuantity = Literal["normalized_fiber_length", "tendon_strain"]


@dataclass(frozen=True)
class TrialPair:
    """One trial as predicted before and after the calibration."""

    uncalibrated: Prediction
    calibrated: Prediction

    @property
    def trial(self) -> Trial:
        """The trial both predictions belong to."""
        return self.calibrated.trial

    @property
    def is_validation(self) -> bool:
        """Whether the optimizer never saw the trial."""
        return self.trial.role == "validation"


def trial_pairs(result: CalibrationResult) -> tuple[TrialPair, ...]:
    """Returns every trial before and after: calibration trials first, then validation."""
    pairs = [TrialPair(*both) for both in zip(result.uncalibrated, result.calibrated, strict=True)]
    return tuple(sorted(pairs, key=lambda pair: pair.is_validation))


def scored_range(
    predictions: Sequence[Prediction],
    quantity: MuscleQuantity,
    muscle: int,
    *,
    above_activation: float = -1.0,
) -> tuple[float, float] | None:
    """Returns the range of a muscle's quantity over the scored samples of all trials.

    Args:
        predictions: One per trial.
        quantity: Name of the muscle series.
        muscle: Index of the muscle.
        above_activation: Only samples with a larger activation count.

    Returns:
        Smallest and largest value; None without any finite sample.
    """
    values = _scored(predictions, quantity, muscle)
    active = _scored(predictions, "activation", muscle) > above_activation
    values = values[active & np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else None


def _scored(predictions: Sequence[Prediction], quantity: str, muscle: int) -> Float[np.ndarray, " sample"]:
    return np.concatenate([getattr(p, quantity)[p.trial.scored, muscle] for p in predictions])
