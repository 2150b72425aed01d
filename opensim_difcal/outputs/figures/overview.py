"""One figure that shows what a calibration achieved."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opensim_difcal.calibration.metrics import Agreement, pooled_agreement
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.figures.fiber_ranges import draw_fiber_ranges
from opensim_difcal.outputs.figures.moments import draw_moment, moment_legend
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    LARGE,
    NORMAL,
    SMALL,
    UNCALIBRATED,
    Curve,
    left_title,
    legend_above,
    new_figure,
    tidy,
)
from opensim_difcal.outputs.trial_pairs import TrialPair, trial_pairs
from opensim_difcal.outputs.wording import moment_text, r2_text, readable_coordinate


def overview(result: CalibrationResult, active_force_length: Curve) -> Figure:
    """Draws moments of one unseen trial, R2 before and after, and the fiber ranges.

    A bar of R2 ends at -1; the number beside it does not.

    Without a validation trial the last calibration trial and the calibration trials' R2
    take their place, and the titles say so.

    Args:
        result: The calibration.
        active_force_length: Default active force-length curve: normalized fiber lengths
            and multipliers.

    Returns:
        The figure for a README or a slide.
    """
    pairs = trial_pairs(result)
    scored = [pair for pair in pairs if pair.is_validation] or list(pairs)
    height = max(2.6, 0.8 + 0.17 * len(result.muscle_names))
    figure = new_figure(3.0 + height)
    upper, lower = figure.subfigures(2, 1, height_ratios=(2.8, height), squeeze=False)[:, 0]
    n_coordinates = len(scored[0].trial.coordinate_names)
    _draw_moments(list(upper.subplots(1, n_coordinates, squeeze=False)[0]), scored[-1])
    left, right = lower.subplots(1, 2, width_ratios=(2, 3))
    _draw_r2(left, scored)
    draw_fiber_ranges(right, result, active_force_length)
    left_title(right, "Fiber operating ranges, all trials", size=LARGE)
    legend_above(figure, moment_legend())
    return figure


def _draw_moments(panels: Sequence[Axes], pair: TrialPair) -> None:
    for i, (axes, coordinate) in enumerate(zip(panels, pair.trial.coordinate_names, strict=True)):
        draw_moment(axes, pair, i)
        left_title(axes, readable_coordinate(coordinate))
        axes.set_xlabel("time (s)", fontsize=NORMAL)
    panels[0].set_ylabel("joint moment (N m)", fontsize=NORMAL)
    seen = "never seen by the calibration" if pair.is_validation else "seen by the calibration"
    figure = panels[0].get_figure()
    assert figure is not None
    figure.suptitle(f"Trial {pair.trial.name}, {seen}", fontsize=LARGE, parse_math=False)


def _draw_r2(axes: Axes, scored: Sequence[TrialPair]) -> None:
    before = pooled_agreement([pair.uncalibrated for pair in scored])
    after = pooled_agreement([pair.calibrated for pair in scored])
    _draw_bars(axes, before, -0.2, UNCALIBRATED)
    _draw_bars(axes, after, 0.2, CALIBRATED)
    labels = [
        f"{readable_coordinate(name)}\nRMSE {moment_text(before[name].rmse)} → "
        f"{moment_text(after[name].rmse)} N m"
        for name in after
    ]
    axes.set_yticks(range(len(after)), labels)
    axes.invert_yaxis()
    axes.axvline(0.0, color="#444444", linewidth=0.8)
    axes.set_xlim(min(0.0, axes.dataLim.x0), 1.2)
    tidy(axes)
    role = "validation" if scored[0].is_validation else "calibration"
    left_title(axes, f"R² over {len(scored)} {role} trials", size=LARGE)
    axes.set_xlabel("R² (1 is perfect)", fontsize=NORMAL)


def _draw_bars(axes: Axes, agreement: Mapping[str, Agreement], offset: float, color: str) -> None:
    r2 = np.array([a.r2 for a in agreement.values()], dtype=np.float64)
    shown = np.nan_to_num(np.clip(r2, -1.0, 1.0), nan=0.0)
    rows = np.arange(len(r2)) + offset
    axes.barh(rows, shown, height=0.36, color=color)
    for row, length, value in zip(rows, shown, r2, strict=True):
        axes.annotate(
            r2_text(float(value)),
            (max(float(length), 0.0), float(row)),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
        )
