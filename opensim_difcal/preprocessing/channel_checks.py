"""What can be wrong with an electrode, seen in its raw signal and its envelope."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from opensim_difcal.preprocessing.envelopes import EnvelopeFilter
from opensim_difcal.shapes import TimeArray

OFF = 1.0
"""How long a channel may keep one value, s: muscles and noise never do, electrodes that are off do."""

COARSE = 0.5
"""Share of samples that repeat the one before, from which the converter's steps are too large."""

CLIPPED = 0.001
"""Share of samples at the largest and smallest value, in runs, from which the amplifier was saturated."""

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
        off: Start and end (s) of every span in which it keeps one value: the electrode was off.
        coarse: Share of samples that repeat the one before.
        clipped: Share of samples at the amplifier's limit.
        rest: Envelope at rest, its 10th percentile, in the unit of the EMG.
        line_noise: Share of the power that the mains (50 or 60 Hz) causes.
    """

    off: tuple[tuple[float, float], ...]
    coarse: float
    clipped: float
    rest: float
    line_noise: float

    def sentences(self) -> list[str]:
        """What a user should know, without the channel's name; nothing for a good channel."""
        found = [
            f"no signal from {start:.2f} to {end:.2f} s: the electrode was off. Cycles in it are rejected"
            for start, end in self.off
        ]
        if self.coarse > COARSE and not self.off:
            found.append(
                f"{100 * self.coarse:.0f} % of the samples repeat the one before: the converter's steps are "
                "too large for this signal. Record with more gain"
            )
        if self.clipped > CLIPPED:
            found.append(
                f"{100 * self.clipped:.1f} % of the samples lie at the largest or smallest value, in a row: "
                "the amplifier was saturated. Bursts are flattened; record with less gain"
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


def is_dead(raw: TimeArray, rate: float) -> bool:
    """Whether a channel holds no signal for most of the time.

    Args:
        raw: As recorded.
        rate: Samples per second.
    """
    return float(np.ptp(raw)) == 0.0 or sum(end - start for start, end in _off(raw, rate)) > len(raw) / 2


def looks_rectified(raw: TimeArray) -> bool:
    """Whether a signal has one sign, and is skewed as rectified EMG is and an offset is not.

    Args:
        raw: As recorded.
    """
    if raw.min() < 0 < raw.max():
        return False
    centered = raw - raw.mean()
    return abs(float(np.mean(centered**3))) > 0.5 * float(np.std(raw)) ** 3


def channel_quality(
    time: TimeArray,
    raw: TimeArray,
    band_passed_emg: TimeArray,
    envelope: TimeArray,
    settings: EnvelopeFilter,
) -> ChannelQuality:
    """Returns what is wrong with one channel.

    Args:
        time: s, uniform.
        raw: As recorded.
        band_passed_emg: After the band-pass.
        envelope: After the low-pass.
        settings: The filters.
    """
    rate = (len(time) - 1) / float(time[-1] - time[0])
    off = _off(raw, rate)
    return ChannelQuality(
        off=tuple((float(time[start]), float(time[end - 1])) for start, end in off),
        coarse=float(np.mean(np.diff(raw) == 0)),
        clipped=_clipped(raw) if np.ptp(raw) > 0 and not off else 0.0,
        rest=float(np.percentile(envelope, _REST)),
        line_noise=_line_noise(band_passed_emg, rate, settings),
    )


def _off(raw: TimeArray, rate: float) -> list[tuple[int, int]]:
    """First sample of every long span of one value, and the one after its last."""
    edges = np.flatnonzero(np.concatenate(([True], np.diff(raw) != 0, [True])))
    long = np.diff(edges) > OFF * rate
    return [(int(start), int(end)) for start, end in zip(edges[:-1][long], edges[1:][long], strict=True)]


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
