"""Runs the stages of a pipeline: in order, side by side where they can be, each only if it must."""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.errors import CalibrationError, DifcalError, PipelineError, raise_problems
from opensim_difcal.outputs.pipeline_report import StageLine, write_pipeline_report
from opensim_difcal.tools.nms_pipeline_tool import NMSPipelineTool
from opensim_difcal.tools.opensim_stage import StageRun, run_opensim_tool
from opensim_difcal.tools.pipeline_record import (
    StageRecord,
    inputs_digest,
    is_finished,
    read_records,
    record_of,
    write_records,
)
from opensim_difcal.tools.pipeline_stages import Stage, levels, order_problems, read_stages
from opensim_difcal.tools.registry import TOOLS
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
        DifcalError: If setup files contradict each other, or a stage fails.
    """
    stages = read_stages(tool)
    raise_problems([*order_problems(tool, stages), *(fault for stage in stages for fault in stage.faults)])
    folder = tool.results_directory
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{tool.name}_stages.json"
    earlier = read_records(path) if tool.use_finished_stages else {}
    done: dict[str, StageRecord] = {}
    kept: list[str] = []
    for group in levels(stages):
        inputs = {stage: inputs_digest(stage) for stage in group}
        for stage, digest in inputs.items():
            record = earlier.get(str(stage.setup_file))
            if record is not None and is_finished(record, digest):
                _log.info("%s: nothing has changed; its results are kept.", stage.label)
                done[record.setup_file] = record
                kept.append(record.setup_file)
        waiting = {stage: inputs[stage] for stage in group if str(stage.setup_file) not in done}
        try:
            _run_opensims(tool, {each: digest for each, digest in waiting.items() if each.is_opensims}, done)
            for stage in waiting:
                if not stage.is_opensims:
                    done[str(stage.setup_file)] = _run_own(stage, waiting[stage], progress, threads)
        finally:
            write_records(path, _in_order(stages, done))
    records = _in_order(stages, done)
    report = folder / f"{tool.name}_report.html"
    write_pipeline_report(report, tool.name, [_line(record, kept) for record in records])
    return PipelineOutcome(tuple(records), tuple(kept), (path, report))


def _run_opensims(tool: NMSPipelineTool, waiting: Mapping[Stage, str], done: dict[str, StageRecord]) -> None:
    """Runs tools of OpenSim side by side, and adds their records to those that are done.

    Raises:
        PipelineError: If one fails; `Problems` if several do. The others are done then.
    """
    if not waiting:
        return
    setups = [stage.opensim_setup for stage in waiting]
    n_workers = min(tool.n_workers or os.cpu_count() or 1, len(waiting))
    _log.info("Running %s.", ", ".join(stage.label for stage in waiting))
    errors: list[DifcalError] = []
    futures = run_in_workers(n_workers, run_opensim_tool, [(setup,) for setup in setups])
    for (stage, digest), future in zip(waiting.items(), futures, strict=True):
        try:
            run: StageRun = future.result()
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
            record = record_of(stage, stage.outputs, digest, run.seconds, run.notes)
            done[record.setup_file] = record
            for note in run.notes:
                _log.info("%s: %s.", stage.label, note)
    raise_problems(errors)


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


def _in_order(stages: Sequence[Stage], done: Mapping[str, StageRecord]) -> list[StageRecord]:
    return [done[str(stage.setup_file)] for stage in stages if str(stage.setup_file) in done]
