"""Cycles of a movement, from ground reaction forces or from the peaks of a coordinate."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.signal import find_peaks

from opensim_difcal.shapes import TimeArray

Instants = Float[np.ndarray, " _"]

FORCE_THRESHOLD = 20.0
"""Vertical force from which a foot is on the ground, N."""


@dataclass(frozen=True)
class Cycle:
    """One cycle, from an event to the next of its kind.

    Attributes:
        start: Heel strike, or first peak, s.
        toe_off: End of the contact within the cycle, s; None without forces.
        end: Next heel strike, or peak, s.
    """

    start: float
    toe_off: float | None
    end: float

    @property
    def duration(self) -> float:
        """From start to end, s."""
        return self.end - self.start


@dataclass(frozen=True)
class Contacts:
    """When a foot is on the ground.

    Attributes:
        strikes: Heel strikes, s.
        offs: Toe offs, s; the first one may come before the first strike.
    """

    strikes: Instants
    offs: Instants


def contacts(
    time: TimeArray, force: TimeArray, *, threshold: float = FORCE_THRESHOLD, shortest: float = 0.05
) -> Contacts:
    """Returns heel strikes and toe offs, where the vertical force crosses a threshold.

    The crossing is found between the samples. Loads and gaps shorter than `shortest` are noise,
    or a foot that scuffs, and do not count.

    Args:
        time: s, uniform.
        force: Vertical ground reaction force of one foot, N, upward positive.
        threshold: N.
        shortest: s.
    """
    samples = max(1, round(shortest / float(np.median(np.diff(time)))))
    down = _without_short_runs(_without_short_runs(force > threshold, samples), samples, value=False)
    change = np.diff(down.astype(int))
    return Contacts(
        _crossings(time, force, np.flatnonzero(change == 1), threshold),
        _crossings(time, force, np.flatnonzero(change == -1), threshold),
    )


def contact_cycles(foot: Contacts) -> tuple[Cycle, ...]:
    """Returns the cycles from each heel strike to the next, with the toe off between."""
    found = []
    for start, end in zip(foot.strikes[:-1], foot.strikes[1:], strict=True):
        inside = foot.offs[(foot.offs > start) & (foot.offs < end)]
        found.append(Cycle(float(start), float(inside[0]) if len(inside) else None, float(end)))
    return tuple(found)


def peak_cycles(
    time: TimeArray,
    values: TimeArray,
    *,
    minima: bool = False,
    prominence: float = 0.5,
    shortest: float = 0.3,
) -> tuple[Cycle, ...]:
    """Returns the cycles between the peaks of a coordinate.

    Args:
        time: s, uniform.
        values: The coordinate.
        minima: Whether cycles begin at its smallest values instead of the largest.
        prominence: How far the coordinate must fall on both sides of a peak, as a part of its
            range over the recording.
        shortest: Peaks are at least so far apart, s.
    """
    signal = -values if minima else values
    step = float(np.median(np.diff(time)))
    peaks, _ = find_peaks(
        signal, prominence=prominence * float(np.ptp(signal)), distance=max(1, round(shortest / step))
    )
    instants = time[peaks]
    return tuple(
        Cycle(float(start), None, float(end)) for start, end in zip(instants[:-1], instants[1:], strict=True)
    )


def _crossings(time: TimeArray, force: TimeArray, before: np.ndarray, threshold: float) -> Instants:
    """When the force equals the threshold between samples `before` and the ones after them."""
    rise = force[before + 1] - force[before]
    share = np.clip((threshold - force[before]) / np.where(rise == 0, 1.0, rise), 0.0, 1.0)
    return time[before] + share * (time[before + 1] - time[before])


def _without_short_runs(flags: Bool[np.ndarray, " time"], samples: int, *, value: bool = True) -> np.ndarray:
    """Flips runs of a value that are shorter than so many samples; those at the ends stay."""
    flags = flags.copy()
    edges = np.flatnonzero(np.diff(flags.astype(int))) + 1
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        if flags[start] == value and end - start < samples:
            flags[start:end] = not value
    return flags
