"""MuscleInitializationTool: better start values for a scaled model, before any calibration."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from opensim_difcal.errors import DifcalError, SetupFileError, raise_problems
from opensim_difcal.initialization.limits import MAX_POSES, SAMPLES_PER_COORDINATE, SPECIFIC_TENSION
from opensim_difcal.settings import setting
from opensim_difcal.tools.common.garbage import no_garbage_collection
from opensim_difcal.tools.common.model_object import ModelObject
from opensim_difcal.tools.common.setup_call import FromSetupFile

if TYPE_CHECKING:
    from opensim_difcal.tools.initialization.run import InitializationOutcome

_HEIGHTS, _MASSES = (0.5, 2.5), (10.0, 300.0)


@dataclass(kw_only=True)
class MuscleInitializationTool(metaclass=FromSetupFile):
    """Sets a scaled model's muscle lengths by a reference model, and forces by height and mass.

    Made from a setup file, `MuscleInitializationTool("setup.xml")`, or from its properties. In
    code, `model_file` may also be an `opensim.Model`.
    """

    name: str = setting("Name of the run; names the new model.", default="initialization")
    model_file: Path | ModelObject = setting("The scaled .osim model.", is_path=True)
    reference_model_file: Path | None = setting(
        "The unscaled model that it was scaled from, with the same names of muscles and coordinates. Optimal "
        "fiber lengths and tendon slack lengths are then set so that normalized fiber and tendon lengths are "
        "those of this model (Modenese et al. 2016). Without it they stay.",
        default=None,
        is_path=True,
    )
    height: float | None = setting(
        "Height of the person. With it and the mass, maximum isometric forces follow from muscle volumes "
        "(Handsfield et al. 2014), for muscles of the leg. Without them they stay.",
        unit="m",
        default=None,
    )
    mass: float | None = setting("Mass of the person.", unit="kg", default=None)
    specific_tension: float = setting(
        "Force of a muscle per area, with which a volume becomes a force.",
        unit="N/cm^2",
        default=SPECIFIC_TENSION,
    )
    samples_per_coordinate: int = setting(
        "Values of each coordinate within its range; every combination is a pose in which a muscle that "
        "spans these coordinates is compared.",
        default=SAMPLES_PER_COORDINATE,
    )
    max_poses: int = setting(
        "Poses of one muscle at most; of a muscle that spans so many coordinates that there would be more, "
        "each takes fewer values.",
        default=MAX_POSES,
    )
    convert_thelen_muscles: bool = setting(
        "Whether Thelen2003Muscle objects of both models are replaced by Millard2012EquilibriumMuscle with "
        "the same parameters. Without it a model with other muscles is refused.",
        default=False,
    )
    output_model_file: str | None = setting(
        "Name of the new model's file, inside results_directory. By default the run's name and .osim.",
        default=None,
    )
    results_directory: Path = setting(
        "Folder for everything the tool writes; made when it does not exist.", default=Path("results")
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        if isinstance(self.model_file, str | PathLike):
            self.model_file = Path(self.model_file)
        self.reference_model_file = (
            None if self.reference_model_file is None else Path(self.reference_model_file)
        )
        self.results_directory = Path(self.results_directory)

    def run(self, *, progress: bool = False, threads: int = 1) -> "InitializationOutcome":
        """Finds the start values and writes the model with them, a table and a report.

        Args:
            progress: Whether a progress bar is shown.
            threads: Threads that torch uses meanwhile.

        Returns:
            The new model, what changed and the files that were written.

        Raises:
            DifcalError: If an input is at fault. Earlier results are then as they were.
        """
        raise_problems(self.setting_problems())  # before the imports, which take seconds
        with no_garbage_collection():
            from opensim_difcal.tools.common.torch_threads import torch_threads
            from opensim_difcal.tools.initialization.run import initialize_muscles

        with torch_threads(threads):
            return initialize_muscles(self, progress=progress)

    def problems(self) -> list[DifcalError]:
        """Everything that is wrong with settings and models, found without computing lengths."""
        with no_garbage_collection():
            from opensim_difcal.tools.initialization.run import input_problems

        return [*self.setting_problems(), *input_problems(self)]

    def setting_problems(self) -> list[DifcalError]:
        """What is wrong with the settings themselves."""
        from opensim_difcal.tools.common.file_checks import overwritten, unusable_folder
        from opensim_difcal.tools.common.setting_checks import file_name_faults, word_faults

        sentences = [
            *word_faults(self),
            *file_name_faults(self.name, ()),
            *self._purpose_faults(),
            *self._number_faults(),
            *unusable_folder(self),
            *overwritten(self.results_directory, self.output_names(), self._inputs()),
        ]
        return [SetupFileError(sentence) for sentence in sentences]

    @property
    def model_name(self) -> str:
        """Name of the new model's file."""
        return self.output_model_file or f"{self.name}.osim"

    def output_names(self) -> tuple[str, ...]:
        """Names of all files that a run writes into its results directory."""
        return self.model_name, "initial_values.csv", "report.html"

    def _inputs(self) -> Iterator[tuple[str, Path]]:
        """What the run reads: what it is for, and its path."""
        from opensim_difcal.tools.common.file_checks import files_read

        yield from files_read(self.model_file)
        if self.reference_model_file is not None:
            yield "its <reference_model_file>", self.reference_model_file

    def _purpose_faults(self) -> Iterator[str]:
        if (self.height is None) != (self.mass is None):
            given, missing = ("mass", "height") if self.height is None else ("height", "mass")
            yield (
                f"<{given}> is given without <{missing}>; forces by muscle volumes need both. Give "
                f"<{missing}> too, or leave <{given}> out."
            )
        elif self.height is None and self.reference_model_file is None:
            yield (
                "There is nothing to do: neither <reference_model_file> nor <height> and <mass> are given. "
                "Give the unscaled model, or the person's height and mass, or both."
            )
        name = self.output_model_file
        if name is not None and (Path(name).name != name or not name.endswith(".osim")):
            yield (
                f"<output_model_file> is {name!r}; expected the name of an .osim file without a folder, "
                "which <results_directory> says. Correct it, or leave it out for the default."
            )

    def _number_faults(self) -> Iterator[str]:
        from opensim_difcal.tools.common.setting_checks import refused

        for name, value, (low, high), unit in (
            ("height", self.height, _HEIGHTS, "m"),
            ("mass", self.mass, _MASSES, "kg"),
        ):
            if value is not None and not low <= value <= high:
                yield refused(name, value, f"a number of {unit} from {low:g} to {high:g}")
        if not 0.0 < self.specific_tension < math.inf:
            yield refused("specific_tension", self.specific_tension, "a finite number above 0, in N/cm^2")
        if self.samples_per_coordinate < 2:
            yield refused("samples_per_coordinate", self.samples_per_coordinate, "a whole number above 1")
        if self.max_poses < 2:
            yield refused("max_poses", self.max_poses, "a whole number above 1")
