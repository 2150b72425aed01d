"""A calibration of five ankle muscles of the leg's virtual subject: small, but whole."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial_files import TrialFiles
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool

LEG = Path(__file__).parents[2] / "models" / "leg"
MUSCLES = ("med_gas_r", "lat_gas_r", "soleus_r", "tib_post_r", "tib_ant_r")
TRIALS = {"walk_slow_1": "calibration", "walk_normal_1": "calibration", "walk_slow_2": "validation"}


def trial(name: str, role: str = "calibration", time_range: tuple[float, float] = (0.4, 0.7)) -> TrialFiles:
    """One of the virtual subject's trials."""
    return TrialFiles(
        name=name,
        role=role,
        coordinates_file=LEG / "trials" / f"{name}_ik.mot",
        generalized_forces_file=LEG / "trials" / f"{name}_id.sto",
        excitations_file=LEG / "trials" / f"{name}_emg.sto",
        time_range=time_range,
    )


def ankle_tool(results: Path, **changes: Any) -> NMSCalibrationTool:
    """Two trials to calibrate on and one that is kept aside."""
    tool = NMSCalibrationTool(
        name="ankle",
        model_file=LEG / "leg_scaled.osim",
        results_directory=results,
        coordinates=("ankle_angle_r",),
        trials=tuple(trial(name, role) for name, role in TRIALS.items()),
        excitation_map=tuple(ExcitationChannel(name=name, muscles=(name,)) for name in MUSCLES),
        allow_extra_columns=True,
        time_step=0.01,
        max_iterations=8,
    )
    return replace(tool, **changes)


def tiny_tool(results: Path, **changes: Any) -> NMSCalibrationTool:
    """One short trial and one iteration, for what does not depend on the numbers."""
    short = trial("walk_slow_1", time_range=(0.4, 0.55))
    return ankle_tool(results, **({"trials": (short,), "max_iterations": 1} | changes))
