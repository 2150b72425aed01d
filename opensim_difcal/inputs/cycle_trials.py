"""The `<CycleTrial>` of a setup file: one recording, of which every good cycle becomes a trial."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from opensim_difcal.errors import DifcalError, TrialError, raise_problems
from opensim_difcal.inputs.cycles_file import ListedCycle, read_cycles
from opensim_difcal.inputs.trial_files import TrialFiles
from opensim_difcal.settings import setting
from opensim_difcal.wording import listed


@dataclass(frozen=True, kw_only=True)
class CycleTrial:
    """One `<CycleTrial>`: a recording and its cycles; each one becomes a `<Trial>` of its own."""

    name: str = setting("Name of the recording; its trials are called <name>_cycle_<number>.")
    role: str = setting(
        "calibration: the optimizer sees the cycles. validation: only scored.",
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
    cycles_file: Path = setting("Cycles, .csv, as EMGProcessingTool writes them.", is_path=True)
    cycles: tuple[int, ...] = setting(
        "Numbers of the cycles that are taken, as in the file. By default every good one.", default=()
    )
    part: str = setting(
        "cycle: from start to end; stance: from start to toe off.",
        default="cycle",
        allowed=("cycle", "stance"),
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        for field in fields(self):
            if field.name.endswith("_file"):
                object.__setattr__(self, field.name, Path(getattr(self, field.name)))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Coordinates, forces, excitations, cycles."""
        return (
            self.coordinates_file,
            self.generalized_forces_file,
            self.excitations_file,
            self.cycles_file,
        )

    def trials(self) -> tuple[TrialFiles, ...]:
        """Returns a trial for every cycle.

        Raises:
            TrialError: If the file cannot be read, or lacks a good cycle that is asked for.
        """
        return tuple(
            TrialFiles(
                name=f"{self.name}_cycle_{cycle.number}",
                role=self.role,
                coordinates_file=self.coordinates_file,
                generalized_forces_file=self.generalized_forces_file,
                excitations_file=self.excitations_file,
                time_range=(cycle.start, self._end(cycle)),
            )
            for cycle in self._chosen()
        )

    def _chosen(self) -> list[ListedCycle]:
        good = {cycle.number: cycle for cycle in read_cycles(self.cycles_file) if cycle.is_good}
        numbers = self.cycles or tuple(good)
        lacking = [number for number in numbers if number not in good]
        if lacking:
            raise TrialError(
                f"{self._where}: cycle {lacking[0]} is not among the good cycles of {self.cycles_file}, "
                f"which are {listed(map(str, good), '{}')}. Choose among these in <cycles>."
            )
        if not numbers:
            raise TrialError(
                f"{self._where}: {self.cycles_file} holds no good cycle. The file says why; leave the "
                "recording out, or set good to 1 for a cycle that you trust."
            )
        return [good[number] for number in numbers]

    def _end(self, cycle: ListedCycle) -> float:
        if self.part == "cycle":
            return cycle.end
        if cycle.toe_off is None:
            raise TrialError(
                f"{self._where}: <part> is stance, but cycle {cycle.number} of {self.cycles_file} has no toe "
                "off. Find cycles by ground reaction forces, or set <part> to cycle."
            )
        return cycle.toe_off

    @property
    def _where(self) -> str:
        return f"<cycle_trials>/<CycleTrial name={self.name!r}>"


def trials_of_cycles(cycle_trials: Sequence[CycleTrial]) -> tuple[TrialFiles, ...]:
    """Returns the trials of all recordings.

    Raises:
        DifcalError: If a file cannot be used; `Problems` if several cannot.
    """
    found: list[TrialFiles] = []
    errors: list[DifcalError] = []
    for each in cycle_trials:
        try:
            found += each.trials()
        except DifcalError as error:
            errors.append(error)
    raise_problems(errors)
    return tuple(found)
