"""A trial: what was measured, on one uniform time grid, ready for the physics."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from opensim_difcal.settings import setting
from opensim_difcal.shapes import CoordinateArray, MomentArmArray, MuscleArray, TimeArray


@dataclass(frozen=True, kw_only=True)
class TrialFiles:
    """One `<Trial>` of a setup file: where a trial's measurements are."""

    xml_name: ClassVar[str] = "Trial"

    name: str = setting("Name of the trial, used in tables, figures and file names.")
    role: str = setting(
        "calibration: the optimizer sees the trial. validation: only scored.",
        default="calibration",
        allowed=("calibration", "validation"),
    )
    coordinates_file: Path = setting("Coordinates (inverse kinematics), .mot or .sto.", is_path=True)
    generalized_forces_file: Path = setting(
        "Joint moments (inverse dynamics); columns <coordinate>_moment.", is_path=True
    )
    excitations_file: Path = setting(
        "EMG linear envelopes, 0 to 1; columns are channels or muscles.", is_path=True
    )
    time_range: tuple[float, float] = setting(
        "First and last time that is scored. The electromechanical delay and the lead-in "
        "reach back before it.",
        unit="s",
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        for name in ("coordinates_file", "generalized_forces_file", "excitations_file"):
            object.__setattr__(self, name, Path(getattr(self, name)))

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """Coordinates, forces, excitations."""
        return self.coordinates_file, self.generalized_forces_file, self.excitations_file


@dataclass(frozen=True)
class Trial:
    """A trial on one uniform time grid.

    Attributes:
        name: Name of the trial.
        role: "calibration" or "validation".
        muscle_names: Columns of every muscle series.
        coordinate_names: Columns of every coordinate series.
        time: Time, s; the first `n_lead_in` samples are simulated but not scored.
        n_lead_in: Number of lead-in samples.
        excitation: Delayed by the electromechanical delay and clipped to 0..1.
        muscle_tendon_length: m.
        moment_arm: m (rotational coordinates), OpenSim's sign.
        joint_moment: Measured (inverse dynamics), N m, sign of the generalized force.
        notes: Sentences for the report: what was clipped, recomputed, filled in.
    """

    name: str
    role: str
    muscle_names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    time: TimeArray
    n_lead_in: int
    excitation: MuscleArray
    muscle_tendon_length: MuscleArray
    moment_arm: MomentArmArray
    joint_moment: CoordinateArray
    notes: tuple[str, ...] = ()

    @property
    def time_step(self) -> float:
        """Step of the uniform grid, s."""
        return float((self.time[-1] - self.time[0]) / (len(self.time) - 1))

    @property
    def scored(self) -> slice:
        """The samples that are compared with the measurement."""
        return slice(self.n_lead_in, len(self.time))
