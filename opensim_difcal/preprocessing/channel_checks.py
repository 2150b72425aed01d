"""What can be wrong with an electrode, seen in its raw signal and its envelope."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from opensim_difcal.preprocessing.envelopes import EnvelopeFilter
from opensim_difcal.shapes import TimeArray

FLAT = 0.5
"""Share of samples that repeat the one before, from which a channel counts as dead."""

CLIPPED = 0.001
"""Share of samples at the largest or smallest value, in runs, from which the amplifier was saturated."""

HIGH_BASELINE = 0.25
"""Envelope of a channel at rest, as a part of its maximum, from which a note is made."""

LINE_NOISE = 0.3
"""Share of the band's power within 1 Hz of the mains frequency and its harmonics."""

_RUN = 3  # samples at the extreme, one after the other
_REST = 10  # percentile of an envelope that stands for rest


@dataclass(frozen=True)
class ChannelQuality:
    """One channel of one recording.

    Attributes:
        is_dead: Whether it holds no signal: constant, or mostly so.
        is_rectified: Whether it is never negative (or never positive): no raw EMG.
        clipped: Share of samples at the amplifier's limit.
        rest: Envelope at rest, its 10th percentile, in the unit of the EMG.
        line_noise: Share of the power that the mains (50 or 60 Hz) causes.
    """

    is_dead: bool
    is_rectified: bool
    clipped: float
    rest: float
    line_noise: float

    def sentences(self) -> list[str]:
        """What a user should know, without the channel's name; nothing for a good channel."""
        found = []
        if self.clipped > CLIPPED:
            found.append(
                f"{100 * self.clipped:.1f} % of the samples lie at the largest value, in a row: the "
                "amplifier was saturated. Bursts are flattened; record with less gain"
            )
        if self.line_noise > LINE_NOISE:
            found.append(
                f"{100 * self.line_noise:.0f} % of its power is mains hum. Check electrode and reference, or "
                "raise the lower of <band_pass_cutoff_frequencies> above it"
            )
        return found


def baseline(qualities: Sequence[ChannelQuality], maximum: float) -> float:
    """Returns a channel's envelope at rest, where it rests best, as a part of its maximum.

    Args:
        qualities: Of the channel in every recording.
        maximum: What the channel is divided by.
    """
    return min(quality.rest for quality in qualities) / maximum


def baseline_sentence(share: float) -> str:
    """Returns what a user should know about a baseline; empty for a low one."""
    if share <= HIGH_BASELINE:
        return ""
    return (
        f"its envelope at rest is {100 * share:.0f} % of its maximum: weak signal, noise, or a muscle that "
        "never rests"
    )


def channel_quality(
    raw: TimeArray, band_passed_emg: TimeArray, envelope: TimeArray, rate: float, settings: EnvelopeFilter
) -> ChannelQuality:
    """Returns what is wrong with one channel.

    Args:
        raw: As recorded.
        band_passed_emg: After the band-pass.
        envelope: After the low-pass.
        rate: Samples per second.
        settings: The filters.
    """
    is_dead = float(np.mean(np.diff(raw) == 0)) > FLAT or float(envelope.max()) <= 0.0
    return ChannelQuality(
        is_dead=is_dead,
        is_rectified=not is_dead and _looks_rectified(raw),
        clipped=0.0 if is_dead else _clipped(raw),
        rest=float(np.percentile(envelope, _REST)),
        line_noise=0.0 if is_dead else _line_noise(band_passed_emg, rate, settings),
    )


def _looks_rectified(raw: TimeArray) -> bool:
    """Whether a signal has one sign, and is skewed as rectified EMG is and an offset is not."""
    if raw.min() < 0 < raw.max():
        return False
    centered = raw - raw.mean()
    return abs(float(np.mean(centered**3))) > 0.5 * float(np.std(raw)) ** 3


def _clipped(raw: TimeArray) -> float:
    """Share of samples in runs at the largest or smallest value."""
    total = 0
    for extreme in (raw.max(), raw.min()):
        at = np.concatenate(([0], (raw == extreme).astype(int), [0]))
        edges = np.diff(at)
        lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
        total += int(lengths[lengths >= _RUN].sum())
    return total / len(raw)


def _line_noise(signal: TimeArray, rate: float, settings: EnvelopeFilter) -> float:
    """Share of the power that lies in narrow lines at 50 or 60 Hz and harmonics, above what is around."""
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    frequency = np.fft.rfftfreq(len(signal), 1 / rate)
    total = float(power.sum())
    if total <= 0:
        return 0.0
    shares = []
    for mains in (50.0, 60.0):
        share = 0.0
        for harmonic in np.arange(mains, min(settings.band[1], rate / 2), mains):
            share += _line(power, frequency, float(harmonic))
        shares.append(share / total)
    return max(shares)


def _line(power: Float[np.ndarray, " _"], frequency: Float[np.ndarray, " _"], line: float) -> float:
    near = np.abs(frequency - line) <= 1.0
    around = (np.abs(frequency - line) > 1.0) & (np.abs(frequency - line) <= 6.0)
    if not near.any() or not around.any():
        return 0.0
    return max(0.0, float(power[near].sum() - power[around].mean() * near.sum()))
