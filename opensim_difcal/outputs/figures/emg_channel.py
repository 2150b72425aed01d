"""One EMG channel: band-passed signal and envelope of every trial, with its cycles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from opensim_difcal.outputs.figures.style import (
    ALLOWED,
    AT_BOUND,
    CALIBRATED,
    SMALL,
    UNCALIBRATED,
    new_figure,
    tidy,
)

Series = Float[np.ndarray, " _"]
REJECTED = "#f6d5c3"

_POINTS = 600
"""Per recording; more cannot be seen."""

_EVERY = 5
"""Samples of the envelope from one drawn point to the next."""


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
    """Returns the figure of one channel: its recordings side by side, each with its own times.

    Args:
        panels: At least one.
    """
    figure = new_figure(1.9)
    axes = figure.subplots()
    gap = 0.02 * sum(float(np.ptp(each.time)) for each in panels)
    start, ticks = 0.0, []
    for each in panels:
        shift = start - float(each.time[0])
        _draw(axes, each, shift)
        end = start + float(np.ptp(each.time))
        ticks += [(start, f"{each.time[0]:.3g}"), (end, f"{each.time[-1]:.3g}")]
        start = end + gap
    axes.axhline(1.0, color=AT_BOUND, linewidth=0.6, linestyle=":")
    axes.set_ylim(-1.1, max(1.15, 1.05 * max(float(each.envelope.max()) for each in panels)))
    axes.set_xlim(-gap / 2, start - gap / 2)
    axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
    for i, label in enumerate(axes.get_xticklabels()):
        label.set_horizontalalignment("right" if i % 2 else "left")
    axes.set_xlabel("time, s", fontsize=SMALL)
    tidy(axes)
    if any(each.cycles for each in panels):
        handles = [Patch(color=ALLOWED, label="good cycle"), Patch(color=REJECTED, label="rejected cycle")]
        axes.legend(handles=handles, fontsize=SMALL, frameon=False, loc="lower right", ncols=2)
    return figure


def _draw(axes: Axes, panel: ChannelPanel, shift: float) -> None:
    """Draws a recording at its place along the common axis."""
    time = panel.time + shift
    for start, end, is_good in panel.cycles:
        axes.axvspan(start + shift, end + shift, color=ALLOWED if is_good else REJECTED, linewidth=0)
        axes.axvline(start + shift, color=UNCALIBRATED, linewidth=0.5)
    axes.fill_between(*_extremes(time, panel.signal), color=UNCALIBRATED, alpha=0.5, linewidth=0)
    axes.plot(time[::_EVERY], panel.envelope[::_EVERY], color=CALIBRATED, linewidth=1.3)
    place = (float(time[0]), 1.02)
    transform = axes.get_xaxis_transform()
    axes.text(*place, panel.title, transform=transform, fontsize=SMALL, va="bottom", parse_math=False)


def _extremes(time: Series, signal: Series) -> tuple[Series, Series, Series]:
    """Smallest and largest value in each of many short spans of time: what a dense line looks like."""
    n_spans = min(_POINTS // 2, len(time))
    edges = np.linspace(0, len(time), n_spans + 1).astype(int)[:-1]
    return time[edges], np.minimum.reduceat(signal, edges), np.maximum.reduceat(signal, edges)
