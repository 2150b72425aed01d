"""The cost of Eq. 4, term by term.

Every term is a named function of what is predicted and of the trials; the total is always
reported with its terms. Penalties are quadratic in the excess over a range.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.unknowns import Position, Range, Unknowns
from opensim_difcal.inputs.batch import TrialBatch
from opensim_difcal.physics.simulation import Simulation
from opensim_difcal.shapes import CoordinateSeries, MuscleSeries

CostTerm = Callable[[Simulation, TrialBatch], Tensor]
"""A user's term: one number, differentiable, of a prediction with the axes (trial, time, muscle
or coordinate) and of the trials it predicts. Best a sum of squares: not negative."""


@dataclass(frozen=True, kw_only=True)
class CostSettings:
    """Weights and ranges of the terms.

    Attributes:
        moment_error: "raw": mean squared error in (N m)^2 as Eq. 4 prints it;
            "variance_scaled": divided by the variance of the trial's and coordinate's
            measured moment, as CEINMS does.
        normalized_fiber_length_range: Allowed without penalty.
        normalized_fiber_length_penalty: "excess": on the excess over the range;
            "whole_deviation": outside the range on the whole deviation from 1, so that it
            jumps at its ends, as CEINMS does.
        normalized_fiber_length_weight: Per squared excess, or deviation.
        tendon_strain_range: Allowed without penalty.
        tendon_strain_weight: Per squared excess.
        prior_weight: Per mean squared deviation from the start, in half bound ranges.
        excitation_tracking_weight: w_e of Eq. 5, per mean squared error of the excitations
            that synergies reconstruct.
        synthesized_excitation_weight: w_s of Eq. 5, per mean square of the excitations
            that synergies synthesize.
        synergy_range_weight: Per squared excess of synthesized excitations, primitives and
            weights over 0..1.
    """

    moment_error: str = "variance_scaled"
    normalized_fiber_length_range: Range = (0.5, 1.5)
    normalized_fiber_length_penalty: str = "excess"
    normalized_fiber_length_weight: float = 10.0
    tendon_strain_range: Range = (0.0, 0.05)
    tendon_strain_weight: float = 10.0
    prior_weight: float = 0.005
    excitation_tracking_weight: float = 1000.0
    synthesized_excitation_weight: float = 10.0
    synergy_range_weight: float = 100.0


def moment_error(prediction: Simulation, trials: TrialBatch, settings: CostSettings) -> Tensor:
    """Squared moment error: mean over time and coordinates, summed over trials."""
    error = (prediction.joint_moment - trials.joint_moment) ** 2
    if settings.moment_error == "variance_scaled":
        error = error / measured_variance(trials).unsqueeze(-2)
    return time_mean(error.mean(-1), trials).sum(-1)


def normalized_fiber_length(prediction: Simulation, trials: TrialBatch, settings: CostSettings) -> Tensor:
    """Penalty on normalized fiber length outside its range, summed over muscles."""
    excess = fiber_length_excess(prediction.normalized_fiber_length, settings)
    return settings.normalized_fiber_length_weight * time_mean((excess**2).sum(-1), trials).sum(-1)


def tendon_strain(prediction: Simulation, trials: TrialBatch, settings: CostSettings) -> Tensor:
    """Penalty on tendon strain outside its range, summed over muscles."""
    excess = excess_outside(prediction.tendon_strain, settings.tendon_strain_range)
    return settings.tendon_strain_weight * time_mean((excess**2).sum(-1), trials).sum(-1)


def prior(unknowns: Unknowns, position: Position, settings: CostSettings) -> Tensor:
    """Weak pull to the start: mean squared deviation, summed over kinds of unknown."""
    means = [part.mean(-1) for part in unknowns.split(unknowns.prior_factor * position**2).values()]
    return settings.prior_weight * torch.stack(means).sum(0)


def prior_weights(unknowns: Unknowns, settings: CostSettings) -> Float[Tensor, " unknown"]:
    """Weight of every unknown's square in the prior."""
    parts = unknowns.split(unknowns.prior_factor).values()
    return torch.cat([settings.prior_weight * part / len(part) for part in parts])


def moment_weights(trials: TrialBatch, settings: CostSettings) -> CoordinateSeries:
    """Weight of every squared moment error in `moment_error`, which is their sum."""
    scored = trials.scored.to(trials.joint_moment.dtype)
    weight = (scored / scored.sum(-1, keepdim=True)).unsqueeze(-1) / trials.joint_moment.shape[-1]
    if settings.moment_error == "variance_scaled":
        weight = weight / measured_variance(trials).unsqueeze(-2)
    return weight.expand_as(trials.joint_moment)


COST_TERMS: Mapping[str, Callable[[Simulation, TrialBatch, CostSettings], Tensor]] = {
    "moment_error": moment_error,
    "normalized_fiber_length": normalized_fiber_length,
    "tendon_strain": tendon_strain,
}
"""The terms that depend on what is predicted; the prior depends on the unknowns alone."""

TERM_NAMES = (*COST_TERMS, "prior")


def fiber_length_excess(x: MuscleSeries, settings: CostSettings) -> MuscleSeries:
    """What the penalty on normalized fiber lengths squares: excess, or deviation from 1 outside the range."""
    allowed = settings.normalized_fiber_length_range
    if settings.normalized_fiber_length_penalty == "excess":
        return x - x.clamp(*allowed)
    return torch.where((x < allowed[0]) | (x > allowed[1]), x - 1.0, 0.0)


def excess_outside(x: MuscleSeries, allowed: Range) -> MuscleSeries:
    """How far x lies outside a range; zero inside."""
    return torch.relu(x - allowed[1]) + torch.relu(allowed[0] - x)


def measured_variance(trials: TrialBatch) -> Tensor:
    """Variance of every trial's and coordinate's measured moment over the scored samples."""
    weight = trials.scored.to(trials.joint_moment.dtype).unsqueeze(-1)
    count = weight.sum(-2)
    mean = (weight * trials.joint_moment).sum(-2) / count
    return (weight * (trials.joint_moment - mean.unsqueeze(-2)) ** 2).sum(-2) / count


def time_mean(series: Tensor, trials: TrialBatch) -> Tensor:
    """Mean over each trial's scored samples; the last axis is time."""
    weight = trials.scored.to(series.dtype)
    return (series * weight).sum(-1) / weight.sum(-1)
