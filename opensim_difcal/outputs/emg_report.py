"""report.html of EMG processing: channels, maxima, cycles and what is wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.outputs.report_page import (
    Html,
    bullets,
    cell,
    collapsible,
    links,
    page,
    paragraph,
    preformatted,
    section,
    table,
    text,
)
from opensim_difcal.preprocessing.channel_checks import ChannelQuality
from opensim_difcal.preprocessing.cycle_quality import JudgedCycle
from opensim_difcal.preprocessing.normalization import Maxima
from opensim_difcal.wording import counted

CONTENTS = (
    ("channels", "Channels"),
    ("cycles", "Cycles"),
    ("figures", "Every channel"),
    ("continue", "How to continue"),
    ("settings", "Settings"),
)


@dataclass(frozen=True)
class EMGPage:
    """What the report shows.

    Attributes:
        channel_names: Of the columns.
        maxima: What channels were divided by.
        baselines: Every channel's envelope at rest, as a part of its maximum.
        qualities: Of the trials' channels, by trial.
        cycles: By trial.
        notes: What a user should know.
        pictures: One figure per channel.
    """

    channel_names: Sequence[str]
    maxima: Maxima
    baselines: Sequence[float]
    qualities: Mapping[str, Sequence[ChannelQuality]]
    cycles: Mapping[str, Sequence[JudgedCycle]]
    notes: Sequence[str]
    pictures: Sequence[Html]


def write_emg_report(path: Path, name: str, content: EMGPage, *, settings_text: str) -> None:
    """Writes the report, atomically. The same arguments give the same bytes.

    Args:
        path: The file, usually report.html.
        name: Of the run.
        content: What it shows.
        settings_text: The setup file as it was used, with its defaults.
    """
    bodies = {
        "channels": [_channels(content)],
        "cycles": _cycles(content),
        "figures": [
            paragraph(
                "Gray: band-passed signal; blue: envelope, both in parts of the channel's maximum (dotted "
                "line).",
                css="quiet",
            ),
            *content.pictures,
        ],
        "continue": [bullets(text(step) for step in _HOW_TO_CONTINUE)],
        "settings": [collapsible("Settings that were used", preformatted(settings_text))],
    }
    sections = [section(anchor, title, bodies[anchor]) for anchor, title in CONTENTS]
    trials, channels = (
        counted(len(content.qualities), "trial"),
        counted(len(content.channel_names), "channel"),
    )
    subtitle = f"Envelopes of {channels} in {trials}."
    document = page(f"EMG of {name}", subtitle, [*_in_short(content), links(CONTENTS), *sections])
    write_atomically(path, document.encode())


_HOW_TO_CONTINUE = (
    "Name <trial>_emg.sto as <excitations_file> of a trial of NMSCalibrationTool or NMSExecutionTool. "
    "Channels that are not called as muscles need an <ExcitationChannel> in <excitation_map>.",
    "Name <trial>_cycles.csv as <cycles_file> of a <CycleTrial>: every good cycle becomes a trial.",
    "A rejected cycle that you trust: set its good to 1 in the file, or raise the limit that it exceeds.",
)


def _in_short(content: EMGPage) -> list[Html]:
    if not content.notes:
        return [paragraph("Every channel is sound, and no cycle was rejected.", css="headline")]
    return [
        paragraph(f"{counted(len(content.notes), 'thing')} to know:", css="headline"),
        bullets(text(note) for note in content.notes),
    ]


def _channels(content: EMGPage) -> Html:
    rows = []
    for c, name in enumerate(content.channel_names):
        qualities = [quality[c] for quality in content.qualities.values()]
        clipped, hum = (
            max(getattr(quality, what) for quality in qualities) for what in ("clipped", "line_noise")
        )
        rows.append(
            (
                name,
                [
                    cell(f"{content.maxima.value[c]:.4g}"),
                    cell(content.maxima.source[c]),
                    cell(f"{100 * content.baselines[c]:.0f} %"),
                    cell(f"{100 * clipped:.2f} %"),
                    cell(f"{100 * hum:.0f} %"),
                ],
            )
        )
    return table(
        "What each channel was divided by, in the unit of the raw file, and the worst of its trials",
        ("channel", "maximum", "reached in", "envelope at rest", "saturated samples", "mains hum"),
        rows,
        words=("reached in",),
    )


def _cycles(content: EMGPage) -> list[Html]:
    if not any(content.cycles.values()):
        return [paragraph("No cycles were looked for, or none was found.")]
    found = []
    for trial, cycles in content.cycles.items():
        rows = [
            (
                str(number),
                [
                    cell(f"{judged.cycle.start:.3f}"),
                    cell("" if judged.cycle.toe_off is None else f"{judged.cycle.toe_off:.3f}"),
                    cell(f"{judged.cycle.end:.3f}"),
                    cell("good" if judged.is_good else "rejected", below=judged.reasons),
                ],
            )
            for number, judged in enumerate(cycles, start=1)
        ]
        n_good = sum(judged.is_good for judged in cycles)
        caption = f"{trial}: {n_good} of {len(cycles)} cycles are good (times in s)"
        header = ("cycle", "start", "toe off", "end", "judgement")
        found.append(table(caption, header, rows, words=("judgement",)))
    return found
