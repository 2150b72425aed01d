"""Primitives that explain recorded excitations best, given the weights: no moments needed."""

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls


def project(
    recorded: Float[np.ndarray, "time channel"],
    weights: Float[np.ndarray, "channel synergy"],
    *,
    others: Float[np.ndarray, "other synergy"] | None = None,
    ratio: float = 0.0,
) -> Float[np.ndarray, "time synergy"]:
    """Returns non-negative primitives, instant by instant.

    They minimize the excitation terms of Eq. 5: the mean squared tracking error of the
    recorded excitations plus `ratio` times the mean square of those that the same
    primitives give other muscles.

    Args:
        recorded: 0..1.
        weights: Of the recorded channels.
        others: Weights of muscles that were not recorded.
        ratio: w_s / w_e of Eq. 5.

    References:
        Lawson and Hanson (1995), Solving least squares problems, chapter 23.
    """
    n_channels, n_synergies = weights.shape
    system, right = weights / np.sqrt(n_channels), recorded / np.sqrt(n_channels)
    if others is not None and len(others) and ratio > 0.0:
        system = np.vstack([system, others * np.sqrt(ratio / len(others))])
        right = np.hstack([right, np.zeros((len(recorded), len(others)))])
    if not n_synergies:
        return np.zeros((len(recorded), 0))
    return np.stack([nnls(system, instant)[0] for instant in right])
