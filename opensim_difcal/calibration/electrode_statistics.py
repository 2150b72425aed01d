"""Where one way to calibrate is better than another, and how few electrodes would do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from opensim_difcal.calibration.electrode_sets import SetScores

SIGNIFICANCE = 0.05
_QUESTIONS = (
    ("error on calibration trials", "calibration_rmse"),
    ("error on unseen trials", "rmse"),
    ("parameter difference to the model of all electrodes", "parameters"),
)
_LEAST_GROUP = 3  # of values, for a test of normality


@dataclass(frozen=True)
class Comparison:
    """Whether two groups of values differ.

    Attributes:
        p: Probability of the difference by chance.
        test: "t-test" for two groups that may be normal (Shapiro-Wilk), else "Mann-Whitney".
        lower: The group with the lower mean, 0 or 1, where they differ significantly; else None.
    """

    p: float
    test: str
    lower: int | None


@dataclass(frozen=True)
class Step:
    """Both calibrations with the same electrodes.

    Attributes:
        electrodes: That are left.
        removed: The electrode taken off last; "" with all of them.
        scores: EMG-driven, synergy-hybrid.
        differences: Of their parameters to those of the model with all electrodes.
        calibration_rmse: EMG-driven against synergy-hybrid on calibration trials, as in the paper.
        calibration_r2: Likewise.
        rmse: The same on unseen trials.
        r2: Likewise.
        parameters: Likewise.
    """

    electrodes: tuple[str, ...]
    removed: str
    scores: tuple[SetScores, SetScores]
    differences: tuple[np.ndarray, np.ndarray]
    calibration_rmse: Comparison
    calibration_r2: Comparison
    rmse: Comparison
    r2: Comparison
    parameters: Comparison


def compare(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> Comparison:
    """Compares two independent groups, as the paper does.

    Shapiro-Wilk at 0.05 decides between the t-test and Mann-Whitney's U test.

    Args:
        first: Values.
        second: Values.
    """
    groups = np.asarray(first, float), np.asarray(second, float)
    if np.array_equal(*groups):
        return Comparison(1.0, "none, the values are the same", None)
    normal = all(_may_be_normal(group) for group in groups)
    if normal:
        found, test = stats.ttest_ind(*groups), "t-test"
    else:
        found, test = stats.mannwhitneyu(*groups), "Mann-Whitney"
    p = float(np.asarray(found)[1])
    lower = int(groups[1].mean() < groups[0].mean()) if p < SIGNIFICANCE else None
    return Comparison(p, test, lower)


def advice(steps: Sequence[Step], tolerance: float) -> list[str]:
    """Returns sentences: the smallest sufficient set of electrodes, and where each method wins.

    Args:
        steps: From all electrodes to the fewest.
        tolerance: By how much the error may be above that of all electrodes, as a part of it.
    """
    names = "EMG-driven", "synergy-hybrid"
    best = min(float(np.mean(scores.rmse)) for scores in steps[0].scores)
    sufficient = [
        (len(step.electrodes), method, step, float(np.mean(scores.rmse)))
        for step in steps
        for method, scores in enumerate(step.scores)
        if np.mean(scores.rmse) <= (1.0 + tolerance) * best
    ]
    _, method, step, rmse = min(sufficient, key=lambda each: (each[0], each[3]))
    total = len(steps[0].electrodes)
    sentences = [
        f"{len(step.electrodes)} of {total} electrodes suffice ({', '.join(step.electrodes)}) with "
        f"{names[method]} calibration: their error, {rmse:.2f} N m, is within {100 * tolerance:g} % of "
        f"that of all electrodes with the better method, {best:.2f} N m."
    ]
    for what, of in _QUESTIONS:
        for which, name in enumerate(names):
            where = [str(len(each.electrodes)) for each in steps if getattr(each, of).lower == which]
            numbers = f"where {', '.join(where)} are left" if where else "with no number of electrodes"
            sentences.append(f"The {what} of {name} calibration is significantly lower {numbers}.")
    return sentences


def _may_be_normal(group: np.ndarray) -> bool:
    if len(group) < _LEAST_GROUP or np.ptp(group) == 0.0:
        return False
    return bool(np.asarray(stats.shapiro(group))[1] >= SIGNIFICANCE)
