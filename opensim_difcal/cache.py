"""Where files are kept that only save time: they can be made again, and may be deleted."""

import os
import sys
from pathlib import Path


def default_cache_directory() -> Path | None:
    """Returns the folder of the user in which later runs find what earlier ones computed.

    `opensim_difcal` in the folder that XDG_CACHE_HOME names, else in the system's place for such
    files: ~/.cache, on Windows LOCALAPPDATA, on macOS ~/Library/Caches. None for a user
    without a home.
    """
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():  # others are to be ignored, says the XDG specification
        return given / "opensim_difcal"
    local = Path(os.environ.get("LOCALAPPDATA", ""))
    if sys.platform == "win32" and local.is_absolute():
        return local / "opensim_difcal"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home.joinpath(
        *(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "opensim_difcal"
    )


def cache_subfolder(name: str) -> Path | None:
    """Returns the default folder for one kind of content; None where there is no home.

    Args:
        name: Of the kind: geometry, kernels.
    """
    directory = default_cache_directory()
    return None if directory is None else directory / name
