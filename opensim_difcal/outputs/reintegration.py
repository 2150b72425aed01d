"""Lets OpenSim integrate muscles of a model, in worker processes if wanted."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from opensim_difcal.errors import ClosedLoopError
from opensim_difcal.outputs.slider_model import tendon_force_by_muscle
from opensim_difcal.shapes import MuscleArray, TimeArray
from opensim_difcal.wording import counted
from opensim_difcal.workers import main_module_hidden

ACCURACY = 1e-6
Forces = dict[str, np.ndarray | str]
"""By muscle the tendon force, N, or the reason why there is none."""

_Task = tuple[Path, tuple[str, ...], np.ndarray, tuple[np.ndarray, np.ndarray], float]
"""The arguments of `tendon_force_by_muscle`; tasks differ in their number of muscles."""


def reintegrate(
    model_path: Path,
    muscle_names: Sequence[str],
    time: TimeArray,
    activation: MuscleArray,
    muscle_tendon_length: MuscleArray,
    *,
    accuracy: float = ACCURACY,
    n_workers: int = 0,
) -> MuscleArray:
    """Returns the tendon forces that OpenSim integrates for muscles of a model.

    Args:
        model_path: The .osim file.
        muscle_names: The muscles; columns of the series.
        time: Sample times, s; at least 6.
        activation: 0..1, taken as linear between samples.
        muscle_tendon_length: m; a quintic spline is laid through the samples.
        accuracy: Relative accuracy of OpenSim's integrator.
        n_workers: Worker processes, none by default. A second of motion takes a muscle
            some 0.03 s, a worker a second to start: for one short trial none is fastest.

    Returns:
        Tendon force, N. The muscle starts in equilibrium at rest.

    Raises:
        ClosedLoopError: If OpenSim cannot integrate a muscle.
        ModelError: If the model cannot be loaded or lacks a muscle.
    """
    series = activation, muscle_tendon_length
    with reintegrating(
        model_path, muscle_names, time, series, accuracy=accuracy, n_workers=n_workers
    ) as forces_of_opensim:
        forces = forces_of_opensim()
    failed = {name: force for name, force in forces.items() if isinstance(force, str)}
    if failed:
        reasons = " ".join(f"{name}: {reason}." for name, reason in failed.items())
        raise ClosedLoopError(
            f"{model_path}: OpenSim could not integrate {counted(len(failed), 'muscle')}. {reasons} "
            "Expected a finite tendon force at every sample. Check activation, muscle-tendon length and "
            "parameters of these muscles."
        )
    return np.stack([forces[name] for name in muscle_names], axis=-1)


@contextmanager
def reintegrating(
    model_path: Path,
    muscle_names: Sequence[str],
    time: TimeArray,
    series: tuple[MuscleArray, MuscleArray],
    *,
    accuracy: float = ACCURACY,
    n_workers: int = 0,
) -> Iterator[Callable[[], Forces]]:
    """Integrates like `reintegrate`, while the block does something else.

    One muscle's failure does not hide the others' forces.

    Args:
        model_path: The .osim file.
        muscle_names: The muscles; columns of the series.
        time: Sample times, s.
        series: Activation, 0..1, and muscle-tendon length, m.
        accuracy: Relative accuracy of OpenSim's integrator.
        n_workers: Worker processes. Without any, or where none can be started, this
            process integrates when the forces are asked for.

    Yields:
        A function that waits for OpenSim and returns the forces.
    """
    if multiprocessing.current_process().daemon:  # which may have no children
        n_workers = 0
    n_shares = max(1, min(n_workers, len(muscle_names)))
    tasks: list[_Task] = []
    for first in range(n_shares):
        columns = series[0][:, first::n_shares], series[1][:, first::n_shares]
        tasks.append((model_path, tuple(muscle_names[first::n_shares]), time, columns, accuracy))
    if n_workers == 0:
        yield lambda: _forces(tasks, [])
        return
    with ProcessPoolExecutor(n_shares, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            jobs = _started(pool, tasks)
            yield lambda: _forces(tasks, jobs)
        finally:
            pool.shutdown(cancel_futures=True)


def _started(pool: ProcessPoolExecutor, tasks: Sequence[_Task]) -> list["Future[Forces]"]:
    """Gives each worker its task; fewer jobs than tasks where a process cannot be started."""
    jobs: list[Future[Forces]] = []
    with suppress(BrokenExecutor, OSError), main_module_hidden():
        for task in tasks:
            jobs.append(pool.submit(tendon_force_by_muscle, *task))
    return jobs


def _forces(tasks: Sequence[_Task], jobs: Sequence["Future[Forces]"]) -> Forces:
    """Waits for the workers; what they leave, because they died or never lived, is done here."""
    forces: Forces = {}
    for job in jobs:
        with suppress(BrokenExecutor):
            forces |= job.result()
    for task in tasks:
        if task[1][0] not in forces:
            forces |= tendon_force_by_muscle(*task)
    return forces
