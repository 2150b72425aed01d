"""NMSCalibrationTool: scaled model and trials in, personalised .osim out."""

from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial import TrialFiles
from opensim_difcal.settings import setting


@dataclass(frozen=True, kw_only=True)
class StrengthGroup:
    """One `<StrengthGroup>`: muscles that share a strength coefficient."""

    name: str = setting("Name of the group.")
    muscles: tuple[str, ...] = setting("Members; each muscle in one group at most.")


@dataclass(kw_only=True)
class NMSCalibrationTool:
    """EMG-driven calibration of an OpenSim model's muscles."""

    name: str = setting("Name of the run; names the output files.", default="calibration")
    model_file: Path = setting("The scaled .osim model to calibrate.", is_path=True)
    results_directory: Path = setting(
        "Folder for everything the tool writes; made when it does not exist.", default=Path("results")
    )
    mode: str = setting(
        "emg_driven: every muscle with an excitation is calibrated.",
        default="emg_driven",
        allowed=("emg_driven",),
    )
    coordinates: tuple[str, ...] = setting("Coordinates whose joint moments are tracked.")
    trials: tuple[TrialFiles, ...] = setting("The trials.")
    excitation_map: tuple[ExcitationChannel, ...] = setting(
        "Which muscles an excitation column drives. Without any, columns are named after muscles.",
        default=(),
    )
    strength_groups: tuple[StrengthGroup, ...] = setting(
        "Muscles that share one strength coefficient; a muscle in no group has its own.", default=()
    )
    allow_extra_columns: bool = setting(
        "Whether excitation columns that drive no muscle are ignored instead of refused.", default=False
    )
    convert_thelen_muscles: bool = setting(
        "Whether Thelen2003Muscle objects are replaced by Millard2012EquilibriumMuscle with the "
        "same parameters. Without it a model with other muscles is refused.",
        default=False,
    )
    tendon: str = setting(
        "model: as each muscle's ignore_tendon_compliance says; elastic: all elastic; rigid: all rigid.",
        default="model",
        allowed=("model", "elastic", "rigid"),
    )
    time_step: float = setting("Step of the simulation; C1 and C2 belong to it.", unit="s", default=0.005)
    lead_in: float = setting(
        "Simulated before each time range, not scored, where the files hold data.", unit="s", default=0.1
    )
    electromechanical_delay: float = setting(
        "From excitation to neural activation.", unit="s", default=0.035
    )
    lowpass_cutoff_frequency_for_coordinates: float = setting(
        "Zero-lag 4th-order Butterworth low-pass of the coordinates, as the inverse dynamics had it; "
        "-1 for none.",
        unit="Hz",
        default=6.0,
    )
