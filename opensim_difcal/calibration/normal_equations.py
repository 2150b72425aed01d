"""Gauss-Newton normal equations of the cost, from the exact Jacobian.

The cost is a sum of squared residuals r. Here J^T J and J^T r are formed in units of half
the bounds' range, unknowns ordered by kind (`OWN_PARAMETERS`, then strength) and within a
kind by muscle or group.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.cost import cost, measured_variance
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.unknowns import BoundedParameter, Range
from opensim_difcal.physics.simulation import Simulation
from opensim_difcal.physics.tangents import OWN_PARAMETERS, Tangents, simulation_tangents

KINDS = (*OWN_PARAMETERS, "strength_coefficient")


@dataclass(frozen=True)
class NormalEquations:
    """The cost and its Gauss-Newton model at one point.

    Attributes:
        terms: Cost by term.
        hessian: J^T J.
        gradient: J^T r, half the cost's gradient.
    """

    terms: dict[str, float]
    hessian: Float[Tensor, "unknown unknown"]
    gradient: Float[Tensor, " unknown"]

    @property
    def total(self) -> float:
        """The cost."""
        return sum(self.terms.values())


def bounded_parameters(problem: CalibrationProblem) -> list[BoundedParameter]:
    """The unknowns in the order of the normal equations."""
    return [problem.unknowns.parameter[kind] for kind in KINDS]


def cost_terms(problem: CalibrationProblem) -> dict[str, float]:
    """Cost by term, without derivatives."""
    with torch.no_grad():
        return {name: term.item() for name, term in problem.cost().items()}


def normal_equations(problem: CalibrationProblem) -> NormalEquations:
    """Forms the normal equations at the problem's current unknowns."""
    with torch.no_grad():
        simulation = problem.simulate()
        terms = cost(simulation, problem.trials, problem.unknowns, problem.settings)
        tangents = _scaled_tangents(problem, simulation)
        hessian, gradient = _moment_equations(problem, simulation, tangents)
        settings, n_own = (
            problem.settings,
            tangents.tendon_force.shape[0] * len(problem.unknowns.muscles.names),
        )
        for series, tangent, allowed, weight in (
            (
                simulation.normalized_fiber_length,
                tangents.normalized_fiber_length,
                settings.normalized_fiber_length_range,
                settings.normalized_fiber_length_weight,
            ),
            (
                simulation.tendon_strain,
                tangents.tendon_strain,
                settings.tendon_strain_range,
                settings.tendon_strain_weight,
            ),
        ):
            block, slope = _penalty_equations(series, tangent, allowed, weight * _sample_weight(problem))
            hessian[:n_own, :n_own] += block
            gradient[:n_own] += slope
        diagonal, slope = _prior_equations(problem)
        hessian.diagonal().add_(diagonal)
        gradient += slope
    return NormalEquations({name: term.item() for name, term in terms.items()}, hessian, gradient)


def _scaled_tangents(problem: CalibrationProblem, simulation: Simulation) -> Tangents:
    """Tangents by the unknowns in half bound ranges."""
    unknowns, trials = problem.unknowns, problem.trials
    tangents = simulation_tangents(
        simulation,
        trials.excitation,
        trials.muscle_tendon_length,
        activation_parameters=unknowns.activation_parameters(),
        muscles=unknowns.calibrated_muscles(),
        time_step=trials.time_step,
    )
    scale = torch.stack([_half_range(unknowns.parameter[kind]) for kind in OWN_PARAMETERS])
    scale[3] *= unknowns.muscles.optimal_fiber_length
    scale[4] *= unknowns.muscles.tendon_slack_length
    scale = scale[:, None, None, :]
    return Tangents(
        tangents.tendon_force * scale,
        tangents.normalized_fiber_length * scale,
        tangents.tendon_strain * scale,
    )


def _half_range(bounded: BoundedParameter) -> Tensor:
    return 0.5 * (bounded.upper - bounded.lower)


def _sample_weight(problem: CalibrationProblem) -> Float[Tensor, "trial time"]:
    """Weight of a sample in its trial's mean over time."""
    scored = problem.trials.scored.to(torch.float64)
    return scored / scored.sum(-1, keepdim=True)


def _moment_equations(
    problem: CalibrationProblem, simulation: Simulation, tangents: Tangents
) -> tuple[Tensor, Tensor]:
    trials, unknowns = problem.trials, problem.unknowns
    n_coordinates = trials.joint_moment.shape[-1]
    weight = _sample_weight(problem).unsqueeze(-1) / n_coordinates
    if problem.settings.moment_error == "variance_scaled":
        weight = weight / measured_variance(trials).unsqueeze(-2)
    weight = weight.expand_as(trials.joint_moment).sqrt()
    own = torch.einsum("btc,btcm,kbtm->btckm", weight, trials.moment_arm, tangents.tendon_force)
    strength = unknowns.parameter["strength_coefficient"]
    member = torch.nn.functional.one_hot(unknowns.group_index, len(strength.value)).to(torch.float64)
    by_strength = simulation.tendon_force / unknowns.strength()
    grouped = torch.einsum("btc,btcm,btm,mg->btcg", weight, trials.moment_arm, by_strength, member)
    grouped = grouped * _half_range(strength)
    jacobian = torch.cat([own.flatten(-2), grouped], dim=-1).flatten(0, 2)
    residual = (weight * (simulation.joint_moment - trials.joint_moment)).flatten()
    return jacobian.T @ jacobian, jacobian.T @ residual


def _penalty_equations(
    series: Tensor, tangent: Tensor, allowed: Range, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """A penalty couples only the parameters of one muscle."""
    excess = series - series.clamp(*allowed)
    outside = weight.unsqueeze(-1) * (excess != 0.0)
    blocks = torch.einsum("btm,kbtm,lbtm->klm", outside, tangent, tangent)
    slope = torch.einsum("btm,kbtm->km", outside * excess, tangent)
    n_own, n_muscles = slope.shape
    full = torch.diag_embed(blocks).transpose(1, 2).reshape(n_own * n_muscles, n_own * n_muscles)
    return full, slope.flatten()


def _prior_equations(problem: CalibrationProblem) -> tuple[Tensor, Tensor]:
    deviations = [bounded.deviation() for bounded in bounded_parameters(problem)]
    weight = problem.settings.prior_weight
    diagonal = torch.cat([torch.full_like(d, weight / len(d)) for d in deviations])
    return diagonal, diagonal * torch.cat(deviations)
