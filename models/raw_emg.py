"""Raw surface EMG of the virtual leg: what an amplifier with an analog-to-digital converter writes.

The signal is noise whose standard deviation follows the clean excitation (Hogan & Mann, 1980, IEEE
Trans Biomed Eng 27(7):382-395), with a spectrum of the form of Shwedyk, Balasubramanian & Scott (1977), IEEE
Trans Biomed Eng 24(5):417-424, and corners of our own choice: it peaks at 92 Hz.
Added are what processing must take away: the amplifier's noise, an offset, mains hum, and the slow wander of
moving cables. Excitations come before the electromechanical delay, as electrodes see them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

RATE = 1000  # Hz
LOW_CORNER, HIGH_CORNER = 60.0, 220.0  # Hz, of the spectrum's shape
BAND = (25.0, 400.0)  # Hz, of amplifier and electrodes
GAIN_RANGE = (1000.0, 6000.0)  # counts, standard deviation at excitation 1
BASELINE = 0.015  # of the gain, standard deviation
HUM = 0.005  # of the gain, amplitude at 50 Hz
WANDER = 0.03  # of the gain, standard deviation
WANDER_CUTOFF = 5.0  # Hz
OFFSET_RANGE = (-400, 400)  # counts
MVC_PLATEAU, MVC_RAMP, MVC_REST = 1.0, 0.2, 0.3  # s
MVC_REST_EXCITATION = 0.01


def channel_table(muscles: Sequence[str], rng: np.random.Generator) -> dict[str, tuple[int, int]]:
    """Draws gain and offset, both in counts, of every channel."""
    low, high = np.log(GAIN_RANGE)
    return {
        name: (int(round(float(np.exp(rng.uniform(low, high))), -1)), int(rng.integers(*OFFSET_RANGE)))
        for name in muscles
    }


def shaped_noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns noise of standard deviation 1 with the spectrum of surface EMG, (time,)."""
    total = count + 2 * RATE
    frequency = np.fft.rfftfreq(total, 1 / RATE)
    density = frequency**2 / ((frequency**2 + LOW_CORNER**2) * (frequency**2 + HIGH_CORNER**2) ** 2)
    density[(frequency < BAND[0]) | (frequency > BAND[1])] = 0.0
    return filtered(np.sqrt(density), total, rng)[RATE:-RATE]


def slow_noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns noise of standard deviation 1 below `WANDER_CUTOFF`, (time,)."""
    total = count + 2 * RATE
    frequency = np.fft.rfftfreq(total, 1 / RATE)
    amplitude = ((frequency > 0) & (frequency < WANDER_CUTOFF)).astype(float)
    return filtered(amplitude, total, rng)[RATE:-RATE]


def filtered(amplitude: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns white noise shaped by amplitudes and scaled to an expected standard deviation of 1."""
    white = np.fft.rfft(rng.standard_normal(count))
    return np.fft.irfft(white * amplitude, count) * np.sqrt(len(amplitude) / (amplitude**2).sum())


def raw_signals(
    excitation: Mapping[str, np.ndarray],
    channels: Mapping[str, tuple[int, int]],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Returns the counts (whole numbers) of every channel for excitations sampled at `RATE`, 0 to 1."""
    signals = {}
    for name, course in excitation.items():
        gain, offset = channels[name]
        count = len(course)
        hum = HUM * np.sin(2 * np.pi * (50 * np.arange(count) / RATE + rng.uniform()))
        signal = course * shaped_noise(count, rng) + BASELINE * shaped_noise(count, rng)
        signal += hum + WANDER * slow_noise(count, rng)
        signals[name] = np.round(offset + gain * signal) + 0.0  # no "-0"
    return signals


def mvc_excitations(groups: Mapping[str, Sequence[str]]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Returns time (s) and excitations of a trial in which every group in turn gives all it can."""
    length = MVC_REST + 2 * MVC_RAMP + MVC_PLATEAU
    time = np.arange(round((length * len(groups) + MVC_REST) * RATE) + 1) / RATE
    courses = {}
    for place, members in enumerate(groups.values()):
        begin = place * length + MVC_REST
        knots = begin + np.cumsum([0, MVC_RAMP, MVC_PLATEAU, MVC_RAMP])
        course = np.interp(time, knots, [MVC_REST_EXCITATION, 1, 1, MVC_REST_EXCITATION])
        courses |= {name: course for name in members}
    return time, courses
