"""One EMG channel: band-passed signal and envelope of every trial, with its cycles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from opensim_difcal.outputs.figures.style import (
    ALLOWED,
    AT_BOUND,
    CALIBRATED,
    SMALL,
    UNCALIBRATED,
    left_title,
    new_figure,
    tidy,
)

Series = Float[np.ndarray, " _"]
_POINTS = 1500
"""Per panel; more cannot be seen."""


@dataclass(frozen=True)
class ChannelPanel:
    """One recording of a channel.

    Attributes:
        title: Name of the recording.
        time: s.
        signal: Band-passed EMG in parts of the channel's maximum.
        envelope: In parts of the channel's maximum.
        cycles: Start and end (s) of every cycle, and whether it is good.
    """

    title: str
    time: Series
    signal: Series
    envelope: Series
    cycles: Sequence[tuple[float, float, bool]]


def emg_channel(panels: Sequence[ChannelPanel]) -> Figure:
    """Returns the figure of one channel, a panel per recording, three in a row.

    Args:
        panels: At least one.
    """
    n_rows = -(-len(panels) // 3)
    figure = new_figure(1.7 * n_rows + 0.2)
    axes = np.atleast_1d(figure.subplots(n_rows, min(3, len(panels)), squeeze=False)).ravel()
    for panel, each in zip(axes, panels, strict=False):
        for start, end, is_good in each.cycles:
            panel.axvspan(start, end, color=ALLOWED if is_good else "#f6d5c3", linewidth=0)
            panel.axvline(start, color=UNCALIBRATED, linewidth=0.5)
        panel.fill_between(*_extremes(each.time, each.signal), color=UNCALIBRATED, alpha=0.5, linewidth=0)
        panel.plot(each.time, each.envelope, color=CALIBRATED, linewidth=1.3)
        panel.axhline(1.0, color=AT_BOUND, linewidth=0.6, linestyle=":")
        panel.set_ylim(-1.1, max(1.15, 1.05 * float(each.envelope.max())))
        panel.set_xlim(float(each.time[0]), float(each.time[-1]))
        left_title(panel, each.title)
        tidy(panel)
    for panel in axes[len(panels) :]:
        panel.set_visible(False)
    if any(each.cycles for each in panels):
        handles = [Patch(color=ALLOWED, label="good cycle"), Patch(color="#f6d5c3", label="rejected cycle")]
        axes[0].legend(handles=handles, fontsize=SMALL, frameon=False, loc="lower right", ncols=2)
    return figure


def _extremes(time: Series, signal: Series) -> tuple[Series, Series, Series]:
    """Smallest and largest value in each of many short spans of time: what a dense line looks like."""
    n_spans = min(_POINTS // 2, len(time))
    edges = np.linspace(0, len(time), n_spans + 1).astype(int)[:-1]
    return time[edges], np.minimum.reduceat(signal, edges), np.maximum.reduceat(signal, edges)
