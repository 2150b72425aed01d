"""Synergies around a calibration: extracted before it, learned in it, projected after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.drive import Drive, RecordedDrive, SynergyDrive
from opensim_difcal.inputs.batch import TrialBatch
from opensim_difcal.inputs.recording import Recording
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.shapes import MuscleArray
from opensim_difcal.synergies.factorization import (
    Factorization,
    VarianceAccountedFor,
    choose_factorization,
    factorize,
    variance_accounted_for,
)
from opensim_difcal.synergies.primitive_shapes import primitive_shapes
from opensim_difcal.synergies.projection import project


@dataclass(frozen=True, kw_only=True)
class SynergySettings:
    """How unrecorded muscles get their excitations.

    Attributes:
        n_synergies: How many; None for the fewest that account for enough.
        least_vaf: What is enough, of the recorded excitations' variance.
        n_restarts: Random starts of the factorization.
        weights_by_trial: Whether every trial has weights of its own.
        primitives: "spline" or "gaussian".
        spacing: Of a spline's knots or of Gaussians, s.
    """

    n_synergies: int | None = None
    least_vaf: float = 0.95
    n_restarts: int = 20
    weights_by_trial: bool = False
    primitives: str = "spline"
    spacing: float = 0.05


@dataclass(frozen=True)
class SynergyTrial:
    """What the synergies make of one trial.

    Attributes:
        trial: With the synthesized excitations filled in.
        primitives: Optimized with the moments in a calibration trial, projected from the
            recorded excitations alone in any other.
        reconstructed: Excitation of every recorded channel.
    """

    trial: Trial
    primitives: Float[np.ndarray, "time synergy"]
    reconstructed: Float[np.ndarray, "time channel"]


@dataclass(frozen=True)
class SynergyOutcome:
    """Synergies after a calibration.

    Attributes:
        channel_names: Recorded channels.
        synthesized_muscles: Muscles that synergies drive.
        vaf_by_number: What every number of synergies that was looked at accounts for.
        extracted: The factorization the search started from.
        weights: By calibration trial; one set, named "", where they are shared. Rows are
            the channels, then the synthesized muscles.
        ratio: w_s / w_e of Eq. 5, for projections.
        trials: All trials.
        variance_accounted_for: Of the recorded excitations of the calibration trials.
    """

    channel_names: tuple[str, ...]
    synthesized_muscles: tuple[str, ...]
    vaf_by_number: Mapping[int, float]
    extracted: Factorization
    weights: Mapping[str, Float[np.ndarray, "row synergy"]]
    ratio: float
    trials: tuple[SynergyTrial, ...]
    variance_accounted_for: VarianceAccountedFor

    @property
    def n_synergies(self) -> int:
        """Number of synergies."""
        return self.extracted.n_synergies

    @property
    def shared_weights(self) -> Float[np.ndarray, "row synergy"]:
        """The weights, or the mean over trials of those that differ."""
        return np.mean(list(self.weights.values()), axis=0)


@final
@dataclass(frozen=True)
class SynergyStart:
    """Synergies extracted from the recorded excitations, before anything is optimized.

    Attributes:
        settings: How.
        trials: The calibration trials.
        synthesized: Muscles without a recording, in the trials' order.
        extracted: The factorization.
        vaf_by_number: What every number of synergies that was looked at accounts for.
    """

    settings: SynergySettings
    trials: TrialBatch
    synthesized: tuple[str, ...]
    extracted: Factorization
    vaf_by_number: Mapping[int, float]

    @cached_property
    def drive(self) -> Drive:
        """What is optimized; nothing beyond the muscles where every muscle was recorded."""
        if not self.synthesized:
            return RecordedDrive()
        trials, like = self.trials, self.trials.excitation
        recorded = like.new_zeros(*like.shape[:2], len(self.extracted.channel_names))
        simulated = torch.zeros_like(trials.scored)
        for i, trial in enumerate(trials.trials):
            n_samples = len(trial.time)
            recorded[i, :n_samples] = torch.as_tensor(recording_of(trial).excitation)
            simulated[i, :n_samples] = True
        names = trials.muscle_names
        return SynergyDrive(
            recorded=recorded,
            simulated=simulated,
            synthesized=torch.tensor([names.index(name) for name in self.synthesized], device=like.device),
            shapes=primitive_shapes(
                self.settings.primitives, [trial.time for trial in trials.trials], self.settings.spacing
            ),
            n_synergies=self.extracted.n_synergies,
            weights_by_trial=self.settings.weights_by_trial,
        )

    def positions(self, n_starts: int, seed: int) -> Float[Tensor, "start synergy_unknown"]:
        """Returns where searches start: extracted synergies, random weights of the other muscles.

        Random weights are uniform and so small that excitations stay within 0..1.
        """
        drive = self.drive
        if not isinstance(drive, SynergyDrive):
            return torch.zeros(n_starts, 0, dtype=torch.float64)
        generator = torch.Generator().manual_seed(seed)
        n_synergies = drive.n_synergies
        parameters = tuple(
            shape.fitted(primitives)
            for shape, primitives in zip(drive.shapes, self.extracted.primitives, strict=True)
        )
        starts = []
        for _ in range(n_starts):
            drawn = torch.rand(len(self.synthesized), n_synergies, generator=generator, dtype=torch.float64)
            weights = torch.cat([torch.tensor(self.extracted.weights), drawn / n_synergies])
            starts.append(drive.joined(weights, parameters))
        return torch.stack(starts)

    def outcome(
        self, position: Float[Tensor, " synergy_unknown"], trials: Sequence[Trial], cost: CostSettings
    ) -> SynergyOutcome:
        """Returns the synergies at a position, and every trial with its synthesized excitations."""
        ratio = cost.synthesized_excitation_weight / max(cost.excitation_tracking_weight, 1e-300)
        weights, optimized = self._learned(position)
        shared = np.mean(list(weights.values()), axis=0)
        completed = []
        for trial in trials:
            own = next((w for name, w in weights.items() if name == trial.name), shared)
            primitives = optimized[trial.name] if trial.name in optimized else projected(trial, shared, ratio)
            completed.append(completed_trial(trial, self.synthesized, own, primitives))
        calibrated = [each for each in completed if each.trial.name in optimized]
        vaf = variance_accounted_for(
            self.extracted.channel_names,
            [recording_of(each.trial).excitation for each in calibrated],
            [each.reconstructed for each in calibrated],
        )
        return SynergyOutcome(
            channel_names=self.extracted.channel_names,
            synthesized_muscles=self.synthesized,
            vaf_by_number=self.vaf_by_number,
            extracted=self.extracted,
            weights=weights,
            ratio=ratio,
            trials=tuple(completed),
            variance_accounted_for=vaf,
        )

    def _learned(
        self, position: Tensor
    ) -> tuple[dict[str, Float[np.ndarray, "row synergy"]], dict[str, Float[np.ndarray, "time synergy"]]]:
        """Weights, and primitives of the calibration trials."""
        names = [trial.name for trial in self.trials.trials]
        drive = self.drive
        if not isinstance(drive, SynergyDrive):
            return {"": self.extracted.weights}, dict(zip(names, self.extracted.primitives, strict=True))
        found = drive.split(position)
        sets = found.weights.clamp(0.0, 1.0).cpu().numpy()
        weights = dict(zip(names, sets, strict=True)) if drive.weights_by_trial else {"": sets[0]}
        series = [
            primitives[: len(trial.time)].clamp(min=0.0).cpu().numpy()
            for primitives, trial in zip(found.primitives, self.trials.trials, strict=True)
        ]
        return weights, dict(zip(names, series, strict=True))


def extract_synergies(trials: TrialBatch, settings: SynergySettings, seed: int) -> SynergyStart:
    """Extracts synergies from the recorded excitations of the calibration trials.

    Raises:
        SynergyError: If there are fewer channels than synergies, or a channel is constant.
    """
    recordings = [recording_of(trial) for trial in trials.trials]
    names, series = recordings[0].channel_names, [recording.excitation for recording in recordings]
    if settings.n_synergies is None:
        extracted, tried = choose_factorization(
            names, series, least_vaf=settings.least_vaf, n_restarts=settings.n_restarts, seed=seed
        )
    else:
        extracted = factorize(names, series, settings.n_synergies, n_restarts=settings.n_restarts, seed=seed)
        tried = {extracted.n_synergies: extracted.variance_accounted_for.total}
    synthesized = tuple(name for name in trials.muscle_names if name not in recordings[0].drivers)
    return SynergyStart(settings, trials, synthesized, extracted, tried)


def projected(
    trial: Trial, weights: Float[np.ndarray, "row synergy"], ratio: float
) -> Float[np.ndarray, "time synergy"]:
    """Returns a trial's primitives from its recorded excitations alone.

    Args:
        trial: With a recording of the channels that the weights belong to.
        weights: Of recorded channels, then of synthesized muscles.
        ratio: w_s / w_e of Eq. 5.
    """
    recorded = recording_of(trial).excitation
    n_channels = recorded.shape[1]
    return project(recorded, weights[:n_channels], others=weights[n_channels:], ratio=ratio)


def completed_trial(
    trial: Trial,
    synthesized: Sequence[str],
    weights: Float[np.ndarray, "row synergy"],
    primitives: Float[np.ndarray, "time synergy"],
) -> SynergyTrial:
    """Returns a trial whose unrecorded muscles are driven by synergies, within 0..1."""
    reconstruction = np.clip(primitives @ weights.T, 0.0, 1.0)
    n_channels = len(weights) - len(synthesized)
    excitation: MuscleArray = trial.excitation.copy()
    for name, series in zip(synthesized, reconstruction[:, n_channels:].T, strict=True):
        excitation[:, trial.muscle_names.index(name)] = series
    return SynergyTrial(replace(trial, excitation=excitation), primitives, reconstruction[:, :n_channels])


def recording_of(trial: Trial) -> Recording:
    """The trial's recording."""
    assert trial.recording is not None, "a synergy-hybrid calibration needs recordings"
    return trial.recording


def unrecorded_notes(
    synthesized: Sequence[str], strength_groups: Mapping[str, Sequence[str]], trial: Trial
) -> list[str]:
    """Returns sentences about strength groups and coordinates that rest on synthesized excitations alone.

    Args:
        synthesized: Muscles that synergies drive.
        strength_groups: Members by group.
        trial: Any.
    """
    notes = [
        f"Strength group {group!r} has no recorded member ({', '.join(members)}): how strong it is and how "
        "strongly it is excited cannot be told apart."
        for group, members in strength_groups.items()
        if len(members) > 1 and set(members) <= set(synthesized)
    ]
    for c, name in enumerate(trial.coordinate_names):
        crossing = (trial.moment_arm[:, c] != 0.0).any(axis=0)
        spanning = [m for m, spans in zip(trial.muscle_names, crossing, strict=True) if spans]
        if spanning and set(spanning) <= set(synthesized):
            notes.append(
                f"No muscle with a recorded excitation crosses {name}; its moment is explained by "
                "synthesized excitations alone."
            )
    return notes
