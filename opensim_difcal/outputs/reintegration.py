"""Lets OpenSim integrate muscles of a model, in worker processes if wanted."""

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

import numpy as np

from opensim_difcal.errors import ClosedLoopError
from opensim_difcal.outputs.slider_model import tendon_force_by_muscle
from opensim_difcal.shapes import MuscleArray, TimeArray
from opensim_difcal.wording import counted
from opensim_difcal.workers import run_in_workers

ACCURACY = 1e-6


def reintegrate(
    model_path: Path,
    muscle_names: Sequence[str],
    time: TimeArray,
    activation: MuscleArray,
    muscle_tendon_length: MuscleArray,
    *,
    accuracy: float = ACCURACY,
    n_workers: int = 1,
) -> MuscleArray:
    """Returns the tendon forces that OpenSim integrates for muscles of a model.

    Args:
        model_path: The .osim file.
        muscle_names: The muscles; columns of the series.
        time: Sample times, s; at least 6.
        activation: 0..1, taken as linear between samples.
        muscle_tendon_length: m; a quintic spline is laid through the samples.
        accuracy: Relative accuracy of OpenSim's integrator.
        n_workers: Worker processes. A second of motion takes a muscle some 0.03 s, a
            worker a second or two to start: one is fastest for one short trial.

    Returns:
        Tendon force, N. The muscle starts in equilibrium at rest.

    Raises:
        ClosedLoopError: If OpenSim cannot integrate a muscle.
        ModelError: If the model cannot be loaded or lacks a muscle.
    """
    series = activation, muscle_tendon_length
    forces = reintegrate_or_explain(model_path, muscle_names, time, series, accuracy, n_workers)
    failed = {name: force for name, force in forces.items() if isinstance(force, str)}
    if failed:
        reasons = " ".join(f"{name}: {reason}." for name, reason in failed.items())
        raise ClosedLoopError(
            f"{model_path}: OpenSim could not integrate {counted(len(failed), 'muscle')}. {reasons} "
            "Expected a finite tendon force at every sample. Check activation, muscle-tendon length and "
            "parameters of these muscles."
        )
    return np.stack([forces[name] for name in muscle_names], axis=-1)


def reintegrate_or_explain(
    model_path: Path,
    muscle_names: Sequence[str],
    time: TimeArray,
    series: tuple[MuscleArray, MuscleArray],
    accuracy: float,
    n_workers: int,
) -> dict[str, np.ndarray | str]:
    """Integrates like `reintegrate`, but one muscle's failure does not hide the others' forces.

    Args:
        model_path: The .osim file.
        muscle_names: The muscles; columns of the series.
        time: Sample times, s.
        series: Activation, 0..1, and muscle-tendon length, m.
        accuracy: Relative accuracy of OpenSim's integrator.
        n_workers: Worker processes.

    Returns:
        By muscle the tendon force, N, or the reason why there is none.
    """
    n_workers = min(n_workers, len(muscle_names))
    if n_workers <= 1:
        return tendon_force_by_muscle(model_path, muscle_names, time, series, accuracy)
    forces: dict[str, np.ndarray | str] = {}
    shares = [np.arange(first, len(muscle_names), n_workers) for first in range(n_workers)]
    names = [tuple(muscle_names[i] for i in share.tolist()) for share in shares]
    jobs = [
        (model_path, some, time, (series[0][:, share], series[1][:, share]), accuracy)
        for some, share in zip(names, shares, strict=True)
    ]
    outcomes = run_in_workers(n_workers, tendon_force_by_muscle, jobs)
    for some, outcome in zip(names, outcomes, strict=True):
        try:
            forces |= outcome.result()
        except BrokenExecutor:
            forces |= dict.fromkeys(some, "the worker process died")
    return forces
