"""What a user should know before trusting a calibration, in words."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.metrics import Agreement, pooled_agreement, trial_agreement
from opensim_difcal.calibration.result import ParameterChange, Prediction, Status

_NEGATIVE_FORCE = -1e-3  # of max_isometric_force
_WORSE = 2.0  # validation error over calibration error
_LEAST_ERROR = 1e-2  # of the moment's standard deviation: a better fit is no measure for another


def calibration_warnings(
    status: Status,
    parameters: Mapping[str, ParameterChange],
    muscle_names: Sequence[str],
    predictions: Sequence[Prediction],
    cost: CostSettings,
    informed: Mapping[str, np.ndarray] | None = None,
) -> tuple[str, ...]:
    """Returns sentences for the report, most important first.

    Args:
        status: Why the optimizer stopped.
        parameters: Changes by parameter name.
        muscle_names: The muscles that took part.
        predictions: With the calibrated values, one per trial.
        cost: Ranges of fiber lengths and strains.
        informed: By parameter, which muscles' values the trials determine, if that is known.
    """
    found = []
    if status not in (Status.CONVERGED, Status.MAX_ITERATIONS):
        found.append(status.value)
    if status is Status.MAX_ITERATIONS:
        found.append(f"The optimizer did not converge. {status.value}")
    found += _worse_on_validation(predictions)
    found += _unpredicted_trials(predictions)
    found += _at_bounds(parameters, muscle_names, informed)
    found += _outside_ranges(predictions, muscle_names, cost)
    found += _negative_forces(predictions, muscle_names, parameters["max_isometric_force"].final)
    found += [note for p in predictions for note in p.trial.notes]
    return tuple(found)


def _worse_on_validation(predictions: Sequence[Prediction]) -> list[str]:
    """Coordinates whose error, relative to how much the moment varies, is much larger on unseen trials."""
    calibration = [p for p in predictions if p.trial.role == "calibration"]
    validation = [p for p in predictions if p.trial.role == "validation"]
    if not validation:
        return ["There is no validation trial: nothing shows how well the model does on unseen data."]
    seen, unseen = pooled_agreement(calibration), pooled_agreement(validation)
    sentences = []
    for name in seen:
        ratio = _relative_error(unseen[name]) / max(_relative_error(seen[name]), _LEAST_ERROR)
        if ratio > _WORSE:  # never for NaN
            sentences.append(
                f"{name}: the error on validation trials ({unseen[name].rmse:.1f} N m) is {ratio:.1f} times "
                f"that on calibration trials ({seen[name].rmse:.1f} N m), each against how much the moment "
                "varies. What was learned does not carry over: calibrate on more trials, or on some like "
                "those, or raise <prior_weight>."
            )
    return sentences


def _relative_error(agreement: Agreement) -> float:
    """RMSE over the standard deviation of the measured moment; NaN where that moment is constant."""
    return math.sqrt(1.0 - agreement.r2)


def _unpredicted_trials(predictions: Sequence[Prediction]) -> list[str]:
    """Single validation trials that the model does not predict at all."""
    return [
        f"{name}: R² is {agreement.r2:.2f} in validation trial {p.trial.name!r}, worse than a constant "
        "moment. Check the trial's EMG, its timing and its inverse dynamics; if they are sound, the model "
        "cannot be used for such a movement."
        for p in predictions
        if p.trial.role == "validation"
        for name, agreement in trial_agreement(p).items()
        if agreement.r2 < 0.0
    ]


def _at_bounds(
    parameters: Mapping[str, ParameterChange],
    muscle_names: Sequence[str],
    informed: Mapping[str, np.ndarray] | None,
) -> list[str]:
    """Values at bounds: where trials ask for more, and where nothing holds the value."""
    sentences = []
    for parameter, change in parameters.items():
        bounds = "strength_coefficient" if parameter == "max_isometric_force" else parameter
        known = np.ones_like(change.at_bound) if informed is None else informed[parameter]
        pushed = f"Check the scaling and the excitations, or widen <{bounds}_bounds>."
        if informed is not None:
            pushed = f"The trials determine it and ask for more. {pushed}"
        for which, why in (
            (known, pushed),
            (
                ~known,
                "The trials do not determine it, so it drifted there. Raise <prior_weight> or add trials.",
            ),
        ):
            stuck = [name for name, at in zip(muscle_names, change.at_bound & which, strict=True) if at]
            if stuck:
                sentences.append(f"{parameter} ended at a bound: {', '.join(stuck)}. {why}")
    return sentences


def _outside_ranges(
    predictions: Sequence[Prediction], muscle_names: Sequence[str], cost: CostSettings
) -> list[str]:
    sentences = []
    for label, attribute, allowed, why in (
        (
            "normalized fiber length",
            "normalized_fiber_length",
            cost.normalized_fiber_length_range,
            "Fibers make little force there. Check the scaling and the joint angles.",
        ),
        (
            "tendon strain",
            "tendon_strain",
            cost.tendon_strain_range,
            "Check the muscles' strength, and for negative strain their tendon_slack_length.",
        ),
    ):
        by_trial = [getattr(p, attribute)[p.trial.scored] for p in predictions]
        slack = 0.05 * (allowed[1] - allowed[0])
        is_outside = [(each < allowed[0] - slack) | (each > allowed[1] + slack) for each in by_trial]
        series, outside = np.concatenate(by_trial), np.concatenate(is_outside)
        worst = np.argmax([each.mean(axis=0) for each in is_outside], axis=0)
        found = [
            f"{name} ({series[:, i].min():.3g} to {series[:, i].max():.3g}, "
            f"{100 * outside[:, i].mean():.2g} % of the time, most in {predictions[worst[i]].trial.name})"
            for i, name in enumerate(muscle_names)
            if outside[:, i].any()
        ]
        if found:
            sentences.append(
                f"Outside the {label} range {allowed[0]:g} to {allowed[1]:g}: {', '.join(found)}. {why}"
            )
    return sentences


def _negative_forces(
    predictions: Sequence[Prediction], muscle_names: Sequence[str], max_isometric_force: np.ndarray
) -> list[str]:
    lowest = np.min([p.tendon_force[p.trial.scored].min(axis=0) for p in predictions], axis=0)
    negative = [
        name
        for name, force, strongest in zip(muscle_names, lowest, max_isometric_force, strict=True)
        if force < _NEGATIVE_FORCE * strongest
    ]
    if not negative:
        return []
    return [f"Slack tendons pushed (negative force beyond 0.1 % of Fmax): {', '.join(negative)}."]
