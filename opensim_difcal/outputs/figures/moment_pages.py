"""Pages of joint moments: rows are coordinates, columns are trials."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from opensim_difcal.calibration.metrics import trial_agreement
from opensim_difcal.calibration.result import Prediction
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.outputs.figures.style import (
    CALIBRATED,
    MEASURED,
    NORMAL,
    SMALL,
    UNCALIBRATED,
    Range,
    left_title,
    legend_above,
    new_figure,
    tidy,
)
from opensim_difcal.outputs.wording import moment_text, r2_text, readable_coordinate, shortened

MAX_COLUMNS = 5
LONGEST_NAME = 20


@dataclass(frozen=True)
class MomentColumn:
    """One trial on a page.

    Attributes:
        after: The prediction that counts, blue.
        before: What it is compared with, dashed grey; None for nothing.
        remark: Stands below the trial's name.
        measured_width: Width of the black line, points; a wide one shows behind a
            prediction that lies on it.
    """

    after: Prediction
    before: Prediction | None
    remark: str
    measured_width: float = 1.4

    @property
    def trial(self) -> Trial:
        """The trial that was predicted."""
        return self.after.trial


def moment_pages(columns: Sequence[MomentColumn], legend: Sequence[Line2D]) -> tuple[Figure, ...]:
    """Draws measured and predicted joint moments over the scored time.

    Args:
        columns: At least one; all with the same coordinates.
        legend: What the curves are.

    Returns:
        One figure per page of at most five trials; rows are coordinates and share their
        scale across all pages.
    """
    n_pages = -(-len(columns) // MAX_COLUMNS)
    limits = [_limits(columns, row) for row in range(len(columns[0].trial.coordinate_names))]
    pages = np.array_split(np.arange(len(columns)), n_pages)
    return tuple(_page([columns[i] for i in page], limits, legend) for page in pages)


def draw_moment_column(axes: Axes, column: MomentColumn, coordinate: int) -> None:
    """Draws one coordinate's measured and predicted moments, N m."""
    trial = column.trial
    time = trial.time[trial.scored]
    axes.axhline(0.0, color="#cccccc", linewidth=0.8, zorder=0)
    if column.before is not None:
        before = column.before.joint_moment[trial.scored, coordinate]
        axes.plot(time, before, color=UNCALIBRATED, linestyle="--", linewidth=1.2)
    if trial.has_joint_moment:
        measured = trial.joint_moment[trial.scored, coordinate]
        axes.plot(time, measured, color=MEASURED, linewidth=column.measured_width)
    axes.plot(time, column.after.joint_moment[trial.scored, coordinate], color=CALIBRATED, linewidth=1.4)
    axes.margins(x=0.02)
    tidy(axes)


def moment_lines(*, measured: bool = True, before: str = "", after: str) -> list[Line2D]:
    """Returns the legend entries of the moment curves.

    Args:
        measured: Whether any moment was measured.
        before: What the dashed grey curve is; empty for none.
        after: What the blue curve is.
    """
    black = Line2D([], [], color=MEASURED, linewidth=1.4, label="measured (inverse dynamics)")
    grey = Line2D([], [], color=UNCALIBRATED, linestyle="--", linewidth=1.2, label=before)
    blue = Line2D([], [], color=CALIBRATED, linewidth=1.4, label=after)
    return [*([black] if measured else []), *([grey] if before else []), blue]


def column_text(column: MomentColumn, coordinate: str) -> str:
    """Returns R2 and RMSE, before and after where there is a before, in two short lines.

    Without measured moments the text says so.
    """
    if not column.trial.has_joint_moment:
        return "not measured"
    shown = [column.after] if column.before is None else [column.before, column.after]
    agreements = [trial_agreement(prediction)[coordinate] for prediction in shown]
    r2 = " → ".join(r2_text(agreement.r2) for agreement in agreements)
    rmse = " → ".join(moment_text(agreement.rmse) for agreement in agreements)
    return f"R² {r2}\nRMSE {rmse} N m"


def _page(columns: Sequence[MomentColumn], limits: Sequence[Range], legend: Sequence[Line2D]) -> Figure:
    names = columns[0].trial.coordinate_names
    figure = new_figure(0.7 + 1.9 * len(names))
    panels = figure.subplots(len(names), len(columns), squeeze=False)
    for row, coordinate in enumerate(names):
        panels[row, 0].set_ylabel(f"{readable_coordinate(coordinate)}\nmoment (N m)", fontsize=NORMAL)
        for i, column in enumerate(columns):
            _panel(panels[row, i], column, row, with_name=row == 0)
            panels[row, i].set_ylim(limits[row])
            panels[row, i].label_outer()
    for panel in panels[-1]:
        panel.set_xlabel("time (s)", fontsize=NORMAL)
    legend_above(figure, legend)
    return figure


def _panel(axes: Axes, column: MomentColumn, coordinate: int, *, with_name: bool) -> None:
    draw_moment_column(axes, column, coordinate)
    numbers = column_text(column, column.trial.coordinate_names[coordinate])
    left_title(axes, numbers, size=SMALL, color=CALIBRATED)
    if with_name:
        axes.annotate(
            "\n".join(
                [shortened(column.trial.name, LONGEST_NAME), *([column.remark] if column.remark else [])]
            ),
            (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0, 27),
            textcoords="offset points",
            fontsize=NORMAL,
            fontweight="bold",
            parse_math=False,
        )


def _limits(columns: Sequence[MomentColumn], coordinate: int) -> Range:
    series = [
        moment[column.trial.scored, coordinate]
        for column in columns
        for moment in (
            column.trial.joint_moment,
            column.after.joint_moment,
            *([] if column.before is None else [column.before.joint_moment]),
        )
    ]
    values = np.concatenate(series)
    values = values[np.isfinite(values)]
    margin = 0.05 * float(np.ptp(values)) + 1e-3
    return float(values.min()) - margin, float(values.max()) + margin
