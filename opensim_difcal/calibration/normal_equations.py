"""Gauss-Newton normal equations of the cost, from the exact Jacobian.

The cost is a sum of squared residuals r. J^T J and J^T r are formed in units of half the
bounds' range, for several starts at once. A joint's moment depends on the muscles that
span it, so the Jacobian is held in one block per coordinate.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from opensim_difcal.calibration.bounded_step import bounded_step, damped_hessian
from opensim_difcal.calibration.cost import fiber_length_excess, moment_weights, prior_weights
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.unknowns import Parameters, Position
from opensim_difcal.calibration.user_terms import user_terms
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.simulation import Simulation
from opensim_difcal.physics.tangents import OWN_PARAMETERS, Tangents, simulate_with_tangents
from opensim_difcal.shapes import MuscleSeries

_SIMULATED = tuple(field.name for field in fields(Tangents))


@dataclass(frozen=True)
class NormalEquations:
    """The cost and its Gauss-Newton model at one position of every start.

    Attributes:
        terms: Cost by term.
        hessian: J^T J.
        gradient: J^T r, half the cost's gradient.
    """

    terms: dict[str, Float[Tensor, " start"]]
    hessian: Float[Tensor, "start unknown unknown"]
    gradient: Float[Tensor, "start unknown"]

    @property
    def total(self) -> Tensor:
        """The cost; infinite where it or a derivative is not a number."""
        total = torch.stack(list(self.terms.values())).sum(0)
        derivatives = torch.cat([self.hessian.flatten(1), self.gradient], dim=1)
        finite = torch.isfinite(total) & torch.isfinite(derivatives).all(1)
        return torch.where(finite, total, torch.full_like(total, torch.inf))

    def at(self, start: int) -> dict[str, float]:
        """Cost by term and "total" of one start."""
        return {name: term[start].item() for name, term in self.terms.items()} | {
            "total": self.total[start].item()
        }

    def step(
        self, start: int, position: Tensor, limits: tuple[Tensor, Tensor], damping: float
    ) -> tuple[Tensor, float]:
        """A start's damped step inside the bounds, and the decrease of the cost it promises."""
        hessian, gradient = self.hessian[start], self.gradient[start]
        step = bounded_step(damped_hessian(hessian, damping), gradient, position, limits)
        return step, -float(step @ (2.0 * gradient + hessian @ step))

    def with_taken(
        self, index: Int[Tensor, " some"], taken: Bool[Tensor, " some"], new: "NormalEquations"
    ) -> "NormalEquations":
        """Replaces starts by new equations, which are those of `index`, where they are taken."""
        place, source = index.to(taken.device)[taken], torch.nonzero(taken).squeeze(-1)

        def replaced(old: Tensor, values: Tensor) -> Tensor:
            return old.index_copy(0, place, values[source])

        terms = {name: replaced(term, new.terms[name]) for name, term in self.terms.items()}
        return NormalEquations(
            terms, replaced(self.hessian, new.hessian), replaced(self.gradient, new.gradient)
        )


@dataclass(frozen=True)
class Spanned:
    """A coordinate and the muscles that span it.

    Attributes:
        index: Of the coordinate.
        muscles: Indices of the muscles.
        columns: Unknowns that the muscles depend on: their own ones, then strength groups,
            then groups of learned strains, by kind.
        member: Which muscle is in which of these strength groups.
        strain_members: By learned kind, the derivative of a muscle's strain by the number
            of a group.
        weighted_arm: Moment arm times the root of the sample's weight.
    """

    index: int
    muscles: Int[Tensor, " spanning"]
    columns: Int[Tensor, " column"]
    member: Float[Tensor, "spanning group"]
    strain_members: dict[str, Float[Tensor, "spanning strain_group"]]
    weighted_arm: Float[Tensor, "trial time spanning"]


@dataclass(frozen=True)
class Linearization:
    """What the muscles do at some parameters, and how it changes with them."""

    parameters: Parameters
    simulation: Simulation
    tangents: Tangents


@final
class GaussNewton:
    """Forms normal equations; what does not change between positions is kept.

    Attributes:
        coordinates: Those that a muscle spans.
    """

    def __init__(self, problem: CalibrationProblem) -> None:
        """Finds which muscles span which coordinate."""
        self._problem = problem
        trials = problem.trials
        scored = trials.scored.to(trials.joint_moment.dtype)
        self._sample_weight = scored / scored.sum(-1, keepdim=True)
        self._root_weight = moment_weights(trials, problem.settings).sqrt()
        spanned = torch.nonzero((trials.moment_arm != 0.0).flatten(0, 1).any(-1).any(0)).squeeze(-1)
        self.coordinates = [self._coordinate(c) for c in spanned.tolist()]

    def _coordinate(self, c: int) -> Spanned:
        unknowns, arm = self._problem.unknowns, self._problem.trials.moment_arm[..., c, :]
        muscles = torch.nonzero((arm != 0.0).flatten(0, -2).any(0)).squeeze(-1)
        groups, place = torch.unique(unknowns.group_index[muscles], return_inverse=True)
        n_muscles = len(unknowns.muscles.names)
        own = torch.cat([k * n_muscles + muscles for k in range(len(OWN_PARAMETERS))])
        member = torch.nn.functional.one_hot(place, len(groups)).to(arm.dtype)
        n_strains = unknowns.strain_members.shape[0] * len(unknowns.strain_scale)
        strains = torch.arange(len(unknowns.initial) - n_strains, len(unknowns.initial), device=arm.device)
        return Spanned(
            index=c,
            muscles=muscles,
            columns=torch.cat([own, len(OWN_PARAMETERS) * n_muscles + groups, strains]),
            member=member,
            strain_members={
                kind: (unknowns.strain_members * scale)[:, muscles].mT
                for kind, scale in unknowns.strain_scale.items()
            },
            weighted_arm=arm[..., muscles] * self._root_weight[..., c, None],
        )

    def __call__(self, position: Position) -> NormalEquations:
        """Returns the normal equations at several positions, axes (start, unknown)."""
        with torch.no_grad():
            return self.equations(self.linearize(position, self._problem.trials.excitation), position)

    def equations(self, at: Linearization, position: Position) -> NormalEquations:
        """Returns the normal equations where the trials were linearized."""
        problem = self._problem
        with torch.no_grad():
            n_starts, n_unknowns = position.shape
            hessian = position.new_zeros(n_starts, n_unknowns, n_unknowns)
            gradient = position.new_zeros(n_starts, n_unknowns)
            for coordinate in self.coordinates:
                block, columns = self.moment_block(coordinate, at), coordinate.columns
                residual = self.moment_residual(coordinate, at.simulation).flatten(1)
                hessian[:, columns[:, None], columns] += block.mT @ block
                gradient[:, columns] += torch.einsum("sr,src->sc", residual, block)
            self.add_penalties(hessian, gradient, at)
            if problem.terms:
                self._add_user_terms(hessian, gradient, at)
            self.add_prior(hessian, gradient, position)
            return NormalEquations(problem.terms_of(at.simulation, position), hessian, gradient)

    def jacobian(self, position: Position) -> list[tuple[Tensor, Tensor]]:
        """Returns by coordinate the unknowns it depends on, and the Jacobian by them.

        Rows are the scored moments' weighted residuals, axes (start, trial and time).
        """
        with torch.no_grad():
            at = self.linearize(position, self._problem.trials.excitation)
            return [(each.columns, self.moment_block(each, at)) for each in self.coordinates]

    def linearize(self, position: Position, excitation: MuscleSeries) -> Linearization:
        """Simulates the trials, with derivatives by the muscles' own parameters.

        Args:
            position: Of the muscles, axes (start, unknown).
            excitation: 0..1, delayed.
        """
        trials, parameters = self._problem.trials, self._problem.unknowns.parameters(position)
        simulation, tangents = simulate_with_tangents(
            excitation,
            trials.muscle_tendon_length,
            trials.moment_arm,
            activation_parameters=parameters.activation,
            muscles=parameters.muscles,
            time_step=trials.time_step,
            engine=self._problem.engine,
        )
        return Linearization(parameters, simulation, tangents)

    @cached_property
    def _scale(self) -> Tensor:
        """Derivative of every own parameter and strength coefficient by its unknown."""
        unknowns = self._problem.unknowns
        factors = unknowns.split(unknowns.half_range.clone())
        muscles = unknowns.muscles
        factors["optimal_fiber_length"] *= muscles.optimal_fiber_length
        factors["tendon_slack_length"] *= muscles.tendon_slack_length
        return torch.cat(list(factors.values()))

    @cached_property
    def _places(self) -> tuple[Int[Tensor, "own muscle"], Float[Tensor, "own muscle"]]:
        """Unknown of every tangent, and its derivative by that unknown; zero where there is none."""
        unknowns = self._problem.unknowns
        n_muscles = len(unknowns.muscles.names)
        device = unknowns.initial.device
        rows = [k * n_muscles + torch.arange(n_muscles, device=device) for k in range(len(OWN_PARAMETERS))]
        scales = [self._scale[row] for row in rows]
        for kind in CURVE_STRAINS if unknowns.strain_groups else ():
            column = torch.from_numpy(unknowns.columns.get(kind, np.full(n_muscles, -1))).to(device)
            is_learned = column >= 0
            rows.append(column.clamp(min=0))
            scale = unknowns.strain_scale.get(kind, torch.zeros_like(scales[0]))
            scales.append(scale * self._scale[rows[-1]] * is_learned)
        return torch.stack(rows), torch.stack(scales)

    def moment_block(self, coordinate: Spanned, at: Linearization) -> Float[Tensor, "start sample column"]:
        """Derivatives of one coordinate's weighted moments by the unknowns they depend on."""
        muscles, arm = coordinate.muscles, coordinate.weighted_arm
        every = at.tangents.tendon_force[..., muscles] * arm
        own = every[: len(OWN_PARAMETERS)]
        n_own, n_starts = own.shape[:2]
        block = arm.new_empty(n_starts, arm[..., 0].numel(), len(coordinate.columns))
        n_columns = n_own * len(muscles)
        target = block[..., :n_columns].view(n_starts, *arm.shape[:2], n_own, len(muscles))
        target.copy_(own.permute(1, 2, 3, 0, 4))
        force = at.simulation.tendon_force
        strength = at.parameters.strength_coefficient.expand_as(force[..., :1, :])[..., muscles]
        n_groups = coordinate.member.shape[1]
        by_strength = (arm * force[..., muscles] / strength @ coordinate.member).flatten(1, 2)
        block[..., n_columns : n_columns + n_groups] = by_strength
        first = n_columns + n_groups
        for kind, members in coordinate.strain_members.items():
            of_kind = every[len(OWN_PARAMETERS) + CURVE_STRAINS.index(kind)] @ members
            block[..., first : first + members.shape[1]] = of_kind.flatten(1, 2)
            first += members.shape[1]
        return block * self._scale[coordinate.columns]

    def moment_residual(
        self, coordinate: Spanned, simulation: Simulation
    ) -> Float[Tensor, "start trial time"]:
        """One coordinate's weighted moment error."""
        c = coordinate.index
        return (
            self._root_weight[..., c] * (simulation.joint_moment - self._problem.trials.joint_moment)[..., c]
        )

    def add_penalties(self, hessian: Tensor, gradient: Tensor, at: Linearization) -> None:
        """Adds the penalties on fiber length and tendon strain."""
        settings, strain = self._problem.settings, at.simulation.tendon_strain
        for name, excess in {
            "normalized_fiber_length": fiber_length_excess(at.simulation.normalized_fiber_length, settings),
            "tendon_strain": strain - strain.clamp(*settings.tendon_strain_range),
        }.items():
            weight = getattr(settings, f"{name}_weight")
            self._add_penalty(hessian, gradient, excess, getattr(at.tangents, name), weight)

    def _add_penalty(
        self,
        hessian: Tensor,
        gradient: Tensor,
        excess: Tensor,
        tangent: Tensor,
        weight: float,
    ) -> None:
        """A penalty couples only the parameters of one muscle."""
        excess = excess * (self._sample_weight > 0.0).unsqueeze(-1)
        muscles = torch.nonzero((excess != 0.0).flatten(0, -2).any(0)).squeeze(-1)
        if weight == 0.0 or not len(muscles):
            return
        excess, tangent = excess[..., muscles], tangent[..., muscles]
        outside = weight * self._sample_weight.unsqueeze(-1) * (excess != 0.0)
        columns, scale = (each[:, muscles] for each in self._places)
        tangent = tangent * scale[:, None, None, None, :]
        blocks = torch.einsum("sbtm,ksbtm,lsbtm->sklm", outside, tangent, tangent)
        slope = torch.einsum("sbtm,ksbtm->skm", outside * excess, tangent)
        starts = torch.arange(len(hessian), device=hessian.device)
        places = starts[:, None, None, None], columns[:, None], columns
        hessian.index_put_(places, blocks, accumulate=True)  # muscles of a group share unknowns
        gradient.index_put_((starts[:, None, None], columns), slope, accumulate=True)

    def add_prior(self, hessian: Tensor, gradient: Tensor, position: Position) -> None:
        """Adds the weak pull to the start."""
        diagonal = prior_weights(self._problem.unknowns, self._problem.settings)
        hessian.diagonal(dim1=-2, dim2=-1).add_(diagonal)
        gradient += diagonal * position

    def _add_user_terms(self, hessian: Tensor, gradient: Tensor, at: Linearization) -> None:
        """A user's term c counts as the square of one residual, the root of c."""
        simulation = at.simulation
        with torch.enable_grad():
            names = (*_SIMULATED, "joint_moment")
            leaves = {name: getattr(simulation, name).detach().requires_grad_(True) for name in names}
            terms = user_terms(self._problem.terms, replace(simulation, **leaves), self._problem.trials)
            for term in terms.values():
                slopes = torch.autograd.grad(
                    term.sum(), list(leaves.values()), materialize_grads=True, allow_unused=True
                )
                slope = self._by_unknowns(dict(zip(names, slopes, strict=True)), at)
                gradient += 0.5 * slope
                value = term.detach()[:, None, None]
                curvature = slope[:, :, None] * slope[:, None, :] / (4.0 * value)
                hessian += torch.where(value > 0.0, curvature, torch.zeros_like(curvature))

    def _by_unknowns(self, slopes: dict[str, Tensor], at: Linearization) -> Tensor:
        """Chain rule from what was simulated to the unknowns."""
        by_moment = torch.einsum(
            "sbtc,btcm->sbtm", slopes.pop("joint_moment"), self._problem.trials.moment_arm
        )
        slopes["tendon_force"] = slopes["tendon_force"] + by_moment
        own = sum(
            torch.einsum("sbtm,ksbtm->skm", slopes[name], getattr(at.tangents, name)) for name in _SIMULATED
        )
        assert isinstance(own, Tensor)
        by_strength = slopes["tendon_force"] * at.simulation.tendon_force / at.parameters.strength_coefficient
        by_force = by_strength.sum((1, 2))
        unknowns = self._problem.unknowns
        columns, scale = self._places
        result = by_force.new_zeros(len(by_force), len(unknowns.initial))
        result.index_add_(1, columns.flatten(), (own * scale).flatten(1))
        strength = len(OWN_PARAMETERS) * len(unknowns.muscles.names) + unknowns.group_index
        return result.index_add_(1, strength, by_force * self._scale[strength])
