"""What is wrong with the settings of a conversion, before its inputs are read."""

import math
from collections.abc import Iterator
from pathlib import Path

from opensim_difcal.errors import SetupFileError
from opensim_difcal.physics.limits import LARGEST_TIME_STEP
from opensim_difcal.tools.common.file_checks import files_read, overwritten, unusable_folder
from opensim_difcal.tools.common.setting_checks import file_name_faults, refused, repeated, word_faults
from opensim_difcal.tools.muscle_conversion_tool import MuscleConversionTool

TABLE, REPORT = "conversion.csv", "report.html"


def setting_problems(tool: MuscleConversionTool) -> list[SetupFileError]:
    """Returns what is wrong with the settings themselves, without reading the inputs.

    Args:
        tool: The settings; values have the declared types.
    """
    sentences = list(word_faults(tool))
    for check in (_numbers, _names, _output, _unused, unusable_folder):
        sentences += check(tool)
    return [SetupFileError(sentence) for sentence in sentences]


def output_model_name(tool: MuscleConversionTool) -> str:
    """Returns the name of the converted model's file."""
    if tool.output_model_file is not None:
        return tool.output_model_file
    path = tool.model_file if isinstance(tool.model_file, Path) else Path(tool.model_file.getInputFileName())
    stem = path.stem if path.suffix else "model"  # OpenSim calls a model without a file "Unassigned"
    return f"{stem}_millard.osim"


def output_names(tool: MuscleConversionTool) -> tuple[str, ...]:
    """Returns the names of all files that a run writes into its results directory."""
    return output_model_name(tool), TABLE, REPORT


def _numbers(tool: MuscleConversionTool) -> Iterator[str]:
    if not 0.0 < tool.time_step <= LARGEST_TIME_STEP:
        expected = f"a number above 0 and at most {LARGEST_TIME_STEP:g} s"
        yield refused("time_step", tool.time_step, expected)
    if not 0.0 <= tool.lead_in < math.inf:
        yield refused("lead_in", tool.lead_in, "a number, 0 or more")
    if not 0.0 <= tool.constant_activation <= 1.0:
        yield refused("constant_activation", tool.constant_activation, "a number from 0 to 1")
    if tool.n_workers is not None and tool.n_workers < 0:
        yield refused("n_workers", tool.n_workers, "a whole number, 0 or more")


def _names(tool: MuscleConversionTool) -> Iterator[str]:
    yield from file_name_faults(tool.name, [files.name for files in tool.trials])
    for element in ("coordinates", "muscles"):
        for name in repeated(getattr(tool, element)):
            yield f"<{element}> holds {name!r} more than once. Remove all but one."


def _output(tool: MuscleConversionTool) -> Iterator[str]:
    name = output_model_name(tool)
    if Path(name).name != name or not name.endswith(".osim") or name == ".osim":
        yield (
            f"<output_model_file> is {name!r}; expected the name of an .osim file without a folder, such as "
            "model_millard.osim. The file goes into <results_directory>."
        )
        return
    yield from overwritten(
        tool.results_directory, output_names(tool), files_read(tool.model_file, tool.trials)
    )


def _unused(tool: MuscleConversionTool) -> Iterator[str]:
    """Settings of a comparison without a trial to compare along."""
    for element in ("coordinates", "muscles", "excitation_map"):
        if getattr(tool, element) and not tool.trials:
            yield (
                f"<{element}> is given, but <trials> is empty, so that nothing is compared. Add a trial, or "
                "remove the element."
            )
