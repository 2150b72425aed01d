"""Where the muscles' excitations come from: recordings alone, or recordings and synergies."""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from opensim_difcal.calibration.cost import CostSettings, excess_outside
from opensim_difcal.inputs.batch import TrialBatch
from opensim_difcal.shapes import MuscleSeries, TimeMask
from opensim_difcal.synergies.primitive_shapes import PrimitiveShapes

SynergyPosition = Float[Tensor, "*start synergy_unknown"]
"""Weights and parameters of the primitives, in their own units."""

UNIT_RANGE = (0.0, 1.0)
"""Allowed without penalty for synthesized excitations, primitives and weights (Eq. 5)."""


@runtime_checkable
class Drive(Protocol):
    """How excitations follow from what is learned beside the muscles' parameters."""

    @property
    def n_unknowns(self) -> int:
        """How many numbers it learns."""
        ...

    def excitation(self, trials: TrialBatch, synergies: SynergyPosition) -> MuscleSeries:
        """Excitation of every muscle of the trials."""
        ...

    def terms(self, synergies: SynergyPosition, settings: CostSettings) -> dict[str, Tensor]:
        """Its own terms of the cost."""
        ...


@final
@dataclass(frozen=True)
class RecordedDrive:
    """EMG-driven: excitations are what was recorded, and nothing is learned."""

    n_unknowns: int = 0

    def excitation(self, trials: TrialBatch, synergies: SynergyPosition) -> MuscleSeries:
        """As recorded."""
        return trials.excitation

    def terms(self, synergies: SynergyPosition, settings: CostSettings) -> dict[str, Tensor]:
        """None."""
        return {}


@dataclass(frozen=True)
class Synergies:
    """Weights and primitives at a position.

    Attributes:
        weights: Of every trial; recorded channels first, then synthesized muscles.
        parameters: Of every trial's primitives.
        primitives: Padded as the trials are.
    """

    weights: Float[Tensor, "trial row synergy"]
    parameters: tuple[Float[Tensor, "synergy _"], ...]
    primitives: Float[Tensor, "trial time synergy"]


@final
@dataclass(frozen=True)
class SynergyDrive:
    """Synergy-hybrid: recorded muscles keep their EMG, synergies drive the others.

    Attributes:
        recorded: Excitation of every channel, padded as the trials are.
        simulated: Samples that are simulated: lead-in and scored ones, not the padding.
        synthesized: Indices of the muscles that synergies drive.
        shapes: Of every trial's primitives.
        n_synergies: How many.
        weights_by_trial: Whether every trial has weights of its own.
    """

    recorded: Float[Tensor, "trial time channel"]
    simulated: TimeMask
    synthesized: Int[Tensor, " synthesized"]
    shapes: tuple[PrimitiveShapes, ...]
    n_synergies: int
    weights_by_trial: bool = False

    @property
    def n_channels(self) -> int:
        """Recorded channels: the first rows of the weights."""
        return self.recorded.shape[-1]

    @property
    def n_rows(self) -> int:
        """Rows of the weights."""
        return self.n_channels + len(self.synthesized)

    @property
    def n_weights(self) -> int:
        """All weights."""
        n_sets = len(self.shapes) if self.weights_by_trial else 1
        return n_sets * self.n_rows * self.n_synergies

    @property
    def sizes(self) -> tuple[int, ...]:
        """Parameters of each trial's primitives."""
        return tuple(self.n_synergies * shape.n_parameters for shape in self.shapes)

    @property
    def n_unknowns(self) -> int:
        """Weights and parameters of the primitives."""
        return self.n_weights + sum(self.sizes)

    @property
    def sample_weight(self) -> Float[Tensor, "trial time"]:
        """Weight of every sample in a mean over the simulated time of its trial."""
        simulated = self.simulated.to(self.recorded.dtype)
        return simulated / simulated.sum(-1, keepdim=True)

    def split(self, position: Float[Tensor, " synergy_unknown"]) -> Synergies:
        """Returns weights and primitives."""
        weights, *parts = position.split([self.n_weights, *self.sizes])
        weights = weights.reshape(-1, self.n_rows, self.n_synergies).expand(len(self.shapes), -1, -1)
        parameters = tuple(part.reshape(self.n_synergies, -1) for part in parts)
        n_samples = self.recorded.shape[1]
        series = [_held(s.series(p), n_samples) for s, p in zip(self.shapes, parameters, strict=True)]
        return Synergies(weights, parameters, torch.stack(series))

    def joined(
        self,
        weights: Float[Tensor, "row synergy"],
        parameters: tuple[Float[Tensor, "synergy _"], ...],
    ) -> Float[Tensor, " synergy_unknown"]:
        """Returns the position of given weights, the same in all trials, and primitives."""
        n_sets = len(self.shapes) if self.weights_by_trial else 1
        return torch.cat([weights.flatten().repeat(n_sets), *(each.flatten() for each in parameters)])

    def excitation(self, trials: TrialBatch, synergies: SynergyPosition) -> MuscleSeries:
        """Recorded muscles as recorded, the others from the synergies."""
        series = self._reconstruction(self.split(synergies))[..., self.n_channels :]
        return trials.excitation.index_copy(-1, self.synthesized, series)

    def terms(self, synergies: SynergyPosition, settings: CostSettings) -> dict[str, Tensor]:
        """Eq. 5 beyond Eq. 4, summed over trials.

        Tracking of recorded and size of synthesized excitations are means over time and
        channels or muscles; penalties outside 0..1 are means over time, summed over
        muscles, primitives and weights.
        """
        found = self.split(synergies)
        reconstruction = self._reconstruction(found)
        error = reconstruction[..., : self.n_channels] - self.recorded
        synthesized = reconstruction[..., self.n_channels :]
        outside = (excess_outside(x, UNIT_RANGE) ** 2 for x in (synthesized, found.primitives))
        over_time = sum(self._time_mean(x.sum(-1)) for x in outside)
        weights = (excess_outside(found.weights, UNIT_RANGE) ** 2).sum((-1, -2))
        size = (synthesized**2).mean(-1) if len(self.synthesized) else synthesized.sum(-1)
        return {
            "excitation_tracking": settings.excitation_tracking_weight
            * self._time_mean((error**2).mean(-1)).sum(),
            "synthesized_excitation": settings.synthesized_excitation_weight * self._time_mean(size).sum(),
            "synergy_range": settings.synergy_range_weight * (over_time + weights).sum(),
        }

    def _reconstruction(self, synergies: Synergies) -> Float[Tensor, "trial time row"]:
        return synergies.primitives @ synergies.weights.mT

    def _time_mean(self, series: Float[Tensor, "trial time"]) -> Float[Tensor, " trial"]:
        return (series * self.sample_weight).sum(-1)


def _held(series: Tensor, n_samples: int) -> Tensor:
    """Repeats the last sample up to a length."""
    return torch.cat([series, series[-1:].expand(n_samples - len(series), -1)])
