"""A calibrated subject: what an .osim file has no place for."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from jaxtyping import Float

from opensim_difcal.calibration.result import CalibrationResult, ParameterChange, Prediction
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.shapes import MuscleArray

Ranges = Mapping[str, tuple[float, float]]

_PACKAGES = ("opensim-difcal", "opensim", "torch", "numpy", "scipy")


@dataclass(frozen=True)
class Provenance:
    """What a calibration was made from.

    Attributes:
        input_files: SHA-256 digests (hexadecimal) by name of the file.
        versions: Versions by name of the package.
        settings: Values by name of the setting, as the user wrote them.
        seed: Seed of every random number.
    """

    input_files: Mapping[str, str]
    versions: Mapping[str, str]
    settings: Mapping[str, str]
    seed: int


@dataclass(frozen=True)
class SubjectSynergies:
    """What is needed to synthesize unrecorded excitations of new trials.

    Attributes:
        n_synergies: Number of synergies.
        ratio: w_s / w_e of Eq. 5, for projections.
        variance_accounted_for: Of the recorded excitations of the calibration trials.
        recorded: Weights, one per synergy, by recorded channel, in the channels' order.
        synthesized: Weights by synthesized muscle. All are means over the calibration
            trials where every trial had its own.
    """

    n_synergies: int
    ratio: float
    variance_accounted_for: float
    recorded: Mapping[str, tuple[float, ...]]
    synthesized: Mapping[str, tuple[float, ...]]

    @property
    def weights(self) -> Float[np.ndarray, "row synergy"]:
        """The weights as a projection wants them: channels, then synthesized muscles."""
        return np.array([*self.recorded.values(), *self.synthesized.values()]).reshape(-1, self.n_synergies)


@dataclass(frozen=True)
class Subject:
    """A calibrated subject.

    Attributes:
        name: Name of the calibration; the model is `<name>.osim`.
        model_sha256: Digest (hexadecimal) of the calibrated .osim file.
        muscle_names: The calibrated muscles.
        parameters: Changes by parameter name, one entry per muscle.
        time_step: The step that c1 and c2 belong to, s.
        electromechanical_delay: s.
        lowpass_cutoff_frequency_for_coordinates: Hz, -1 for none.
        tendon: The setting of that name.
        elastic_tendon: How elastic tendons were integrated.
        made_elastic: Muscles calibrated with an elastic tendon although the model had
            it rigid.
        excitation_map: Which muscles an excitation column drives.
        strength_groups: Member muscles by strength group.
        strength_coefficients: Factor on max_isometric_force by strength group.
        strength_bounds: Lower and upper bound of every strength coefficient.
        provenance: What the calibration was made from.
        muscle_tendon_length_ranges: Shortest and longest muscle-tendon length of the
            calibration trials by muscle, m; empty where they are not known, as of a
            subject that was imported.
        normalized_fiber_length_ranges: The same of normalized fiber lengths.
        synergies: What drives unrecorded muscles; None for EMG-driven.
    """

    name: str
    model_sha256: str
    muscle_names: tuple[str, ...]
    parameters: Mapping[str, ParameterChange]
    time_step: float
    electromechanical_delay: float
    lowpass_cutoff_frequency_for_coordinates: float
    tendon: str
    elastic_tendon: str
    made_elastic: tuple[str, ...]
    excitation_map: tuple[ExcitationChannel, ...]
    strength_groups: Mapping[str, tuple[str, ...]]
    strength_coefficients: Mapping[str, float]
    strength_bounds: tuple[float, float]
    muscle_tendon_length_ranges: Ranges
    normalized_fiber_length_ranges: Ranges
    provenance: Provenance
    synergies: SubjectSynergies | None = None


def subject_of(
    result: CalibrationResult,
    *,
    model_sha256: str,
    time_step: float,
    electromechanical_delay: float,
    lowpass_cutoff_frequency_for_coordinates: float,
    tendon: str,
    elastic_tendon: str,
    excitation_map: Sequence[ExcitationChannel],
    provenance: Provenance,
) -> Subject:
    """Returns the subject of a calibration.

    Args:
        result: The calibration.
        model_sha256: Digest (hexadecimal) of the calibrated .osim file.
        time_step: The step that c1 and c2 belong to, s.
        electromechanical_delay: s.
        lowpass_cutoff_frequency_for_coordinates: Hz, -1 for none.
        tendon: The setting of that name.
        elastic_tendon: How elastic tendons were integrated.
        excitation_map: Which muscles an excitation column drives.
        provenance: What the calibration was made from.
    """
    return Subject(
        name=result.name,
        model_sha256=model_sha256,
        muscle_names=result.muscle_names,
        parameters=result.parameters,
        time_step=time_step,
        electromechanical_delay=electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates=lowpass_cutoff_frequency_for_coordinates,
        tendon=tendon,
        elastic_tendon=elastic_tendon,
        made_elastic=result.made_elastic,
        excitation_map=tuple(excitation_map),
        # A muscle in no group is a group of its own.
        strength_groups={
            name: result.strength_groups.get(name, (name,)) for name in result.strength_coefficients
        },
        strength_coefficients=result.strength_coefficients,
        strength_bounds=result.strength_bounds,
        muscle_tendon_length_ranges=_ranges(result, lambda prediction: prediction.trial.muscle_tendon_length),
        normalized_fiber_length_ranges=_ranges(result, lambda prediction: prediction.normalized_fiber_length),
        provenance=provenance,
        synergies=None if result.synergies is None else _synergies_of(result.synergies),
    )


def _ranges(result: CalibrationResult, series_of: Callable[[Prediction], MuscleArray]) -> Ranges:
    """Smallest and largest value by muscle over the scored samples of the calibration trials."""
    series = np.concatenate(
        [series_of(p)[p.trial.scored] for p in result.calibrated if p.trial.role == "calibration"]
    )
    pairs = zip(series.min(axis=0).tolist(), series.max(axis=0).tolist(), strict=True)
    return dict(zip(result.muscle_names, pairs, strict=True))


def _synergies_of(outcome: SynergyOutcome) -> SubjectSynergies:
    weights = [tuple(row) for row in outcome.shared_weights.tolist()]
    n_channels = len(outcome.channel_names)
    return SubjectSynergies(
        n_synergies=outcome.n_synergies,
        ratio=outcome.ratio,
        variance_accounted_for=outcome.variance_accounted_for.total,
        recorded=dict(zip(outcome.channel_names, weights[:n_channels], strict=True)),
        synthesized=dict(zip(outcome.synthesized_muscles, weights[n_channels:], strict=True)),
    )


def file_digests(paths: Sequence[Path]) -> dict[str, str]:
    """Returns the SHA-256 digests of files by their names, without folders.

    Args:
        paths: The files; of two with the same name the later one is marked " (2)".
    """
    digests: dict[str, str] = {}
    for path in paths:
        name, count = path.name, 1
        while name in digests:
            count += 1
            name = f"{path.name} ({count})"
        digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


def package_versions() -> dict[str, str]:
    """Returns the versions of this package and of those its numbers depend on."""
    return {name.replace("-", "_"): _version(name) for name in _PACKAGES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # a checkout that is run without being installed
        return "not installed"
