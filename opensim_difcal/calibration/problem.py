"""A calibration problem: trials, unknowns and a cost, ready for any optimizer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.cost import COST_TERMS, CostSettings, CostTerm, prior
from opensim_difcal.calibration.drive import Drive, RecordedDrive, SynergyPosition
from opensim_difcal.calibration.finite import non_finite_error, non_finite_slope_error
from opensim_difcal.calibration.result import Prediction
from opensim_difcal.calibration.unknowns import Position, Unknowns
from opensim_difcal.calibration.user_terms import user_terms
from opensim_difcal.errors import NonFiniteError
from opensim_difcal.inputs.batch import TrialBatch, batch_trials
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.differentiable import EngineOperations, Operations
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.simulation import Simulation, simulate
from opensim_difcal.shapes import MuscleSeries


@final
@dataclass(frozen=True)
class CalibrationProblem:
    """Calibration trials, what is learned and what is minimized.

    Attributes:
        trials: Calibration trials in one padded batch.
        unknowns: Parameters of the muscles that an optimizer changes.
        settings: The cost.
        engine: What computes.
        terms: The user's own terms of the cost, by name.
        drive: Where excitations come from; what it learns follows the muscles' parameters
            in every position.
    """

    trials: TrialBatch
    unknowns: Unknowns
    settings: CostSettings
    engine: Engine
    terms: Mapping[str, CostTerm] = field(default_factory=dict)
    drive: Drive = field(default_factory=RecordedDrive)

    def split(self, position: Float[Tensor, "*start whole"]) -> tuple[Position, SynergyPosition]:
        """Returns what belongs to the muscles and what to their drive."""
        n_muscle_unknowns = len(self.unknowns.initial)
        return position[..., :n_muscle_unknowns], position[..., n_muscle_unknowns:]

    @cached_property
    def limits(self) -> tuple[Float[Tensor, " unknown"], Float[Tensor, " unknown"]]:
        """Lower and upper bound of a position; a drive has none."""
        lower, upper = self.unknowns.limits
        free = lower.new_full((self.drive.n_unknowns,), torch.inf)
        return torch.cat([lower, -free]), torch.cat([upper, free])

    def simulate(self, position: Position) -> Simulation:
        """Simulates the calibration trials at one position, or at several side by side."""
        of_muscles, of_drive = self.split(position)
        excitation = self.drive.excitation(self.trials, of_drive)
        operations = EngineOperations(self.engine)
        return run_trials(self.trials, self.unknowns, of_muscles, operations, excitation)

    def cost(self, position: Position) -> dict[str, Tensor]:
        """Cost by term, differentiable; one number per position."""
        return self.terms_of(self.simulate(position), position)

    def terms_of(self, simulation: Simulation, position: Position) -> dict[str, Tensor]:
        """Cost by term of what was simulated at a position."""
        terms = {name: term(simulation, self.trials, self.settings) for name, term in COST_TERMS.items()}
        of_muscles, of_drive = self.split(position)
        terms["prior"] = prior(self.unknowns, of_muscles, self.settings)
        terms |= self.drive.terms(of_drive, self.settings)
        return terms | user_terms(self.terms, simulation, self.trials)

    def non_finite(self, position: Float[Tensor, " unknown"]) -> NonFiniteError:
        """Says what is not a number at a position where the cost or its derivative is none."""
        position = position.detach().requires_grad_(True)
        simulation = self.simulate(position)
        terms = self.terms_of(simulation, position)
        if not all(torch.isfinite(term).all() for term in (*terms.values(), simulation.tendon_force)):
            return non_finite_error(simulation, self.trials, terms)
        slopes = {
            name: torch.autograd.grad(term, position, retain_graph=True, materialize_grads=True)[0]
            for name, term in terms.items()
        }
        return non_finite_slope_error([n for n, slope in slopes.items() if not torch.isfinite(slope).all()])


def run_trials(
    trials: TrialBatch,
    unknowns: Unknowns,
    position: Position,
    operations: Operations,
    excitation: MuscleSeries,
) -> Simulation:
    """Simulates a batch of trials with an excitation of every muscle."""
    parameters = unknowns.parameters(position)
    return simulate(
        excitation,
        trials.muscle_tendon_length,
        trials.moment_arm,
        activation_parameters=parameters.activation,
        muscles=parameters.muscles,
        time_step=trials.time_step,
        operations=operations,
    )


def predict(
    trials: Sequence[Trial], unknowns: Unknowns, position: Position, engine: Engine
) -> tuple[Prediction, ...]:
    """Predicts every trial at one position, as arrays on the trial's own time grid.

    A trial's prediction does not depend on the trials beside it.
    """
    predictions = []
    for trial in trials:
        with torch.no_grad():
            batch = batch_trials([trial], device=unknowns.initial.device)
            operations = EngineOperations(engine)
            simulation = run_trials(batch, unknowns, position, operations, batch.excitation)
        predictions.append(prediction_of(trial, simulation))
    return tuple(predictions)


def prediction_of(trial: Trial, simulation: Simulation) -> Prediction:
    """Returns the simulation of a batch of one trial as arrays on its time grid."""

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
