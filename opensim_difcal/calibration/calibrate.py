"""Calibrates muscles on trials: from a problem's parts to a result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from opensim_difcal.calibration.adamw import minimize_adamw
from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.levenberg_marquardt import minimize_levenberg_marquardt
from opensim_difcal.calibration.optimization import Optimization, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem, predict
from opensim_difcal.calibration.result import CalibrationResult, ParameterChange
from opensim_difcal.calibration.unknowns import Bounds, Unknowns
from opensim_difcal.calibration.warnings import calibration_warnings
from opensim_difcal.inputs.batch import batch_trials
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters

OPTIMIZERS: Mapping[str, Callable[[CalibrationProblem, OptimizerSettings, Progress | None], Optimization]] = {
    "levenberg_marquardt": minimize_levenberg_marquardt,
    "adamw": minimize_adamw,
}


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings:
    """Everything a calibration decides beside its data.

    Attributes:
        optimizer: One of `OPTIMIZERS`.
        optimization: Budget and stopping rule.
        cost: Terms of the cost.
        bounds: Bounds of the learned parameters.
        strength_groups: Muscles that share a strength coefficient.
        start: Start values of (C1, C2, shape factor), the same for all muscles.
    """

    optimizer: str = "levenberg_marquardt"
    optimization: OptimizerSettings = field(default_factory=OptimizerSettings)
    cost: CostSettings = field(default_factory=CostSettings)
    bounds: Bounds = field(default_factory=Bounds)
    strength_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    start: tuple[float, float, float] = (-0.5, -0.5, -1.0)


def calibrate(
    name: str,
    trials: Sequence[Trial],
    muscles: Muscles,
    settings: CalibrationSettings,
    *,
    start: ActivationParameters | None = None,
    made_elastic: Sequence[str] = (),
    progress: Progress | None = None,
) -> CalibrationResult:
    """Calibrates the muscles on the calibration trials and predicts every trial.

    Args:
        name: Name of the run.
        trials: Calibration and validation trials.
        muscles: The scaled model's muscles, in the trials' order.
        settings: Cost, bounds, optimizer.
        start: Start values of C1, C2 and shape factor by muscle; by default the settings'.
        made_elastic: Muscles whose tendon the model had rigid.
        progress: Called after every iteration.

    Raises:
        BoundsError: If a start value lies outside its bounds.
    """
    if start is None:
        start = ActivationParameters(
            *(torch.full_like(muscles.optimal_fiber_length, value) for value in settings.start)
        )
    unknowns = Unknowns(muscles, start, settings.strength_groups, settings.bounds)
    before = _parameter_values(unknowns)
    uncalibrated = predict(trials, unknowns)
    batch = batch_trials(
        [trial for trial in trials if trial.role == "calibration"],
        device=str(muscles.max_isometric_force.device),
    )
    problem = CalibrationProblem(batch, unknowns, settings.cost)
    optimization = OPTIMIZERS[settings.optimizer](problem, settings.optimization, progress)
    calibrated = predict(trials, unknowns)
    after, limits = _parameter_values(unknowns), _limits(unknowns)
    parameters = {
        key: ParameterChange(before[key], after[key], limits[key][0], limits[key][1]) for key in before
    }
    coefficients = unknowns.parameter["strength_coefficient"].value.tolist()
    return CalibrationResult(
        name=name,
        status=optimization.status,
        n_iterations=optimization.n_iterations,
        cost_history=optimization.cost_history,
        seconds=optimization.seconds,
        muscle_names=muscles.names,
        parameters=parameters,
        strength_groups=unknowns.strength_groups,
        strength_coefficients=dict(zip(unknowns.strength_groups, coefficients, strict=True)),
        strength_bounds=settings.bounds.strength_coefficient,
        made_elastic=tuple(made_elastic),
        uncalibrated=uncalibrated,
        calibrated=calibrated,
        warnings=calibration_warnings(
            optimization.status, parameters, muscles.names, calibrated, settings.cost
        ),
    )


def _parameter_values(unknowns: Unknowns) -> dict[str, np.ndarray]:
    """Current values by parameter name, absolute."""
    with torch.no_grad():
        muscles, activation = unknowns.calibrated_muscles(), unknowns.activation_parameters()
        values = {
            "optimal_fiber_length": muscles.optimal_fiber_length,
            "tendon_slack_length": muscles.tendon_slack_length,
            "max_isometric_force": muscles.max_isometric_force,
            "c1": activation.c1,
            "c2": activation.c2,
            "shape_factor": activation.shape_factor,
        }
        return {key: value.cpu().numpy().copy() for key, value in values.items()}


def _limits(unknowns: Unknowns) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Bounds by parameter name, absolute."""
    muscles, index = unknowns.muscles, unknowns.group_index
    limits = {}
    for key, kind, scale in (
        ("optimal_fiber_length", "optimal_fiber_length", muscles.optimal_fiber_length),
        ("tendon_slack_length", "tendon_slack_length", muscles.tendon_slack_length),
        ("max_isometric_force", "strength_coefficient", muscles.max_isometric_force),
        ("c1", "c1", None),
        ("c2", "c2", None),
        ("shape_factor", "shape_factor", None),
    ):
        bounded = unknowns.parameter[kind]
        lower, upper = bounded.lower, bounded.upper
        if kind == "strength_coefficient":
            lower, upper = lower[index], upper[index]
        if scale is not None:
            lower, upper = lower * scale, upper * scale
        limits[key] = (lower.cpu().numpy(), upper.cpu().numpy())
    return limits
