"""Calibrates the muscles of an OpenSim model to a person.

The public names are `__all__`; each is imported when it is first used, so that
importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opensim_difcal.calibration.user_terms import peak_of_summed_forces, unexplained_variance
    from opensim_difcal.errors import (
        BoundsError,
        CalibrationError,
        CEINMSFileError,
        ClosedLoopError,
        DifcalError,
        EMGError,
        ExecutionError,
        ModelError,
        NonFiniteError,
        PipelineError,
        Problems,
        SetupFileError,
        StorageFileError,
        SynergyError,
        TrialError,
    )
    from opensim_difcal.inputs.cycle_trials import CycleTrial
    from opensim_difcal.inputs.excitations import ExcitationChannel
    from opensim_difcal.inputs.trial_files import ExecutionTrialFiles, TrialFiles
    from opensim_difcal.tools.emg_processing_tool import EMGChannel, EMGProcessingTool, EMGRecording
    from opensim_difcal.tools.emg_reduction_tool import EMGReductionTool
    from opensim_difcal.tools.muscle_initialization_tool import MuscleInitializationTool
    from opensim_difcal.tools.nms_calibration_tool import CurveStrainGroup, NMSCalibrationTool, StrengthGroup
    from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool
    from opensim_difcal.tools.nms_pipeline_tool import NMSPipelineTool
    from opensim_difcal.tools.open_stream import open_stream

    __version__: str

__all__ = [
    "BoundsError",
    "CEINMSFileError",
    "CalibrationError",
    "ClosedLoopError",
    "CurveStrainGroup",
    "CycleTrial",
    "DifcalError",
    "EMGChannel",
    "EMGError",
    "EMGProcessingTool",
    "EMGRecording",
    "EMGReductionTool",
    "ExcitationChannel",
    "ExecutionError",
    "ExecutionTrialFiles",
    "ModelError",
    "MuscleInitializationTool",
    "NMSCalibrationTool",
    "NMSExecutionTool",
    "NMSPipelineTool",
    "NonFiniteError",
    "PipelineError",
    "Problems",
    "SetupFileError",
    "StorageFileError",
    "StrengthGroup",
    "SynergyError",
    "TrialError",
    "TrialFiles",
    "__version__",
    "open_stream",
    "peak_of_summed_forces",
    "unexplained_variance",
]

_MODULES = {
    "CycleTrial": "opensim_difcal.inputs.cycle_trials",
    "EMGChannel": "opensim_difcal.tools.emg_processing_tool",
    "EMGProcessingTool": "opensim_difcal.tools.emg_processing_tool",
    "EMGRecording": "opensim_difcal.tools.emg_processing_tool",
    "EMGReductionTool": "opensim_difcal.tools.emg_reduction_tool",
    "ExcitationChannel": "opensim_difcal.inputs.excitations",
    "ExecutionTrialFiles": "opensim_difcal.inputs.trial_files",
    "MuscleInitializationTool": "opensim_difcal.tools.muscle_initialization_tool",
    "NMSExecutionTool": "opensim_difcal.tools.nms_execution_tool",
    "NMSPipelineTool": "opensim_difcal.tools.nms_pipeline_tool",
    "NMSCalibrationTool": "opensim_difcal.tools.nms_calibration_tool",
    "CurveStrainGroup": "opensim_difcal.tools.nms_calibration_tool",
    "StrengthGroup": "opensim_difcal.tools.nms_calibration_tool",
    "open_stream": "opensim_difcal.tools.open_stream",
    "TrialFiles": "opensim_difcal.inputs.trial_files",
    "peak_of_summed_forces": "opensim_difcal.calibration.user_terms",
    "unexplained_variance": "opensim_difcal.calibration.user_terms",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES.get(name, "opensim_difcal.errors")), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("opensim-difcal")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0+unknown"
