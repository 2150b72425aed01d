"""Where a tool keeps what a later run can use again."""

from pathlib import Path

from opensim_difcal.cache import cache_subfolder
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool


def cache_folder(tool: NMSCalibrationTool, name: str) -> Path | None:
    """Returns the tool's folder for one kind of content; None where nothing is kept.

    Args:
        tool: The settings.
        name: Of the kind: geometry, kernels.
    """
    if not tool.use_cache:
        return None
    return cache_subfolder(name) if tool.cache_directory is None else tool.cache_directory / name
