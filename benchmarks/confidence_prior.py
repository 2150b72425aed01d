"""Part B of `confidence.py`: what the prior holds, what it brings and what it costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from confidence_cases import LABELS, Subject, Values, identified, n_at_bound
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from real_data_setups import PRIOR_WEIGHT, lopes, rajagopal

from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.calibration.result import CalibrationResult, Prediction
from opensim_difcal.outputs.figures.style import NORMAL, TERMS, left_title, new_figure, tidy
from opensim_difcal.tools.calibration.inputs import read_inputs
from opensim_difcal.tools.calibration.run import calibrate_inputs, make_engine

WEIGHTS = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
REAL_WEIGHTS = (*WEIGHTS, 0.1)
N_TRIALS = (1, 2, 5)
N_REALISATIONS = 5
DATA_SETS = {"lopes_subj06": lopes, "rajagopal_walk": rajagopal}
COORDINATES = ("hip", "knee", "ankle")
_AT_ZERO = 0.00015  # where the figures' axis has the weight zero


@dataclass(frozen=True)
class PriorRow:
    """One weight on a virtual subject, over all realisations.

    Attributes:
        weight: Of the prior.
        error: Median absolute error of all values, half ranges of the bounds.
        errors: By parameter.
        r2: Of trials that were not calibrated on, pooled by coordinate; mean.
        n_at_bound: Values at a bound, mean.
        n_unknowns: How many unknowns there are.
        n_held: Degrees of freedom that the prior holds, mean.
        taken: By parameter the share of the variance that the prior takes away, median.
        moment_error: Where calibrated, one entry per realisation.
    """

    weight: float
    error: float
    errors: dict[str, float]
    r2: float
    n_at_bound: float
    n_unknowns: int
    n_held: float
    taken: dict[str, float]
    moment_error: np.ndarray

    @classmethod
    def of(cls, subject: Subject, n_trials: int, weight: float) -> Self:
        """Calibrates on some of the trials, others in every realisation, and predicts unseen ones."""
        results = [
            subject.calibrate((*subject.noisy(k, rotated(subject, k, n_trials)), *subject.validation), weight)
            for k in range(N_REALISATIONS)
        ]
        values = Values.joined([Values.of(result, subject.truth) for result in results])
        taken = 1.0 - (values.error_with_prior / values.error_by_trials) ** 2
        of = {key: values.parameter == key for key in LABELS}
        return cls(
            weight=weight,
            error=float(np.median(np.abs(values.error))),
            errors={key: float(np.median(np.abs(values.error[rows]))) for key, rows in of.items()},
            r2=float(np.mean([list(pooled_r2(result).values()) for result in results])),
            n_at_bound=float(np.mean([n_at_bound(result) for result in results])),
            n_unknowns=len(identified(results[0]).unknowns),
            n_held=float(np.mean([identified(result).n_held_by_prior for result in results])),
            taken={key: float(np.median(taken[rows])) for key, rows in of.items()},
            moment_error=np.array([result.cost_history[-1]["moment_error"] for result in results]),
        )


@dataclass(frozen=True)
class RealRow:
    """One weight on a real data set.

    Attributes:
        weight: Of the prior.
        r2: Of unseen cycles, pooled, by coordinate.
        trial_r2: Mean over unseen cycles and coordinates, each by itself.
        n_at_bound: Values at a bound.
        n_values: Of how many.
        n_held: Degrees of freedom that the prior holds.
    """

    weight: float
    r2: dict[str, float]
    trial_r2: float
    n_at_bound: int
    n_values: int
    n_held: float

    @classmethod
    def of(cls, result: CalibrationResult, weight: float) -> Self:
        """Scores a calibration's unseen cycles."""
        scores = [each.r2 for p in unseen(result) for each in trial_agreement(p).values()]
        return cls(
            weight=weight,
            r2=pooled_r2(result),
            trial_r2=float(np.mean(scores)),
            n_at_bound=n_at_bound(result),
            n_values=sum(len(change.final) for change in result.parameters.values()),
            n_held=identified(result).n_held_by_prior,
        )


Case = tuple[str, int]
"""Subject and number of calibration trials."""


@dataclass(frozen=True)
class PriorFigures:
    """Everything of part B.

    Attributes:
        default: The default weight.
        virtual: Rows by subject and number of trials.
        real: Rows by data set.
    """

    default: float
    virtual: dict[Case, list[PriorRow]]
    real: dict[str, list[RealRow]]

    def row(self, subject: str, n_trials: int, weight: float) -> PriorRow:
        """The row of one weight."""
        return next(each for each in self.virtual[subject, n_trials] if each.weight == weight)

    def excess(self) -> dict[float, float]:
        """By weight, how much larger the median error is than with the best weight; mean of all cases."""
        error = np.array([[row.error for row in rows] for rows in self.virtual.values()])
        relative = error / error.min(1, keepdims=True) - 1.0
        return dict(zip(WEIGHTS, relative.mean(0).tolist(), strict=True))


def rotated(subject: Subject, realisation: int, n_trials: int) -> list[int]:
    """Which trials a realisation calibrates on."""
    return [(realisation + i) % len(subject.calibration) for i in range(n_trials)]


def unseen(result: CalibrationResult) -> list[Prediction]:
    """Predictions of the validation trials."""
    return [each for each in result.calibrated if each.trial.role == "validation"]


def pooled_r2(result: CalibrationResult) -> dict[str, float]:
    """R² of unseen trials by coordinate."""
    return {name: each.r2 for name, each in pooled_agreement(unseen(result)).items()}


def prior_figures(subjects: Sequence[Subject], data: Path) -> PriorFigures:
    """Calibrates everything that part B shows."""
    virtual = {
        (subject.name, n): [PriorRow.of(subject, n, weight) for weight in WEIGHTS]
        for subject in subjects
        for n in N_TRIALS
    }
    return PriorFigures(
        default=subjects[0].settings.cost.prior_weight,
        virtual=virtual,
        real={name: real_rows(name, data) for name in DATA_SETS},
    )


def real_rows(name: str, data: Path) -> list[RealRow]:
    """Calibrates a real data set with every weight."""
    tool = DATA_SETS[name](data, Path("unused"))
    inputs = read_inputs(tool)
    engine = make_engine(tool, inputs)
    return [
        RealRow.of(calibrate_inputs(replace(tool, prior_weight=weight), inputs, engine), weight)
        for weight in REAL_WEIGHTS
    ]


def prior_text(figures: PriorFigures) -> str:
    """Tables and sentences of part B."""
    parts = [
        "### The prior",
        _introduction(figures),
        *(f"{_heading(name)}\n\n{_subject_table(figures, name)}" for name in ("leg", "arm")),
        _gain_sentence(figures),
        _holding_table(figures),
        _holding_sentence(figures),
        *(f"{name}, unseen cycles:\n\n{_real_table(figures, name)}" for name in DATA_SETS),
        _real_sentence(figures),
        _default_sentence(figures),
        "![Parameter error and R² of unseen trials against the prior's weight](figures/prior_weight.png)",
    ]
    return "\n\n".join(parts)


def _introduction(figures: PriorFigures) -> str:
    return (
        "`prior_weight` is the weight of the mean squared deviation from the start; "
        f"{figures.default:g} is the default. Calibrated on {_listed(N_TRIALS)} noisy trials of the virtual "
        f"leg and arm, {N_REALISATIONS} realisations of the same noise as above each; one or two trials are "
        "taken in turn from the five. Every cell has three numbers, for "
        f"{' / '.join(str(n) for n in N_TRIALS)} trials. Errors are medians in half ranges of the bounds; R² "
        "is that of five unseen trials without noise, pooled by coordinate, mean over coordinates."
    )


def _listed(numbers: Sequence[object]) -> str:
    return f"{', '.join(str(each) for each in numbers[:-1])} and {numbers[-1]}"


def _heading(name: str) -> str:
    return f"Virtual {name}:"


def _subject_table(figures: PriorFigures, name: str) -> str:
    columns: dict[str, Callable[[PriorRow], str]] = {
        "error, all": lambda row: f"{row.error:.3f}",
        **{LABELS[key]: lambda row, key=key: f"{row.errors[key]:.2f}" for key in LABELS},
        "R², unseen": lambda row: f"{row.r2:.4f}",
        "at a bound": lambda row: f"{row.n_at_bound:.1f}",
    }
    lines = [f"| weight | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for weight in WEIGHTS:
        rows = [figures.row(name, n, weight) for n in N_TRIALS]
        cells = [" / ".join(cell(row) for row in rows) for cell in columns.values()]
        lines.append(f"| {_weight(figures, weight)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _weight(figures: PriorFigures, weight: float) -> str:
    return f"**{weight:g}**" if weight == figures.default else f"{weight:g}"


def _gain_sentence(figures: PriorFigures) -> str:
    sentences = []
    for n in N_TRIALS:
        free, held = (figures.row("leg", n, weight) for weight in (0.0, figures.default))
        sentences.append(
            f"with {n} {'trial' if n == 1 else 'trials'} the median error on the leg is {held.error:.3f}, "
            f"{_than(held.error, free.error)} {free.error:.3f} without the prior, and "
            f"{held.n_at_bound:.1f} instead of {free.n_at_bound:.1f} values end at a bound"
        )
    worse = [
        f"{LABELS[key]} ({subject}, {n}: {held.errors[key]:.3f} against {free.errors[key]:.3f})"
        for subject, n in figures.virtual
        for free, held in [[figures.row(subject, n, weight) for weight in (0.0, figures.default)]]
        for key in LABELS
        if held.errors[key] > free.errors[key]
    ]
    losers = (
        f"Larger with the prior than without: {', '.join(worse)}." if worse else "No parameter gets worse."
    )
    return f"With the default weight: {'; '.join(sentences)}. {losers}"


def _than(value: float, other: float) -> str:
    return "lower than the" if value < other else "as large as the" if value == other else "higher than the"


def _holding_table(figures: PriorFigures) -> str:
    lines = [
        f"| weight | degrees of freedom held | {' | '.join(LABELS.values())} | moment error |",
        "|---" * (len(LABELS) + 3) + "|",
    ]
    for weight in WEIGHTS:
        row = figures.row("leg", max(N_TRIALS), weight)
        taken = " | ".join(f"{100 * row.taken[key]:.0f} %" for key in LABELS)
        lines.append(
            f"| {_weight(figures, weight)} | {row.n_held:.1f} of {row.n_unknowns} | {taken} "
            f"| {100 * _rise(figures, max(N_TRIALS), weight):+.1f} % |"
        )
    return "\n".join(
        [
            f"What the prior holds on the leg with {max(N_TRIALS)} trials: degrees of freedom, by parameter "
            "the median share of the variance (square of the standard error) that it takes away, and the "
            "rise of the moment error on the calibration trials against no prior:",
            "",
            *lines,
        ]
    )


def _rise(figures: PriorFigures, n_trials: int, weight: float) -> float:
    """Median rise of the leg's moment error against no prior."""
    held, free = (figures.row("leg", n_trials, each).moment_error for each in (weight, 0.0))
    return float(np.median(held / free) - 1.0)


def _holding_sentence(figures: PriorFigures) -> str:
    row = figures.row("leg", max(N_TRIALS), figures.default)
    ordered = sorted(row.taken, key=lambda key: -row.taken[key])
    most, least = ([f"{LABELS[k]} ({100 * row.taken[k]:.0f} %)" for k in ordered[i]] for i in _ENDS)
    held = [figures.row("leg", n, figures.default) for n in N_TRIALS]
    return (
        f"With the default weight the prior holds {' / '.join(f'{each.n_held:.0f}' for each in held)} of "
        f"{row.n_unknowns} degrees of freedom of the leg with {' / '.join(str(n) for n in N_TRIALS)} "
        "trials: it decides where the trials do not. By parameter (the last of these) it holds "
        f"{_listed(most)} most and {_listed(least)} least; of C1 and C2 it decides the difference, which no "
        "trial does. Moment error where calibrated changes by "
        f"{' / '.join(f'{100 * _rise(figures, n, figures.default):+.1f}' for n in N_TRIALS)} %, while R² of "
        f"unseen trials goes from {_unseen_pairs(figures)}. {_unfinished(figures)}".rstrip()
    )


_ENDS = (slice(0, 3), slice(-2, None))  # of parameters, the most held first


def _unfinished(figures: PriorFigures) -> str:
    """What it means that some weights lower the moment error."""
    lower = [f"{weight:g}" for weight in WEIGHTS if _rise(figures, max(N_TRIALS), weight) < 0.0]
    if not lower:
        return ""
    return (
        f"That the moment error falls with {' and '.join(lower)} shows that the search without a prior, with "
        "values at bounds and directions without curvature, ends before the lowest point."
    )


def _unseen_pairs(figures: PriorFigures) -> str:
    """R² of the leg's unseen trials without the prior and with it."""
    pairs = [[figures.row("leg", n, weight).r2 for weight in (0.0, figures.default)] for n in N_TRIALS]
    return " / ".join(f"{free:.4f} to {held:.4f}" for free, held in pairs)


def _real_table(figures: PriorFigures, name: str) -> str:
    lines = [
        f"| weight | {' | '.join(f'{each}, pooled R²' for each in COORDINATES)} | mean R² of a cycle "
        "| at a bound | degrees of freedom held |",
        "|---" * (len(COORDINATES) + 4) + "|",
    ]
    for row in figures.real[name]:
        scores = " | ".join(f"{r2:.3f}" for r2 in row.r2.values())
        lines.append(
            f"| {_weight(figures, row.weight)} | {scores} | {row.trial_r2:.3f} | {row.n_at_bound} of "
            f"{row.n_values} | {row.n_held:.1f} |"
        )
    return "\n".join(lines)


def _real_sentence(figures: PriorFigures) -> str:
    sentences, gains = [], []
    for name, rows in figures.real.items():
        free, held, shipped = (_at(rows, weight) for weight in (0.0, figures.default, PRIOR_WEIGHT))
        best = max(rows, key=lambda row: row.trial_r2)
        gains.append(best.trial_r2 - free.trial_r2)
        sentences.append(
            f"In `{name}` it is {free.trial_r2:.3f} without the prior, with {free.n_at_bound} values at "
            f"bounds; {held.trial_r2:.3f} and {held.n_at_bound} with the default weight; "
            f"{shipped.trial_r2:.3f} and {shipped.n_at_bound} with {PRIOR_WEIGHT:g}, the weight of *Real "
            f"measurements*; and {rows[-1].trial_r2:.3f} and {rows[-1].n_at_bound} with {rows[-1].weight:g}. "
            f"The best weight is {best.weight:g}."
        )
    return (
        "On people the truth of the parameters is not known, and unseen cycles do not ask for a prior: no "
        f"weight raises the mean R² of a cycle by more than {max(gains):.3f}. {' '.join(sentences)} What the "
        f"prior brings there is fewer values at bounds, not better moments. {_hip_sentence(figures)}"
    )


def _hip_sentence(figures: PriorFigures) -> str:
    """What much of the prior does to each coordinate."""
    changes = []
    for name, rows in figures.real.items():
        pairs = zip(COORDINATES, rows[0].r2.values(), rows[-1].r2.values(), strict=True)
        changes.append(
            f"{', '.join(f'{end - start:+.3f} ({each})' for each, start, end in pairs)} in `{name}`"
        )
    weight = figures.real["lopes_subj06"][-1].weight
    return f"From none to {weight:g} the pooled R² changes by {' and by '.join(changes)}."


def _at(rows: Sequence[RealRow], weight: float) -> RealRow:
    return next(row for row in rows if row.weight == weight)


def _default_sentence(figures: PriorFigures) -> str:
    excess = figures.excess()
    flat = [weight for weight in WEIGHTS if excess[weight] <= min(excess.values()) + 0.05]
    bounds = {
        weight: float(np.mean([figures.row(*case, weight).n_at_bound for case in figures.virtual]))
        for weight in (*flat, 0.0)
    }
    real = {
        weight: sum(_at(rows, weight).n_at_bound for rows in figures.real.values()) for weight in (*flat, 0.0)
    }
    least = min(excess, key=lambda weight: excess[weight])
    return (
        f"**Why {figures.default:g}.** Over subjects and numbers of trials the median error is larger than "
        "with the best weight of each case by, on average, "
        f"{', '.join(f'{100 * excess[w]:.0f} % ({w:g})' for w in WEIGHTS)}: least with {least:g}. Weights "
        f"{_listed([f'{weight:g}' for weight in flat])} do about equally well. With these, values at a bound "
        f"are, on average, {', '.join(f'{bounds[w]:.1f} ({w:g})' for w in flat)} on the virtual subjects, "
        f"{bounds[0.0]:.1f} without the prior, and {', '.join(f'{real[w]} ({w:g})' for w in flat)} on the "
        f"people together, {real[0.0]} without. The default is "
        f"{'one of these' if figures.default in flat else 'none of these'}. It was chosen on these very "
        "subjects; which weight is best depends on how far the truth lies from the start, and of people "
        "nobody knows that."
    )


def draw_prior(figures: PriorFigures) -> Figure:
    """Parameter error and R² of unseen trials against the weight."""
    figure = new_figure(3.9)
    error, virtual, real = figure.subplots(1, 3)
    styles = {1: ":", 2: "--", 5: "-"}
    for (subject, n), rows in figures.virtual.items():
        color = TERMS[0] if subject == "leg" else TERMS[1]
        places = [row.weight or _AT_ZERO for row in rows]
        label = f"{subject}, {n} {'trial' if n == 1 else 'trials'}"
        for axes, values in ((error, [r.error for r in rows]), (virtual, [r.r2 for r in rows])):
            axes.plot(places, values, styles[n], color=color, marker=".", label=label)
    for name, color in zip(figures.real, (TERMS[2], TERMS[3]), strict=True):
        rows = figures.real[name]
        places = [row.weight or _AT_ZERO for row in rows]
        real.plot(places, [row.trial_r2 for row in rows], color=color, marker=".", label=name)
    titles = (
        "virtual subjects: median parameter\nerror (half ranges of the bounds)",
        "virtual subjects:\nR² of unseen trials",
        "people:\nmean R² of an unseen cycle",
    )
    for axes, title in zip((error, virtual, real), titles, strict=True):
        _weight_axis(axes, figures.default)
        left_title(axes, title)
        tidy(axes)
    for axes in (error, real):
        axes.legend(fontsize=NORMAL - 1.5, frameon=False, handlelength=4.0)
    error.set_ylim(0.0, None)
    real.set_ylim(0.5, 1.0)
    return figure


def _weight_axis(axes: Axes, default: float) -> None:
    """A logarithmic axis with the weight zero at its left end."""
    axes.axvline(default, color="0.8", linewidth=1.0, zorder=0.0)
    axes.set_xscale("log")
    shown = (0.001, 0.005, 0.02, 0.1) if axes.get_xlim()[1] > 0.1 else (0.001, 0.005, 0.02, 0.05)
    axes.set_xticks((_AT_ZERO, *shown), ("0", *(f"{each:g}" for each in shown)))
    axes.minorticks_off()
    axes.set_xlabel("prior weight (line: default)", fontsize=NORMAL)
