"""Envelopes divided by what each channel reaches at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from opensim_difcal.errors import EMGError
from opensim_difcal.preprocessing.envelopes import Channels, PerChannel

Recordings = Mapping[str, Float[np.ndarray, "_ channel"]]
"""Envelopes by recording."""


@dataclass(frozen=True)
class Maxima:
    """What every channel is divided by.

    Attributes:
        value: In the unit of the envelopes.
        source: Recording in which each channel reaches it.
        notes: What was decided about channels that are stronger in a trial than in the maximum
            voluntary contractions.
    """

    value: PerChannel
    source: tuple[str, ...]
    notes: tuple[str, ...]


def sustained(envelope: Channels, rate: float, span: float) -> Channels:
    """Returns means of envelopes over a sliding span of time, as long as the recording or shorter.

    The envelope of a steady contraction fluctuates by some ten percent, because EMG is noise; its
    single largest value is too large by that, and a mean is not.

    Args:
        envelope: Of a maximum voluntary contraction.
        rate: Samples per second.
        span: s; 0 for no mean.
    """
    n_samples = min(len(envelope), max(1, round(span * rate)))
    sums = np.cumsum(np.concatenate([np.zeros((1, envelope.shape[1])), envelope]), axis=0)
    means = (sums[n_samples:] - sums[:-n_samples]) / n_samples
    return np.concatenate([means, np.zeros((n_samples - 1, envelope.shape[1]))])


def channel_maxima(
    channel_names: Sequence[str],
    trials: Recordings,
    contractions: Recordings,
    *,
    above_one: str,
) -> Maxima:
    """Returns each channel's largest envelope.

    With maximum voluntary contractions it is theirs; `above_one` says what happens where a trial
    is stronger, which means that the contraction was not maximal. Without any it is the largest
    over all trials, the session maximum.

    Args:
        channel_names: Of the columns.
        trials: Envelopes by trial.
        contractions: Envelopes by maximum voluntary contraction; may be empty.
        above_one: raise_maximum: the trial's maximum is taken; clip, keep: envelopes are cut at 1
            or not, by `normalized`; refuse: an error.

    Raises:
        EMGError: If a channel is zero everywhere, or above 1 where that is refused.
    """
    session, session_source = _largest(trials)
    value, source = _largest(contractions) if contractions else (session, session_source)
    notes, stronger = [], session > value * (1 + 1e-9)
    for c in np.flatnonzero(stronger).tolist():
        fact = (
            f"channel {channel_names[c]!r}: {100 * session[c] / value[c]:.0f} % of the maximum voluntary "
            f"contraction ({source[c]}) in {session_source[c]}"
            if value[c] > 0
            else f"channel {channel_names[c]!r}: no signal in the maximum voluntary contractions"
        )
        if above_one == "refuse":
            raise EMGError(
                f"{fact}. Record a stronger contraction, or set <above_one> to raise_maximum, clip or keep."
            )
        notes.append(f"{fact}; {_DECISION[above_one]}.")
    if above_one == "raise_maximum":
        value = np.maximum(value, session)
        source = tuple(np.where(stronger, session_source, source).tolist())
    silent = [name for name, largest in zip(channel_names, value, strict=True) if largest <= 0]
    if silent:
        raise EMGError(
            f"{', '.join(silent)}: no signal in any recording that normalizes. Leave these channels out of "
            "<channels>, or give a recording in which they are active."
        )
    return Maxima(value, tuple(source), tuple(notes))


def normalized(envelope: Channels, maxima: Maxima, *, above_one: str) -> Channels:
    """Returns envelopes as parts of each channel's maximum.

    Args:
        envelope: In the unit of the EMG.
        maxima: What they are divided by.
        above_one: Values above 1 are cut at 1 if it is clip, and stay otherwise.
    """
    divided = envelope / maxima.value
    return np.minimum(divided, 1.0) if above_one == "clip" else divided


_DECISION = {
    "raise_maximum": "the trial's maximum was taken instead",
    "clip": "values above 1 are cut at 1",
    "keep": "values above 1 stay",
}


def _largest(recordings: Recordings) -> tuple[PerChannel, tuple[str, ...]]:
    names = tuple(recordings)
    peaks = np.array([recordings[name].max(axis=0) for name in names])
    return peaks.max(axis=0), tuple(names[i] for i in peaks.argmax(axis=0))
