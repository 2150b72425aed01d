"""Joint moments against inverse dynamics before and after a calibration."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.figures.moment_pages import (
    MomentColumn,
    column_text,
    draw_moment_column,
    moment_lines,
    moment_pages,
)
from opensim_difcal.outputs.trial_pairs import TrialPair, trial_pairs


def moments(result: CalibrationResult) -> tuple[Figure, ...]:
    """Draws measured and predicted joint moments over the scored time.

    Args:
        result: The calibration.

    Returns:
        One figure per page of at most five trials, the calibration trials first; rows are
        coordinates and share their scale across all pages.
    """
    return moment_pages([_column(pair) for pair in trial_pairs(result)], moment_legend())


def draw_moment(axes: Axes, pair: TrialPair, coordinate: int) -> None:
    """Draws one coordinate's measured, uncalibrated and calibrated moment, N m."""
    draw_moment_column(axes, _column(pair), coordinate)


def moment_legend() -> list[Line2D]:
    """Returns the legend entries of the three moment curves."""
    return moment_lines(before="before calibration", after="calibrated")


def agreement_text(pair: TrialPair, coordinate: str) -> str:
    """Returns R2 and RMSE before and after, two short lines."""
    return column_text(_column(pair), coordinate)


def _column(pair: TrialPair) -> MomentColumn:
    return MomentColumn(pair.calibrated, pair.uncalibrated, f"({pair.trial.role})")
