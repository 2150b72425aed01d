"""The cost of Eq. 4, term by term.

Every term is a named function of a prediction, the trials and the unknowns; the total is
always reported with its terms. Penalties are quadratic in the excess over a range.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from opensim_difcal.calibration.unknowns import Range, Unknowns
from opensim_difcal.inputs.batch import TrialBatch
from opensim_difcal.physics.simulation import Simulation
from opensim_difcal.shapes import MuscleSeries


@dataclass(frozen=True, kw_only=True)
class CostSettings:
    """Weights and ranges of the terms.

    Attributes:
        moment_error: "raw": mean squared error in (N m)^2 as Eq. 4 prints it;
            "variance_scaled": divided by the variance of the trial's and coordinate's
            measured moment, as CEINMS does.
        normalized_fiber_length_range: Allowed without penalty.
        normalized_fiber_length_weight: Per squared excess.
        tendon_strain_range: Allowed without penalty.
        tendon_strain_weight: Per squared excess.
        prior_weight: Per mean squared deviation from the start, in half bound ranges.
    """

    moment_error: str = "variance_scaled"
    normalized_fiber_length_range: Range = (0.5, 1.5)
    normalized_fiber_length_weight: float = 10.0
    tendon_strain_range: Range = (0.0, 0.05)
    tendon_strain_weight: float = 10.0
    prior_weight: float = 0.02


CostTerm = Callable[[Simulation, TrialBatch, Unknowns, CostSettings], Tensor]


def moment_error(
    prediction: Simulation, trials: TrialBatch, unknowns: Unknowns, settings: CostSettings
) -> Tensor:
    """Squared moment error: mean over time and coordinates, summed over trials."""
    error = (prediction.joint_moment - trials.joint_moment) ** 2
    if settings.moment_error == "variance_scaled":
        error = error / measured_variance(trials).unsqueeze(-2)
    return _time_mean(error.mean(-1), trials).sum()


def normalized_fiber_length(
    prediction: Simulation, trials: TrialBatch, unknowns: Unknowns, settings: CostSettings
) -> Tensor:
    """Penalty on normalized fiber length outside its range, summed over muscles."""
    excess = excess_outside(prediction.normalized_fiber_length, settings.normalized_fiber_length_range)
    return settings.normalized_fiber_length_weight * _time_mean((excess**2).sum(-1), trials).sum()


def tendon_strain(
    prediction: Simulation, trials: TrialBatch, unknowns: Unknowns, settings: CostSettings
) -> Tensor:
    """Penalty on tendon strain outside its range, summed over muscles."""
    excess = excess_outside(prediction.tendon_strain, settings.tendon_strain_range)
    return settings.tendon_strain_weight * _time_mean((excess**2).sum(-1), trials).sum()


def prior(prediction: Simulation, trials: TrialBatch, unknowns: Unknowns, settings: CostSettings) -> Tensor:
    """Weak pull to the start: mean squared deviation, summed over kinds of parameter."""
    deviations = [(bounded.deviation() ** 2).mean() for bounded in unknowns.parameter.values()]
    return settings.prior_weight * torch.stack(deviations).sum()


COST_TERMS: Mapping[str, CostTerm] = {
    "moment_error": moment_error,
    "normalized_fiber_length": normalized_fiber_length,
    "tendon_strain": tendon_strain,
    "prior": prior,
}


def cost(
    prediction: Simulation, trials: TrialBatch, unknowns: Unknowns, settings: CostSettings
) -> dict[str, Tensor]:
    """Returns every weighted term by name; their sum is the cost."""
    return {name: term(prediction, trials, unknowns, settings) for name, term in COST_TERMS.items()}


def excess_outside(x: MuscleSeries, allowed: Range) -> MuscleSeries:
    """How far x lies outside a range; zero inside."""
    return torch.relu(x - allowed[1]) + torch.relu(allowed[0] - x)


def measured_variance(trials: TrialBatch) -> Tensor:
    """Variance of every trial's and coordinate's measured moment over the scored samples."""
    weight = trials.scored.to(trials.joint_moment.dtype).unsqueeze(-1)
    count = weight.sum(-2)
    mean = (weight * trials.joint_moment).sum(-2) / count
    return (weight * (trials.joint_moment - mean.unsqueeze(-2)) ** 2).sum(-2) / count


def _time_mean(series: Tensor, trials: TrialBatch) -> Tensor:
    """Mean over each trial's scored samples."""
    weight = trials.scored.to(series.dtype)
    return (series * weight).sum(-1) / weight.sum(-1)
