"""NMSPipelineTool: from raw recordings to the personalised .osim, one setup file after the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opensim_difcal.errors import DifcalError
from opensim_difcal.settings import setting
from opensim_difcal.tools.common.setup_call import FromSetupFile

if TYPE_CHECKING:
    from opensim_difcal.tools.pipeline.run import PipelineOutcome


@dataclass(kw_only=True)
class NMSPipelineTool(metaclass=FromSetupFile):
    """Runs setup files in their order, each only if something that it reads has changed.

    OpenSim's ScaleTool, InverseKinematicsTool and InverseDynamicsTool are run from their standard
    setup files, then the tools of this package from theirs. A stage's results are the inputs of
    later ones, because these name them.
    """

    name: str = setting("Name of the run; names its record.", default="pipeline")
    results_directory: Path = setting(
        "Folder for the record of the stages; made when it does not exist. Every stage writes where its own "
        "setup file says.",
        default=Path("results"),
    )
    setup_files: tuple[Path, ...] = setting(
        "Setup files of the stages, in an order in which each finds what it reads: ScaleTool, "
        "InverseKinematicsTool and InverseDynamicsTool of OpenSim, and tools of this package.",
        is_path=True,
    )
    use_finished_stages: bool = setting(
        "Whether a stage is left out when nothing that it reads has changed since an earlier run, and its "
        "results are still there.",
        default=True,
    )
    n_workers: int | None = setting(
        "How many of OpenSim's tools run at the same time, each in a process. By default as many as there "
        "are processors.",
        default=None,
    )

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        self.results_directory = Path(self.results_directory)
        self.setup_files = tuple(Path(path) for path in self.setup_files)

    def run(self, *, progress: bool = False, threads: int = 1) -> "PipelineOutcome":
        """Runs the stages whose inputs have changed, and writes the record.

        Args:
            progress: Whether stages show their progress bars.
            threads: Threads of each stage.

        Returns:
            What became of every stage.

        Raises:
            DifcalError: If the setup files contradict each other, or a stage fails. Finished stages
                are kept and not run again by the next run.
        """
        from opensim_difcal.tools.pipeline.run import run_pipeline

        return run_pipeline(self, progress=progress, threads=threads)

    def problems(self) -> list[DifcalError]:
        """Everything that is wrong with the setup files, their order, and the files that are there."""
        from opensim_difcal.tools.pipeline.stages import pipeline_problems

        return pipeline_problems(self)
