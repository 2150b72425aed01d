"""The cost where one unknown changes at a time: only what it touches is computed again."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float

from opensim_difcal.calibration.cost import COST_TERMS, moment_weights, prior_weights
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.physics.differentiable import ValueOperations
from opensim_difcal.physics.moments import joint_moments
from opensim_difcal.physics.simulation import (
    ActivationParameters,
    Simulation,
    activation_of,
    tendon_mechanics,
)
from opensim_difcal.physics.tangents import OWN_PARAMETERS
from opensim_difcal.shapes import CoordinateSeries, MuscleSeries

_LENGTHS = ("optimal_fiber_length", "tendon_slack_length")


@dataclass(frozen=True)
class _Share:
    """What one muscle has in the cost.

    Attributes:
        activation: 0..1.
        moment: Its joint moments at a strength coefficient of 1, N m.
        penalty: On its fiber length and tendon strain.
    """

    activation: MuscleSeries
    moment: CoordinateSeries
    penalty: float


@dataclass(frozen=True)
class _Proposal:
    """A point that differs in one unknown, and what would change with it."""

    position: Float[np.ndarray, " unknown"]
    moment: CoordinateSeries
    shares: dict[int, _Share]


@final
class OneByOneCost:
    """The cost of an EMG-driven problem at a point, and after a change of one unknown.

    A muscle acts on the cost through its joint moments and its penalties. A parameter of a
    muscle therefore costs one muscle's simulation, one of its two lengths not even that of
    its activation, and a strength coefficient only a sum. The cost equals that of
    `CalibrationProblem.cost` to rounding; it leaves out a user's terms and those of synergies.
    """

    def __init__(self, problem: CalibrationProblem) -> None:
        """Takes apart a problem, whose tensors are on the CPU; the point is its start."""
        trials, unknowns = problem.trials, problem.unknowns
        self._unknowns, self._measured = unknowns, trials.joint_moment
        self._initial, self._half_range = unknowns.initial.numpy(), unknowns.half_range.numpy()
        self._group = unknowns.group_index.tolist()
        self._moment_weights = moment_weights(trials, problem.settings)
        self._prior_weights = prior_weights(unknowns, problem.settings).numpy()
        self._muscles = [_OneMuscle(problem, i) for i in range(len(self._group))]
        self._n_own = len(OWN_PARAMETERS) * len(self._group)
        self.move_to(np.zeros_like(self._initial))

    def move_to(self, position: Float[np.ndarray, " unknown"]) -> float:
        """Computes every muscle at a position, and returns the cost there.

        Args:
            position: Deviations from the start in half ranges of the bounds.
        """
        shares = {i: self._share(i, position, None) for i in range(len(self._muscles))}
        parts = [self._strength(i, position) * share.moment for i, share in shares.items()]
        self._proposed = _Proposal(position.copy(), torch.stack(parts).sum(0), shares)
        self._shares: dict[int, _Share] = {}
        self.accept()
        return self._cost()

    def changed(self, index: int, value: float) -> float:
        """Returns the cost of the point with one unknown changed; the point stays where it is.

        Args:
            index: Of the unknown.
            value: In half ranges of the bounds.
        """
        position = self._position.copy()
        position[index] = value
        if index >= self._n_own:
            group = index - self._n_own
            members = [self._shares[i].moment for i, of in enumerate(self._group) if of == group]
            change = float(self._half_range[index] * (value - self._position[index]))
            self._proposed = _Proposal(position, self._moment + change * torch.stack(members).sum(0), {})
            return self._cost()
        kind, muscle = divmod(index, len(self._group))
        before = self._shares[muscle]
        share = self._share(muscle, position, before if OWN_PARAMETERS[kind] in _LENGTHS else None)
        moment = self._moment + self._strength(muscle, position) * (share.moment - before.moment)
        self._proposed = _Proposal(position, moment, {muscle: share})
        return self._cost()

    def accept(self) -> None:
        """Moves the point to where the cost was last asked for."""
        self._position, self._moment = self._proposed.position, self._proposed.moment
        self._shares |= self._proposed.shares

    def _share(self, muscle: int, position: np.ndarray, before: _Share | None) -> _Share:
        own = slice(muscle, self._n_own, len(self._group))
        values = self._initial[own] + position[own] * self._half_range[own]
        return self._muscles[muscle].share(values, None if before is None else before.activation)

    def _strength(self, muscle: int, position: np.ndarray) -> float:
        index = self._n_own + self._group[muscle]
        return float(self._initial[index] + position[index] * self._half_range[index])

    def _cost(self) -> float:
        proposed = self._proposed
        error = proposed.moment - self._measured
        tracking = float((self._moment_weights * error).mul_(error).sum())
        penalty = sum(share.penalty for share in (self._shares | proposed.shares).values())
        return tracking + penalty + float(self._prior_weights @ proposed.position**2)


@final
class _OneMuscle:
    """One muscle along all trials."""

    def __init__(self, problem: CalibrationProblem, index: int) -> None:
        trials, which = problem.trials, torch.tensor([index])
        self._trials, self._settings = trials, problem.settings
        self._operations = ValueOperations(problem.engine)
        self._muscles = problem.unknowns.muscles.select(which)
        _ = self._muscles.fixed  # so that it is made once, for all parameters
        self._excitation = trials.excitation[..., which]
        self._length = trials.muscle_tendon_length[..., which]
        self._moment_arm = trials.moment_arm[..., which]
        penalties = [name for name in COST_TERMS if name != "moment_error"]
        self._penalties = [
            COST_TERMS[name] for name in penalties if getattr(problem.settings, f"{name}_weight") > 0.0
        ]

    def share(self, values: Float[np.ndarray, " own"], activation: MuscleSeries | None) -> _Share:
        """Simulates the muscle; with a given activation its mechanics alone.

        Args:
            values: Parameters in the order of `OWN_PARAMETERS`; lengths as factors.
            activation: 0..1, if it is known.
        """
        own = dict(zip(OWN_PARAMETERS, torch.from_numpy(values).split(1), strict=True))
        optimal = self._muscles.optimal_fiber_length * own["optimal_fiber_length"]
        muscles = self._muscles.with_lengths(
            optimal, self._muscles.tendon_slack_length * own["tendon_slack_length"]
        )
        if activation is None:
            parameters = ActivationParameters(own["c1"], own["c2"], own["shape_factor"])
            activation = activation_of(self._excitation, parameters, muscles, self._operations)
        time_step = self._trials.time_step
        fibers, force, strain = tendon_mechanics(
            activation, self._length, muscles, time_step, self._operations
        )
        force = force * muscles.max_isometric_force
        moment = joint_moments(self._moment_arm, force)
        simulation = Simulation(activation, fibers, fibers / optimal, force, strain, moment)
        terms = (term(simulation, self._trials, self._settings) for term in self._penalties)
        return _Share(activation, moment, sum(float(term) for term in terms))
