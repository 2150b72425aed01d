"""Which cycles are fit for a calibration, and why the others are not.

A muscle model cannot explain a moment that no muscle made: of a marker that jumped, or of a
force that belonged to the other foot. Such cycles are left out, each with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from opensim_difcal.preprocessing.cycles import Contacts, Cycle
from opensim_difcal.shapes import TimeArray

Series = tuple[TimeArray, TimeArray]
"""Times and values of one column."""


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """From when a cycle is bad.

    Attributes:
        moment_jump: Largest change of a joint moment within 10 ms (or from one sample to the next,
            where these are farther apart), as a part of the moment's range over the recording
            (between its 2.5th and 97.5th percentile).
        posture_difference: How far a coordinate may be, at the end of a cycle, from where it
            began, as a part of its range over the recording.
        duration_difference: How far a cycle's duration may be from the median of those that
            return to their posture, as a part of it.
        simultaneous_strikes: Two feet that land within this time are one foot on both
            plates, s.
        held: How long a coordinate may stay at exactly one value while others move, s: lost
            markers leave such plateaus.
    """

    moment_jump: float = 1.0
    posture_difference: float = 0.3
    duration_difference: float = 0.25
    simultaneous_strikes: float = 0.06
    held: float = 0.1


@dataclass(frozen=True)
class JudgedCycle:
    """A cycle and what speaks against it.

    Attributes:
        cycle: The cycle.
        reasons: Sentences without a full stop; none for a good cycle.
    """

    cycle: Cycle
    reasons: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


_JUMP = 0.01
"""Within which a moment jumps, s."""


def judged_cycles(
    cycles: Sequence[Cycle],
    *,
    coordinates: Mapping[str, Series],
    moments: Mapping[str, Series],
    recorded: Mapping[str, tuple[float, float]],
    off: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    feet: tuple[Contacts, Contacts] | None = None,
    limits: QualityLimits | None = None,
) -> tuple[JudgedCycle, ...]:
    """Returns every cycle with the reasons against it.

    Args:
        cycles: In the order of time.
        coordinates: Inverse kinematics by coordinate.
        moments: Inverse dynamics by coordinate.
        recorded: First and last time of every file by what it holds, s.
        off: Spans (s) in which an electrode was off, by channel.
        feet: Contacts of the foot that the cycles belong to, and of the other foot.
        limits: From when a cycle is bad.
    """
    limits = limits or QualityLimits()
    reasons = [
        [
            *_gaps(cycle, recorded),
            *_off(cycle, off or {}),
            *_posture(cycle, coordinates, limits),
            *_plateaus(cycle, coordinates, limits),
            *_jumps(cycle, moments, limits),
            *(_both_feet(cycle, feet[1], limits) if feet else ()),
        ]
        for cycle in cycles
    ]
    returning = [cycle.duration for cycle, found in zip(cycles, reasons, strict=True) if not found]
    usual = float(np.median(returning)) if returning else None
    return tuple(
        JudgedCycle(cycle, (*found, *_duration(cycle, usual, limits)))
        for cycle, found in zip(cycles, reasons, strict=True)
    )


def _gaps(cycle: Cycle, recorded: Mapping[str, tuple[float, float]]) -> list[str]:
    """Files that end within the cycle."""
    return [
        f"the {name} were recorded from {first:.2f} to {last:.2f} s only"
        for name, (first, last) in recorded.items()
        if first > cycle.start + 1e-6 or last < cycle.end - 1e-6
    ]


def _off(cycle: Cycle, off: Mapping[str, Sequence[tuple[float, float]]]) -> list[str]:
    """Electrodes that were off."""
    return [
        f"channel {name} holds no signal from {start:.2f} to {end:.2f} s"
        for name, spans in off.items()
        for start, end in spans
        if start < cycle.end and end > cycle.start
    ]


def _posture(cycle: Cycle, coordinates: Mapping[str, Series], limits: QualityLimits) -> list[str]:
    """Coordinates that do not return: a step taken for a stride, or a foot taken for the other."""
    far = {}
    for name, (time, values) in coordinates.items():
        extent = float(np.ptp(values))
        first, last = np.interp([cycle.start, cycle.end], time, values)
        if extent > 0 and abs(last - first) > limits.posture_difference * extent:
            far[name] = abs(last - first) / extent
    if not far:
        return []
    worst = max(far, key=far.__getitem__)
    return [
        f"it does not end in the posture in which it began ({worst} differs by {100 * far[worst]:.0f} % of "
        "its range): the strikes are not of one foot, or no full cycle lies between them"
    ]


def _plateaus(cycle: Cycle, coordinates: Mapping[str, Series], limits: QualityLimits) -> list[str]:
    """Coordinates that stand still as long as no living joint does."""
    found = []
    for name, (time, values) in coordinates.items():
        inside = values[(time >= cycle.start - 1e-6) & (time <= cycle.end + 1e-6)]
        if len(inside) < 2 or np.ptp(values) == 0:
            continue  # nothing to see, or locked
        held = _longest_run(np.diff(inside) == 0) * float(np.median(np.diff(time)))
        if held > limits.held:
            found.append(f"{name} stands still for {held:.2f} s: markers seem to be lost")
    return found


def _jumps(cycle: Cycle, moments: Mapping[str, Series], limits: QualityLimits) -> list[str]:
    """Moments that change more between two samples than they usually do at all."""
    found = []
    for name, (time, values) in moments.items():
        low, high = np.percentile(values, [2.5, 97.5])
        inside = (time >= cycle.start - 1e-6) & (time <= cycle.end + 1e-6)
        lag = max(1, round(_JUMP / float(np.median(np.diff(time)))))
        changes = np.abs(values[inside][lag:] - values[inside][:-lag])
        if not len(changes) or high <= low:
            continue
        worst = int(np.argmax(changes))
        if changes[worst] > limits.moment_jump * (high - low):
            found.append(
                f"the moment of {name} jumps by {changes[worst]:.0f} N m at {time[inside][worst]:.2f} s, "
                f"{changes[worst] / (high - low):.1f} times its usual range"
            )
    return found


def _both_feet(cycle: Cycle, other: Contacts, limits: QualityLimits) -> list[str]:
    """Strikes on both plates at once: one foot on both, whose force went to the wrong leg."""
    found = []
    for strike in (cycle.start, cycle.end):
        near = other.strikes[np.abs(other.strikes - strike) <= limits.simultaneous_strikes]
        if len(near):
            found.append(
                f"both plates are struck at once, at {strike:.2f} and {near[0]:.2f} s: one foot is on both, "
                "and its force counts for the wrong leg"
            )
    return found


def _duration(cycle: Cycle, usual: float | None, limits: QualityLimits) -> list[str]:
    if usual is None or abs(cycle.duration - usual) <= limits.duration_difference * usual:
        return []
    return [f"it takes {cycle.duration:.2f} s, the others {usual:.2f} s"]


def _longest_run(flags: np.ndarray) -> int:
    edges = np.diff(np.concatenate(([0], flags.astype(int), [0])))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return int(lengths.max(initial=0))
