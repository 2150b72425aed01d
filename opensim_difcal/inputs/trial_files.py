"""Where the measurements of a trial are: the `<Trial>` of a setup file.

A calibration needs all three files of a trial; an execution may do without some.

Kept apart from what is read from them, so that a setup file can be read, checked and
described without the libraries that the numbers need.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from opensim_difcal.settings import setting


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


@dataclass(frozen=True, kw_only=True)
class ExecutionTrialFiles:
    """One `<Trial>` to run a calibrated model on: a motion, and what else was measured."""

    xml_name: ClassVar[str] = "Trial"
    role: ClassVar[str] = "execution"

    name: str = setting("Name of the trial, used in tables, figures and file names.")
    task: str = setting(
        "What the person does, such as walking. The report pools trials of one task.", default=""
    )
    coordinates_file: Path = setting("Coordinates (inverse kinematics), .mot or .sto.", is_path=True)
    generalized_forces_file: Path | None = setting(
        "Joint moments (inverse dynamics); columns <coordinate>_moment. In mode open_loop they are only "
        "scored against, so they may be missing; the other modes track them.",
        is_path=True,
        default=None,
    )
    excitations_file: Path | None = setting(
        "EMG linear envelopes, 0 to 1; columns are channels or muscles. Mode static_optimization needs none.",
        is_path=True,
        default=None,
    )
    time_range: tuple[float, float] = setting(
        "First and last time that is scored. The electromechanical delay and the lead-in "
        "reach back before it.",
        unit="s",
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        for name in ("coordinates_file", "generalized_forces_file", "excitations_file"):
            path = getattr(self, name)
            object.__setattr__(self, name, None if path is None else Path(path))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those of coordinates, forces and excitations that there are."""
        every = self.coordinates_file, self.generalized_forces_file, self.excitations_file
        return tuple(path for path in every if path is not None)


@dataclass(frozen=True, kw_only=True)
class MotionFiles:
    """One `<Trial>` along which muscles are compared: a motion, and excitations where there are any."""

    xml_name: ClassVar[str] = "Trial"

    name: str = setting("Name of the trial, used in tables and figures.")
    coordinates_file: Path = setting("Coordinates (inverse kinematics), .mot or .sto.", is_path=True)
    excitations_file: Path | None = setting(
        "EMG linear envelopes, 0 to 1; columns are channels or muscles. Without it every muscle has the "
        "constant activation.",
        is_path=True,
        default=None,
    )
    time_range: tuple[float, float] | None = setting(
        "First and last time that is compared. By default all that the files hold.", unit="s", default=None
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        for name in ("coordinates_file", "excitations_file"):
            path = getattr(self, name)
            object.__setattr__(self, name, None if path is None else Path(path))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Coordinates, and excitations where there are any."""
        return tuple(path for path in (self.coordinates_file, self.excitations_file) if path is not None)

    def during(self, time_range: tuple[float, float]) -> ExecutionTrialFiles:
        """Returns the trial as it is read.

        Args:
            time_range: First and last time, s.
        """
        return ExecutionTrialFiles(
            name=self.name,
            coordinates_file=self.coordinates_file,
            excitations_file=self.excitations_file,
            time_range=time_range,
        )
