"""Runs what was read: settings to excitations, forces and moments, with a progress bar."""

from collections.abc import Iterator, Sequence

import numpy as np
from tqdm import tqdm

from opensim_difcal.execution.excitation_problem import Weights
from opensim_difcal.execution.execute import ExecutionSettings, execute
from opensim_difcal.execution.result import ExecutedTrial, ExecutionResult, SearchStatus
from opensim_difcal.outputs.subject import Subject
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.tools.common.cache_folder import cache_folder
from opensim_difcal.tools.execution.excitation_drivers import Drivers
from opensim_difcal.tools.execution.inputs import ExecutionInputs
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

_BEYOND = 0.05  # of the range that the calibration saw
_MOST_NAMED = 6


def execute_inputs(
    tool: NMSExecutionTool, inputs: ExecutionInputs, *, progress: bool = False
) -> ExecutionResult:
    """Runs every trial.

    Args:
        tool: The settings.
        inputs: Muscles and trials.
        progress: Whether a progress bar is shown.
    """
    engine = best_engine(inputs.muscles.muscles, cache_folder(tool, "kernels"), compiled=tool.compiled)
    with tqdm(total=len(inputs.trials), disable=not progress, desc=tool.name, unit="trial") as bar:

        def show(n_done: int) -> None:
            bar.update(n_done - bar.n)

        trials = execute(
            inputs.trials,
            inputs.muscles,
            execution_settings(tool, inputs),
            engine,
            progress=show,
        )
    trials = tuple(trial.every(inputs.n_substeps) for trial in trials)
    warnings = (
        *_uncalibrated(inputs),
        *_beyond_calibration(trials, inputs.subject),
        *_unfinished(trials),
        *inputs.notes,
    )
    notes = tuple(note for each in trials for note in each.trial.notes)
    return ExecutionResult(tool.name, tool.mode, trials, inputs.drivers.projected, (*warnings, *notes))


def execution_settings(tool: NMSExecutionTool, inputs: ExecutionInputs) -> ExecutionSettings:
    """The tool's settings, sorted by what uses them."""
    drivers = inputs.drivers
    if tool.mode == "open_loop":
        return ExecutionSettings(projection=inputs.projection)
    return ExecutionSettings(
        adjusted=_adjusted(tool, drivers),
        synthesized=drivers.synthesized,
        weights=Weights(
            alpha=tool.moment_weight, beta=tool.beta, gamma=tool.gamma, moment_error=tool.moment_error
        ),
        max_iterations=tool.max_iterations,
        tolerance=tool.tolerance,
        projection=inputs.projection,
    )


def _adjusted(tool: NMSExecutionTool, drivers: Drivers) -> tuple[str, ...]:
    given = (*drivers.recorded, *drivers.projected)
    return tuple(name for name in given if name in tool.adjusted_muscles or not tool.adjusted_muscles)


def _beyond_calibration(trials: Sequence[ExecutedTrial], subject: Subject | None) -> Iterator[str]:
    """Muscles that a trial stretches or shortens beyond what the calibration saw."""
    if subject is None:
        return
    for each in trials:
        trial, scored = each.trial, each.trial.scored
        lengths = trial.muscle_tendon_length[scored]
        fibers = each.prediction.normalized_fiber_length[scored]
        found: list[tuple[float, str]] = []
        for m, name in enumerate(trial.muscle_names):
            if name not in subject.muscle_tendon_length_ranges:
                continue
            low, high = subject.muscle_tendon_length_ranges[name]
            beyond = max(low - lengths[:, m].min(), lengths[:, m].max() - high) / max(high - low, 1e-6)
            if beyond > _BEYOND:
                seen = subject.normalized_fiber_length_ranges[name]
                reached = np.min(fibers[:, m]), np.max(fibers[:, m])
                found.append(
                    (
                        beyond,
                        f"{name} ({reached[0]:.2f} to {reached[1]:.2f}; calibration {seen[0]:.2f} to "
                        f"{seen[1]:.2f})",
                    )
                )
        if found:
            found.sort(reverse=True)
            more = len(found) - _MOST_NAMED
            yield (
                f"Trial {trial.name!r} moves {len(found)} of {len(trial.muscle_names)} muscles beyond what "
                "the calibration saw, so nothing shows whether they are right there. Normalized fiber "
                f"lengths reached: {', '.join(sentence for _, sentence in found[:_MOST_NAMED])}"
                + (f", and {more} more." if more > 0 else ".")
            )


def _uncalibrated(inputs: ExecutionInputs) -> Iterator[str]:
    """Muscles that take part with the model's own values."""
    if inputs.subject is None:
        return
    names = [name for name in inputs.muscles.names if name not in inputs.subject.muscle_names]
    if names:
        yield (
            f"Not calibrated: {', '.join(names)}. They take part with the model's parameters, and with the "
            "activation dynamics that the calibration started from."
        )


def _unfinished(trials: Sequence[ExecutedTrial]) -> Iterator[str]:
    for each in trials:
        if each.search is not None and each.search.status is SearchStatus.MAX_ITERATIONS:
            yield f"Trial {each.trial.name!r}: {each.search.status.value}"
