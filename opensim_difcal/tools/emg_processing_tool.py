"""EMGProcessingTool: raw EMG in, normalized envelopes and cycles out."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opensim_difcal.errors import DifcalError, raise_problems
from opensim_difcal.settings import setting
from opensim_difcal.tools.common.setup_call import FromSetupFile

if TYPE_CHECKING:
    from opensim_difcal.tools.emg_processing.outputs import EMGProcessingOutcome

SEGMENTED_FILE = {
    "ground_reaction_force": "ground_reaction_forces_file",
    "coordinate_peaks": "coordinates_file",
}
"""In which file of a recording cycles are found, by <segmentation>."""

_log = logging.getLogger("opensim_difcal")


@dataclass(frozen=True, kw_only=True)
class EMGRecording:
    """One `<EMGRecording>`: a raw EMG file, and what was measured beside it."""

    name: str = setting("Name of the recording, used in file names.")
    role: str = setting(
        "trial: a movement; its envelopes and cycles are written. mvc: a maximum voluntary contraction; it "
        "only normalizes.",
        default="trial",
        allowed=("trial", "mvc"),
    )
    emg_file: Path = setting("Raw EMG: .sto, .mot, .csv, .txt or .c3d.", is_path=True)
    time_offset: float = setting(
        "Added to the times of the EMG file, where its clock differs from that of the other files: negative "
        "if an event has a later time in the EMG. A C3D file begins at 0, as for OpenSim; files exported "
        "from a trimmed recording may begin later.",
        unit="s",
        default=0.0,
    )
    ground_reaction_forces_file: Path | None = setting(
        "Ground reaction forces, .mot or .sto: heel strikes and toe offs are found in them.",
        is_path=True,
        default=None,
    )
    coordinates_file: Path | None = setting(
        "Coordinates (inverse kinematics): cycles are found in their peaks, and judged by them.",
        is_path=True,
        default=None,
    )
    generalized_forces_file: Path | None = setting(
        "Joint moments (inverse dynamics); cycles are judged by them. Best unfiltered: a filter hides jumps.",
        is_path=True,
        default=None,
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        names = "emg_file", "ground_reaction_forces_file", "coordinates_file", "generalized_forces_file"
        for name in names:
            path = getattr(self, name)
            object.__setattr__(self, name, None if path is None else Path(path))

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files there are."""
        every = (
            self.emg_file,
            self.ground_reaction_forces_file,
            self.coordinates_file,
            self.generalized_forces_file,
        )
        return tuple(path for path in every if path is not None)


@dataclass(frozen=True, kw_only=True)
class EMGChannel:
    """One `<EMGChannel>`: a column of the raw files, and its name from here on."""

    name: str = setting("Name of the channel in the envelope files; a muscle's name saves an excitation map.")
    column: str = setting("Column of the raw EMG files. By default called as the channel.", default="")

    @property
    def source(self) -> str:
        """The column of the raw files."""
        return self.column or self.name


@dataclass(kw_only=True)
class EMGProcessingTool(metaclass=FromSetupFile):
    """Makes normalized linear envelopes of raw EMG, and cuts movements into cycles."""

    name: str = setting("Name of the run.", default="emg_processing")
    results_directory: Path = setting(
        "Folder for envelopes, cycles and report; made when it does not exist.", default=Path("results")
    )
    recordings: tuple[EMGRecording, ...] = setting("All recordings of one session.")
    channels: tuple[EMGChannel, ...] = setting(
        "The channels that are processed. By default every column that all files have; name them where a "
        "file holds more than EMG.",
        default=(),
    )

    band_pass_cutoff_frequencies: tuple[float, float] = setting(
        "Of the band-pass, which removes offset, motion artifacts and noise.",
        unit="Hz",
        default=(30.0, 300.0),
    )
    band_pass_order: int = setting("Order of its Butterworth filter.", default=3)
    low_pass_cutoff_frequency: float = setting(
        "Of the low-pass that makes the envelope of the rectified signal.", unit="Hz", default=5.0
    )
    low_pass_order: int = setting("Order of its Butterworth filter.", default=4)
    zero_lag: bool = setting(
        "Whether both filters run forward and backward, each time with the given order, so that nothing "
        "lags.",
        default=True,
    )
    mvc_span: float = setting(
        "A maximum voluntary contraction counts with its largest mean over so long: the envelope of a steady "
        "contraction fluctuates, and its single largest value is too large. 0 for that value.",
        unit="s",
        default=0.5,
    )
    above_one: str = setting(
        "What happens to a channel that is stronger in a trial than in its maximum voluntary contraction. "
        "raise_maximum: the trial's maximum is taken; clip: values above 1 become 1; keep: they stay; "
        "refuse: an error. Without recordings of role mvc, the largest value over all trials normalizes and "
        "nothing is above 1.",
        default="raise_maximum",
        allowed=("raise_maximum", "clip", "keep", "refuse"),
    )
    output_sampling_rate: float = setting(
        "Of the envelope files; never more than the recording's.", unit="Hz", default=200.0
    )

    segmentation: str = setting(
        "How cycles are found. none; ground_reaction_force: from heel strike to heel strike, where the "
        "vertical force crosses a threshold; coordinate_peaks: from peak to peak of a coordinate. Recordings "
        "without the file that it needs are not cut.",
        default="none",
        allowed=("none", "ground_reaction_force", "coordinate_peaks"),
    )
    vertical_force: str = setting(
        "ground_reaction_force: column of the vertical force under the foot.", default=""
    )
    other_vertical_force: str = setting(
        "ground_reaction_force: column of the vertical force under the other foot, so that a foot on both "
        "plates is seen.",
        default="",
    )
    force_threshold: float = setting(
        "ground_reaction_force: vertical force from which the foot is on the ground.", unit="N", default=20.0
    )
    shortest_contact: float = setting(
        "ground_reaction_force: shorter contacts and gaps do not count.", unit="s", default=0.05
    )
    cycle_coordinate: str = setting("coordinate_peaks: the coordinate.", default="")
    cycle_peaks: str = setting(
        "coordinate_peaks: which ones begin a cycle.", default="maxima", allowed=("maxima", "minima")
    )
    peak_prominence: float = setting(
        "coordinate_peaks: how far the coordinate must return on both sides of a peak, as a part of its "
        "range.",
        default=0.5,
    )
    shortest_cycle: float = setting(
        "coordinate_peaks: peaks are at least so far apart.", unit="s", default=0.3
    )
    quality_coordinates: tuple[str, ...] = setting(
        "Coordinates by which cycles are judged: that each returns to where it began, and that its moment "
        "does not jump. Those that the calibration will use.",
        default=(),
    )
    max_moment_jump: float = setting(
        "A cycle is bad if a moment changes more than this from one sample to the next, as a part of the "
        "moment's usual range (2.5th to 97.5th percentile of the recording).",
        default=1.0,
    )
    max_posture_difference: float = setting(
        "A cycle is bad if a coordinate ends farther than this from where it began, as a part of its range.",
        default=0.3,
    )
    max_duration_difference: float = setting(
        "A cycle is bad if its duration differs more than this from the usual one, as a part of it.",
        default=0.25,
    )
    simultaneous_strikes: float = setting(
        "A cycle is bad if the other plate is struck within this time: one foot is on both.",
        unit="s",
        default=0.06,
    )
    longest_standstill: float = setting(
        "A cycle is bad if a coordinate keeps exactly one value longer than this: markers were lost.",
        unit="s",
        default=0.1,
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        self.results_directory = Path(self.results_directory)

    def run(self, *, progress: bool = False, threads: int = 1) -> "EMGProcessingOutcome":
        """Writes envelopes and cycles of every trial, and the report.

        Args:
            progress: Not used; the run takes seconds.
            threads: Not used.

        Returns:
            Envelopes, cycles and the files that were written.

        Raises:
            DifcalError: If an input cannot be used. Earlier results are then as they were.
        """
        raise_problems(self.setting_problems())  # before the imports
        from opensim_difcal.tools.emg_processing.outputs import write_outputs
        from opensim_difcal.tools.emg_processing.run import process_session, read_session

        session = read_session(self)
        result = process_session(self, session)
        for note in result.notes:
            _log.warning(note)
        return write_outputs(self, result)

    def output_names(self) -> tuple[str, ...]:
        """Names of all files that a run writes into its results directory."""
        from opensim_difcal.tools.emg_processing.checks import output_names

        return output_names(self)

    def setting_problems(self) -> list[DifcalError]:
        """What is wrong with the settings themselves, whatever the files hold."""
        from opensim_difcal.tools.emg_processing.checks import setting_problems

        return list(setting_problems(self))

    def problems(self) -> list[DifcalError]:
        """Everything that is wrong with the inputs, found without processing them."""
        from opensim_difcal.tools.emg_processing.checks import input_problems

        return input_problems(self)


def is_cut(tool: EMGProcessingTool, recording: EMGRecording) -> bool:
    """Whether cycles are looked for in a recording."""
    file = SEGMENTED_FILE.get(tool.segmentation)
    return file is not None and recording.role == "trial" and getattr(recording, file) is not None
