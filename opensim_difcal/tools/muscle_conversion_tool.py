"""MuscleConversionTool: a model with Thelen muscles in, the same model with Millard muscles out."""

import logging
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from opensim_difcal.errors import DifcalError, raise_problems
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial_files import MotionFiles
from opensim_difcal.settings import setting
from opensim_difcal.tools.common.garbage import no_garbage_collection
from opensim_difcal.tools.common.model_object import ModelObject
from opensim_difcal.tools.common.setup_call import FromSetupFile

if TYPE_CHECKING:
    from opensim_difcal.tools.conversion.run import ConversionOutcome

_log = logging.getLogger("opensim_difcal")


@dataclass(kw_only=True)
class MuscleConversionTool(metaclass=FromSetupFile):
    """Replaces Thelen2003Muscle by Millard2012EquilibriumMuscle, and shows what that does to the forces.

    Made from a setup file, `MuscleConversionTool("setup.xml")`, or from its properties. In
    code, `model_file` may also be an `opensim.Model`.
    """

    name: str = setting("Name of the run.", default="conversion")
    model_file: Path | ModelObject = setting("The .osim model to convert; it is not changed.", is_path=True)
    output_model_file: str | None = setting(
        "Name of the converted model's file in results_directory, without a folder. By default the model's "
        "with _millard added.",
        default=None,
    )
    results_directory: Path = setting(
        "Folder for everything the tool writes; made when it does not exist.", default=Path("results")
    )
    curves: str = setting(
        "thelen: Millard's curves are shaped so that they come as close to the Thelen muscle's as they can. "
        "millard: Millard's default curves, with the tendon and fiber strains at one max_isometric_force of "
        "the Thelen muscle, as NMSCalibrationTool converts.",
        default="thelen",
        allowed=("thelen", "millard"),
    )
    trials: tuple[MotionFiles, ...] = setting(
        "Trials along which OpenSim integrates the muscles of both models. Without any the model is "
        "converted and nothing is compared.",
        default=(),
    )
    coordinates: tuple[str, ...] = setting(
        "Coordinates whose joint moments are compared too, summed over the compared muscles.", default=()
    )
    muscles: tuple[str, ...] = setting(
        "Muscles whose forces are compared. By default every converted one.", default=()
    )
    excitation_map: tuple[ExcitationChannel, ...] = setting(
        "Which muscles an excitation column drives. Without any, columns are named after muscles.",
        default=(),
    )
    allow_extra_columns: bool = setting(
        "Whether excitation columns that drive no muscle are ignored instead of refused.", default=False
    )
    constant_activation: float = setting(
        "Activation of muscles, all the time, that no excitation drives.", default=0.3
    )
    time_step: float = setting("Step at which forces are compared.", unit="s", default=0.01)
    lead_in: float = setting(
        "Integrated before each time range, not compared, where the files hold data.", unit="s", default=0.1
    )
    lowpass_cutoff_frequency_for_coordinates: float = setting(
        "Low-pass of the coordinates: OpenSim's 3rd-order Butterworth, forward and backward. -1 for none.",
        unit="Hz",
        default=6.0,
    )
    n_workers: int | None = setting(
        "Processes in which OpenSim integrates. By default one per processor; 0 for none beside this one.",
        default=None,
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        if isinstance(self.model_file, str | PathLike):
            self.model_file = Path(self.model_file)
        self.results_directory = Path(self.results_directory)

    def run(self, *, progress: bool = False, threads: int = 1) -> "ConversionOutcome":
        """Converts the model, compares forces, and writes table, report and model; the .osim comes last.

        Args:
            progress: Whether a progress bar is shown.
            threads: Of no effect; OpenSim integrates in processes (`n_workers`).

        Returns:
            The comparison and the files that were written.

        Raises:
            DifcalError: If an input is at fault. Earlier results are then as they were.
        """
        raise_problems(self.setting_problems())  # before the imports, which take seconds
        with no_garbage_collection():
            from opensim_difcal.tools.conversion.run import convert

        outcome = convert(self, progress=progress)
        _log.info("Wrote %d files; %s came last.", len(outcome.files), outcome.files[-1])
        return outcome

    def output_names(self) -> tuple[str, ...]:
        """Names of all files that a run writes into its results directory."""
        from opensim_difcal.tools.conversion.checks import output_names

        return output_names(self)

    def setting_problems(self) -> list[DifcalError]:
        """What is wrong with the settings themselves, whatever the files hold."""
        from opensim_difcal.tools.conversion.checks import setting_problems

        return list(setting_problems(self))

    def problems(self) -> list[DifcalError]:
        """Everything that is wrong with the inputs, found without converting."""
        with no_garbage_collection():
            from opensim_difcal.tools.conversion.inputs import input_problems

        return input_problems(self)
