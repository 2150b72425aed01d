"""Where a tool keeps what a later run can use again."""

from pathlib import Path

from opensim_difcal.cache import default_cache_directory
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool


def cache_folder(tool: NMSCalibrationTool, name: str) -> Path | None:
    """Returns the tool's folder for one kind of content; None where nothing is kept.

    Args:
        tool: The settings.
        name: Of the kind: geometry, kernels.
    """
    directory = tool.cache_directory or default_cache_directory()
    return directory / name if tool.use_cache and directory else None
