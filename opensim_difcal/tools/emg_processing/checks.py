"""What can be wrong with the settings and the files of an EMGProcessingTool."""

from collections.abc import Iterator
from dataclasses import replace

from opensim_difcal.errors import DifcalError, SetupFileError
from opensim_difcal.tools.common.file_checks import overwritten, unusable_folder
from opensim_difcal.tools.common.setting_checks import file_name_faults, refused, repeated, word_faults
from opensim_difcal.tools.emg_processing_tool import SEGMENTED_FILE, EMGProcessingTool, is_cut


def output_names(tool: EMGProcessingTool) -> tuple[str, ...]:
    """Returns the names of all files that a run writes into its results directory."""
    trials = [recording for recording in tool.recordings if recording.role == "trial"]
    cycles = [recording for recording in trials if is_cut(tool, recording)]
    return (
        *(f"{recording.name}_emg.sto" for recording in trials),
        *(f"{recording.name}_cycles.csv" for recording in cycles),
        "channels.csv",
        "report.html",
        "summary.json",
    )


def setting_problems(tool: EMGProcessingTool) -> list[DifcalError]:
    """Returns what is wrong with the settings, without opening a file."""
    return [SetupFileError(sentence) for sentence in _faults(tool)]


def input_problems(tool: EMGProcessingTool) -> list[DifcalError]:
    """Returns everything that is wrong with settings and files, each once."""
    from opensim_difcal.inputs.trial_checks import failures
    from opensim_difcal.tools.emg_processing.run import read_session

    found = setting_problems(tool)
    readable = replace(tool, segmentation="none") if found else tool
    return [*found, *failures([lambda: read_session(readable)] if tool.recordings else [])]


def _faults(tool: EMGProcessingTool) -> Iterator[str]:
    yield from word_faults(tool)
    for recording in tool.recordings:
        yield from word_faults(recording, f"<recordings>/<EMGRecording name={recording.name!r}>/")
        if not abs(recording.time_offset) < float("inf"):
            place = f"<recordings>/<EMGRecording name={recording.name!r}>/"
            yield place + refused("time_offset", recording.time_offset, "a finite number of seconds")
    yield from file_name_faults(tool.name, [recording.name for recording in tool.recordings])
    if not any(recording.role == "trial" for recording in tool.recordings):
        yield "<recordings>: no recording has the role trial. Give one whose envelopes are to be made."
    yield from _channel_faults(tool)
    for name in ("band_pass_order", "low_pass_order"):
        if not 1 <= getattr(tool, name) <= 10:
            yield refused(name, getattr(tool, name), "a whole number from 1 to 10")
    for name in (
        "output_sampling_rate",
        "force_threshold",
        "max_moment_jump",
        "max_posture_difference",
        "max_duration_difference",
        "shortest_cycle",
        "longest_standstill",
    ):
        if not 0 < getattr(tool, name) < float("inf"):
            yield refused(name, getattr(tool, name), "a number above 0")
    for name in ("mvc_span", "shortest_contact", "simultaneous_strikes"):
        if not 0 <= getattr(tool, name) < float("inf"):
            yield refused(name, getattr(tool, name), "a number not below 0")
    if not 0 < tool.peak_prominence <= 1:
        yield refused("peak_prominence", tool.peak_prominence, "a part of the range, above 0 and at most 1")
    if tool.output_sampling_rate < 4 * tool.low_pass_cutoff_frequency:
        yield (
            f"<output_sampling_rate> is {tool.output_sampling_rate:g} Hz, less than four times "
            f"<low_pass_cutoff_frequency>, {tool.low_pass_cutoff_frequency:g} Hz, so that envelopes would "
            "lose their shape. Raise it."
        )
    yield from _segmentation_faults(tool)
    yield from unusable_folder(tool)
    inputs = [
        (f"a file of recording {recording.name!r}", path)
        for recording in tool.recordings
        for path in recording.paths
    ]
    yield from overwritten(tool.results_directory, output_names(tool), inputs)


def _channel_faults(tool: EMGProcessingTool) -> Iterator[str]:
    for what, words in (
        ("name", [channel.name for channel in tool.channels]),
        ("column", [channel.source for channel in tool.channels]),
    ):
        for word in repeated(words):
            yield f"<channels>: several channels have the {what} {word!r}. Keep one of them."


def _segmentation_faults(tool: EMGProcessingTool) -> Iterator[str]:
    if tool.segmentation not in SEGMENTED_FILE:
        return
    file = SEGMENTED_FILE[tool.segmentation]
    column = "vertical_force" if tool.segmentation == "ground_reaction_force" else "cycle_coordinate"
    if not getattr(tool, column):
        yield f"<segmentation> is {tool.segmentation}, which needs <{column}>. Name the column."
    trials = [recording for recording in tool.recordings if recording.role == "trial"]
    if trials and all(getattr(recording, file) is None for recording in trials):
        yield (
            f"<recordings>: <segmentation> is {tool.segmentation}, which needs the <{file}> of a recording. "
            "Give the file, or set <segmentation> to none."
        )
    for recording in trials:
        if is_cut(tool, recording) and tool.quality_coordinates and recording.coordinates_file is None:
            yield (
                f"<recordings>/<EMGRecording name={recording.name!r}>: <quality_coordinates> are judged in "
                "its <coordinates_file>, which is missing. Give the file, or leave <quality_coordinates> "
                "empty."
            )
