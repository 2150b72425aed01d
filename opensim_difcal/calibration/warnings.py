"""What a user should know before trusting a calibration, in words."""

from collections.abc import Mapping, Sequence

import numpy as np

from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.metrics import pooled_agreement
from opensim_difcal.calibration.result import ParameterChange, Prediction, Status

_NEGATIVE_FORCE = -1e-3  # of max_isometric_force
_WORSE = 2.0  # validation RMSE over calibration RMSE


def calibration_warnings(
    status: Status,
    parameters: Mapping[str, ParameterChange],
    muscle_names: Sequence[str],
    predictions: Sequence[Prediction],
    cost: CostSettings,
) -> tuple[str, ...]:
    """Returns sentences for the report, most important first."""
    found = []
    if status not in (Status.CONVERGED, Status.MAX_ITERATIONS):
        found.append(status.value)
    if status is Status.MAX_ITERATIONS:
        found.append(f"The optimizer did not converge. {status.value}")
    found += _worse_on_validation(predictions)
    found += _at_bounds(parameters, muscle_names)
    found += _outside_ranges(predictions, muscle_names, cost)
    found += _negative_forces(predictions, muscle_names, parameters["max_isometric_force"].final)
    found += [note for p in predictions for note in p.trial.notes]
    return tuple(found)


def _worse_on_validation(predictions: Sequence[Prediction]) -> list[str]:
    calibration = [p for p in predictions if p.trial.role == "calibration"]
    validation = [p for p in predictions if p.trial.role == "validation"]
    if not validation:
        return ["There is no validation trial: nothing shows how well the model does on unseen data."]
    seen, unseen = pooled_agreement(calibration), pooled_agreement(validation)
    return [
        f"{name}: the error on validation trials ({unseen[name].rmse:.1f} N m) is more than "
        f"{_WORSE:g} times the error on calibration trials ({seen[name].rmse:.1f} N m)."
        for name in seen
        if unseen[name].rmse > _WORSE * seen[name].rmse
    ]


def _at_bounds(parameters: Mapping[str, ParameterChange], muscle_names: Sequence[str]) -> list[str]:
    sentences = []
    for parameter, change in parameters.items():
        stuck = [name for name, at in zip(muscle_names, change.at_bound, strict=True) if at]
        if stuck:
            sentences.append(f"{parameter} ended at a bound: {', '.join(stuck)}.")
    return sentences


def _outside_ranges(
    predictions: Sequence[Prediction], muscle_names: Sequence[str], cost: CostSettings
) -> list[str]:
    sentences = []
    for label, attribute, allowed in (
        ("normalized fiber length", "normalized_fiber_length", cost.normalized_fiber_length_range),
        ("tendon strain", "tendon_strain", cost.tendon_strain_range),
    ):
        series = np.concatenate([getattr(p, attribute)[p.trial.scored] for p in predictions])
        low, high = series.min(axis=0), series.max(axis=0)
        slack = 0.05 * (allowed[1] - allowed[0])
        outside = [
            f"{name} ({low[i]:.3g} to {high[i]:.3g})"
            for i, name in enumerate(muscle_names)
            if low[i] < allowed[0] - slack or high[i] > allowed[1] + slack
        ]
        if outside:
            sentences.append(
                f"Outside the {label} range {allowed[0]:g} to {allowed[1]:g}: {', '.join(outside)}."
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
