"""Levenberg-Marquardt against the paper's AdamW: the same cost, engine and process."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from real_data_setups import lopes

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.cache import cache_subfolder
from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.engine import Engine
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, read_inputs
from opensim_difcal.tools.calibration.run import calibration_settings

ROOT = Path(__file__).resolve().parents[1]
N_ITERATIONS = 1000  # of AdamW


@dataclass(frozen=True)
class Course:
    """How the cost of one optimizer fell.

    Attributes:
        seconds: Since the start, at every iteration.
        costs: Total at every iteration.
    """

    seconds: list[float]
    costs: list[float]

    def seconds_to(self, cost: float) -> float:
        """When a cost was first reached; infinite if never."""
        return next((t for t, c in zip(self.seconds, self.costs, strict=True) if c <= cost), float("inf"))


@dataclass(frozen=True)
class Race:
    """Both optimizers on one subject.

    Attributes:
        subject: Name.
        adamw: The paper's optimizer, all of its iterations.
        levenberg_marquardt: Ours.
    """

    subject: str
    adamw: Course
    levenberg_marquardt: Course

    @property
    def share_of_time(self) -> float:
        """Time to AdamW's last cost, over AdamW's time."""
        return self.levenberg_marquardt.seconds_to(min(self.adamw.costs)) / self.adamw.seconds[-1]


def engine_of(inputs: CalibrationInputs) -> Engine:
    """The engine that users get, its machine code kept where theirs is."""
    return best_engine(inputs.muscles, cache_subfolder("kernels"))


def races(data: Path) -> list[Race]:
    """Lets both optimizers minimize the paper's cost on the leg, the arm and a person.

    Args:
        data: Folder of the real measurements.
    """
    tools = [NMSCalibrationTool(ROOT / "tools_setup" / f"{name}_emg_driven.xml") for name in ("leg", "arm")]
    tools.append(lopes(data, Path("unused")))
    names = ("virtual leg", "virtual arm", "lopes_subj06")
    return [_race(name, replace(tool, preset="hambly2024")) for name, tool in zip(names, tools, strict=True)]


def _race(subject: str, tool: NMSCalibrationTool) -> Race:
    inputs = read_inputs(tool)
    paper = calibration_settings(tool)
    paper = replace(paper, cost=replace(paper.cost, prior_weight=0.0))
    budget = replace(paper.optimization, max_iterations=N_ITERATIONS, patience=N_ITERATIONS)
    ours = replace(paper.optimization, max_iterations=200, tolerance=1e-5)
    return Race(
        subject,
        _course(inputs, replace(paper, optimizer="adamw", optimization=budget)),
        _course(inputs, replace(paper, optimizer="levenberg_marquardt", optimization=ours)),
    )


def _course(inputs: CalibrationInputs, settings: CalibrationSettings) -> Course:
    engine = engine_of(inputs)
    warm = replace(settings, optimization=replace(settings.optimization, max_iterations=1))
    calibrate("warm", inputs.trials, inputs.muscles, warm, engine=engine)
    seconds: list[float] = []
    costs: list[float] = []
    started = time.perf_counter()

    def note(_: int, cost: dict[str, float]) -> None:
        seconds.append(time.perf_counter() - started)
        costs.append(cost["total"])

    calibrate("race", inputs.trials, inputs.muscles, settings, engine=engine, progress=note)
    return Course(seconds, costs)
