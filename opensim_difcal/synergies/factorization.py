"""Muscle synergies from recorded excitations, by non-negative factorization.

excitation = primitives x weights: a few time courses, the primitives, and how strongly
each of them drives each channel, the weights. Weights are the same in all trials.

References:
    Lee and Seung (1999), Nature 401:788-791; Rabbi et al. (2020), Sci Rep 10:8266;
    Hambly et al., Section III-C.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from opensim_difcal.errors import SynergyError
from opensim_difcal.synergies.projection import project

ChannelArray = Float[np.ndarray, "_ channel"]
PrimitiveArray = Float[np.ndarray, "_ synergy"]
WeightArray = Float[np.ndarray, "row synergy"]
"""Trials differ in length, so their time axes have no name."""

_LEAST_VARIATION = 1e-3  # of an excitation, to be more than a constant
_MOST_SAMPLES = 1000  # that are factorized; envelopes change slowly
_ITERATIONS = 500


@dataclass(frozen=True)
class VarianceAccountedFor:
    """How much of the recorded excitations the synergies reconstruct.

    VAF = 1 - sum of squared errors / sum of squares, the mean not taken off (Rabbi et al.
    2020).

    Attributes:
        total: Over all channels and trials.
        by_channel: Of each channel over all trials.
    """

    total: float
    by_channel: Mapping[str, float]


@dataclass(frozen=True)
class Factorization:
    """Synergies of several trials.

    Attributes:
        channel_names: Rows of the weights.
        weights: How strongly every primitive drives every channel.
        primitives: Of every trial; the largest value of each over all trials is 1.
        variance_accounted_for: What they reconstruct.
    """

    channel_names: tuple[str, ...]
    weights: WeightArray
    primitives: tuple[PrimitiveArray, ...]
    variance_accounted_for: VarianceAccountedFor

    @property
    def n_synergies(self) -> int:
        """Number of synergies."""
        return self.weights.shape[1]


def variance_accounted_for(
    channel_names: Sequence[str],
    recorded: Sequence[ChannelArray],
    reconstructed: Sequence[ChannelArray],
) -> VarianceAccountedFor:
    """Returns the share of the recorded excitations that is reconstructed.

    Args:
        channel_names: Columns.
        recorded: By trial.
        reconstructed: By trial.
    """
    measured = np.concatenate(recorded)
    missed = ((measured - np.concatenate(reconstructed)) ** 2).sum(axis=0)
    size = (measured**2).sum(axis=0)
    by_channel = 1.0 - missed / np.maximum(size, 1e-300)
    return VarianceAccountedFor(
        total=float(1.0 - missed.sum() / size.sum()),
        by_channel=dict(zip(channel_names, by_channel.tolist(), strict=True)),
    )


def factorize(
    channel_names: Sequence[str],
    recorded: Sequence[ChannelArray],
    n_synergies: int,
    *,
    n_restarts: int = 20,
    seed: int = 1,
) -> Factorization:
    """Returns the best of several factorizations from random starts.

    Args:
        channel_names: Columns.
        recorded: Excitations by trial, 0..1.
        n_synergies: How many.
        n_restarts: Random starts.
        seed: Of the starts; the same seed gives the same numbers.

    Raises:
        SynergyError: If there are fewer channels than synergies, or a channel is constant.
    """
    check_channels(channel_names, recorded, n_synergies)
    every = np.concatenate(recorded)
    thinned = every[:: max(1, len(every) // _MOST_SAMPLES)]
    best = min(
        (_one_factorization(thinned, n_synergies, seed + i) for i in range(n_restarts)),
        key=lambda found: found.reconstruction_err_,
    )
    weights = best.components_.T
    primitives = [project(trial, weights) for trial in recorded]
    highest = np.max([trial.max(axis=0) for trial in primitives], axis=0)
    scale = np.where(highest > 0.0, highest, 1.0)
    order = np.argsort(-(weights * scale).sum(axis=0), kind="stable")
    weights = (weights * scale)[:, order]
    primitives = tuple((trial / scale)[:, order] for trial in primitives)
    reconstructed = [trial @ weights.T for trial in primitives]
    vaf = variance_accounted_for(channel_names, recorded, reconstructed)
    return Factorization(tuple(channel_names), weights, primitives, vaf)


def choose_factorization(
    channel_names: Sequence[str],
    recorded: Sequence[ChannelArray],
    *,
    least_vaf: float = 0.85,
    n_restarts: int = 20,
    seed: int = 1,
) -> tuple[Factorization, dict[int, float]]:
    """Returns the smallest factorization that accounts for enough, and what every number accounts for.

    Args:
        channel_names: Columns.
        recorded: Excitations by trial, 0..1.
        least_vaf: Total variance that has to be accounted for, 0..1.
        n_restarts: Random starts of each number.
        seed: Of the starts.

    Raises:
        SynergyError: If a channel is constant.
    """
    tried: dict[int, float] = {}
    found = None
    for n_synergies in range(1, len(channel_names) + 1):
        found = factorize(channel_names, recorded, n_synergies, n_restarts=n_restarts, seed=seed)
        tried[n_synergies] = found.variance_accounted_for.total
        if found.variance_accounted_for.total > least_vaf:
            break
    assert found is not None  # there is at least one channel
    return found, tried


def check_channels(channel_names: Sequence[str], recorded: Sequence[ChannelArray], n_synergies: int) -> None:
    """Refuses more synergies than channels, and channels that carry nothing."""
    if n_synergies > len(channel_names):
        raise SynergyError(
            f"<n_synergies> is {n_synergies}, but only {len(channel_names)} excitation channels were "
            f"recorded: {', '.join(channel_names)}. Ask for at most as many synergies as channels, or record "
            "more."
        )
    every = np.concatenate(recorded)
    for name, channel in zip(channel_names, every.T, strict=True):
        if np.ptp(channel) < _LEAST_VARIATION:
            what = "zero" if channel.max() < _LEAST_VARIATION else f"constant ({channel[0]:.3g})"
            raise SynergyError(
                f"Excitation channel {name!r} is {what} in every calibration trial; no synergy can be "
                "extracted from it. Check the electrode, or take it out of the excitation files or the "
                "<excitation_map>: its muscles are then synthesized like others that were not recorded."
            )


def _one_factorization(samples: ChannelArray, n_synergies: int, seed: int) -> NMF:
    model = NMF(init="random", random_state=seed, max_iter=_ITERATIONS, tol=1e-4)
    model.set_params(n_components=n_synergies)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the best of many is taken as it is
        return model.fit(samples)
