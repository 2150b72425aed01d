"""Joint moments of an execution against inverse dynamics."""

from matplotlib.figure import Figure

from opensim_difcal.execution.modes import ADJUSTING_MODES
from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs.execution_scores import OPEN_LOOP
from opensim_difcal.outputs.figures.moment_pages import MomentColumn, moment_lines, moment_pages
from opensim_difcal.outputs.wording import shortened, words_of_mode

_LONGEST_TASK = 22
_MEASURED_WIDTH = 2.4  # shows on both sides of a prediction that tracks it


def executed_moments(result: ExecutionResult) -> tuple[Figure, ...]:
    """Draws measured, open-loop and executed joint moments over the scored time.

    Args:
        result: The execution; has at least one trial.

    Returns:
        One figure per page of at most five trials, in the order of the setup; rows are
        coordinates and share their scale across all pages. Only modes that begin with
        recorded excitations show the open loop beside.
    """
    compared = result.mode in ADJUSTING_MODES
    columns = [
        MomentColumn(
            each.prediction,
            each.open_loop if compared else None,
            f"({shortened(each.trial.task, _LONGEST_TASK)})" if each.trial.task else "",
            measured_width=_MEASURED_WIDTH,
        )
        for each in result.trials
    ]
    legend = moment_lines(
        measured=any(each.trial.has_joint_moment for each in result.trials),
        before=words_of_mode(OPEN_LOOP) if compared else "",
        after=words_of_mode(result.mode),
    )
    return moment_pages(columns, legend)
