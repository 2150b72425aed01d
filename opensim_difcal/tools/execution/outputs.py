"""Writes what an execution found; the files appear together, summary.json last."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs.agreement_csv import write_agreement
from opensim_difcal.outputs.execution_report import write_execution_report
from opensim_difcal.outputs.execution_summary import execution_summary
from opensim_difcal.outputs.report_pictures import ExecutionPictures
from opensim_difcal.outputs.summary import write_summary
from opensim_difcal.outputs.tables import write_execution_tables
from opensim_difcal.setup_template import setup_text
from opensim_difcal.tools.common.force_length import active_force_length
from opensim_difcal.tools.common.garbage import no_garbage_collection
from opensim_difcal.tools.common.staging import move_into_place, staging_folder
from opensim_difcal.tools.common.stopwatch import Stopwatch
from opensim_difcal.tools.execution.inputs import ExecutionInputs
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

_log = logging.getLogger("opensim_difcal")


@dataclass(frozen=True)
class ExecutionOutcome:
    """What a run of the execution tool leaves behind.

    Attributes:
        result: Predictions, excitations and how they were found.
        summary: The content of summary.json.
        files: Every file that was written.
    """

    result: ExecutionResult
    summary: Mapping[str, object]
    files: tuple[Path, ...]


def write_outputs(
    tool: NMSExecutionTool, inputs: ExecutionInputs, result: ExecutionResult, watch: Stopwatch
) -> ExecutionOutcome:
    """Writes into a folder beside the results, then moves all in place.

    Args:
        tool: The settings.
        inputs: What was read.
        result: The execution.
        watch: Runs since the tool was started.

    Raises:
        OSError: If a file cannot be written. Earlier results are then as they were.
    """
    directory = tool.results_directory
    with staging_folder(directory, tool.name) as staging:
        for each in result.trials:
            write_execution_tables(staging, each, projected=result.projected)
        write_agreement(staging / "agreement.csv", result)
        with no_garbage_collection():
            pictures = _pictures(inputs, result)
        settings_text = setup_text(replace(tool, model_file=inputs.source.path), directory)
        write_execution_report(
            staging / "report.html", result, pictures=pictures, settings_text=settings_text
        )
        watch.lap("report")
        summary = execution_summary(result, tool=type(tool).__name__, seconds=watch.seconds)
        write_summary(staging / "summary.json", summary)
        files = move_into_place(staging, directory, last="summary.json")
    _log.info("Wrote %d files; %s came last.", len(files), files[-1])
    return ExecutionOutcome(result, summary, files)


def _pictures(inputs: ExecutionInputs, result: ExecutionResult) -> ExecutionPictures:
    from opensim_difcal.outputs.execution_figures import draw_execution_pictures  # matplotlib

    subject = inputs.subject
    return draw_execution_pictures(
        result,
        active_force_length=active_force_length(),
        calibrated=subject.normalized_fiber_length_ranges if subject else {},
    )
