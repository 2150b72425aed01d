"""NMSExecutionTool: a calibrated model and new trials in, forces and moments out."""

import logging
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from opensim_difcal.errors import DifcalError, raise_problems
from opensim_difcal.execution.modes import MODES
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.settings import setting
from opensim_difcal.tools.common.garbage import no_garbage_collection
from opensim_difcal.tools.common.model_object import ModelObject
from opensim_difcal.tools.common.setup_call import FromSetupFile
from opensim_difcal.tools.common.stopwatch import Stopwatch

if TYPE_CHECKING:
    from opensim_difcal.tools.common.findings import Findings
    from opensim_difcal.tools.execution.outputs import ExecutionOutcome

_log = logging.getLogger("opensim_difcal")

STATIC_ALPHA = 1000.0
"""In mode static_optimization moments are to be met, not weighed against effort."""


@dataclass(kw_only=True)
class NMSExecutionTool(metaclass=FromSetupFile):
    """Runs a calibrated model on new trials.

    Made from a setup file, `NMSExecutionTool("setup.xml")`, or from its properties. In
    code, `model_file` may also be an `opensim.Model`.
    """

    name: str = setting("Name of the run.", default="execution")
    model_file: Path | ModelObject = setting("The calibrated .osim model.", is_path=True)
    subject_file: Path | None = setting(
        "The file <name>_subject.xml that the calibration wrote beside the model. Mode static_optimization "
        "needs none.",
        default=None,
        is_path=True,
    )
    results_directory: Path = setting(
        "Folder for everything the tool writes; made when it does not exist.", default=Path("results")
    )
    cache_directory: Path | None = setting(
        "Folder in which muscle-tendon lengths, moment arms and machine code of the muscle are kept for "
        "later runs. It may be deleted at any time. By default the folder of the user that calibrations use.",
        default=None,
    )
    use_cache: bool = setting(
        "Whether they are kept there and taken from there. The results are the same.", default=True
    )
    mode: str = setting(
        "open_loop: recorded excitations drive the muscles. emg_assisted: recorded excitations are adjusted, "
        "as little as asked, so that joint moments are tracked. emg_hybrid: besides, muscles without a "
        "recording get the smallest excitations that help. static_optimization: no EMG; all excitations are "
        "as small as joint moments allow.",
        default="open_loop",
        allowed=MODES,
    )

    coordinates: tuple[str, ...] = setting("Coordinates whose joint moments are computed.")
    trials: tuple[ExecutionTrialFiles, ...] = setting("The trials.")
    excitation_map: tuple[ExcitationChannel, ...] = setting(
        "Which muscles an excitation column drives. By default as the calibration had it.", default=()
    )
    allow_extra_columns: bool = setting(
        "Whether excitation columns that drive no muscle are ignored instead of refused.", default=False
    )
    convert_thelen_muscles: bool = setting(
        "Whether Thelen2003Muscle objects are replaced by Millard2012EquilibriumMuscle with the "
        "same parameters. A calibrated model holds none.",
        default=False,
    )
    allow_changed_model: bool = setting(
        "Whether a model that was changed after its calibration is accepted, with a warning.", default=False
    )

    adjusted_muscles: tuple[str, ...] = setting(
        "emg_assisted, emg_hybrid: muscles whose excitation may be adjusted. By default every one that has "
        "an excitation.",
        default=(),
    )
    synthesized_muscles: tuple[str, ...] = setting(
        "emg_hybrid: muscles without a recording that get an excitation. By default every one that crosses "
        "a chosen coordinate.",
        default=(),
    )
    alpha: float | None = setting(
        "Weight of the squared moment error, summed over coordinates. By default 1, and "
        f"{STATIC_ALPHA:g} in mode static_optimization.",
        default=None,
    )
    beta: float = setting("Weight of the squared synthesized excitations, summed over muscles.", default=1.0)
    gamma: float = setting(
        "Weight of the squared change of adjusted excitations, summed over muscles: the larger, the closer "
        "they stay to the EMG.",
        default=10.0,
    )
    moment_error: str = setting(
        "raw: in N m, as CEINMS has it. variance_scaled: divided by the standard deviation of each trial's "
        "and coordinate's measured moment, so that weights mean the same for every joint.",
        default="variance_scaled",
        allowed=("raw", "variance_scaled"),
    )
    activation_dynamics: bool = setting(
        "static_optimization: whether activation follows excitation with the subject's dynamics. Without it "
        "activation is excitation, as in OpenSim's tool. The other modes always have it.",
        default=False,
    )
    tendon: str | None = setting(
        "model: elastic or rigid as each muscle's ignore_tendon_compliance says; elastic or rigid: all of "
        "them. By default model, and rigid in mode static_optimization without activation dynamics.",
        default=None,
        allowed=("model", "elastic", "rigid"),
    )

    time_step: float | None = setting(
        "Step of everything that is written. By default that of the calibration. The muscles are simulated "
        "at this step or, where it is longer than the calibration's, at a whole fraction of it; C1 and C2 "
        "are converted.",
        unit="s",
        default=None,
    )
    lead_in: float = setting(
        "Simulated before each time range, not scored, where the files hold data.", unit="s", default=0.1
    )
    lowpass_cutoff_frequency_for_coordinates: float | None = setting(
        "Low-pass of the coordinates, as the inverse dynamics had it; -1 for none. By default that of the "
        "calibration; without a subject_file 6.",
        unit="Hz",
        default=None,
    )
    max_iterations: int = setting("Iteration budget of the search for excitations, per trial.", default=200)
    tolerance: float = setting("Relative decrease of its cost that counts as an improvement.", default=1e-4)
    compiled: bool = setting(
        "Whether the muscle is made into machine code, which is some ten times faster than plain torch. "
        "Where that cannot be done, plain torch is used; the results are the same.",
        default=True,
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        if isinstance(self.model_file, str | PathLike):
            self.model_file = Path(self.model_file)
        self.results_directory = Path(self.results_directory)
        self.subject_file = None if self.subject_file is None else Path(self.subject_file)
        self.cache_directory = None if self.cache_directory is None else Path(self.cache_directory)

    def run(self, *, progress: bool = False, threads: int = 1) -> "ExecutionOutcome":
        """Runs every trial and writes tables, summary and report.

        Args:
            progress: Whether a progress bar is shown.
            threads: Threads that torch uses meanwhile.

        Returns:
            The result and the files that were written.

        Raises:
            DifcalError: If an input is at fault. Earlier results are then as they were.
        """
        watch = Stopwatch()
        raise_problems(self.setting_problems())  # before the imports, which take seconds

        with no_garbage_collection():
            from opensim_difcal.tools.common.torch_threads import torch_threads
            from opensim_difcal.tools.execution.inputs import read_inputs
            from opensim_difcal.tools.execution.outputs import write_outputs
            from opensim_difcal.tools.execution.run import execute_inputs

        with torch_threads(threads):
            inputs = read_inputs(self)
            watch.lap("geometry")
            _log.info("Read %d trials and %d muscles.", len(inputs.trials), len(inputs.muscles.names))
            result = execute_inputs(self, inputs, progress=progress)
            watch.lap("execution")
            return write_outputs(self, inputs, result, watch)

    def output_names(self) -> tuple[str, ...]:
        """Names of all files that a run writes into its results directory."""
        from opensim_difcal.tools.execution.checks import output_names

        return output_names(self)

    def setting_problems(self) -> list[DifcalError]:
        """What is wrong with the settings themselves, whatever the files hold."""
        from opensim_difcal.tools.execution.checks import setting_problems

        return list(setting_problems(self))

    def problems(self) -> list[DifcalError]:
        """Everything that is wrong with the inputs, found without running them."""
        with no_garbage_collection():
            from opensim_difcal.tools.execution.inputs import input_problems

        return input_problems(self)

    def findings(self) -> "Findings":
        """Everything that is wrong with the inputs, and what looks wrong."""
        with no_garbage_collection():
            from opensim_difcal.tools.execution.inputs import input_findings

        return input_findings(self)

    @property
    def tendons(self) -> str:
        """The setting <tendon>, as given or by the mode."""
        if self.tendon is not None:
            return self.tendon
        is_static = self.mode == "static_optimization" and not self.activation_dynamics
        return "rigid" if is_static else "model"

    @property
    def moment_weight(self) -> float:
        """Alpha, as given or by the mode."""
        if self.alpha is not None:
            return self.alpha
        return STATIC_ALPHA if self.mode == "static_optimization" else 1.0
