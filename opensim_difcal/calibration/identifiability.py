"""Which unknowns the calibration trials determine, and how well.

The weighted moment residuals r have the Jacobian J by the unknowns at the calibrated
position, the penalties the curvature B, the prior the diagonal W. With the covariance V of
the residuals' noise, the covariance of the estimate is the sandwich

    H^-1 (J^T V J + s (B + W)) H^-1,    H = J^T J + B + W,

where s is the noise of one residual of weight one, so that penalties and prior count as
measurements of the noise that their weights say. Without the prior, W is left out.

Neighboring residuals resemble each other, so V is no diagonal: every trial and coordinate
has its own size of noise; autocorrelation and cross-correlation between coordinates are
those of the residuals of all trials together, over at most half a second and faded out by
Parzen's window. The unknowns fit some of the noise; V is enlarged by what they take.

References:
    White (1980), Econometrica 48:817-838; Newey and West (1987), Econometrica 55:703-708;
    Parzen (1961), Technometrics 3:167-190.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.calibration.confidence import (
    INTERVAL_FACTOR,
    Identifiability,
    Interval,
    Residuals,
    TradeOff,
)
from opensim_difcal.calibration.cost import prior_weights
from opensim_difcal.calibration.hybrid_equations import HybridGaussNewton
from opensim_difcal.calibration.normal_equations import GaussNewton, Linearization
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.unknowns import Unknowns

LARGEST_ERROR = 10.0
"""Standard errors end here, half ranges of the bounds."""

_LONGEST_LAG = 0.5  # s, of autocorrelation
_LARGEST_SHARE = 0.9  # of the noise that the unknowns can be said to fit
_CLOSE = 0.8  # correlation from which two numbers are said to make up for each other
_LEAST_RIDGE = 1e-12  # of the largest curvature
_LEAST_NOISE = 1e-10  # of the largest curvature, where the moments are fitted exactly
_TINY = 1e-30


class Correlation(NamedTuple):
    """How the residuals' noise goes on over time.

    Attributes:
        scale: Root mean square, axes (trial, coordinate).
        by_lag: Correlation of coordinate c at a time with coordinate d a lag later, faded
            out; axes (lag, c, d).
    """

    scale: Float[Tensor, "trial coordinate"]
    by_lag: Float[Tensor, "lag coordinate coordinate"]


@final
@dataclass(frozen=True)
class _Evidence:
    """What moments, penalties and prior say about the unknowns, in half ranges of the bounds.

    Attributes:
        moments: J^T J.
        noise: J^T V J.
        others: B: curvature of penalties and the user's terms; of a drive that is learned
            too, what it takes away.
        prior: Diagonal of W.
        unit_noise: s.
    """

    moments: Float[Tensor, "unknown unknown"]
    noise: Float[Tensor, "unknown unknown"]
    others: Float[Tensor, "unknown unknown"]
    prior: Float[Tensor, " unknown"]
    unit_noise: float

    def information(self) -> Float[Tensor, "unknown unknown"]:
        """What is known without the prior, as the inverse of a covariance."""
        return (self.moments + self.others) / self.unit_noise

    def covariance(self, *, with_prior: bool) -> Float[Tensor, "unknown unknown"]:
        """Covariance of the estimate; no variance exceeds the square of `LARGEST_ERROR`."""
        pseudo = self.others + torch.diag(self._ridge() + (self.prior if with_prior else 0.0))
        inverse = torch.linalg.inv(self.moments + pseudo)
        covariance = inverse @ (self.noise + self.unit_noise * pseudo) @ inverse
        return 0.5 * (covariance + covariance.mT)

    def _ridge(self) -> Tensor:
        """As much curvature as leaves an unknown without evidence the largest error."""
        return torch.full_like(self.prior, self.unit_noise / LARGEST_ERROR**2)


def identifiability(problem: CalibrationProblem, position: Float[Tensor, " whole"]) -> Identifiability:
    """Returns what the calibration trials say about every unknown.

    A synergy-hybrid calibration fits excitations to the same moments: their curvature is
    taken off, but not what they fit of the noise, so that intervals may be too narrow there.

    Args:
        problem: What was minimized.
        position: Where it ended.
    """
    with torch.no_grad():
        evidence, residuals, inflation = _evidence(problem, position)
        of_muscles, _ = problem.split(position)
        by_trials = evidence.covariance(with_prior=False)
        with_prior = evidence.covariance(with_prior=True)
        information = torch.linalg.eigvalsh(evidence.information()).clamp(min=0.0).flip(0)
        held = _held_by_prior(evidence)
    unknowns = problem.unknowns
    errors = by_trials.diagonal().sqrt()
    correlation = (by_trials / torch.outer(errors, errors)).cpu().numpy()
    with_prior_errors = with_prior.diagonal().sqrt().clamp(max=LARGEST_ERROR)
    errors = errors.clamp(max=LARGEST_ERROR)
    labels = unknowns.labels
    alone, informed = _intervals(unknowns, of_muscles, errors)
    is_informed = np.zeros(len(labels), dtype=bool)
    for name, columns in unknowns.columns.items():
        is_informed[columns[columns >= 0]] = informed[name][columns >= 0]
    singular_values = information.sqrt().cpu().numpy()
    trade_offs = _trade_offs(by_trials.cpu().numpy(), correlation, is_informed, labels)
    return Identifiability(
        by_trials=alone,
        with_prior=_intervals(unknowns, of_muscles, with_prior_errors)[0],
        informed=informed,
        verdicts=_verdicts(unknowns, informed, trade_offs),
        trade_offs=trade_offs,
        unknowns=labels,
        correlation=correlation,
        singular_values=singular_values,
        n_determined=int((singular_values >= INTERVAL_FACTOR).sum()),
        n_held_by_prior=held,
        prior_deviation=_prior_deviation(unknowns, evidence),
        residuals=residuals,
        noise_inflation=inflation,
        calibrated={name: columns >= 0 for name, columns in unknowns.columns.items()},
    )


def _evidence(problem: CalibrationProblem, position: Tensor) -> tuple[_Evidence, dict[str, Residuals], float]:
    """Evidence on the muscles' unknowns, what is left of the moments, and the noise's inflation."""
    of_muscles, of_drive = problem.split(position)
    equations, here = GaussNewton(problem), of_muscles.unsqueeze(0)
    at = equations.linearize(here, problem.drive.excitation(problem.trials, of_drive))
    coordinates, scored, time_step = equations.coordinates, problem.trials.scored, problem.trials.time_step
    residual = here.new_zeros(*scored.shape, len(coordinates))
    for c, each in enumerate(coordinates):
        residual[..., c] = equations.moment_residual(each, at.simulation)[0]
    correlation = residual_correlation(residual, scored, time_step)
    moments, noise = _scores(equations, at, correlation, len(of_muscles))
    is_hybrid = problem.drive.n_unknowns > 0
    if is_hybrid:
        curvature = HybridGaussNewton(problem)(position.unsqueeze(0)).without_drive(len(of_muscles))
    else:
        curvature = equations.equations(at, here).hessian[0]
    ridge = torch.zeros_like(of_muscles) + _LEAST_RIDGE * curvature.diagonal().max()
    inverse = torch.linalg.inv(curvature + torch.diag(ridge))
    squares = float((residual**2).sum())
    share = float((inverse * noise).sum()) / squares if squares > 0.0 else 0.0
    inflation = 1.0 / (1.0 - min(max(share, 0.0), _LARGEST_SHARE))
    of_moments = float((inverse * moments).sum())
    unit_noise = inflation * float((inverse * noise).sum()) / of_moments if of_moments > 0.0 else 1.0
    prior = prior_weights(problem.unknowns, problem.settings)
    evidence = _Evidence(
        moments=moments,
        noise=unit_noise * moments if is_hybrid else inflation * noise,
        others=curvature - torch.diag(prior) - moments,
        prior=prior,
        unit_noise=max(unit_noise, _LEAST_NOISE * float(moments.diagonal().max()), _TINY),
    )
    names = [problem.trials.coordinate_names[each.index] for each in coordinates]
    return evidence, _residuals(correlation, names, scored, time_step), inflation


def _scores(
    equations: GaussNewton, at: Linearization, correlation: Correlation, n_unknowns: int
) -> tuple[Tensor, Tensor]:
    """J^T J and J^T V J of the moments, trial by trial."""
    n_trials, n_times = at.simulation.joint_moment.shape[1:3]
    blocks = [equations.moment_block(each, at)[0] for each in equations.coordinates]
    scale = correlation.scale
    moments, noise = scale.new_zeros(n_unknowns, n_unknowns), scale.new_zeros(n_unknowns, n_unknowns)
    for i in range(n_trials if blocks else 0):
        jacobian = scale.new_zeros(len(blocks), n_times, n_unknowns)
        for c, (block, coordinate) in enumerate(zip(blocks, equations.coordinates, strict=True)):
            jacobian[c, :, coordinate.columns] = block[i * n_times : (i + 1) * n_times]
        moments += torch.einsum("ctp,ctq->pq", jacobian, jacobian)
        noise += _noise_of_scores(jacobian, scale[i], correlation.by_lag)
    return moments, noise


def residual_correlation(
    residual: Float[Tensor, "trial time coordinate"],
    scored: Tensor,
    time_step: float,
) -> Correlation:
    """Returns the residuals' size by trial and coordinate, and their correlation over time.

    Args:
        residual: Weighted moment errors; zero where not scored.
        scored: Which samples count.
        time_step: s.
    """
    n_samples = scored.sum(-1)
    n_lags = max(min(round(_LONGEST_LAG / time_step), int(n_samples.min()) // 2), 1)
    scale = ((residual**2).sum(1) / n_samples.unsqueeze(-1)).sqrt()
    relative = residual / torch.where(scale > 0.0, scale, 1.0).unsqueeze(1)
    later = torch.nn.functional.pad(relative, (0, 0, 0, n_lags))
    n_times = relative.shape[1]
    products = [
        torch.einsum("itc,itd->cd", relative, later[:, lag : lag + n_times]) for lag in range(n_lags + 1)
    ]
    share = torch.arange(n_lags + 1).to(residual) / n_lags
    parzen = torch.where(share < 0.5, 1.0 - 6.0 * share**2 * (1.0 - share), 2.0 * (1.0 - share) ** 3)
    return Correlation(scale, parzen[:, None, None] * torch.stack(products) / n_samples.sum())


def _noise_of_scores(
    jacobian: Float[Tensor, "coordinate time unknown"],
    scale: Float[Tensor, " coordinate"],
    by_lag: Float[Tensor, "lag coordinate coordinate"],
) -> Float[Tensor, "unknown unknown"]:
    """J^T V J of one trial: V's rows are correlations over time, so it acts as a filter."""
    n_times, n_lags = jacobian.shape[1], len(by_lag) - 1
    n = n_times + n_lags
    scaled = jacobian * scale[:, None, None]
    kernel = by_lag.new_zeros(n, *by_lag.shape[1:])  # of residual c from residual d by how much earlier d is
    kernel[: n_lags + 1] = by_lag.mT
    kernel[n - n_lags :] = by_lag[1:].flip(0)
    spectrum = torch.einsum("fcd,dfp->cfp", torch.fft.rfft(kernel, dim=0), torch.fft.rfft(scaled, n, dim=1))
    filtered = torch.fft.irfft(spectrum, n, dim=1)[:, :n_times]
    return torch.einsum("ctp,ctq->pq", scaled, filtered)


def _residuals(
    correlation: Correlation, names: list[str], scored: Tensor, time_step: float
) -> dict[str, Residuals]:
    n_samples = int(scored.sum())
    found = {}
    for c, name in enumerate(names):
        over_time = correlation.by_lag[:, c, c]
        samples = max(float(2.0 * over_time.sum() - over_time[0]), 1.0)
        found[name] = Residuals(samples * time_step, n_samples, n_samples / samples)
    return found


def _held_by_prior(evidence: _Evidence) -> float:
    """Degrees of freedom of the estimate that come from the prior: the trace of H^-1 W."""
    if not bool((evidence.prior > 0.0).any()):
        return 0.0
    curvature = evidence.moments + evidence.others + torch.diag(evidence.prior)
    return float((torch.linalg.inv(curvature).diagonal() * evidence.prior).sum())


def _prior_deviation(unknowns: Unknowns, evidence: _Evidence) -> dict[str, float]:
    """Standard deviation of every unknown that the prior's weight says, the median of its kind."""
    parts = unknowns.split(evidence.prior)
    return {
        kind: float((evidence.unit_noise / weights.median()).sqrt())
        for kind, weights in parts.items()
        if bool((weights > 0.0).any())
    }


def _intervals(
    unknowns: Unknowns, position: Tensor, errors: Tensor
) -> tuple[dict[str, Interval], dict[str, np.ndarray]]:
    """Intervals in the parameters' own units, and whether they are narrower than the bounds.

    A parameter is linear in its unknown. C1 and C2 may as well change places: where the bounds
    allow that, each is one or the other, and its interval spans both.
    """
    here, lower, upper = (unknowns.absolute(each) for each in (position, *unknowns.limits))
    unit = unknowns.absolute(position + 1.0)
    error = {
        name: errors[unknowns.columns[name]].cpu().numpy() * np.abs(unit[name] - value)
        for name, value in here.items()
    }
    low = {name: value - INTERVAL_FACTOR * error[name] for name, value in here.items()}
    high = {name: value + INTERVAL_FACTOR * error[name] for name, value in here.items()}
    one, two = here["c1"], here["c2"]
    least, most = np.maximum(lower["c1"], lower["c2"]), np.minimum(upper["c1"], upper["c2"])
    swap = (np.minimum(one, two) >= least) & (np.maximum(one, two) <= most)
    mixed = np.sqrt(0.5 * (error["c1"] ** 2 + error["c2"] ** 2) + 0.25 * (one - two) ** 2)
    ends = np.minimum(low["c1"], low["c2"]), np.maximum(high["c1"], high["c2"])
    for name in ("c1", "c2"):
        error[name] = np.where(swap, mixed, error[name])
        low[name], high[name] = np.where(swap, ends[0], low[name]), np.where(swap, ends[1], high[name])
    informed = {
        name: (high[name] - low[name] <= upper[name] - lower[name]) & (unknowns.columns[name] >= 0)
        for name in here
    }
    intervals = {
        name: Interval(error[name], np.maximum(low[name], lower[name]), np.minimum(high[name], upper[name]))
        for name in here
    }
    return intervals, informed


def _trade_offs(
    covariance: np.ndarray, correlation: np.ndarray, informed: np.ndarray, labels: tuple[str, ...]
) -> tuple[TradeOff, ...]:
    """Pairs of numbers of which neither is informed, and whose errors go together."""
    first, second = np.nonzero(np.triu(np.abs(correlation) >= _CLOSE, k=1))
    found = []
    for i, j in zip(first, second, strict=True):
        if informed[i] or informed[j]:
            continue
        smallest = np.linalg.eigvalsh(covariance[np.ix_((i, j), (i, j))])[0]
        together = INTERVAL_FACTOR * np.sqrt(max(smallest, 0.0)) <= 1.0
        found.append(TradeOff(labels[i], labels[j], float(correlation[i, j]), bool(together)))
    return tuple(sorted(found, key=lambda each: -abs(each.correlation)))


def _verdicts(
    unknowns: Unknowns, informed: Mapping[str, np.ndarray], trade_offs: tuple[TradeOff, ...]
) -> dict[str, str]:
    """A sentence or more by muscle: what the trials determine, what only together, what not."""
    verdicts = {}
    for i, muscle in enumerate(unknowns.muscles.names):
        sure = [name for name in informed if informed[name][i]]
        labels = {
            name: unknowns.labels[int(columns[i])]
            for name, columns in unknowns.columns.items()
            if columns[i] >= 0
        }
        unsure = {label: name for name, label in labels.items() if not informed[name][i]}
        pairs = [
            (each.first, each.second)
            for each in trade_offs
            if each.together
            and not unsure.keys().isdisjoint((each.first, each.second))
            and any(label.endswith(f" of {muscle}") for label in (each.first, each.second))
        ]
        paired = {label for pair in pairs for label in pair}
        alone = [name for label, name in unsure.items() if label not in paired]
        together = [" and ".join(label.removesuffix(f" of {muscle}") for label in pair) for pair in pairs]
        parts = (
            f"Informed: {', '.join(sure)}." if sure else "",
            f"Only together: {'; '.join(together)}." if together else "",
            f"Not informed by these trials: {', '.join(alone)}." if alone else "",
        )
        verdicts[muscle] = " ".join(part for part in parts if part)
    return verdicts
