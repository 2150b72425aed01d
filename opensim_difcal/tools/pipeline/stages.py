"""The stages of a pipeline: what each setup file reads and writes, and who feeds whom."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensim_difcal.errors import DifcalError, Problems, SetupFileError, raise_problems
from opensim_difcal.properties import properties_of
from opensim_difcal.setup_file import read_what_can_be_read
from opensim_difcal.tools.common.setting_checks import file_name_faults, repeated
from opensim_difcal.tools.nms_pipeline_tool import NMSPipelineTool
from opensim_difcal.tools.pipeline.opensim_setup import (
    OPENSIM_TOOLS,
    OpenSimSetup,
    read_opensim_setup,
    tool_of,
)
from opensim_difcal.tools.registry import TOOLS
from opensim_difcal.wording import listed


@dataclass(frozen=True)
class Stage:
    """One setup file of a pipeline.

    Attributes:
        setup_file: Absolute.
        tool_name: Of the tool in it.
        opensim_setup: For a tool of OpenSim.
        inputs: Files that it reads, absolute, beside the setup file.
        outputs: Files that it writes, absolute; without those that only cycles decide.
        faults: Of the setup file and its settings, except for files that are missing.
    """

    setup_file: Path
    tool_name: str
    opensim_setup: OpenSimSetup | None
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    faults: tuple[DifcalError, ...] = ()

    @property
    def is_opensims(self) -> bool:
        """Whether OpenSim's own tool runs."""
        return self.opensim_setup is not None

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.setup_file.name} ({self.tool_name})"

    def makes(self, path: Path) -> bool:
        """Whether a file is among what it writes, also by another way to its folder."""
        return path in self.outputs or os.path.realpath(path) in map(os.path.realpath, self.outputs)


def read_stages(tool: NMSPipelineTool) -> tuple[Stage, ...]:
    """Returns the stages of all setup files.

    Raises:
        DifcalError: If a setup file cannot be read at all; `Problems` if several cannot.
    """
    stages: list[Stage] = []
    errors: list[DifcalError] = []
    for path in tool.setup_files:
        try:
            stages.append(_stage(path.absolute()))
        except DifcalError as error:
            errors.append(error)
    raise_problems(errors)
    return tuple(stages)


def levels(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Returns the stages in groups: those of a group need only what groups before it make."""
    level: list[int] = []
    for i, stage in enumerate(stages):
        makers = [level[j] for j in range(i) if any(stages[j].makes(path) for path in stage.inputs)]
        level.append(1 + max(makers, default=-1))
    return [
        [stage for stage, own in zip(stages, level, strict=True) if own == number]
        for number in range(1 + max(level, default=-1))
    ]


def problems_before(tool: NMSPipelineTool, stages: Sequence[Stage]) -> list[DifcalError]:
    """Returns what speaks against running the stages at all: their order, files, settings."""
    sentences = [*file_name_faults(tool.name, [])]
    if not tool.setup_files:
        sentences.append("<setup_files> is empty. Name the setup files of the stages.")
    if tool.n_workers is not None and tool.n_workers < 1:
        sentences.append(
            f"<n_workers> is {tool.n_workers}; expected a whole number above 0. Correct it, or leave it out."
        )
    for name in repeated([str(stage.setup_file) for stage in stages]):
        sentences.append(f"<setup_files> holds {name} more than once. Remove all but one.")
    for name in repeated([str(path) for stage in stages for path in stage.outputs]):
        makers = dict.fromkeys(stage.label for stage in stages if Path(name) in stage.outputs)
        sentences.append(
            f"{' and '.join(makers)} write the same file, {name}. Change a name, or a <results_directory>."
        )
    for i, stage in enumerate(stages):
        for path in dict.fromkeys(stage.inputs):
            if not any(each.makes(path) for each in stages[:i]):
                sentences += _source_fault(stage, path, stages[i:])
    faults = [fault for stage in stages for fault in stage.faults]
    return [*(SetupFileError(sentence) for sentence in sentences), *faults]


def pipeline_problems(tool: NMSPipelineTool) -> list[DifcalError]:
    """Returns what is wrong with the setup files, their order, and the inputs that are there already."""
    try:
        stages = read_stages(tool)
    except DifcalError as error:
        return [error]
    found = problems_before(tool, stages)
    for i, stage in enumerate(stages):
        waits = any(each.makes(path) for each in stages[:i] for path in stage.inputs)
        if not (stage.is_opensims or stage.faults or waits) and all(path.is_file() for path in stage.inputs):
            found += [_of_stage(stage.setup_file, each) for each in _read_tool(stage).problems()]
    return list({str(problem): problem for problem in found}.values())


def _of_stage(setup_file: Path, problem: DifcalError) -> SetupFileError:
    return SetupFileError(f"{setup_file.name}: {problem}")


def _source_fault(stage: Stage, path: Path, later: Sequence[Stage]) -> Iterator[str]:
    """A sentence if nothing makes a file, or only a stage that comes too late."""
    makers = [each for each in later if each is not stage and each.makes(path)]
    if makers:
        yield (
            f"{stage.label} reads {path}, which {makers[0].label} writes, but that comes later in "
            "<setup_files>. Put it before."
        )
    elif not path.is_file():
        yield (
            f"{stage.label} reads {path}, which does not exist and no earlier stage writes. Correct the path "
            "in the setup file, or add the stage that makes it."
        )


def _stage(path: Path) -> Stage:
    name = tool_of(path)
    if name in OPENSIM_TOOLS:
        setup = read_opensim_setup(path)
        return Stage(path, name, setup, setup.inputs, setup.outputs)
    if name not in _runnable():
        raise SetupFileError(
            f"{path}: a pipeline runs {listed(_runnable(), '{}')}; this is <{name}>. Give another setup file."
        )
    tool, faults = read_what_can_be_read(path, TOOLS)
    if tool is None:
        raise Problems(faults)
    inputs = tuple(dict.fromkeys(_files(tool)))
    folder = Path(os.path.normpath(Path(tool.results_directory).absolute()))
    outputs = tuple(folder / each for each in tool.output_names())
    about_files = [fault for fault in faults if _is_about(fault, inputs)]
    others = [fault for fault in faults if fault not in about_files]
    if not others:
        others = [_of_stage(path, fault) for fault in tool.setting_problems()]
    return Stage(path, name, None, inputs, outputs, tuple(others))


def _is_about(problem: DifcalError, files: Sequence[Path]) -> bool:
    return any(str(each) in str(problem) for each in files)


def _runnable() -> list[str]:
    return [name for name in (*OPENSIM_TOOLS, *TOOLS) if name != NMSPipelineTool.__name__]


def _read_tool(stage: Stage) -> Any:
    return TOOLS[stage.tool_name](stage.setup_file)


def _files(settings: Any) -> Iterator[Path]:
    """Files that a tool's settings name, those of lists and of a calibration's setup file too."""
    for prop in properties_of(type(settings)):
        values = getattr(settings, prop.name)
        for value in values if prop.is_sequence else (values,):
            if dataclasses.is_dataclass(value):
                yield from _files(value)
            elif prop.is_path and isinstance(value, Path):
                path = Path(os.path.normpath(value.absolute()))
                yield path
                if prop.name.endswith("_setup_file") and path.is_file():
                    nested, _ = read_what_can_be_read(path, TOOLS)
                    yield from _files(nested)
