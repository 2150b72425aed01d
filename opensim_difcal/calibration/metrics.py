"""How well predicted joint moments agree with measured ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opensim_difcal.calibration.result import Prediction
from opensim_difcal.shapes import TimeArray


@dataclass(frozen=True)
class Agreement:
    """Agreement of one coordinate's moment.

    Attributes:
        rmse: Root mean squared error, N m.
        r2: Coefficient of determination, 1 - SSE / SST of the same samples; never the
            squared correlation. NaN where the measured moment is constant.
        nrmse: RMSE over the range, largest minus smallest value, of the measured moment of
            the same samples. NaN where that moment is constant.
        peak_error: Largest absolute error, N m.
    """

    rmse: float
    r2: float
    nrmse: float
    peak_error: float


def agreement(predicted: TimeArray, measured: TimeArray) -> Agreement:
    """Compares one predicted with one measured moment series, both N m."""
    error = predicted - measured
    squared_error = float(np.sum(error**2))
    rmse = math.sqrt(squared_error / len(measured))
    total = float(np.sum((measured - measured.mean()) ** 2))
    span = float(np.ptp(measured))
    return Agreement(
        rmse=rmse,
        r2=1.0 - squared_error / total if total > 0.0 else math.nan,
        nrmse=rmse / span if span > 0.0 else math.nan,
        peak_error=float(np.abs(error).max()),
    )


def trial_agreement(prediction: Prediction) -> dict[str, Agreement]:
    """Agreement by coordinate over the scored samples of one trial."""
    return pooled_agreement([prediction])


def pooled_agreement(predictions: Sequence[Prediction]) -> dict[str, Agreement]:
    """Agreement by coordinate over the scored samples of all trials, joined.

    The mean that R2 compares with is the mean over all joined samples.
    """
    names = predictions[0].trial.coordinate_names
    predicted = np.concatenate([p.joint_moment[p.trial.scored] for p in predictions])
    measured = np.concatenate([p.trial.joint_moment[p.trial.scored] for p in predictions])
    return {name: agreement(predicted[:, i], measured[:, i]) for i, name in enumerate(names)}
