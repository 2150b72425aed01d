"""Gauss-Newton of the synergy-hybrid cost (Eq. 5), with exact derivatives and by blocks.

Primitives of one trial act on that trial alone, so J^T J has an arrow's shape: one block
per trial for its primitives, and a border for what all trials share, the muscles'
parameters and the weights. A step solves trial by trial and then for the border (Schur
complement), which costs little more than the EMG-driven step however many trials there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from opensim_difcal.calibration.bounded_step import bounded_step, damped_hessian
from opensim_difcal.calibration.drive import UNIT_RANGE, Synergies, SynergyDrive
from opensim_difcal.calibration.normal_equations import GaussNewton, Linearization
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.physics.excitation_response import excitation_response
from opensim_difcal.physics.muscle import pick
from opensim_difcal.physics.simulation import ActivationParameters


class _Trial(NamedTuple):
    """What one trial's primitives add to J^T J.

    Attributes:
        own: Of the primitives' parameters.
        cross: Of the border and these.
    """

    own: Float[Tensor, "parameter parameter"]
    cross: Float[Tensor, "border parameter"]


@dataclass(frozen=True)
class HybridEquations:
    """The cost and its Gauss-Newton model at one position.

    Attributes:
        terms: Cost by term.
        border: J^T J of the muscles' parameters and the weights.
        trials: Of the primitives of every trial.
        gradient: Half the cost's gradient, border first.
    """

    terms: dict[str, Tensor]
    border: Float[Tensor, "border border"]
    trials: tuple[_Trial, ...]
    gradient: Float[Tensor, " unknown"]

    @property
    def total(self) -> Tensor:
        """The cost; infinite where it or a derivative is not a number."""
        total = torch.stack(list(self.terms.values())).sum()
        blocks = [self.border, *(block for trial in self.trials for block in trial)]
        finite = all(bool(torch.isfinite(x).all()) for x in (total, self.gradient, *blocks))
        return (total if finite else torch.full_like(total, torch.inf)).unsqueeze(0)

    def at(self, start: int) -> dict[str, float]:
        """Cost by term and "total"."""
        return {name: term.item() for name, term in self.terms.items()} | {"total": self.total[0].item()}

    def with_taken(
        self, index: Int[Tensor, " some"], taken: Bool[Tensor, " some"], new: "HybridEquations"
    ) -> "HybridEquations":
        """The new equations if they are taken."""
        return new if bool(taken.all()) else self

    def without_drive(self, n_muscle_unknowns: int) -> Float[Tensor, "muscle_unknown muscle_unknown"]:
        """J^T J of the muscles' parameters once weights and primitives follow them."""
        schur = self.border
        for trial in self.trials:
            schur = schur - trial.cross @ torch.linalg.solve(damped_hessian(trial.own, 0.0), trial.cross.mT)
        n = n_muscle_unknowns
        weights = damped_hessian(schur[n:, n:], 0.0)
        return schur[:n, :n] - schur[:n, n:] @ torch.linalg.solve(weights, schur[n:, :n])

    def step(
        self, start: int, position: Tensor, limits: tuple[Tensor, Tensor], damping: float
    ) -> tuple[Tensor, float]:
        """The damped step inside the bounds, and the decrease of the cost it promises."""
        n_border = len(self.border)
        largest = torch.stack(
            [self.border.diagonal().max(), *(t.own.diagonal().max() for t in self.trials)]
        ).max()
        sizes = [len(trial.own) for trial in self.trials]
        pull, *pulls = self.gradient.split([n_border, *sizes])
        schur = damped_hessian(self.border, damping, largest)
        factors = []
        for trial, own_pull in zip(self.trials, pulls, strict=True):
            factor = torch.linalg.cholesky(damped_hessian(trial.own, damping, largest))
            eliminated = torch.cholesky_solve(trial.cross.mT, factor)
            schur = schur - trial.cross @ eliminated
            pull = pull - eliminated.mT @ own_pull
            factors.append(factor)
        border_limits = (limits[0][:n_border], limits[1][:n_border])
        border_step = bounded_step(schur, pull, position[:n_border], border_limits)
        steps = [border_step]
        for trial, factor, own_pull in zip(self.trials, factors, pulls, strict=True):
            right = own_pull + trial.cross.mT @ border_step
            steps.append(-torch.cholesky_solve(right.unsqueeze(-1), factor).squeeze(-1))
        return torch.cat(steps), -self._change(steps)

    def _change(self, steps: Sequence[Tensor]) -> float:
        """Change of the cost that the quadratic model foretells."""
        border, *own = steps
        change = 2.0 * self.gradient @ torch.cat(list(steps)) + border @ self.border @ border
        for trial, step in zip(self.trials, own, strict=True):
            change = change + step @ trial.own @ step + 2.0 * border @ trial.cross @ step
        return float(change)


class _Columns(NamedTuple):
    """A trial's derivatives of excitations by its primitives' parameters.

    Attributes:
        directions: Every different course once.
        synergy: Of every parameter, its primitive.
        direction: Its direction.
        primitives: Of the trial.
        weights: Of the trial.
        weight_columns: Where its weights stand in the border.
        sample_weight: Of every sample in a mean over time.
    """

    directions: Float[Tensor, "direction time"]
    synergy: Int[Tensor, " parameter"]
    direction: Int[Tensor, " parameter"]
    primitives: Float[Tensor, "time synergy"]
    weights: Float[Tensor, "row synergy"]
    weight_columns: Int[Tensor, "row synergy"]
    sample_weight: Float[Tensor, " time"]


@final
class HybridGaussNewton:
    """Forms the equations at a position.

    The gradient is exact, by autograd through the whole cost. J^T J holds moments, the
    drive's own terms, and the penalties and prior of the muscles' parameters; how fiber
    lengths in a penalty depend on synthesized excitations is left out of it.
    """

    def __init__(self, problem: CalibrationProblem) -> None:
        """Finds which muscles span which coordinate."""
        assert isinstance(problem.drive, SynergyDrive)
        self._problem, self._drive = problem, problem.drive
        self._muscles = GaussNewton(problem)

    def __call__(self, position: Float[Tensor, "1 unknown"]) -> HybridEquations:
        """Returns the equations at one position."""
        (here,) = position
        gradient = 0.5 * self._gradient(here)
        with torch.no_grad():
            of_muscles, of_drive = self._problem.split(here)
            synergies = self._drive.split(of_drive)
            excitation = self._drive.excitation(self._problem.trials, of_drive)
            at = self._muscles.linearize(of_muscles.unsqueeze(0), excitation)
            n_muscle_unknowns = len(of_muscles)
            n_border = n_muscle_unknowns + self._drive.n_weights
            border = here.new_zeros(n_border, n_border)
            of_muscles_block = border[:n_muscle_unknowns, :n_muscle_unknowns].unsqueeze(0)
            ignored = here.new_zeros(1, n_muscle_unknowns)  # the gradient is known
            self._muscles.add_penalties(of_muscles_block, ignored, at)
            self._muscles.add_prior(of_muscles_block, ignored, of_muscles.unsqueeze(0))
            self._add_weight_range(border, synergies)
            blocks = [self._muscles.moment_block(each, at)[0] for each in self._muscles.coordinates]
            trials = [
                self._trial(i, border, synergies, excitation, at, blocks)
                for i in range(len(self._drive.shapes))
            ]
            squeezed = type(at.simulation)(
                **{name: getattr(at.simulation, name)[0] for name in vars(at.simulation)}
            )
            terms = self._problem.terms_of(squeezed, here)
            return HybridEquations(terms, border, tuple(trials), gradient)

    def _gradient(self, position: Tensor) -> Tensor:
        """The cost's gradient."""
        with torch.enable_grad():
            variable = position.detach().requires_grad_(True)
            cost = torch.stack(list(self._problem.cost(variable).values())).sum()
            (gradient,) = torch.autograd.grad(cost, variable)
        return gradient

    def _columns(self, i: int, synergies: Synergies) -> _Columns:
        drive, parameters = self._drive, synergies.parameters[i]
        n_rows, n_synergies = drive.n_rows, drive.n_synergies
        direction = drive.shapes[i].direction_of(n_synergies)
        first = len(self._problem.unknowns.initial)
        if drive.weights_by_trial:
            first += i * n_rows * n_synergies
        n_samples = len(self._problem.trials.trials[i].time)
        return _Columns(
            directions=drive.shapes[i].directions(parameters),
            synergy=torch.arange(n_synergies).unsqueeze(-1).expand_as(direction).flatten(),
            direction=direction.flatten(),
            primitives=synergies.primitives[i, :n_samples],
            weights=synergies.weights[i],
            weight_columns=first + torch.arange(n_rows * n_synergies).reshape(n_rows, n_synergies),
            sample_weight=drive.sample_weight[i, :n_samples],
        )

    def _trial(
        self,
        i: int,
        border: Tensor,
        synergies: Synergies,
        excitation: Tensor,
        at: Linearization,
        blocks: Sequence[Tensor],
    ) -> _Trial:
        """Adds a trial's part to the border and returns the rest."""
        columns = self._columns(i, synergies)
        n_parameters = len(columns.synergy)
        trial = _Trial(
            border.new_zeros(n_parameters, n_parameters), border.new_zeros(len(border), n_parameters)
        )
        self._add_moments(trial, border, i, columns, excitation, at, blocks)
        self._add_excitation_terms(trial, border, columns)
        self._add_ranges(trial, border, columns)
        return trial

    def _add_moments(
        self,
        trial: _Trial,
        border: Tensor,
        i: int,
        columns: _Columns,
        excitation: Tensor,
        at: Linearization,
        blocks: Sequence[Tensor],
    ) -> None:
        """Tracking of joint moments."""
        drive, trials = self._drive, self._problem.trials
        n_samples, n_all = len(columns.sample_weight), trials.scored.shape[1]
        n_directions = len(columns.directions)
        courses = torch.cat([columns.directions, columns.primitives.mT])
        response = self._response(i, courses, excitation[i, :n_samples], at)
        by_direction, by_primitive = response[:n_directions], response[n_directions:]
        of_synthesized = columns.weights[drive.n_channels :]
        for coordinate, block in zip(self._muscles.coordinates, blocks, strict=True):
            arm = torch.zeros(n_samples, excitation.shape[-1], dtype=block.dtype, device=block.device)
            arm[:, coordinate.muscles] = coordinate.weighted_arm[i, :n_samples]
            arm = arm[:, drive.synthesized]
            crossing = torch.nonzero((arm != 0.0).any(0)).squeeze(-1)
            gain = arm[:, crossing, None] * of_synthesized[crossing]  # (time, muscle, synergy)
            by_synergy = torch.einsum("tsk,dts->tkd", gain, by_direction[..., crossing])
            by_parameters = by_synergy[:, columns.synergy, columns.direction]
            by_weights = torch.einsum("ts,kts->tsk", arm[:, crossing], by_primitive[..., crossing])
            rows = block[i * n_all : i * n_all + n_samples]
            weight_columns = columns.weight_columns[drive.n_channels + crossing].flatten()
            shared = torch.cat([rows, by_weights.flatten(1)], dim=1)
            where = torch.cat([coordinate.columns, weight_columns])
            border[where[:, None], where] += shared.mT @ shared
            trial.cross[where] += shared.mT @ by_parameters
            trial.own.addmm_(by_parameters.mT, by_parameters)

    def _response(
        self, i: int, courses: Tensor, excitation: Tensor, at: Linearization
    ) -> Float[Tensor, "course time synthesized"]:
        """How tendon forces of synthesized muscles change with their excitation, N."""
        chosen, parameters = self._drive.synthesized, at.parameters
        activation = parameters.activation

        def of_synthesized(values: Tensor) -> Tensor:
            return pick(values.flatten(0, -2)[0] if values.dim() > 1 else values, chosen)

        muscles = parameters.muscles
        muscles = muscles.with_parameters(
            optimal_fiber_length=muscles.optimal_fiber_length.flatten(),
            tendon_slack_length=muscles.tendon_slack_length.flatten(),
            max_isometric_force=muscles.max_isometric_force.flatten(),
            curve_strains=muscles.curve_strains and tuple(x.flatten() for x in muscles.curve_strains),
        )
        response = excitation_response(
            pick(excitation, chosen),
            pick(self._problem.trials.muscle_tendon_length[i, : len(excitation)], chosen),
            activation_parameters=ActivationParameters(
                *(of_synthesized(x) for x in (activation.c1, activation.c2, activation.shape_factor))
            ),
            muscles=muscles.select(chosen),
            time_step=self._problem.trials.time_step,
            engine=self._problem.engine,
        )
        return response.change_of_forces(courses.unsqueeze(-1).expand(-1, -1, len(chosen)))

    def _add_excitation_terms(self, trial: _Trial, border: Tensor, columns: _Columns) -> None:
        """Tracking of recorded excitations and size of synthesized ones, both linear in the primitives."""
        settings, drive = self._problem.settings, self._drive
        weight = torch.cat(
            [
                columns.weights.new_full((n,), value / max(n, 1))
                for n, value in (
                    (drive.n_channels, settings.excitation_tracking_weight),
                    (len(drive.synthesized), settings.synthesized_excitation_weight),
                )
            ]
        ).unsqueeze(-1)
        weighted = columns.directions * columns.sample_weight
        among_directions = weighted @ columns.directions.mT
        among_synergies = columns.weights.mT @ (weight * columns.weights)
        synergy, direction = columns.synergy, columns.direction
        trial.own.add_(
            among_synergies[synergy[:, None], synergy] * among_directions[direction[:, None], direction]
        )
        by_primitive = (weighted @ columns.primitives).mT  # (synergy, direction)
        cross = (weight * columns.weights)[:, synergy].unsqueeze(1) * by_primitive[:, direction]
        trial.cross[columns.weight_columns.flatten()] += cross.flatten(0, 1)
        size = columns.primitives.mT @ (columns.sample_weight.unsqueeze(-1) * columns.primitives)
        where = columns.weight_columns
        border[where[:, :, None], where[:, None, :]] += weight.unsqueeze(-1) * size

    def _add_ranges(self, trial: _Trial, border: Tensor, columns: _Columns) -> None:
        """Penalties of synthesized excitations and primitives where they lie outside 0..1."""
        weight, drive = self._problem.settings.synergy_range_weight, self._drive
        root = (weight * columns.sample_weight).sqrt().unsqueeze(-1)
        for k in range(drive.n_synergies):
            outside = _outside(columns.primitives[:, k])
            own = torch.nonzero(columns.synergy == k).squeeze(-1)
            rows = (root[outside] * columns.directions.mT[outside])[:, columns.direction[own]]
            trial.own[own[:, None], own] += rows.mT @ rows
        for row in range(drive.n_channels, drive.n_rows):
            weights = columns.weights[row]
            outside = _outside(columns.primitives @ weights)
            if not len(outside):
                continue
            rows = (
                root[outside]
                * columns.directions.mT[outside][:, columns.direction]
                * weights[columns.synergy]
            )
            by_weights = root[outside] * columns.primitives[outside]
            where = columns.weight_columns[row]
            trial.own.addmm_(rows.mT, rows)
            trial.cross[where] += by_weights.mT @ rows
            border[where[:, None], where] += by_weights.mT @ by_weights

    def _add_weight_range(self, border: Tensor, synergies: Synergies) -> None:
        """The penalty of weights outside 0..1, once for every trial."""
        for i, weights in enumerate(synergies.weights):
            where = self._columns(i, synergies).weight_columns.flatten()[_outside(weights.flatten())]
            border[where, where] += self._problem.settings.synergy_range_weight


def _outside(values: Tensor) -> Tensor:
    """Indices of values outside the unit range."""
    return torch.nonzero((values < UNIT_RANGE[0]) | (values > UNIT_RANGE[1])).squeeze(-1)
