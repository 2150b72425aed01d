"""A calibration problem: trials, unknowns and a cost, ready for any optimizer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from opensim_difcal.calibration.cost import CostSettings, cost
from opensim_difcal.calibration.result import Prediction
from opensim_difcal.calibration.unknowns import Unknowns
from opensim_difcal.inputs.batch import TrialBatch, batch_trials
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.simulation import Integrate, Simulation, simulate
from opensim_difcal.physics.time_parallel import TimeParallelIntegrator


@final
@dataclass
class CalibrationProblem:
    """Calibration trials, what is learned and what is minimized.

    Attributes:
        trials: Calibration trials in one padded batch.
        unknowns: What an optimizer changes.
        settings: The cost.
        integrate: How elastic tendons are integrated.
    """

    trials: TrialBatch
    unknowns: Unknowns
    settings: CostSettings
    integrate: Integrate = field(default_factory=TimeParallelIntegrator)

    def simulate(self) -> Simulation:
        """Simulates the calibration trials with the current unknowns."""
        return run_trials(self.trials, self.unknowns, self.integrate)

    def cost(self) -> dict[str, Tensor]:
        """Cost by term at the current unknowns."""
        return cost(self.simulate(), self.trials, self.unknowns, self.settings)


def run_trials(trials: TrialBatch, unknowns: Unknowns, integrate: Integrate) -> Simulation:
    """Simulates a batch of trials with the current unknowns."""
    return simulate(
        trials.excitation,
        trials.muscle_tendon_length,
        trials.moment_arm,
        activation_parameters=unknowns.activation_parameters(),
        muscles=unknowns.calibrated_muscles(),
        time_step=trials.time_step,
        integrate=integrate,
    )


def predict(trials: Sequence[Trial], unknowns: Unknowns) -> tuple[Prediction, ...]:
    """Predicts every trial with the current unknowns, as arrays on its own time grid.

    A trial's prediction does not depend on the trials beside it.
    """
    predictions = []
    device = unknowns.muscles.max_isometric_force.device
    for trial in trials:
        with torch.no_grad():
            batch = batch_trials([trial], device=device)
            simulation = run_trials(batch, unknowns, TimeParallelIntegrator())
        predictions.append(_prediction(trial, simulation))
    return tuple(predictions)


def _prediction(trial: Trial, simulation: Simulation) -> Prediction:
    def array(series: Tensor):
        return series[0].cpu().numpy()

    return Prediction(
        trial=trial,
        activation=array(simulation.activation),
        fiber_length=array(simulation.fiber_length),
        normalized_fiber_length=array(simulation.normalized_fiber_length),
        tendon_force=array(simulation.tendon_force),
        tendon_strain=array(simulation.tendon_strain),
        joint_moment=array(simulation.joint_moment),
    )
