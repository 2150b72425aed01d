"""Writes what EMG processing found; the files appear together, summary.json last."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.outputs.channels_csv import write_channels
from opensim_difcal.outputs.cycles_csv import write_cycles
from opensim_difcal.outputs.emg_report import EMGPage, write_emg_report
from opensim_difcal.outputs.report_page import Html, picture
from opensim_difcal.outputs.summary import write_summary
from opensim_difcal.outputs.tables import write_storage
from opensim_difcal.setup_template import setup_text
from opensim_difcal.tools.common.staging import move_into_place, staging_folder
from opensim_difcal.tools.emg_processing.run import EMGProcessingResult
from opensim_difcal.tools.emg_processing_tool import EMGProcessingTool, is_cut

_log = logging.getLogger("opensim_difcal")


@dataclass(frozen=True)
class EMGProcessingOutcome:
    """What a run of the tool leaves behind.

    Attributes:
        result: Envelopes, cycles and what was noted.
        summary: The content of summary.json.
        files: Every file that was written.
    """

    result: EMGProcessingResult
    summary: Mapping[str, object]
    files: tuple[Path, ...]


def write_outputs(tool: EMGProcessingTool, result: EMGProcessingResult) -> EMGProcessingOutcome:
    """Writes into a folder beside the results, then moves all in place.

    Raises:
        OSError: If a file cannot be written. Earlier results are then as they were.
    """
    with staging_folder(tool.results_directory, tool.name) as staging:
        for each in result.trials:
            time, values = each.written(tool.output_sampling_rate)
            name = f"{each.recording.name}_emg"
            columns = dict(zip(result.channel_names, values.T, strict=True))
            write_storage(staging / f"{name}.sto", name, time, columns)
            if is_cut(tool, each.recording):
                write_cycles(staging / f"{each.recording.name}_cycles.csv", each.cycles)
        write_channels(
            staging / "channels.csv",
            result.channel_names,
            result.maxima,
            [
                (each.recording.name, each.recording.role, each.envelope.max(axis=0).tolist(), each.quality)
                for each in result.recordings
            ],
        )
        write_emg_report(
            staging / "report.html",
            tool.name,
            EMGPage(
                result.channel_names,
                result.maxima,
                result.baselines,
                {each.recording.name: each.quality for each in result.trials},
                {each.recording.name: each.cycles for each in result.trials if each.cycles},
                result.notes,
                _pictures(result),
            ),
            settings_text=setup_text(tool, tool.results_directory),
        )
        summary = _summary(tool, result)
        write_summary(staging / "summary.json", summary)
        files = move_into_place(staging, tool.results_directory, last="summary.json")
    _log.info("Wrote %d files; %s came last.", len(files), files[-1])
    return EMGProcessingOutcome(result, summary, files)


def _summary(tool: EMGProcessingTool, result: EMGProcessingResult) -> dict[str, object]:
    return {
        "tool": type(tool).__name__,
        "name": tool.name,
        "status": "DONE",
        "channels": {
            name: {"maximum": float(value), "maximum_in": source}
            for name, value, source in zip(
                result.channel_names, result.maxima.value, result.maxima.source, strict=True
            )
        },
        "cycles": {
            each.recording.name: {
                "found": len(each.cycles),
                "good": sum(judged.is_good for judged in each.cycles),
            }
            for each in result.trials
            if is_cut(tool, each.recording)
        },
        "notes": list(result.notes),
    }


def _pictures(result: EMGProcessingResult) -> list[Html]:
    from opensim_difcal.outputs.figures.emg_channel import ChannelPanel, emg_channel  # matplotlib
    from opensim_difcal.outputs.figures.style import png

    found = []
    for c, name in enumerate(result.channel_names):
        panels = [
            ChannelPanel(
                each.recording.name,
                each.time,
                each.band_passed[:, c] / result.maxima.value[c],
                each.envelope[:, c],
                [(judged.cycle.start, judged.cycle.end, judged.is_good) for judged in each.cycles],
            )
            for each in result.recordings
        ]
        image = png(emg_channel(panels))
        found.append(picture(image, "image/png", alt=f"EMG of channel {name}", caption=f"Channel {name}"))
    return found
