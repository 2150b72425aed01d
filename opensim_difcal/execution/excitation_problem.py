"""What excitations of one trial are asked for: moments tracked, effort small, EMG respected."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.physics.activation import activation
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.excitation_response import ExcitationResponse, excitation_response
from opensim_difcal.physics.moments import joint_moments
from opensim_difcal.shapes import CoordinateSeries, MomentArms, MuscleSeries, PerMuscleFlag

_ABOVE_CLAMP = 1e-6
_SILENT = 0.05  # start of a synthesized excitation
_N_HALVINGS = 60


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights of the terms, as CEINMS names them.

    Attributes:
        alpha: On the squared moment error, summed over coordinates.
        beta: On the squared synthesized excitations, summed over muscles.
        gamma: On the squared deviation of adjusted excitations from those given, summed
            over muscles.
        moment_error: "raw": the error in N m; "variance_scaled": its square divided by the
            variance of each coordinate's measured moment in the trial.
    """

    alpha: float
    beta: float
    gamma: float
    moment_error: str = "variance_scaled"


@final
@dataclass(frozen=True)
class ExcitationProblem:
    """The excitations of one trial as unknowns; every term is a mean over all its samples.

    CEINMS minimizes alpha sum_d (M_d - M_d,measured)^2 + beta sum_m e_m^2 + gamma sum_m
    |e_m - e_m,EMG| at every instant by itself. Here the deviation is squared, so that the
    cost is a sum of squares, and all instants are solved together: a muscle cannot jump,
    because its activation dynamics is part of the problem.

    Attributes:
        given: Excitation as recorded or projected; zero where there is nothing.
        muscle_tendon_length: m.
        moment_arm: m.
        measured: Joint moments, N m.
        n_lead_in: Samples before the scored ones. They are tracked too, but do not count in the
            variance of the measured moment; a moment without any is taken in N m.
        muscles: With the trial's time step.
        adjusted: Muscles whose excitation may leave what is given, at the weight gamma.
        synthesized: Muscles whose excitation is free, at the weight beta.
        weights: Of the terms.
        engine: What computes.

    References:
        Pizzolato et al. (2015), J Biomech 48(14):3929-3936; Sartori et al. (2014), J Biomech
        47(15):3613-3621.
    """

    given: MuscleSeries
    muscle_tendon_length: MuscleSeries
    moment_arm: MomentArms
    measured: CoordinateSeries
    n_lead_in: int
    muscles: CalibratedMuscles
    adjusted: PerMuscleFlag
    synthesized: PerMuscleFlag
    weights: Weights
    engine: Engine
    _per_moment: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Computes the factor from N m to the square root of the cost."""
        scored = self.measured[self.n_lead_in :]
        deviation = ((scored - scored.mean(-2)) ** 2).mean(-2).sqrt()
        is_scaled = self.weights.moment_error == "variance_scaled"
        scale = torch.where((deviation > 0.0) & is_scaled, deviation, torch.ones_like(deviation))
        object.__setattr__(self, "_per_moment", (self.weights.alpha / len(self.measured)) ** 0.5 / scale)

    @property
    def free(self) -> PerMuscleFlag:
        """Muscles whose excitation is an unknown."""
        return self.adjusted | self.synthesized

    @cached_property
    def stiffness(self) -> Tensor:
        """Weight of every muscle's squared deviation from its target."""
        synthesized, adjusted = (chosen.to(self.given.dtype) for chosen in (self.synthesized, self.adjusted))
        return (self.weights.beta * synthesized + self.weights.gamma * adjusted) / len(self.given)

    @cached_property
    def target(self) -> MuscleSeries:
        """What excitations are drawn to: those given, or none at all."""
        return self.given * (~self.synthesized).to(self.given.dtype)

    @cached_property
    def lowest(self) -> Tensor:
        """Smallest excitation of a free muscle: below, its activation stays at the minimum."""
        return lowest_excitation(self.muscles)

    @cached_property
    def is_free(self) -> Tensor:
        """1 for muscles whose excitation is an unknown, 0 for the others."""
        return self.free.to(self.given.dtype)

    @property
    def n_free(self) -> int:
        """Number of unknown excitations."""
        return int(self.free.sum()) * len(self.given)

    def start(self, margin: float) -> MuscleSeries:
        """Returns the excitations a search starts from.

        Args:
            margin: Distance of free ones from their bounds, at least.
        """
        start = torch.where(self.synthesized, torch.full_like(self.given, _SILENT), self.given)
        bounded = torch.minimum(
            torch.maximum(start, self.lowest + margin), torch.full_like(start, 1.0 - margin)
        )
        return torch.where(self.free, bounded, self.given)

    def distances(self, excitation: MuscleSeries) -> tuple[MuscleSeries, MuscleSeries]:
        """Returns how far free excitations are from their lower and upper bound; 1 for the others."""
        one = torch.ones_like(excitation)
        return (
            torch.where(self.free, excitation - self.lowest, one),
            torch.where(self.free, 1.0 - excitation, one),
        )

    def barrier(self, excitation: MuscleSeries) -> float:
        """Returns minus the sum of the logarithms of the distances."""
        return -sum(float(distance.log().sum()) for distance in self.distances(excitation))

    def response(self, excitation: MuscleSeries) -> ExcitationResponse:
        """Returns the muscles' forces and how they follow excitations."""
        return excitation_response(
            excitation,
            self.muscle_tendon_length,
            activation_parameters=self.muscles.activation_parameters,
            muscles=self.muscles.muscles,
            time_step=self.muscles.time_step,
            engine=self.engine,
        )

    def moment_error(self, tendon_force: MuscleSeries) -> CoordinateSeries:
        """Returns the moment error, in units of the cost's square root."""
        return (joint_moments(self.moment_arm, tendon_force) - self.measured) * self._per_moment

    def moment_change(self, change_of_forces: MuscleSeries) -> CoordinateSeries:
        """Returns what a change of tendon forces does to the moment error."""
        return joint_moments(self.moment_arm, change_of_forces) * self._per_moment

    def moment_gain(self, force_gain: MuscleSeries) -> MomentArms:
        """Returns what forces that each muscle adds do to the moment error, muscle by muscle."""
        return self.moment_arm * force_gain.unsqueeze(-2) * self._per_moment.unsqueeze(-1)

    def force_gradient(self, by_error: CoordinateSeries) -> MuscleSeries:
        """Returns the gradient by tendon forces, given that by the moment error."""
        return torch.einsum("tcm,tc->tm", self.moment_arm, by_error * self._per_moment)

    def terms(self, excitation: MuscleSeries, error: CoordinateSeries) -> dict[str, Tensor]:
        """Returns the cost by term."""
        squared = self.stiffness * (excitation - self.target) ** 2
        terms = {
            "moment_error": (error**2).sum(),
            "synthesized_excitation": squared[:, self.synthesized].sum(),
            "adjustment": squared[:, self.adjusted].sum(),
        }
        return {**terms, "total": torch.stack(list(terms.values())).sum()}


def lowest_excitation(muscles: CalibratedMuscles) -> Tensor:
    """Returns the steady excitation of every muscle that its minimum_activation belongs to.

    A hair above it, the slope of the clamped activation is not zero, so that a gradient
    sees the way up.

    Args:
        muscles: The muscles.
    """
    shape, wanted = muscles.activation_parameters.shape_factor, muscles.muscles.minimum_activation
    low, high = torch.zeros_like(wanted), torch.ones_like(wanted)
    for _ in range(_N_HALVINGS):
        middle = 0.5 * (low + high)
        below = activation(middle, shape) < wanted
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return high + _ABOVE_CLAMP
