"""What measured series say about each other: time base, sign, sides, channels, units.

Functions of arrays, without files and without words; `data_warnings` puts them into sentences.
What is compared is the joint moment that the excitations would make of the muscles' strengths
and moment arms alone, without dynamics, and its correlation with the measured moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from opensim_difcal.shapes import CoordinateArray, MomentArmArray, TimeArray

LEAD_STEP = 0.01
LEADS = LEAD_STEP * np.arange(-60, 61)
"""By how much excitations are taken to lead the moment, s."""

PLAUSIBLE_LEADS = -0.05, 0.20
"""s. Electromechanical delay and the low-pass of the envelope make 0.01 to 0.15; measured best leads
are -0.015 to 0.125 by muscle, and up to 0.19 for sums of muscles."""

_ENOUGH = 0.7  # of the instants must have an excitation at a lead
_GOOD, _BETTER = 0.7, 0.1  # correlation at the best lead, and its distance from the best plausible one
_FAR, _FAR_GOOD, _FAR_BETTER = 0.4, 0.8, 0.3  # beyond so many seconds a movement that repeats fits again
_OPPOSED, _UNFIT = -0.4, 0.1
_MOSTLY_OPPOSED, _MOSTLY_BETTER = -0.6, 0.4
_OTHER_GOOD, _OTHER_BETTER, _OWN_POOR = 0.6, 0.4, 0.3
_SWAP_GOOD, _SWAP_BETTER, _SWAP_MEAN = 0.7, 0.5, 0.1
_SHORT, _SHORT_SWAP_GOOD = 1.5, 0.9  # in shorter trials, s, more fits by chance
_STILL = 1e-9

ChannelArray = Float[np.ndarray, "lead time channel"]
ChannelStrength = Float[np.ndarray, "time coordinate channel"]
ByLead = Float[np.ndarray, "lead coordinate"]
PerCoordinate = Float[np.ndarray, " coordinate"]
Strengths = Float[np.ndarray, " muscle"]
Leads = Float[np.ndarray, " lead"]


@final
@dataclass(frozen=True)
class LeadFit:
    """At which lead of the excitations a coordinate's moment fits best.

    Attributes:
        lead: Best of all, s; negative where excitations come after the moment.
        correlation: There.
        plausible_correlation: Best within `PLAUSIBLE_LEADS`.
        is_short: Whether the trial is so short that more fits by chance.
    """

    lead: float
    correlation: float
    plausible_correlation: float
    is_short: bool = False

    @property
    def is_implausible(self) -> bool:
        """Whether another lead than a muscle has fits clearly better."""
        if PLAUSIBLE_LEADS[0] <= self.lead <= PLAUSIBLE_LEADS[1]:
            return False
        is_strict = self.is_short or abs(self.lead) > _FAR
        good, better = (_FAR_GOOD, _FAR_BETTER) if is_strict else (_GOOD, _BETTER)
        return self.correlation >= good and self.correlation - self.plausible_correlation >= better


@final
@dataclass(frozen=True)
class ChannelSwap:
    """Two channels that fit better when they change places.

    Attributes:
        channels: Their indices.
        coordinate: Index of the coordinate where it shows most.
        before: Correlation there, as the channels are.
        after: Correlation with the two swapped.
        mean_after: Likewise, mean over coordinates.
    """

    channels: tuple[int, int]
    coordinate: int
    before: float
    after: float
    mean_after: float


def channel_strengths(
    moment_arm: MomentArmArray,
    max_isometric_force: Strengths,
    drivers: Sequence[Sequence[int]],
    n_channels: int,
) -> ChannelStrength:
    """Returns the moment that each channel would make at excitation 1, N m.

    Args:
        moment_arm: m.
        max_isometric_force: N, by muscle.
        drivers: By muscle the channels that drive it, their mean; none for a muscle without.
        n_channels: Number of channels.
    """
    strength = np.zeros((*moment_arm.shape[:2], n_channels))
    for m, channels in enumerate(drivers):
        for channel in channels:
            strength[:, :, channel] += moment_arm[:, :, m] * max_isometric_force[m] / len(channels)
    return strength


def correlations(
    expected: Float[np.ndarray, "lead time coordinate"], joint_moment: CoordinateArray
) -> ByLead:
    """Returns correlations of expected with measured moments; NaN where a lead knows too little.

    Args:
        expected: NaN at instants without an excitation.
        joint_moment: N m.
    """
    known = ~np.isnan(expected)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    moment = np.where(known, joint_moment, 0.0)
    wanted = np.where(known, expected, 0.0)
    moment = np.where(known, moment - moment.sum(axis=1, keepdims=True) / count, 0.0)
    wanted = np.where(known, wanted - wanted.sum(axis=1, keepdims=True) / count, 0.0)
    size = np.sqrt((moment**2).sum(axis=1) * (wanted**2).sum(axis=1))
    usable = (known.mean(axis=1) >= _ENOUGH) & (size > _STILL)
    return np.where(usable, (moment * wanted).sum(axis=1) / np.maximum(size, _STILL), np.nan)


def expected_moments(
    excitation: ChannelArray, strength: ChannelStrength
) -> Float[np.ndarray, "lead time coordinate"]:
    """Returns what excitations at each lead would make of strengths and moment arms, N m."""
    return np.einsum("ltk,tck->ltc", excitation, strength)


def is_short(time: TimeArray) -> bool:
    """Whether a trial is so short that more fits by chance."""
    return bool(time[-1] - time[0] < _SHORT)


def lead_fit(by_lead: Leads, *, short: bool = False) -> LeadFit | None:
    """Returns where a coordinate fits best; None where no plausible lead is known.

    Args:
        by_lead: Correlation at each of `LEADS`.
        short: Whether the trial is so short that more fits by chance.
    """
    plausible = by_lead[is_plausible(LEADS)]
    if np.isnan(plausible).all():
        return None
    best = int(np.nanargmax(by_lead))
    return LeadFit(float(LEADS[best]), float(by_lead[best]), float(np.nanmax(plausible)), short)


def within(by_lead: ByLead, time: TimeArray) -> ByLead:
    """Returns correlations at leads that a trial is long enough for; NaN at the others.

    Two series of one movement, moved against each other by a third of its length or more, fit
    by chance.

    Args:
        by_lead: Correlation at each of `LEADS`, by coordinate.
        time: Of the trial, s.
    """
    longest = max(max(np.abs(PLAUSIBLE_LEADS)), (time[-1] - time[0]) / 3)
    return np.where(np.abs(LEADS)[:, None] > longest + 1e-9, np.nan, by_lead)


def is_plausible(leads: Leads) -> Bool[np.ndarray, " lead"]:
    """Which leads a muscle has."""
    return (leads > PLAUSIBLE_LEADS[0] - 1e-9) & (leads < PLAUSIBLE_LEADS[1] + 1e-9)


def opposed(by_lead: ByLead) -> PerCoordinate:
    """Returns by coordinate the lowest correlation where excitations run against the moment, else NaN.

    Args:
        by_lead: Correlations at plausible leads.
    """
    highest, lowest = _highest(by_lead), -_highest(-by_lead)
    clearly = (highest < _UNFIT) & (lowest <= _OPPOSED)
    mostly = (lowest <= _MOSTLY_OPPOSED) & (-lowest - highest >= _MOSTLY_BETTER)
    return np.where(clearly | mostly, lowest, np.nan)


def mean_opposed(by_lead: ByLead) -> float:
    """Returns how well all coordinates together fit with the opposite sign: a mean correlation.

    Args:
        by_lead: Correlations at plausible leads.
    """
    highest = _highest(-by_lead)
    return float(np.nanmean(highest)) if not np.isnan(highest).all() else -1.0


def common_lead(by_lead: ByLead) -> tuple[float, float]:
    """Returns the lead at which all coordinates together fit best, s, and their mean correlation there.

    Leads beyond which a movement that repeats fits again are left out.

    Args:
        by_lead: Correlations at each of `LEADS`.
    """
    near = np.abs(LEADS) <= _FAR + 1e-9
    known = near & ~np.isnan(by_lead).all(axis=1)
    if not known.any():
        return 0.0, -1.0
    mean = np.where(known, np.nanmean(np.where(known[:, None], by_lead, 0.0), axis=1), -np.inf)
    best = int(np.argmax(mean))
    return float(LEADS[best]), float(mean[best])


def fits_the_other_side(own: ByLead, other: ByLead) -> tuple[float, float] | None:
    """Returns mean correlations with both sides' moments where the other side's fit clearly better.

    Args:
        own: Correlations with the coordinates' own moments, at plausible leads.
        other: With the moments of the same joints of the other side.
    """
    known = ~np.isnan(_highest(own) + _highest(other))
    if not known.any():
        return None
    here, there = (float(_highest(each)[known].mean()) for each in (own, other))
    clearly = there >= _OTHER_GOOD and there - here >= _OTHER_BETTER and here < _OWN_POOR
    return (here, there) if clearly else None


def swapped_channels(
    excitation: ChannelArray,
    strength: ChannelStrength,
    joint_moment: CoordinateArray,
    *,
    short: bool = False,
) -> ChannelSwap | None:
    """Returns two channels of antagonists that clearly fit better the other way round.

    Args:
        excitation: At plausible leads.
        strength: By channel and coordinate.
        joint_moment: N m.
        short: Whether the trial is so short that more fits by chance.
    """
    good = _SHORT_SWAP_GOOD if short else _SWAP_GOOD
    now = expected_moments(excitation, strength)
    before = _highest(correlations(now, joint_moment))
    mean_strength = strength.mean(axis=0)
    best: tuple[float, ChannelSwap] | None = None
    for i, j in combinations(range(strength.shape[2]), 2):
        if not (mean_strength[:, i] * mean_strength[:, j] < 0).any():
            continue
        change = excitation[:, :, None, j] - excitation[:, :, None, i]
        swapped = now + change * (strength[None, :, :, i] - strength[None, :, :, j])
        after = _highest(correlations(swapped, joint_moment))
        gain = float(np.nanmean(after - before)) if not np.isnan(after - before).all() else 0.0
        antagonists = mean_strength[:, i] * mean_strength[:, j] < 0
        shows = antagonists & (after >= good) & (after - before >= _SWAP_BETTER)
        if shows.any() and gain >= _SWAP_MEAN and (best is None or gain > best[0]):
            c = int(np.argmax(np.where(shows, after - before, -np.inf)))
            mean = float(np.nanmean(after))
            best = gain, ChannelSwap((i, j), c, float(before[c]), float(after[c]), mean)
    return None if best is None else best[1]


def largest_moments(moment_arm: MomentArmArray, max_isometric_force: Strengths) -> PerCoordinate:
    """Returns the largest moment that all muscles together can make to one side, isometrically, N m."""
    moment = moment_arm * max_isometric_force
    both = np.stack([np.clip(moment, 0.0, None), np.clip(-moment, 0.0, None)])
    return both.sum(axis=-1).max(axis=(0, 1))


def is_raw(values: TimeArray) -> bool:
    """Whether a signal looks like EMG that was never rectified: around zero, to both sides."""
    spread = float(np.std(values))
    return spread > 0.0 and abs(float(np.mean(values))) < 0.2 * spread and float(np.mean(values < 0.0)) > 0.3


def excitation_at_leads(
    sample_time: Float[np.ndarray, " sample"],
    values: Float[np.ndarray, "sample channel"],
    time: TimeArray,
    leads: Leads,
) -> ChannelArray:
    """Returns excitations at instants, taken earlier by each lead; NaN beyond the file.

    Args:
        sample_time: s, of the file.
        values: By channel; clipped to 0..1.
        time: The instants, s.
        leads: s.
    """
    wanted = time - leads[:, None]
    clipped = np.clip(values, 0.0, 1.0)
    columns = [np.interp(wanted, sample_time, column, left=np.nan, right=np.nan) for column in clipped.T]
    return np.stack(columns, axis=-1)


def _highest(by_lead: ByLead) -> PerCoordinate:
    """Largest value over leads; NaN where none is known."""
    value = np.where(np.isnan(by_lead), -np.inf, by_lead).max(axis=0)
    return np.where(np.isinf(value), np.nan, value)
