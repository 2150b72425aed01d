"""Gauss-Newton normal equations of the cost, from the exact Jacobian.

The cost is a sum of squared residuals r. J^T J and J^T r are formed in units of half the
bounds' range, for several starts at once. A joint's moment depends on the muscles that
span it, so the Jacobian is held in one block per coordinate.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from opensim_difcal.calibration.cost import measured_variance
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.unknowns import Parameters, Position, Range
from opensim_difcal.calibration.user_terms import user_terms
from opensim_difcal.physics.simulation import Simulation
from opensim_difcal.physics.tangents import OWN_PARAMETERS, Tangents, simulate_with_tangents

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

    @cached_property
    def total(self) -> Float[Tensor, " start"]:
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
class _Coordinate:
    """The muscles that span a coordinate.

    Attributes:
        index: Of the coordinate.
        muscles: Indices of the muscles.
        columns: Unknowns that the muscles depend on: their own ones, then strength groups.
        member: Which muscle is in which of these groups.
        weighted_arm: Moment arm times the root of the sample's weight.
    """

    index: int
    muscles: Int[Tensor, " spanning"]
    columns: Int[Tensor, " column"]
    member: Float[Tensor, "spanning group"]
    weighted_arm: Float[Tensor, "trial time spanning"]


@final
class GaussNewton:
    """Forms normal equations; what does not change between positions is kept."""

    def __init__(self, problem: CalibrationProblem) -> None:
        """Finds which muscles span which coordinate."""
        self._problem = problem
        trials = problem.trials
        scored = trials.scored.to(trials.joint_moment.dtype)
        self._sample_weight = scored / scored.sum(-1, keepdim=True)
        weight = self._sample_weight.unsqueeze(-1) / trials.joint_moment.shape[-1]
        if problem.settings.moment_error == "variance_scaled":
            weight = weight / measured_variance(trials).unsqueeze(-2)
        self._root_weight = weight.expand_as(trials.joint_moment).sqrt()
        spanned = torch.nonzero((trials.moment_arm != 0.0).flatten(0, 1).any(-1).any(0)).squeeze(-1)
        self._coordinates = [self._coordinate(c) for c in spanned.tolist()]

    def _coordinate(self, c: int) -> _Coordinate:
        unknowns, arm = self._problem.unknowns, self._problem.trials.moment_arm[..., c, :]
        muscles = torch.nonzero((arm != 0.0).flatten(0, -2).any(0)).squeeze(-1)
        groups, place = torch.unique(unknowns.group_index[muscles], return_inverse=True)
        n_muscles = len(unknowns.muscles.names)
        own = torch.cat([k * n_muscles + muscles for k in range(len(OWN_PARAMETERS))])
        member = torch.nn.functional.one_hot(place, len(groups)).to(arm.dtype)
        return _Coordinate(
            index=c,
            muscles=muscles,
            columns=torch.cat([own, len(OWN_PARAMETERS) * n_muscles + groups]),
            member=member,
            weighted_arm=arm[..., muscles] * self._root_weight[..., c, None],
        )

    def __call__(self, position: Position) -> NormalEquations:
        """Returns the normal equations at several positions, axes (start, unknown)."""
        problem, unknowns = self._problem, self._problem.unknowns
        with torch.no_grad():
            parameters = unknowns.parameters(position)
            simulation, tangents = self._simulate(parameters)
            n_starts, n_unknowns = position.shape
            hessian = position.new_zeros(n_starts, n_unknowns, n_unknowns)
            gradient = position.new_zeros(n_starts, n_unknowns)
            self._add_moments(hessian, gradient, simulation, tangents, parameters)
            settings = problem.settings
            for name in ("normalized_fiber_length", "tendon_strain"):
                allowed, weight = getattr(settings, f"{name}_range"), getattr(settings, f"{name}_weight")
                series, tangent = getattr(simulation, name), getattr(tangents, name)
                self._add_penalty(hessian, gradient, series, tangent, allowed, weight)
            if problem.terms:
                self._add_user_terms(hessian, gradient, simulation, tangents, parameters)
            scale = self._scale()
            hessian *= scale[:, None] * scale
            gradient *= scale
            self._add_prior(hessian, gradient, position)
            return NormalEquations(problem.terms_of(simulation, position), hessian, gradient)

    def jacobian(self, position: Position) -> list[tuple[Tensor, Tensor]]:
        """Returns by coordinate the unknowns it depends on, and the Jacobian by them.

        Rows are the scored moments' weighted residuals, axes (start, trial and time).
        """
        with torch.no_grad():
            parameters = self._problem.unknowns.parameters(position)
            simulation, tangents = self._simulate(parameters)
            scale = self._scale()
            blocks = []
            for coordinate in self._coordinates:
                block = self._moment_block(coordinate, simulation, tangents, parameters)
                blocks.append((coordinate.columns, block * scale[coordinate.columns]))
            return blocks

    def _simulate(self, parameters: Parameters) -> tuple[Simulation, Tangents]:
        trials = self._problem.trials
        return simulate_with_tangents(
            trials.excitation,
            trials.muscle_tendon_length,
            trials.moment_arm,
            activation_parameters=parameters.activation,
            muscles=parameters.muscles,
            time_step=trials.time_step,
            engine=self._problem.engine,
        )

    def _scale(self) -> Tensor:
        """Derivative of every own parameter and strength coefficient by its unknown."""
        unknowns = self._problem.unknowns
        factors = unknowns.split(unknowns.half_range.clone())
        muscles = unknowns.muscles
        factors["optimal_fiber_length"] *= muscles.optimal_fiber_length
        factors["tendon_slack_length"] *= muscles.tendon_slack_length
        return torch.cat(list(factors.values()))

    def _moment_block(
        self, coordinate: _Coordinate, simulation: Simulation, tangents: Tangents, parameters: Parameters
    ) -> Tensor:
        """Derivatives of one coordinate's weighted moments, axes (start, sample, column)."""
        muscles, arm = coordinate.muscles, coordinate.weighted_arm
        own = tangents.tendon_force[..., muscles] * arm
        n_own, n_starts = own.shape[:2]
        block = arm.new_empty(n_starts, arm[..., 0].numel(), len(coordinate.columns))
        n_columns = n_own * len(muscles)
        target = block[..., :n_columns].view(n_starts, *arm.shape[:2], n_own, len(muscles))
        target.copy_(own.permute(1, 2, 3, 0, 4))
        strength = (parameters.strength_coefficient.expand_as(simulation.tendon_force[..., :1, :]))[
            ..., muscles
        ]
        by_strength = arm * simulation.tendon_force[..., muscles] / strength
        block[..., n_columns:] = (by_strength @ coordinate.member).flatten(1, 2)
        return block

    def _add_moments(
        self,
        hessian: Tensor,
        gradient: Tensor,
        simulation: Simulation,
        tangents: Tangents,
        parameters: Parameters,
    ) -> None:
        error = self._root_weight * (simulation.joint_moment - self._problem.trials.joint_moment)
        for coordinate in self._coordinates:
            block = self._moment_block(coordinate, simulation, tangents, parameters)
            columns, residual = coordinate.columns, error[..., coordinate.index].flatten(1)
            hessian[:, columns[:, None], columns] += block.mT @ block
            gradient[:, columns] += torch.einsum("sr,src->sc", residual, block)

    def _add_penalty(
        self,
        hessian: Tensor,
        gradient: Tensor,
        series: Tensor,
        tangent: Tensor,
        allowed: Range,
        weight: float,
    ) -> None:
        """A penalty couples only the parameters of one muscle."""
        excess = (series - series.clamp(*allowed)) * (self._sample_weight > 0.0).unsqueeze(-1)
        muscles = torch.nonzero((excess != 0.0).flatten(0, -2).any(0)).squeeze(-1)
        if weight == 0.0 or not len(muscles):
            return
        excess, tangent = excess[..., muscles], tangent[..., muscles]
        outside = weight * self._sample_weight.unsqueeze(-1) * (excess != 0.0)
        blocks = torch.einsum("sbtm,ksbtm,lsbtm->sklm", outside, tangent, tangent)
        slope = torch.einsum("sbtm,ksbtm->skm", outside * excess, tangent)
        n_muscles = series.shape[-1]
        columns = n_muscles * torch.arange(len(tangent), device=muscles.device)[:, None] + muscles
        hessian[:, columns[:, None], columns] += blocks
        gradient[:, columns] += slope

    def _add_prior(self, hessian: Tensor, gradient: Tensor, position: Position) -> None:
        weights = [
            torch.full_like(part, self._problem.settings.prior_weight / len(part))
            for part in self._problem.unknowns.split(position[0]).values()
        ]
        diagonal = torch.cat(weights)
        hessian.diagonal(dim1=-2, dim2=-1).add_(diagonal)
        gradient += diagonal * position

    def _add_user_terms(
        self,
        hessian: Tensor,
        gradient: Tensor,
        simulation: Simulation,
        tangents: Tangents,
        parameters: Parameters,
    ) -> None:
        """A user's term c counts as the square of one residual, the root of c."""
        with torch.enable_grad():
            names = (*_SIMULATED, "joint_moment")
            leaves = {name: getattr(simulation, name).detach().requires_grad_(True) for name in names}
            terms = user_terms(self._problem.terms, replace(simulation, **leaves), self._problem.trials)
            for term in terms.values():
                slopes = torch.autograd.grad(
                    term.sum(), list(leaves.values()), materialize_grads=True, allow_unused=True
                )
                slope = self._by_unknowns(
                    dict(zip(names, slopes, strict=True)), simulation, tangents, parameters
                )
                gradient += 0.5 * slope
                value = term.detach()[:, None, None]
                curvature = slope[:, :, None] * slope[:, None, :] / (4.0 * value)
                hessian += torch.where(value > 0.0, curvature, torch.zeros_like(curvature))

    def _by_unknowns(
        self, slopes: dict[str, Tensor], simulation: Simulation, tangents: Tangents, parameters: Parameters
    ) -> Tensor:
        """Chain rule from what was simulated to the unknowns' own parameters."""
        by_moment = torch.einsum(
            "sbtc,btcm->sbtm", slopes.pop("joint_moment"), self._problem.trials.moment_arm
        )
        slopes["tendon_force"] = slopes["tendon_force"] + by_moment
        own = sum(
            torch.einsum("sbtm,ksbtm->skm", slopes[name], getattr(tangents, name)) for name in _SIMULATED
        )
        assert isinstance(own, Tensor)
        by_force = (slopes["tendon_force"] * simulation.tendon_force / parameters.strength_coefficient).sum(
            (1, 2)
        )
        groups = by_force.new_zeros(len(by_force), self._problem.unknowns.sizes[-1])
        groups.index_add_(1, self._problem.unknowns.group_index, by_force)
        return torch.cat([own.flatten(1), groups], dim=1)
