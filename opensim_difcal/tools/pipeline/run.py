"""Runs the stages of a pipeline: in order, side by side where they can be, each only if it must."""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.errors import CalibrationError, DifcalError, PipelineError, raise_problems
from opensim_difcal.outputs.pipeline_report import StageLine, write_pipeline_report
from opensim_difcal.tools.nms_pipeline_tool import NMSPipelineTool
from opensim_difcal.tools.pipeline.opensim_stage import StageRun, run_opensim_tool
from opensim_difcal.tools.pipeline.record import (
    Records,
    StageRecord,
    inputs_digest,
    is_finished,
    read_records,
    record_of,
)
from opensim_difcal.tools.pipeline.stages import Stage, levels, problems_before, read_stages
from opensim_difcal.tools.registry import TOOLS
from opensim_difcal.wording import counted
from opensim_difcal.workers import run_in_workers

_log = logging.getLogger("opensim_difcal")


@dataclass(frozen=True)
class PipelineOutcome:
    """What a run of the pipeline leaves behind.

    Attributes:
        records: Of all stages, in their order.
        kept: Setup files of the stages that were left out, because nothing had changed.
        files: The record and the report.
    """

    records: tuple[StageRecord, ...]
    kept: tuple[str, ...]
    files: tuple[Path, ...]


def run_pipeline(tool: NMSPipelineTool, *, progress: bool, threads: int) -> PipelineOutcome:
    """Runs what must be run; a stage is recorded as soon as it has ended.

    Raises:
        DifcalError: If setup files contradict each other, a stage fails, or the user interrupts.
    """
    stages = read_stages(tool)
    raise_problems(problems_before(tool, stages))
    folder = tool.results_directory
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{tool.name}_stages.json"
    earlier = read_records(path)
    records = Records(path, [str(stage.setup_file) for stage in stages], earlier)
    kept: list[str] = []
    try:
        for group in levels(stages):
            waiting: dict[Stage, str] = {}
            for stage in group:
                digest, record = inputs_digest(stage), earlier.get(str(stage.setup_file))
                if tool.use_finished_stages and is_finished(record, digest):
                    _log.info("%s: nothing has changed; its results are kept.", stage.label)
                    kept.append(str(stage.setup_file))
                else:
                    waiting[stage] = digest
            _run_opensims(tool, {each: waiting[each] for each in waiting if each.is_opensims}, records)
            for stage, digest in waiting.items():
                if not stage.is_opensims:
                    records.add(_run_own(stage, digest, progress, threads))
    except KeyboardInterrupt:
        n_finished = len(kept) + records.n_added
        raise PipelineError(
            f"Interrupted by the user. {n_finished} of {counted(len(stages), 'stage')} are finished, and the "
            "next run does not run them again; the others have their earlier results."
        ) from None
    report = folder / f"{tool.name}_report.html"
    write_pipeline_report(report, tool.name, [_line(record, kept) for record in records.all])
    return PipelineOutcome(tuple(records.all), tuple(kept), (path, report))


def _run_opensims(tool: NMSPipelineTool, waiting: Mapping[Stage, str], records: Records) -> None:
    """Runs tools of OpenSim side by side, and records each as it ends.

    Raises:
        PipelineError: If one fails; `Problems` if several do. The others are done then.
    """
    if not waiting:
        return
    stages = list(waiting)
    n_workers = min(tool.n_workers or os.cpu_count() or 1, len(stages))
    _log.info("Running %s.", ", ".join(stage.label for stage in stages))
    errors: list[DifcalError] = []

    def record(position: int, future: Future[StageRun]) -> None:
        stage = stages[position]
        try:
            run = future.result()
        except DifcalError as error:
            errors.append(error)
        except Exception as error:  # the process died
            errors.append(
                PipelineError(
                    f"{stage.setup_file}: {stage.tool_name} broke down ({type(error).__name__}). Run the "
                    "setup in OpenSim itself to see why."
                )
            )
        else:
            records.add(record_of(stage, run.files, waiting[stage], run.seconds, run.notes))
            for note in run.notes:
                _log.info("%s: %s.", stage.label, note)

    with _staging(stages) as folders:
        jobs = [(stage.opensim_setup, folder) for stage, folder in zip(stages, folders, strict=True)]
        run_in_workers(n_workers, run_opensim_tool, jobs, on_done=record)
    raise_problems(errors)


@contextmanager
def _staging(stages: Sequence[Stage]) -> Iterator[list[Path]]:
    """Gives every stage a hidden, empty folder beside its outputs, and removes them at the end."""
    folders: list[Path] = []
    try:
        for stage in stages:
            beside = stage.outputs[0].parent
            beside.mkdir(parents=True, exist_ok=True)
            folders.append(Path(tempfile.mkdtemp(prefix=f".{stage.setup_file.stem}_", dir=beside)))
        yield folders
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def _run_own(stage: Stage, digest: str, progress: bool, threads: int) -> StageRecord:
    """Runs a tool of this package.

    Raises:
        DifcalError: If it fails, or the user interrupts it.
    """
    _log.info("Running %s.", stage.label)
    begin = time.perf_counter()
    outcome = TOOLS[stage.tool_name](stage.setup_file).run(progress=progress, threads=threads)
    status = getattr(outcome, "status", None)
    if status is not None and status.name == "INTERRUPTED":
        raise CalibrationError(f"{stage.setup_file}: {status.value} Later stages were not run.")
    seconds = time.perf_counter() - begin
    return record_of(stage, outcome.files, digest, seconds, _notes(outcome))


def _notes(outcome: object) -> tuple[str, ...]:
    """What a tool wants to be known, if it says so."""
    result = getattr(outcome, "result", None)
    return tuple(getattr(result, "warnings", None) or getattr(result, "notes", None) or ())


def _line(record: StageRecord, kept: Sequence[str]) -> StageLine:
    """What the report says of a stage."""
    return StageLine(
        Path(record.setup_file).name,
        record.tool,
        record.setup_file in kept,
        record.seconds,
        tuple(Path(path) for path in record.outputs),
        record.notes,
    )
