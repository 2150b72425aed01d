"""Whether a tool can write its files, and would not write over what it reads."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from opensim_difcal.tools.common.model_object import ModelObject
from opensim_difcal.wording import quoted


def overwritten(folder: Path, names: Iterable[str], inputs: Iterable[tuple[str, Path]]) -> Iterator[str]:
    """Yields a sentence for every input that would be replaced.

    Args:
        folder: Where results go.
        names: Of the results.
        inputs: What each input is, and its path.
    """
    outputs = {(folder / name).resolve(): name for name in names}
    for what, path in inputs:
        if path.resolve() in outputs:
            yield (
                f"<results_directory>: the run would write its {outputs[path.resolve()]} over {path}, {what}"
                ". Choose another <results_directory>, or another name."
            )


@runtime_checkable
class Files(Protocol):
    """A trial of any tool."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files."""
        ...


def files_read(model_file: Path | ModelObject, trials: Iterable[Files] = ()) -> Iterator[tuple[str, Path]]:
    """Yields what a run reads: what each file is for, and its path.

    Args:
        model_file: The model, or its file.
        trials: Those of the tool.
    """
    if isinstance(model_file, Path):
        yield "its <model_file>", model_file
    elif model_file.getInputFileName():
        yield "the file of its model", Path(model_file.getInputFileName())
    for files in trials:
        for path in files.paths:
            yield f"a file of trial {files.name!r}", path


@runtime_checkable
class WritingTool(Protocol):
    """A tool that writes results."""

    results_directory: Path


def unusable_folder(tool: WritingTool) -> Iterator[str]:
    """Yields a sentence if results cannot be written into the results directory.

    Also if that or the cache cannot be a folder, such as one with a name that is too long.
    """
    impossible = list(_impossible_folders(tool))
    yield from impossible
    if impossible:
        return
    folder = tool.results_directory.absolute()
    place = f"<results_directory> is '{tool.results_directory}', but"
    existing = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not existing.is_dir():
        yield f"{place} {existing} is no folder. Choose a folder that exists or can be made."
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield f"{place} you may not write into {existing}. Choose a folder that you may write into."


def _impossible_folders(tool: WritingTool) -> Iterator[str]:
    for element in ("results_directory", "cache_directory"):
        folder = getattr(tool, element, None)
        if folder is None:
            continue
        try:
            folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            yield (
                f"<{element}> is {quoted(str(folder), 500)}, which cannot be a folder: "
                f"{getattr(error, 'strerror', None) or error}. Choose a folder that exists or can be made."
            )
