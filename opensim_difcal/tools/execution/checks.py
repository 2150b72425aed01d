"""What is wrong with the settings of an execution, before its inputs are read."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from opensim_difcal.errors import SetupFileError
from opensim_difcal.execution.modes import ADJUSTING_MODES
from opensim_difcal.outputs.quantities import QUANTITIES, RECORDED_EXCITATIONS
from opensim_difcal.physics.limits import LARGEST_TIME_STEP
from opensim_difcal.tools.common.file_checks import files_read, overwritten, unusable_folder
from opensim_difcal.tools.common.setting_checks import (
    file_name_faults,
    refused,
    repeated,
    word_faults,
)
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

_SEARCHED = {"adjusted_muscles": ADJUSTING_MODES, "synthesized_muscles": ("emg_hybrid",)}
"""By setting the modes in which it means something."""


def setting_problems(tool: NMSExecutionTool) -> list[SetupFileError]:
    """Returns what is wrong with the settings themselves, without reading the inputs.

    Args:
        tool: The settings; values have the declared types.
    """
    sentences = list(word_faults(tool))
    for check in (_numbers, _names, _mode, _overwritten, _foreign_results, unusable_folder):
        sentences += check(tool)
    return [SetupFileError(sentence) for sentence in sentences]


def output_names(tool: NMSExecutionTool) -> tuple[str, ...]:
    """Returns the names of all files that a run writes into its results directory."""
    quantities = (*QUANTITIES, *((RECORDED_EXCITATIONS,) if tool.mode in ADJUSTING_MODES else ()))
    tables = [f"{files.name}_{quantity}.sto" for files in tool.trials for quantity in quantities]
    return "agreement.csv", "report.html", "summary.json", *tables


def has_usable_grid(tool: NMSExecutionTool) -> bool:
    """Returns whether trials can be put on a time grid."""
    return 0.0 <= tool.lead_in < math.inf and (
        tool.time_step is None or 0.0 < tool.time_step <= LARGEST_TIME_STEP
    )


def _numbers(tool: NMSExecutionTool) -> Iterator[str]:
    for name in ("alpha", "beta", "gamma", "tolerance"):
        value = getattr(tool, name)
        if value is not None and not 0.0 < value < math.inf:
            yield refused(name, value, "a finite number above 0")
    if not 0.0 <= tool.lead_in < math.inf:
        yield refused("lead_in", tool.lead_in, "a number, 0 or more")
    if tool.max_iterations < 1:
        yield refused("max_iterations", tool.max_iterations, "a whole number above 0")
    if tool.time_step is not None and not 0.0 < tool.time_step <= LARGEST_TIME_STEP:
        yield refused(
            "time_step",
            tool.time_step,
            f"a number above 0 and at most {LARGEST_TIME_STEP:g} s, beyond which the tendon is not resolved",
        )


def _names(tool: NMSExecutionTool) -> Iterator[str]:
    yield from file_name_faults(tool.name, [files.name for files in tool.trials])
    for element in ("coordinates", "trials"):
        if not getattr(tool, element):
            yield f"<{element}> is empty; expected at least one. Add one."
    for element in ("coordinates", "adjusted_muscles", "synthesized_muscles"):
        for name in repeated(getattr(tool, element)):
            yield f"<{element}> holds {name!r} more than once. Remove all but one."


def _mode(tool: NMSExecutionTool) -> Iterator[str]:
    static = tool.mode == "static_optimization"
    if tool.subject_file is None and (not static or tool.activation_dynamics):
        what = "<activation_dynamics> true" if static else f"mode {tool.mode}"
        yield (
            f"<subject_file> is missing, but {what} needs the activation dynamics of a calibrated subject. "
            "Give the file <name>_subject.xml that the calibration wrote beside the model."
        )
    if tool.activation_dynamics and not static:
        yield (
            f"<activation_dynamics> is true, but <mode> is {tool.mode}, which always has activation "
            "dynamics. Remove the element, or set <mode> to static_optimization."
        )
    for element, modes in _SEARCHED.items():
        given = getattr(tool, element)
        if given and tool.mode not in modes:
            yield (
                f"<{element}> names {', '.join(given)}, but <mode> is {tool.mode}, which does not use it. "
                f"Set <mode> to {' or '.join(modes)}, or remove the element."
            )


def _overwritten(tool: NMSExecutionTool) -> Iterator[str]:
    yield from overwritten(tool.results_directory, output_names(tool), _inputs(tool))


def _foreign_results(tool: NMSExecutionTool) -> Iterator[str]:
    """Results of another tool, such as the calibration's own."""
    try:
        content = json.loads((tool.results_directory / "summary.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    other = content.get("tool") if isinstance(content, dict) else None
    if other not in (None, type(tool).__name__):
        yield (
            f"<results_directory> is '{tool.results_directory}', which holds results of {other}; the run "
            "would write its report.html and summary.json over them. Choose another folder."
        )


def _inputs(tool: NMSExecutionTool) -> Iterator[tuple[str, Path]]:
    """What the run reads: what it is for, and its path."""
    yield from files_read(tool.model_file, tool.trials)
    if tool.subject_file is not None:
        yield "its <subject_file>", tool.subject_file
