"""Raw EMG of known excitations, for tests."""

import numpy as np

from opensim_difcal.shapes import TimeArray

RATE = 1000.0


def bursts(time: TimeArray, period: float = 1.0, width: float = 0.08) -> TimeArray:
    """Excitation with one smooth burst a period, its largest value 1."""
    phase = (time / period) % 1.0 - 0.5
    return np.exp(-0.5 * (phase / width) ** 2)


def raw_emg(excitation: TimeArray, seed: int, *, gain: float = 1000.0, offset: float = 50.0) -> TimeArray:
    """White noise whose strength is the excitation, with a weak baseline and an offset."""
    noise = np.random.default_rng(seed).standard_normal((2, len(excitation)))
    return gain * (excitation * noise[0] + 0.01 * noise[1]) + offset
