"""Figures of `paper.py`: times as the paper's Fig. 2, accuracy as its Fig. 3, cost against CPU time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLORS = {
    "annealing": "#999999",
    "annealing, tutorial's cooling": "#333333",
    "Levenberg-Marquardt on annealing's problem": "#8c6bb1",
    "AdamW": "#e6862e",
    "default": "#1f6fb2",
    "synergy-hybrid": "#2e9e5b",
    "three stages*": "#b3432f",
}

AllRuns = Mapping[str, Sequence[Any]]


def draw_times(all_runs: AllRuns) -> Figure:
    """CPU seconds of every method, one panel per subject."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, (subject, runs) in zip(_panels(figure, 1, len(all_runs)), all_runs.items(), strict=True):
        names = [run.method for run in runs]
        seconds = [run.cpu_seconds for run in runs]
        axes.barh(names, seconds, color=[COLORS[name] for name in names])
        for row, value in enumerate(seconds):
            axes.text(value, row, f" {value:.2g} s", va="center", fontsize=8)
        axes.set(xscale="log", title=subject, xlabel="CPU time (s)", xlim=(None, 10 * max(seconds)))
        axes.invert_yaxis()
        axes.tick_params(labelsize=8)
        _tidy(axes)
    for axes in figure.axes[1:]:
        axes.set_yticklabels([])
    return figure


def draw_accuracy(all_runs: AllRuns) -> Figure:
    """RMSE and R2 of unseen trials by coordinate, one dot per trial and a bar at the mean."""
    figure = Figure(figsize=(12, 6), layout="constrained")
    panels = figure.subplots(2, len(all_runs), squeeze=False)
    for column, (subject, runs) in enumerate(all_runs.items()):
        coordinates = runs[0].result.calibrated[0].trial.coordinate_names
        for row, (measure, label) in enumerate((("rmse", "RMSE (N m)"), ("r2", "R²"))):
            axes = panels[row, column]
            for m, run in enumerate(runs):
                for c, coordinate in enumerate(coordinates):
                    found = np.array(run.errors(coordinate, measure))
                    place = c + (m - 0.5 * (len(runs) - 1)) / (len(runs) + 1.5)
                    width = 0.8 / (len(runs) + 1.5)
                    axes.bar(place, found.mean(), width, color=COLORS[run.method], alpha=0.5)
                    axes.plot(
                        np.full(len(found), place), found, ".", markersize=2.5, color=COLORS[run.method]
                    )
            axes.set_xticks(range(len(coordinates)), coordinates, fontsize=8)
            axes.set_ylabel(f"{label}, unseen trials", fontsize=9)
            if measure == "r2":
                axes.set_ylim(max(-1.0, axes.get_ylim()[0]), 1.02)
            _tidy(axes)
        panels[0, column].set_title(subject)
    handles = [panels[0, 0].bar(0, 0, color=color, alpha=0.5, label=name) for name, color in COLORS.items()]
    figure.legend(handles, list(COLORS), loc="outside upper center", ncols=3, fontsize=9, frameon=False)
    return figure


def draw_costs(all_runs: AllRuns) -> Figure:
    """Moment error where calibrated against CPU time."""
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    for axes, (subject, runs) in zip(_panels(figure, 1, len(all_runs)), all_runs.items(), strict=True):
        for run in runs:
            if run.method == "AdamW":  # minimizes N m, so that its course is of another kind
                axes.plot(run.cpu_seconds, run.misfit, "o", color=COLORS[run.method], label=run.method)
                continue
            seconds, costs = run.course
            offset = run.cpu_seconds - seconds[-1]  # of earlier stages
            axes.plot(np.maximum(seconds, 1e-3) + offset, costs, color=COLORS[run.method], label=run.method)
            axes.plot(run.cpu_seconds, costs[-1], "o", color=COLORS[run.method])
        axes.set(xscale="log", yscale="log", title=subject, xlabel="CPU time (s)")
        _tidy(axes)
    figure.axes[0].set_ylabel("moment error where calibrated\n(variance-scaled: 1 - R²)", fontsize=9)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, fontsize=9, frameon=False)
    return figure


def _panels(figure: Figure, n_rows: int, n_columns: int) -> list[Axes]:
    return list(figure.subplots(n_rows, n_columns, squeeze=False).flatten())


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
