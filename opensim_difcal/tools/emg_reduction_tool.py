"""EMGReductionTool: which electrodes matter, and how few would do."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opensim_difcal.errors import DifcalError, SetupFileError, raise_problems
from opensim_difcal.settings import setting
from opensim_difcal.tools.common.setup_call import FromSetupFile

if TYPE_CHECKING:
    from opensim_difcal.tools.common.findings import Findings
    from opensim_difcal.tools.emg_reduction.run import ReductionOutcome
    from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool


OUTPUTS = ("electrode_ranking.csv", "electrode_reduction.csv", "electrode_reduction.png", "summary.json")


@dataclass(kw_only=True)
class EMGReductionTool(metaclass=FromSetupFile):
    """Takes electrodes off one by one, calibrating EMG-driven and with synergies each time."""

    name: str = setting("Name of the run.", default="emg_reduction")
    calibration_setup_file: Path = setting(
        "Setup file of an NMSCalibrationTool: the model, the trials and all settings of both calibrations.",
        is_path=True,
    )
    results_directory: Path = setting(
        "Folder for tables, figure and finished steps; made when it does not exist.", default=Path("results")
    )
    fewest_electrodes: int = setting("Where the removal ends.", default=1)
    tolerance: float = setting(
        "By how much the error of fewer electrodes on unseen trials may be above that of all electrodes with "
        "the better of both methods, as a part of it, to count as sufficient.",
        default=0.1,
    )
    max_iterations: int | None = setting(
        "Iteration budget of every calibration. By default as the calibration's setup says.", default=None
    )
    n_workers: int | None = setting(
        "Calibrations at the same time, each in a process. By default as many as there are processors.",
        default=None,
    )
    use_finished_steps: bool = setting(
        "Whether calibrations that an earlier run of the same inputs finished are taken from its results.",
        default=True,
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        self.calibration_setup_file = Path(self.calibration_setup_file)
        self.results_directory = Path(self.results_directory)

    def run(self, *, progress: bool = False, threads: int = 1) -> "ReductionOutcome":
        """Ranks the electrodes, takes them off in that order, and writes tables, figure and advice.

        Args:
            progress: Whether a progress bar is shown.
            threads: Threads of each calibration.

        Returns:
            Steps, advice and files.

        Raises:
            DifcalError: If an input or a calibration fails, or the user interrupts; finished
                calibrations are kept and used by the next run.
        """
        raise_problems(self.setting_problems())
        from opensim_difcal.tools.emg_reduction.run import reduce_electrodes

        return reduce_electrodes(self, progress=progress, threads=threads)

    def calibration_tool(self) -> "NMSCalibrationTool":
        """The calibration's settings, in mode synergy_hybrid.

        Raises:
            SetupFileError: If the file cannot be used.
        """
        from dataclasses import replace

        from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool

        tool = NMSCalibrationTool(self.calibration_setup_file).with_cycles()
        chosen = tool.max_iterations if self.max_iterations is None else self.max_iterations
        return replace(tool, mode="synergy_hybrid", max_iterations=chosen)

    def output_names(self) -> tuple[str, ...]:
        """Names of all files that a run writes into its results directory; finished steps apart."""
        return OUTPUTS

    def setting_problems(self) -> list[DifcalError]:
        """What is wrong with this tool's own settings."""
        from opensim_difcal.tools.common.file_checks import unusable_folder

        sentences = []
        for name in ("fewest_electrodes", "max_iterations", "n_workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                sentences.append(
                    f"<{name}> is {value}; expected a whole number above 0. Correct it, or leave it out for "
                    "the default."
                )
        if not 0.0 <= self.tolerance < 10.0:
            sentences.append(
                f"<tolerance> is {self.tolerance:g}; expected a part of the error, such as 0.1 for 10 %. "
                "Correct it, or leave it out for the default."
            )
        sentences += unusable_folder(self)
        return [SetupFileError(sentence) for sentence in sentences]

    def problems(self) -> list[DifcalError]:
        """Everything that is wrong with the settings and the calibration's inputs."""
        return list(self.findings().problems)

    def findings(self) -> "Findings":
        """Everything that is wrong with the settings and the calibration's inputs, and what looks wrong."""
        from opensim_difcal.tools.common.findings import Findings

        found = self.setting_problems()
        try:
            tool = self.calibration_tool()
        except DifcalError as error:
            return Findings([*found, error])
        inputs = tool.findings()
        found += inputs.problems
        if found:
            return Findings(found, inputs.warnings)
        from opensim_difcal.inputs.trial_checks import failures
        from opensim_difcal.tools.calibration.inputs import recorded_channels
        from opensim_difcal.tools.emg_reduction.run import check_electrodes

        found = failures([lambda: check_electrodes(self, recorded_channels(tool))])
        return Findings(found, inputs.warnings)
