"""Where a tool keeps what a later run can use again."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from opensim_difcal.cache import cache_subfolder


@runtime_checkable
class CachingTool(Protocol):
    """A tool whose settings say whether and where things are kept."""

    use_cache: bool
    cache_directory: Path | None


def cache_folder(tool: CachingTool, name: str) -> Path | None:
    """Returns the tool's folder for one kind of content; None where nothing is kept.

    Args:
        tool: The settings.
        name: Of the kind: geometry, kernels.
    """
    if not tool.use_cache:
        return None
    return cache_subfolder(name) if tool.cache_directory is None else tool.cache_directory / name
