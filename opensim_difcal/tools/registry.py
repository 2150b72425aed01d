"""The tools a setup file may hold, by element name."""

import importlib
from collections.abc import Iterator, Mapping
from typing import final

SHORT_NAMES: Mapping[str, str] = {
    "calibration": "NMSCalibrationTool",
    "execution": "NMSExecutionTool",
    "reduction": "EMGReductionTool",
    "emg": "EMGProcessingTool",
    "pipeline": "NMSPipelineTool",
    "initialization": "MuscleInitializationTool",
}
"""What the command line accepts instead of a tool's name."""


@final
class _LazyTools(Mapping[str, type]):
    """Imports a tool when it is asked for, so that listing the names costs nothing."""

    def __init__(self, modules: Mapping[str, str]):
        self._modules = modules

    def __getitem__(self, name: str) -> type:
        return getattr(importlib.import_module(self._modules[name]), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


TOOLS: Mapping[str, type] = _LazyTools(
    {
        "NMSCalibrationTool": "opensim_difcal.tools.nms_calibration_tool",
        "NMSExecutionTool": "opensim_difcal.tools.nms_execution_tool",
        "EMGReductionTool": "opensim_difcal.tools.emg_reduction_tool",
        "EMGProcessingTool": "opensim_difcal.tools.emg_processing_tool",
        "NMSPipelineTool": "opensim_difcal.tools.nms_pipeline_tool",
        "MuscleInitializationTool": "opensim_difcal.tools.muscle_initialization_tool",
    }
)
