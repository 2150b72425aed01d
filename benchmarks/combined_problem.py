"""A calibration problem of any size, from the virtual leg and arm together.

The 21 muscles of the leg and 13 of the arm's stand side by side: 34 muscles around six
joints. Trials are windows of the virtual subjects' trials.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.unknowns import Bounds, make_unknowns
from opensim_difcal.inputs.batch import batch_trials
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.curves import CurveTable
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, read_inputs

ROOT = Path(__file__).resolve().parents[1]
N_MUSCLES, N_TRIALS, N_SAMPLES = 34, 3, 200
_SHIFT = 40  # samples, from one window of a trial to the next


def read_subjects() -> tuple[CalibrationInputs, CalibrationInputs]:
    """Reads the leg and the arm as shipped."""
    leg, arm = (
        read_inputs(NMSCalibrationTool(ROOT / "tools_setup" / f"{name}_emg_driven.xml"))
        for name in ("leg", "arm")
    )
    return leg, arm


def combined_problem(
    subjects: Sequence[CalibrationInputs],
    engine: Engine,
    *,
    n_muscles: int = N_MUSCLES,
    n_trials: int = N_TRIALS,
    n_samples: int = N_SAMPLES,
) -> CalibrationProblem:
    """Returns the problem: the first muscles, and windows of trials."""
    leg, arm = subjects
    muscles = _joined(leg.muscles, arm.muscles).select(torch.arange(n_muscles))
    n_each = min(len(leg.trials), len(arm.trials))
    windows = [divmod(k, n_each) for k in range(n_trials)]
    trials = [
        _window(leg.trials[i], arm.trials[i], slice(_SHIFT * shift, _SHIFT * shift + n_samples), muscles)
        for shift, i in windows
    ]
    ones = torch.ones_like(muscles.optimal_fiber_length)
    start = ActivationParameters(-0.5 * ones, -0.5 * ones, -ones)
    return CalibrationProblem(
        batch_trials(trials), make_unknowns(muscles, start, {}, Bounds()), CostSettings(), engine
    )


def _window(leg: Trial, arm: Trial, window: slice, muscles: Muscles) -> Trial:
    n_muscles = len(muscles.names)

    def beside(name: str) -> np.ndarray:
        return np.concatenate([getattr(leg, name)[window], getattr(arm, name)[window]], axis=1)

    n_leg, n_all = len(leg.coordinate_names), len(leg.coordinate_names) + len(arm.coordinate_names)
    moment_arm = np.zeros((len(leg.time[window]), n_all, len(leg.muscle_names) + len(arm.muscle_names)))
    moment_arm[:, :n_leg, : len(leg.muscle_names)] = leg.moment_arm[window]
    moment_arm[:, n_leg:, len(leg.muscle_names) :] = arm.moment_arm[window]
    return replace(
        leg,
        name=f"{leg.name}_{window.start}",
        role="calibration",
        muscle_names=muscles.names,
        coordinate_names=(*leg.coordinate_names, *arm.coordinate_names),
        time=leg.time[window],
        n_lead_in=20,
        excitation=beside("excitation")[:, :n_muscles],
        muscle_tendon_length=beside("muscle_tendon_length")[:, :n_muscles],
        moment_arm=moment_arm[..., :n_muscles],
        joint_moment=beside("joint_moment"),
    )


def _joined(first: Muscles, second: Muscles) -> Muscles:
    """All muscles of both."""
    joined = {}
    for field in fields(first):
        one, two = getattr(first, field.name), getattr(second, field.name)
        if isinstance(one, CurveTable):
            joined[field.name] = _joined_tables(one, two)
        elif isinstance(one, torch.Tensor):
            joined[field.name] = torch.cat([one, two])
    return Muscles(names=first.names + second.names, elastic_tendon=first.elastic_tendon, **joined)


def _joined_tables(first: CurveTable, second: CurveTable) -> CurveTable:
    parts = {
        field.name: torch.cat([getattr(first, field.name), getattr(second, field.name)])
        for field in fields(first)
    }
    parts["row"] = torch.cat([first.row, second.row + len(first.coefficients)])
    return CurveTable(**parts)
