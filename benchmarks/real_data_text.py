"""Tables, sentences and the figure of the real measurements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from real_data_words import DATA_SET_TEXT, INTRODUCTION, MEANING

from opensim_difcal.calibration.metrics import trial_agreement
from opensim_difcal.calibration.result import CalibrationResult

_SHOWN = {
    "lopes_subj06": ("walk36_04", "walk36_13", "run81_a_03", "run81_b_02"),
    "rajagopal_walk": ("stance_2",),
}
_COORDINATE = {"hip_flexion_r": "hip", "knee_angle_r": "knee", "ankle_angle_r": "ankle"}


@dataclass(frozen=True)
class CycleScores:
    """Agreement of every cycle.

    Attributes:
        names: Cycles.
        roles: calibration or validation.
        coordinates: Columns.
        r2: By "uncalibrated" and "calibrated": cycles by coordinates.
        rmse: Likewise, N m.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]
    coordinates: tuple[str, ...]
    r2: Mapping[str, np.ndarray]
    rmse: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, result: CalibrationResult) -> Self:
        """Scores a result's cycles."""
        r2, rmse = {}, {}
        for state in ("uncalibrated", "calibrated"):
            scores = [trial_agreement(prediction) for prediction in getattr(result, state)]
            r2[state] = np.array([[each.r2 for each in score.values()] for score in scores])
            rmse[state] = np.array([[each.rmse for each in score.values()] for score in scores])
        trials = [prediction.trial for prediction in result.calibrated]
        names, roles = tuple(t.name for t in trials), tuple(t.role for t in trials)
        return cls(names, roles, trials[0].coordinate_names, r2, rmse)

    def unseen(self) -> dict[str, list[int]]:
        """Rows of the validation cycles by recording."""
        groups: dict[str, list[int]] = {}
        for i, (name, role) in enumerate(zip(self.names, self.roles, strict=True)):
            if role == "validation":
                groups.setdefault(_recording(name), []).append(i)
        return groups


def _recording(cycle: str) -> str:
    """walk36_03 is the third cycle of walk36; other trials stand for themselves."""
    return cycle[:-3] if cycle[-2:].isdigit() else cycle


def run_sentences(outcome) -> list[str]:
    """How the run went, from its summary."""
    summary, result = outcome.summary, outcome.result
    loop, seconds = summary["closed_loop"], summary["seconds"]
    stuck = [
        f"{kind} of {muscle}"
        for kind, change in result.parameters.items()
        for muscle, at in zip(result.muscle_names, change.at_bound, strict=True)
        if at
    ]
    n_parameters = sum(len(change.final) for change in result.parameters.values())
    return [
        f"{len(result.muscle_names)} muscles, {result.n_iterations} iterations, "
        f"{result.status.name.lower()}; "
        f"{seconds['total']:.0f} s on one core ({seconds['geometry']:.0f} s reading and geometry, "
        f"{seconds['calibration']:.0f} s calibration, {seconds['closed_loop']:.0f} s closed loop).",
        f"Closed loop: largest RMS difference to OpenSim's own integration "
        f"{100 * loop['reintegration_rms_max']:.2f} % of a muscle's maximum isometric force.",
        f"At a bound: {len(stuck)} of {n_parameters} values"
        + (f" ({', '.join(f'`{name}`' for name in stuck)})." if stuck else "."),
    ]


def mean_table(scores: CycleScores) -> list[str]:
    """Means and ranges over unseen cycles."""
    lines = [
        "R² of unseen cycles, mean (least to most):",
        "",
        "| recording | cycles | coordinate | uncalibrated | calibrated | RMSE, N m | calibrated |",
        "|---|---|---|---|---|---|---|",
    ]
    for recording, rows in scores.unseen().items():
        for c, coordinate in enumerate(scores.coordinates):
            before, after = (scores.r2[state][rows, c] for state in ("uncalibrated", "calibrated"))
            errors = [scores.rmse[state][rows, c].mean() for state in ("uncalibrated", "calibrated")]
            lines.append(
                f"| {recording} | {len(rows)} | {_COORDINATE[coordinate]} | {_spread(before)} | "
                f"**{_spread(after)}** | {errors[0]:.1f} | {errors[1]:.1f} |"
            )
    return lines


def _spread(values: np.ndarray) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})"


def cycle_table(scores: CycleScores) -> list[str]:
    """Every cycle: R² and RMSE, uncalibrated then calibrated."""
    columns = " | ".join(f"{_COORDINATE[name]} R²" for name in scores.coordinates)
    errors = " | ".join(f"{_COORDINATE[name]} RMSE, N m" for name in scores.coordinates)
    lines = [
        "Every cycle, uncalibrated → calibrated:",
        "",
        f"| cycle | {columns} | {errors} |",
        "|---|" + "---|" * (2 * len(scores.coordinates)),
    ]
    for i, name in enumerate(scores.names):
        label = name if scores.roles[i] == "validation" else f"*{name}, calibration*"
        cells = [_pair(scores.r2, i, c, 2) for c in range(len(scores.coordinates))]
        cells += [_pair(scores.rmse, i, c, 1) for c in range(len(scores.coordinates))]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return lines


def _pair(values: Mapping[str, np.ndarray], i: int, c: int, digits: int) -> str:
    return f"{values['uncalibrated'][i, c]:.{digits}f} → {values['calibrated'][i, c]:.{digits}f}"


def variant_row(label: str, result: CalibrationResult) -> str:
    """One variant: mean R² of unseen cycles by recording, and what it cost."""
    scores = CycleScores.of(result)
    means = [
        " / ".join(f"{value:.2f}" for value in scores.r2["calibrated"][rows].mean(axis=0))
        for rows in scores.unseen().values()
    ]
    at_bound = sum(int(change.at_bound.sum()) for change in result.parameters.values())
    seen = [i for i, role in enumerate(scores.roles) if role == "calibration"]
    fit = scores.r2["calibrated"][seen].mean()
    return (
        f"| {label} | {' | '.join(means)} | {fit:.3f} | {at_bound} | "
        f"{result.n_iterations} | {result.seconds:.0f} |"
    )


def variant_table(name: str, rows: Sequence[str]) -> list[str]:
    """The table of all variants of a data set."""
    recordings = {"lopes_subj06": ("walk36", "run81_a", "run81_b"), "rajagopal_walk": ("stance_2",)}[name]
    return [
        "One thing changed at a time: mean R² of unseen cycles, hip / knee / ankle. *Seen* is the mean R² of "
        "the calibration cycles over all coordinates; only it may be used to choose a setting.",
        "",
        f"| change | {' | '.join(recordings)} | seen | at a bound | iterations | seconds |",
        "|---|" + "---|" * (len(recordings) + 4),
        *rows,
    ]


def draw_moments(results: Mapping[str, CalibrationResult], path: Path) -> None:
    """Measured, uncalibrated and calibrated moments of a few unseen cycles."""
    shown = [
        pair
        for name, result in results.items()
        for pair in zip(result.uncalibrated, result.calibrated, strict=True)
        if pair[1].trial.name in _SHOWN[name]
    ]
    figure, axes = plt.subplots(3, len(shown), figsize=(3.2 * len(shown), 7), squeeze=False, sharex="col")
    for column, (before, after) in zip(axes.T, shown, strict=True):
        trial = after.trial
        for c, axis in enumerate(column):
            time = trial.time[trial.scored]
            axis.plot(time, before.joint_moment[trial.scored, c], color="0.65", label="uncalibrated")
            axis.plot(time, after.joint_moment[trial.scored, c], color="tab:blue", label="calibrated")
            axis.plot(time, trial.joint_moment[trial.scored, c], "k--", label="inverse dynamics")
            measured = trial.joint_moment[trial.scored, c]
            margin = 0.6 * (measured.max() - measured.min())
            axis.set_ylim(measured.min() - margin, measured.max() + margin)
            axis.set_title(f"{trial.name}, {_COORDINATE[trial.coordinate_names[c]]}", fontsize=9)
        column[-1].set_xlabel("time, s")
    for row in axes:
        row[0].set_ylabel("moment, N m")
    axes[0, 0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def section(lines: Mapping[str, Sequence[str]]) -> str:
    """The page's section."""
    parts = ["## Real measurements", "", INTRODUCTION]
    for name, each in lines.items():
        parts += ["", f"### {name}", "", DATA_SET_TEXT[name], "", *each]
    parts += ["", "![Moments of unseen cycles](figures/real_data.png)", "", MEANING]
    return "\n".join(parts) + "\n"
