"""From raw recordings to envelopes and judged cycles: read, filter, normalize, segment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opensim_difcal.errors import EMGError, raise_problems
from opensim_difcal.inputs.raw_emg import RawEMG, read_raw_emg
from opensim_difcal.inputs.signals import check_uniform
from opensim_difcal.inputs.storage import Table, read_storage
from opensim_difcal.inputs.trial_checks import failures
from opensim_difcal.preprocessing.channel_checks import (
    ChannelQuality,
    baseline,
    baseline_sentence,
    channel_quality,
    is_dead,
    looks_rectified,
)
from opensim_difcal.preprocessing.cycle_quality import JudgedCycle, QualityLimits, Series, judged_cycles
from opensim_difcal.preprocessing.cycles import contact_cycles, contacts, peak_cycles
from opensim_difcal.preprocessing.envelopes import (
    Channels,
    EnvelopeFilter,
    LessTime,
    LowerRate,
    band_passed,
    check_filter,
    downsampled,
    envelopes,
)
from opensim_difcal.preprocessing.normalization import Maxima, channel_maxima, normalized, sustained
from opensim_difcal.shapes import TimeArray
from opensim_difcal.tools.emg_processing_tool import EMGProcessingTool, EMGRecording, is_cut
from opensim_difcal.wording import counted


@dataclass(frozen=True)
class RecordingFiles:
    """A recording with the content of its files.

    Attributes:
        recording: Where they are.
        emg: The raw EMG.
        forces: Ground reaction forces.
        coordinates: Inverse kinematics.
        moments: Inverse dynamics.
    """

    recording: EMGRecording
    emg: RawEMG
    forces: Table | None
    coordinates: Table | None
    moments: Table | None


@dataclass(frozen=True)
class ProcessedRecording:
    """What became of one recording.

    Attributes:
        recording: Where its files are.
        time: Of the recording, s.
        band_passed: EMG after the band-pass, in the unit of the file.
        envelope: In parts of each channel's maximum, at the recording's rate.
        quality: By channel.
        cycles: Found and judged; empty without segmentation and for contractions.
        force_range: Smallest and largest vertical force, N, where cycles are found in it.
    """

    recording: EMGRecording
    time: TimeArray
    band_passed: Channels
    envelope: Channels
    quality: tuple[ChannelQuality, ...]
    cycles: tuple[JudgedCycle, ...]
    force_range: tuple[float, float] | None = None

    def written(self, rate: float) -> tuple[LessTime, LowerRate]:
        """Times and envelopes as they are written, at a lower rate."""
        return downsampled(self.time, self.envelope, rate)


@dataclass(frozen=True)
class EMGProcessingResult:
    """What became of a session.

    Attributes:
        channel_names: Of the columns.
        maxima: What every channel was divided by.
        recordings: In the order of the setup.
        notes: What a user should know.
    """

    channel_names: tuple[str, ...]
    maxima: Maxima
    recordings: tuple[ProcessedRecording, ...]
    notes: tuple[str, ...]

    @property
    def baselines(self) -> tuple[float, ...]:
        """Every channel's envelope at rest, as a part of its maximum."""
        return _baselines(self.recordings, self.maxima)

    @property
    def trials(self) -> tuple[ProcessedRecording, ...]:
        """The recordings whose envelopes are written."""
        return tuple(each for each in self.recordings if each.recording.role == "trial")


def envelope_filter(tool: EMGProcessingTool) -> EnvelopeFilter:
    """Returns the filters that the settings ask for."""
    return EnvelopeFilter(
        band=tool.band_pass_cutoff_frequencies,
        band_order=tool.band_pass_order,
        cutoff=tool.low_pass_cutoff_frequency,
        cutoff_order=tool.low_pass_order,
        zero_lag=tool.zero_lag,
    )


def read_session(tool: EMGProcessingTool) -> tuple[RecordingFiles, ...]:
    """Reads all files of all recordings.

    Raises:
        DifcalError: If something is wrong; `Problems` if several things are.
    """
    read: list[RecordingFiles] = []
    raise_problems(failures([lambda each=each: read.append(_read(each)) for each in tool.recordings]))
    channels = channel_columns(tool, read)
    settings = envelope_filter(tool)
    checks = [
        lambda files=files: (
            _check_channels(files, tuple(channels.values())),
            check_filter(str(files.emg.path), files.emg.rate, len(files.emg.time), settings),
            _cycles(tool, files, {}),
        )
        for files in read
    ]
    raise_problems(failures(checks))
    return tuple(read)


def channel_columns(tool: EMGProcessingTool, session: list[RecordingFiles]) -> dict[str, str]:
    """Returns the column of every channel.

    Raises:
        EMGError: If no channels are named and the files share no column.
    """
    if tool.channels:
        return {channel.name: channel.source for channel in tool.channels}
    common = [
        label
        for label in session[0].emg.clear_labels
        if all(label in files.emg.clear_labels for files in session)
    ]
    if not common:
        raise EMGError(
            f"{session[0].emg.path}: it shares no column with all other recordings. Name the columns in "
            "<channels>."
        )
    return {label: label for label in common}


def process_session(tool: EMGProcessingTool, session: tuple[RecordingFiles, ...]) -> EMGProcessingResult:
    """Makes envelopes of every channel, and judged cycles.

    Raises:
        EMGError: If a contraction was too weak and that is refused.
    """
    channels = channel_columns(tool, list(session))
    names, columns, settings = tuple(channels), tuple(channels.values()), envelope_filter(tool)
    filtered, smooth, quality = {}, {}, {}
    for files in session:
        raw, rate, name = files.emg.columns(columns), files.emg.rate, files.recording.name
        filtered[name] = band_passed(raw, rate, settings)
        smooth[name] = envelopes(filtered[name], rate, settings)
        quality[name] = tuple(
            channel_quality(files.emg.time, raw[:, c], filtered[name][:, c], smooth[name][:, c], settings)
            for c in range(len(names))
        )
    roles = {files.recording.name: files.recording.role for files in session}
    rates = {files.recording.name: files.emg.rate for files in session}
    maxima = channel_maxima(
        names,
        {name: values for name, values in smooth.items() if roles[name] == "trial"},
        {
            name: sustained(values, rates[name], tool.mvc_span)
            for name, values in smooth.items()
            if roles[name] == "mvc"
        },
        above_one=tool.above_one,
    )
    processed = tuple(
        ProcessedRecording(
            files.recording,
            files.emg.time,
            filtered[files.recording.name],
            normalized(smooth[files.recording.name], maxima, above_one=tool.above_one),
            quality[files.recording.name],
            _cycles(tool, files, _off(names, quality[files.recording.name])),
            _force_range(tool, files),
        )
        for files in session
    )
    notes = [*maxima.notes, *_channel_notes(names, processed, maxima), *_cycle_notes(tool, processed)]
    return EMGProcessingResult(names, maxima, processed, tuple(notes))


def _read(recording: EMGRecording) -> RecordingFiles:
    def table(path: Path | None) -> Table | None:
        if path is None:
            return None
        found = read_storage(path)
        check_uniform(found)
        return found

    return RecordingFiles(
        recording,
        _shifted(read_raw_emg(recording.emg_file), recording.time_offset),
        table(recording.ground_reaction_forces_file),
        table(recording.coordinates_file),
        table(recording.generalized_forces_file),
    )


def _shifted(emg: RawEMG, offset: float) -> RawEMG:
    return replace(emg, time=emg.time + offset) if offset else emg


def _check_channels(files: RecordingFiles, columns: tuple[str, ...]) -> None:
    """Refuses channels that hold no EMG, or EMG that was processed before.

    A contraction of one muscle may leave other electrodes unconnected, so that dead channels are
    refused in trials only.
    """
    for column, raw in zip(columns, files.emg.columns(columns).T, strict=True):
        if files.recording.role == "trial" and is_dead(raw, files.emg.rate):
            raise EMGError(
                f"{files.emg.path}: column {column!r} is dead: it keeps one value most of the time. Leave "
                "the channel out of <channels>, and its muscles to synergies."
            )
        if looks_rectified(raw) and not is_dead(raw, files.emg.rate):
            raise EMGError(
                f"{files.emg.path}: column {column!r} never changes its sign, so that it is no raw EMG but "
                "rectified, or an envelope already. Give the raw recording; envelopes go into the "
                "<excitations_file> of a trial as they are."
            )


def _series(tool: EMGProcessingTool, files: RecordingFiles) -> tuple[dict[str, Series], dict[str, Series]]:
    """Coordinates and moments by which cycles are judged."""
    coordinates, moments = files.coordinates, files.moments
    names = tool.quality_coordinates if files.recording.role == "trial" else ()
    motion = {} if coordinates is None else {n: (coordinates.time, coordinates.column(n)) for n in names}
    forces = (
        {} if moments is None else {n: (moments.time, moments.column(_moment(moments, n))) for n in names}
    )
    return motion, forces


def _moment(table: Table, coordinate: str) -> str:
    translation = f"{coordinate}_force"
    return translation if translation in table.labels else f"{coordinate}_moment"


def _off(
    names: Sequence[str], quality: Sequence[ChannelQuality]
) -> dict[str, tuple[tuple[float, float], ...]]:
    """Spans in which an electrode was off, by channel."""
    return {name: each.off for name, each in zip(names, quality, strict=True) if each.off}


def _cycles(
    tool: EMGProcessingTool,
    files: RecordingFiles,
    off: Mapping[str, Sequence[tuple[float, float]]],
) -> tuple[JudgedCycle, ...]:
    if not is_cut(tool, files.recording):
        return ()
    coordinates, moments = _series(tool, files)
    limits = QualityLimits(
        moment_jump=tool.max_moment_jump,
        posture_difference=tool.max_posture_difference,
        duration_difference=tool.max_duration_difference,
        simultaneous_strikes=tool.simultaneous_strikes,
        held=tool.longest_standstill,
    )
    feet = None
    if tool.segmentation == "ground_reaction_force":
        assert files.forces is not None, "the settings were checked"
        columns = [tool.vertical_force, *([tool.other_vertical_force] if tool.other_vertical_force else [])]
        found = [
            contacts(
                files.forces.time,
                files.forces.column(column),
                threshold=tool.force_threshold,
                shortest=tool.shortest_contact,
            )
            for column in columns
        ]
        cycles = contact_cycles(found[0])
        feet = (found[0], found[1]) if len(found) == 2 else None
    else:
        assert files.coordinates is not None, "the settings were checked"
        cycles = peak_cycles(
            files.coordinates.time,
            files.coordinates.column(tool.cycle_coordinate),
            minima=tool.cycle_peaks == "minima",
            prominence=tool.peak_prominence,
            shortest=tool.shortest_cycle,
        )
    return judged_cycles(
        cycles,
        coordinates=coordinates,
        moments=moments,
        recorded=_spans(files),
        off=off,
        feet=feet,
        limits=limits,
    )


def _force_range(tool: EMGProcessingTool, files: RecordingFiles) -> tuple[float, float] | None:
    if tool.segmentation != "ground_reaction_force" or not is_cut(tool, files.recording):
        return None
    assert files.forces is not None, "the settings were checked"
    force = files.forces.column(tool.vertical_force)
    return float(force.min()), float(force.max()) + 0.0


def _spans(files: RecordingFiles) -> dict[str, tuple[float, float]]:
    """First and last time of every file by what it holds."""
    every = {"EMG channels": files.emg, "coordinates": files.coordinates, "joint moments": files.moments}
    return {
        what: (float(table.time[0]), float(table.time[-1]))
        for what, table in every.items()
        if table is not None
    }


def _baselines(processed: Sequence[ProcessedRecording], maxima: Maxima) -> tuple[float, ...]:
    trials = [each for each in processed if each.recording.role == "trial"]
    return tuple(
        baseline([each.quality[c] for each in trials], float(value)) for c, value in enumerate(maxima.value)
    )


def _channel_notes(
    names: tuple[str, ...], processed: tuple[ProcessedRecording, ...], maxima: Maxima
) -> list[str]:
    at_rest = [baseline_sentence(share) for share in _baselines(processed, maxima)]
    return [
        *(
            f"Channel {name!r}: {sentence}."
            for name, sentence in zip(names, at_rest, strict=True)
            if sentence
        ),
        *(
            f"{each.recording.emg_file.name}, channel {name!r}: {sentence}."
            for each in processed
            for name, quality, source in zip(names, each.quality, maxima.source, strict=True)
            if each.recording.role == "trial" or each.recording.name == source
            for sentence in quality.sentences()
        ),
    ]


def _cycle_notes(tool: EMGProcessingTool, processed: tuple[ProcessedRecording, ...]) -> list[str]:
    notes = _unjudged_notes(tool, [each.recording for each in processed if is_cut(tool, each.recording)])
    for each in processed:
        if not is_cut(tool, each.recording):
            continue
        bad = [cycle for cycle in each.cycles if not cycle.is_good]
        if not each.cycles:
            notes.append(f"Recording {each.recording.name!r}: no cycle was found. {_why_none(tool, each)}")
        elif bad:
            notes.append(
                f"Recording {each.recording.name!r}: {counted(len(bad), 'cycle')} of {len(each.cycles)} "
                f"{'was' if len(bad) == 1 else 'were'} rejected; the report says why."
            )
    return notes


def _unjudged_notes(tool: EMGProcessingTool, recordings: Sequence[EMGRecording]) -> list[str]:
    """What cycles were not judged by, and what is missing for it."""
    by_reason: dict[str, list[str]] = {}
    for recording in recordings:
        missing = []
        if not tool.quality_coordinates:
            missing.append("their posture and moments (<quality_coordinates> is empty)")
        elif recording.generalized_forces_file is None:
            missing.append("their moments (no <generalized_forces_file>)")
        if tool.segmentation == "ground_reaction_force" and not tool.other_vertical_force:
            missing.append("a foot on both plates (no <other_vertical_force>)")
        if missing:
            by_reason.setdefault(" and ".join(missing), []).append(repr(recording.name))
    return [
        f"Cycles of {', '.join(names)} were not judged by {reason}." for reason, names in by_reason.items()
    ]


def _why_none(tool: EMGProcessingTool, processed: ProcessedRecording) -> str:
    """A sentence on why there is no cycle."""
    if tool.segmentation != "ground_reaction_force":
        return "Fewer than two peaks stand out; lower <peak_prominence>, or give a longer recording."
    low, high = processed.force_range or (0.0, 0.0)
    reached = f"{tool.vertical_force} goes from {low:.0f} to {high:.0f} N"
    if high <= tool.force_threshold:
        return f"{reached}, never above <force_threshold>; it must be positive upward and in N."
    if low > tool.force_threshold:
        return f"{reached}, never below <force_threshold>; zero the plate, or raise the threshold."
    return f"{reached}; a cycle needs two heel strikes in the recording."
