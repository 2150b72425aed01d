"""A calibrated ankle, and executions of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ankle_tool import MUSCLES, TRIALS, ankle_tool, trial

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.outputs.report_page import Html
from opensim_difcal.outputs.report_pictures import ReportPictures
from opensim_difcal.tools.calibration import outputs as calibration_outputs
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

NONE = Html("")
CHANNELS = tuple(ExcitationChannel(name=name, muscles=(name,)) for name in MUSCLES)


def calibrate_ankle(folder: Path, **changes: Any) -> CalibrationResult:
    """Calibrates into a folder."""
    return run_without_pictures(ankle_tool(folder, **({"time_step": 0.005} | changes)))


def run_without_pictures(tool: NMSCalibrationTool) -> CalibrationResult:
    """Runs a calibration without what takes longest."""
    with pytest.MonkeyPatch.context() as patch:
        pictures = ReportPictures((NONE,), NONE, NONE, NONE, NONE, NONE)
        patch.setattr(calibration_outputs, "_pictures", lambda *_: pictures)
        return tool.run().result


def execution_trial(name: str, **changes: Any) -> ExecutionTrialFiles:
    """One of the virtual subject's trials, to run."""
    files = trial(name)
    execution = ExecutionTrialFiles(
        name=name,
        task="walking",
        coordinates_file=files.coordinates_file,
        generalized_forces_file=files.generalized_forces_file,
        excitations_file=files.excitations_file,
        time_range=files.time_range,
    )
    return replace(execution, **changes)


def execution_tool(folder: Path, results: Path, **changes: Any) -> NMSExecutionTool:
    """The calibration's three trials on the calibrated ankle of a folder."""
    tool = NMSExecutionTool(
        name="ankle_execution",
        model_file=folder / "ankle.osim",
        subject_file=folder / "ankle_subject.xml",
        results_directory=results,
        coordinates=("ankle_angle_r",),
        trials=tuple(execution_trial(name) for name in TRIALS),
        allow_extra_columns=True,
    )
    return replace(tool, **changes)
