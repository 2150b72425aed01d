"""Part A of `confidence.py`: do the 95 % intervals contain the truth, and are verdicts right?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from confidence_cases import EMG_NOISE, LABELS, MOMENT_NOISE, Subject, Values, identified
from scipy.stats import spearmanr

from opensim_difcal.calibration.confidence import INTERVAL_FACTOR
from opensim_difcal.calibration.result import CalibrationResult

FILTER = ("c1", "c2")
OTHERS = tuple(key for key in LABELS if key not in FILTER)


@dataclass(frozen=True)
class FilterLag:
    """What C1 and C2 of every muscle do together: by how much they delay, in s.

    Attributes:
        error: Calibrated minus true.
        start_error: Before the calibration.
        standard_error: By the trials, from those of C1 and C2 and their correlation.
        together: Whether the two are said to be determined together, not one by one.
        at_bound: Whether one of them lies at a bound.
        difference: Distance of C1 from C2.
    """

    error: np.ndarray
    start_error: np.ndarray
    standard_error: np.ndarray
    together: np.ndarray
    at_bound: np.ndarray
    difference: np.ndarray

    @classmethod
    def of(cls, result: CalibrationResult, subject: Subject) -> Self:
        """Compares one calibration with the truth."""
        found, step = identified(result), subject.calibration[0].time_step
        labels = [[f"{key} of {muscle}" for muscle in result.muscle_names] for key in FILTER]
        rows, columns = ([found.unknowns.index(label) for label in each] for each in labels)
        change = [result.parameters[key] for key in FILTER]
        error = [
            step * found.by_trials[key].standard_error / (1.0 + each.final) ** 2
            for key, each in zip(FILTER, change, strict=True)
        ]
        product = error[0] * error[1] * found.correlation[rows, columns]
        pairs = {(each.first, each.second) for each in found.trade_offs if each.together}
        true = lag(subject.truth["c1"], subject.truth["c2"], step)
        return cls(
            error=lag(change[0].final, change[1].final, step) - true,
            start_error=lag(change[0].initial, change[1].initial, step) - true,
            standard_error=np.sqrt(np.maximum(error[0] ** 2 + error[1] ** 2 + 2.0 * product, 0.0)),
            together=np.array([pair in pairs for pair in zip(*labels, strict=True)]),
            at_bound=change[0].at_bound | change[1].at_bound,
            difference=np.abs(change[0].final - change[1].final),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All muscles of several calibrations."""
        return cls(*(np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])))


@dataclass(frozen=True)
class Coverage:
    """Calibrations of noisy trials with one weight of the prior.

    Attributes:
        prior_weight: The weight.
        values: Against the truth, of all realisations.
        lags: Of the activation filter, likewise.
        n_realisations: How often noise was drawn.
        noise_inflation: Mean.
        prior_deviation: What the prior says deviations from the start are, half ranges of the
            bounds, by kind of unknown; mean.
    """

    prior_weight: float
    values: Values
    lags: FilterLag
    n_realisations: int
    noise_inflation: float
    prior_deviation: dict[str, float]

    @classmethod
    def of(cls, subject: Subject, prior_weight: float, n_realisations: int) -> Self:
        """Calibrates on every realisation of the calibration trials."""
        chosen = range(len(subject.calibration))
        results = [subject.calibrate(subject.noisy(k, chosen), prior_weight) for k in range(n_realisations)]
        found = [identified(result) for result in results]
        return cls(
            prior_weight=prior_weight,
            values=Values.joined([Values.of(result, subject.truth) for result in results]),
            lags=FilterLag.joined([FilterLag.of(result, subject) for result in results]),
            n_realisations=n_realisations,
            noise_inflation=float(np.mean([each.noise_inflation for each in found])),
            prior_deviation={
                kind: float(np.mean([each.prior_deviation[kind] for each in found]))
                for kind in found[0].prior_deviation
            },
        )

    @property
    def judged(self) -> Values:
        """Values called informed and not at a bound."""
        return self.values.where(self.values.informed & ~self.values.at_bound)


@dataclass(frozen=True)
class CoverageFigures:
    """Everything of part A.

    Attributes:
        without_prior: The trials and nothing else.
        default: With the default prior.
        exact_excitations: Without the prior and without noise of the excitations.
        hybrid: One synergy-hybrid calibration by weight of the prior: none, and its default.
        true_deviation: Root mean square distance of the truth from the start by parameter,
            half ranges of the bounds.
    """

    without_prior: Coverage
    default: Coverage
    exact_excitations: Coverage
    hybrid: dict[float, Values]
    true_deviation: dict[str, float]


def lag(c1: np.ndarray, c2: np.ndarray, time_step: float) -> np.ndarray:
    """Mean delay of Eq. 1, s: the sum of its two first-order filters' delays."""
    return -time_step * (c1 / (1.0 + c1) + c2 / (1.0 + c2))


def coverage_figures(subject: Subject, n_realisations: int) -> CoverageFigures:
    """Calibrates everything that part A shows."""
    default = subject.settings.cost.prior_weight
    usual = Coverage.of(subject, default, n_realisations)
    return CoverageFigures(
        without_prior=Coverage.of(subject, 0.0, n_realisations),
        default=usual,
        exact_excitations=Coverage.of(replace(subject, emg_noise=0.0), 0.0, n_realisations),
        hybrid=hybrid_values(subject.name),
        true_deviation=_true_deviation(subject),
    )


def hybrid_values(name: str) -> dict[float, Values]:
    """One synergy-hybrid calibration on the trials as shipped, without the prior and with it."""
    subject = Subject.read(name, "synergy_hybrid")
    return {
        weight: Values.of(subject.calibrate(subject.inputs.trials, weight), subject.truth)
        for weight in (0.0, subject.settings.cost.prior_weight)
    }


def coverage_text(figures: CoverageFigures) -> str:
    """Tables and sentences of part A."""
    free, exact = figures.without_prior, figures.exact_excitations
    parts = [
        "### Coverage",
        _noise_sentence(free),
        _table(free),
        _coverage_sentence(free, exact),
        _filter_sentence(free, exact),
        _error_sentence(free),
        _prior_sentence(figures),
        _prior_table(figures),
        _hybrid_sentence(figures.hybrid),
    ]
    return "\n\n".join(parts)


def _true_deviation(subject: Subject) -> dict[str, float]:
    """How far the truth lies from where calibrations start."""
    changes = subject.calibrate(subject.calibration, 0.0).parameters
    squares = {
        key: ((subject.truth[key] - each.initial) / (0.5 * (each.upper - each.lower))) ** 2
        for key, each in changes.items()
    }
    return {key: float(np.sqrt(each.mean())) for key, each in squares.items()}


def _noise_sentence(free: Coverage) -> str:
    return (
        f"The virtual leg, its five calibration trials with {free.n_realisations} realisations of noise: "
        f"every sample of an excitation times 1 plus {100 * EMG_NOISE:.0f} % white noise, "
        f"every moment plus noise below 6 Hz of {100 * MOMENT_NOISE:.0f} % of its standard "
        "deviation. Calibrated without the prior; a strength group counts once. *Coverage* is the share of "
        "95 % intervals (`by_trials`) that contain the truth; values at a bound are left out. Errors are "
        "in half ranges of the bounds, and z is the error over the standard error: mean 0 and standard "
        "deviation 1 if intervals are right."
    )


def _table(free: Coverage) -> str:
    lines = [
        "| parameter | values per calibration | informed | coverage, informed | coverage, all | at a bound "
        "| median error, informed | median error, not informed | z, informed: mean | SD |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = {LABELS[key]: (key,) for key in LABELS} | {"all": tuple(LABELS), "all but C1 and C2": OTHERS}
    return "\n".join(lines + [_row(label, free, keys) for label, keys in rows.items()])


def _row(label: str, free: Coverage, keys: tuple[str, ...]) -> str:
    values, judged = free.values.of_parameters(keys), free.judged.of_parameters(keys)
    inside, z = values.where(~values.at_bound), judged.error / judged.error_by_trials
    error = np.abs(values.error)
    cells = [
        f"{len(values.error) / free.n_realisations:.0f}",
        percent(values.informed),
        percent(judged.by_trials),
        percent(inside.by_trials),
        percent(values.at_bound),
        number(np.median, error[values.informed]),
        number(np.median, error[~values.informed]),
        number(np.mean, z),
        number(np.std, z),
    ]
    return f"| {label} | {' | '.join(cells)} |"


def percent(shares: np.ndarray) -> str:
    """Share of those that are true."""
    return f"{100 * shares.mean():.1f} %" if len(shares) else "none"


def number(statistic: Callable[[np.ndarray], object], values: np.ndarray) -> str:
    """A statistic in two digits after the point."""
    return f"{statistic(values):.2f}" if len(values) else "none"


def _coverage_sentence(free: Coverage, exact: Coverage) -> str:
    judged, others = free.judged, free.judged.of_parameters(OTHERS)
    z = judged.error / judged.error_by_trials
    z_others = others.error / others.error_by_trials
    exact_others = exact.judged.of_parameters(OTHERS)
    z_exact = exact_others.error / exact_others.error_by_trials
    return (
        f"Of the values called informed {percent(judged.by_trials)} of the intervals contain the truth; "
        f"without C1 and C2, of which the next paragraph speaks, {percent(others.by_trials)}. z has the mean "
        f"{z.mean():.2f} and the standard deviation {z.std():.2f}, without C1 and C2 {z_others.mean():.2f} "
        f"and {z_others.std():.2f}. The noise of the residuals is enlarged by {free.noise_inflation:.3f} in "
        "variance for what the unknowns fit of it. Most of what is missing to 95 % comes from the noise of "
        "the excitations: an interval takes excitations as exact, but their noise moves estimates to one "
        f"side, strengths above all. With exact excitations coverage is {percent(exact.judged.by_trials)}, "
        f"without C1 and C2 {percent(exact_others.by_trials)}, and z of these has the mean "
        f"{z_exact.mean():.2f} and the standard deviation {z_exact.std():.2f}."
    )


def _filter_sentence(free: Coverage, exact: Coverage) -> str:
    lags, values = free.lags, free.values.of_parameters(FILTER)
    kept = ~lags.at_bound & lags.together
    equal = lags.difference < 1e-3
    return (
        "**C1 and C2.** Eq. 1 is two first-order filters one after the other, so that exchanging C1 and C2 "
        "changes nothing. Started with C1 = C2, as by default, the moments have the same derivative by both: "
        "the Jacobian's two columns are equal, a difference between the two has no first-order effect, and "
        "no data determine it there. What both do together is determined: "
        f"{percent(lags.together)} of the muscles have the verdict *only together*, and the delay of the "
        "whole filter, -Δt (C1 / (1 + C1) + C2 / (1 + C2)), is off by a median of "
        f"{1e3 * np.median(np.abs(lags.error[kept])):.1f} ms in these, "
        f"{1e3 * np.median(np.abs(lags.start_error[kept])):.1f} ms before the calibration; "
        f"{_lag_coverage(lags)} of its 95 % intervals contain the truth, {_lag_coverage(exact.lags)} with "
        "exact excitations. "
        f"In {percent(equal)} of the muscles C1 and C2 end equal. In the others numerical accidents part "
        f"them, because nothing but the prior would hold them together, and {percent(lags.at_bound[~equal])} "
        "of these end with one of the two at its bound. As each may as well be the other, an interval spans "
        f"both, and {percent(values.informed)} of all values of C1 and C2 are called informed one by one; "
        f"{percent(values.where(~values.at_bound).by_trials)} of the intervals not at a bound contain the "
        "truth. "
        "Do not read C1 or C2 of a muscle by itself."
    )


def _lag_coverage(lags: FilterLag) -> str:
    """Of filters that are determined as a whole."""
    covered = np.abs(lags.error) <= INTERVAL_FACTOR * lags.standard_error
    return percent(covered[lags.together & ~lags.at_bound])


def _error_sentence(free: Coverage) -> str:
    values = free.values
    error = np.abs(values.error)
    rank = float(np.asarray(spearmanr(values.error_by_trials, error))[0])
    largest = error >= np.quantile(error, 0.75)
    smallest = error <= np.quantile(error, 0.25)
    return (
        "**Is the verdict right?** Values called not informed have the larger errors: median "
        f"{np.median(error[~values.informed]):.2f} half ranges against "
        f"{np.median(error[values.informed]):.2f} of the informed, values at bounds included. Of the quarter "
        f"with the largest errors {percent(~values.informed[largest])} are called not informed, of the "
        f"quarter with the smallest {percent(~values.informed[smallest])}, of all "
        f"{percent(~values.informed)}. Spearman's correlation of standard error and absolute error is "
        f"{rank:.2f}."
    )


def _prior_sentence(figures: CoverageFigures) -> str:
    usual = figures.default
    judged, inside = usual.judged, usual.values.where(~usual.values.at_bound)
    z = judged.error / judged.error_by_trials
    z_prior = judged.error / judged.error_with_prior
    closer = abs(judged.by_trials.mean() - 0.95) < abs(judged.with_prior.mean() - 0.95)
    advice = (
        "Believe `by_trials`, which errs to the safe side, because the prior makes estimates scatter less "
        "than it says; `with_prior` is too narrow. The truth lies farther from the start than the prior says "
        f"in {_beyond_prior(figures)}."
        if judged.by_trials.mean() >= 0.95 > judged.with_prior.mean()
        else f"`{'by_trials' if closer else 'with_prior'}` is closer to 95 %."
    )
    return (
        f"**With the default prior, weight {usual.prior_weight:g}.** The estimate is pulled to the start, "
        "and there are two intervals around it: `by_trials` counts only what the trials say, `with_prior` "
        "takes the prior for a measurement. Of informed values "
        f"{percent(judged.by_trials)} of the first and {percent(judged.with_prior)} of the second contain "
        f"the truth; of all values not at a bound {percent(inside.by_trials)} and "
        f"{percent(inside.with_prior)}. "
        f"z has the standard deviation {z.std():.2f} and {z_prior.std():.2f}. {advice} The last two columns "
        "compare: what the prior's weight says about the distance from the start, and what that distance "
        "is (root mean square), half ranges of the bounds."
    )


def _beyond_prior(figures: CoverageFigures) -> str:
    """Parameters whose truth lies farther from the start than the prior says."""
    says = {key: figures.default.prior_deviation[_kind(key)] for key in LABELS}
    found = [LABELS[key] for key in LABELS if figures.true_deviation[key] > says[key]]
    return ", ".join(found) if found else "no parameter"


def _kind(parameter: str) -> str:
    return "strength_coefficient" if parameter == "max_isometric_force" else parameter


def _prior_table(figures: CoverageFigures) -> str:
    usual = figures.default
    lines = [
        "| parameter | informed | `by_trials`, informed | `with_prior`, informed | `by_trials`, all "
        "| `with_prior`, all | prior's deviation | true deviation |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for key in LABELS:
        values, judged = usual.values.of_parameters((key,)), usual.judged.of_parameters((key,))
        inside = values.where(~values.at_bound)
        lines.append(
            f"| {LABELS[key]} | {percent(values.informed)} | {percent(judged.by_trials)} "
            f"| {percent(judged.with_prior)} | {percent(inside.by_trials)} | {percent(inside.with_prior)} "
            f"| {usual.prior_deviation[_kind(key)]:.2f} | {figures.true_deviation[key]:.2f} |"
        )
    values, judged = usual.values, usual.judged
    inside = values.where(~values.at_bound)
    lines.append(
        f"| all | {percent(values.informed)} | {percent(judged.by_trials)} | {percent(judged.with_prior)} "
        f"| {percent(inside.by_trials)} | {percent(inside.with_prior)} | | |"
    )
    return "\n".join(lines)


def _hybrid_sentence(hybrid: dict[float, Values]) -> str:
    sentences = []
    for weight, values in hybrid.items():
        inside = values.where(~values.at_bound)
        judged = inside.where(inside.informed)
        sentences.append(
            f"with weight {weight:g} of the prior, {values.informed.sum()} of {len(values.error)} values are "
            f"called informed, {percent(judged.by_trials)} of their intervals `by_trials` contain the truth, "
            f"and of all values not at a bound {percent(inside.by_trials)} `by_trials` and "
            f"{percent(inside.with_prior)} `with_prior`"
        )
    return (
        "**Synergy-hybrid.** Excitations that are fitted to the same moments take noise with them, which no "
        "interval accounts for; on the other hand they leave little for the muscles' parameters. One "
        "calibration of the leg without electrodes on its deep muscles "
        f"(`tools_setup/leg_synergy_hybrid.xml`, trials as shipped): {'; '.join(sentences)}."
    )
