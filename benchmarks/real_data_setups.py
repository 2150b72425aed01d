"""The two real data sets as calibration tools."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensim_difcal import NMSCalibrationTool, NMSExecutionTool
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles, TrialFiles
from opensim_difcal.tools.nms_calibration_tool import StrengthGroup

PRIOR_WEIGHT = 0.05
COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
LOPES_CALIBRATION = ("walk36_01", "walk36_02", "run81_a_01")
SEMITENDINOSUS = {"semimem_r": "semimem_r semiten_r"}

_LOPES_CHANNELS = {
    "soleus_r": "soleus_r",
    "med_gas_r": "med_gas_r",
    "lat_gas_r": "lat_gas_r",
    "tib_ant_r": "tib_ant_r",
    "semimem_r": "semimem_r",
    "bifemlh_r": "bifemlh_r bifemsh_r",
    "vas_lat_r": "vas_lat_r vas_int_r",
    "vas_med_r": "vas_med_r vas_int_r",
    "rect_fem_r": "rect_fem_r",
}
_RAJAGOPAL_GROUPS = {
    "gluteus_maximus": "glmax1_r glmax2_r glmax3_r",
    "gluteus_medius": "glmed1_r glmed2_r glmed3_r",
    "hamstrings": "semimem_r semiten_r bflh_r",
    "vasti": "vaslat_r vasmed_r",
    "triceps_surae": "soleus_r gasmed_r gaslat_r",
}


@dataclass(frozen=True)
class Variant:
    """A change of one thing against a data set's setup.

    Attributes:
        label: What the table says.
        properties: Properties of the tool that differ.
        channels: Muscles by excitation column, where they differ (lopes_subj06).
        calibration: Trials to calibrate on, where they differ (lopes_subj06).
    """

    label: str
    properties: dict[str, Any]
    channels: dict[str, str] | None = None
    calibration: tuple[str, ...] | None = None


def lopes(
    data: Path,
    results: Path,
    *,
    channels: dict[str, str] | None = None,
    calibration: tuple[str, ...] | None = None,
    **properties: Any,
) -> NMSCalibrationTool:
    """Walking and running: three gait cycles calibrate, every other clean one validates."""
    folder = data / "lopes_subj06"
    calibration = calibration or LOPES_CALIBRATION
    trials = [
        trial for name in ("walk36", "run81_a", "run81_b") for trial in _cycles(folder / name, calibration)
    ]
    settings: dict[str, Any] = {
        "name": "lopes_subj06",
        "model_file": folder / "gait2392_subj06_scaled_est.osim",
        "convert_thelen_muscles": True,
        "results_directory": results,
        "coordinates": COORDINATES,
        "trials": tuple(trials),
        "excitation_map": _channels(_LOPES_CHANNELS | (channels or {})),
        "strength_groups": _groups({"vasti": "vas_med_r vas_int_r vas_lat_r"}),
        "strength_coefficient_bounds": (0.2, 2.5),
        "optimal_fiber_length_bounds": (0.7, 1.3),
        "tendon_slack_length_bounds": (0.7, 1.3),
        "electromechanical_delay": 0.1,
        "lowpass_cutoff_frequency_for_coordinates": 12.0,
        "prior_weight": PRIOR_WEIGHT,
    }
    return NMSCalibrationTool(**(settings | properties))


def rajagopal(data: Path, results: Path, **properties: Any) -> NMSCalibrationTool:
    """Walking: the first gait cycle calibrates, the stance after it validates."""
    folder = data / "rajagopal_walk"
    cycle, stance = _rows(folder / "cycles.csv")
    settings: dict[str, Any] = {
        "name": "rajagopal_walk",
        "model_file": folder / "subject_walk_scaled.osim",
        "results_directory": results,
        "coordinates": COORDINATES,
        "trials": (
            _trial(folder, "cycle_1", "calibration", cycle["t_heel_strike_r"], cycle["t_next_heel_strike_r"]),
            _trial(folder, "stance_2", "validation", stance["t_heel_strike_r"], stance["t_toe_off_r"]),
        ),
        "strength_groups": _groups(_RAJAGOPAL_GROUPS),
        "strength_coefficient_bounds": (0.1, 2.5),
        "closed_loop_limit": 0.05,  # the path of glmax1_r jumps
        "prior_weight": PRIOR_WEIGHT,
    }
    return NMSCalibrationTool(**(settings | properties))


def execution_of(tool: NMSCalibrationTool, **properties: Any) -> NMSExecutionTool:
    """The tool that runs a calibration's trials on its result."""
    folder = tool.results_directory
    trials = tuple(
        ExecutionTrialFiles(
            name=files.name,
            task=files.name.split("_")[0],
            coordinates_file=files.coordinates_file,
            generalized_forces_file=files.generalized_forces_file,
            excitations_file=files.excitations_file,
            time_range=files.time_range,
        )
        for files in tool.trials
    )
    settings: dict[str, Any] = {
        "model_file": folder / f"{tool.name}.osim",
        "subject_file": folder / f"{tool.name}_subject.xml",
        "coordinates": tool.coordinates,
        "trials": trials,
        "allow_extra_columns": tool.allow_extra_columns,
    }
    return NMSExecutionTool(**(settings | properties))


def _cycles(folder: Path, calibration: tuple[str, ...]) -> list[TrialFiles]:
    """One trial per clean gait cycle."""
    trials = []
    for row in _rows(folder / "cycles.csv"):
        if row["clean"] == "1":
            name = f"{folder.name}_{len(trials) + 1:02d}"
            role = "calibration" if name in calibration else "validation"
            times = row["t_heel_strike_r"], row["t_next_heel_strike_r"]
            trials.append(_trial(folder, name, role, *times, filtered=True))
    return trials


def _trial(
    folder: Path, name: str, role: str, first: str, last: str, *, filtered: bool = False
) -> TrialFiles:
    return TrialFiles(
        name=name,
        role=role,
        coordinates_file=folder / ("ik.sto" if filtered else "ik.mot"),
        generalized_forces_file=folder / ("id_lp.sto" if filtered else "id.sto"),
        excitations_file=folder / "emg.sto",
        time_range=(float(first), float(last)),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def _channels(muscles: dict[str, str]) -> tuple[ExcitationChannel, ...]:
    return tuple(ExcitationChannel(name=name, muscles=tuple(m.split())) for name, m in muscles.items())


def _groups(members: dict[str, str]) -> tuple[StrengthGroup, ...]:
    return tuple(StrengthGroup(name=name, muscles=tuple(m.split())) for name, m in members.items())
