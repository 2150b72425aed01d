"""Muscle geometry of several motions at once, in worker processes, where they pay."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import BrokenExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import opensim

from opensim_difcal.inputs.crossing import Crossing
from opensim_difcal.inputs.geometry import MuscleGeometry, muscle_geometry
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.shapes import TimeArray
from opensim_difcal.workers import run_in_workers

Motions = Sequence[tuple[np.ndarray, Mapping[str, np.ndarray]]]
"""Of each motion, which differ in length, its time, s, and the values of its coordinates, rad or m."""

_SECONDS_PER_LENGTH = 16e-6  # of a muscle of Rajagopal2016 in a frame, with its moment arms
_SECONDS_SAVED = 8.0  # at least; a worker starts in 2.5 s on a quiet machine, in 6 s on a busy one
_MAX_WORKERS = 8  # each takes half a gigabyte


def workers_that_pay(n_frames: int, n_muscles: int, n_motions: int) -> int:
    """Returns how many worker processes save clearly more time than they take to start.

    1 for most calibrations: ten trials of 40 muscles take five seconds, and only once where they are
    kept. The choice is made by counts, not by a clock, and the numbers are the same either way.

    Args:
        n_frames: Of all motions together.
        n_muscles: Wanted muscles.
        n_motions: A motion is computed by one worker.
    """
    n_workers = min(_usable_cores(), n_motions, _MAX_WORKERS)
    seconds = n_frames * n_muscles * _SECONDS_PER_LENGTH
    return n_workers if n_workers > 1 and seconds * (1 - 1 / n_workers) > _SECONDS_SAVED else 1


def geometry_in_workers(
    n_workers: int,
    model_file: Path,
    motions: Motions,
    muscle_names: tuple[str, ...],
    coordinate_names: tuple[str, ...],
    crosses: Crossing,
) -> list[MuscleGeometry | None]:
    """Returns the geometry of several motions of a model, as `muscle_geometry` has it.

    Args:
        n_workers: Worker processes.
        model_file: The .osim file.
        motions: Time and coordinate values of each motion.
        muscle_names: Wanted muscles.
        coordinate_names: Coordinates whose moment arms are wanted.
        crosses: The model's `crossing`.

    Returns:
        By motion; None where it failed. Computed here it says why.
    """
    names = muscle_names, coordinate_names
    jobs = [(model_file, time, dict(values), *names, crosses) for time, values in motions]
    try:
        outcomes = run_in_workers(n_workers, _geometry, jobs)
    except (BrokenExecutor, OSError):  # no more processes, or no memory for them
        return [None] * len(jobs)
    return [None if outcome.exception() else outcome.result() for outcome in outcomes]


def _geometry(
    model_file: Path,
    time: TimeArray,
    coordinate_values: Mapping[str, TimeArray],
    muscle_names: tuple[str, ...],
    coordinate_names: tuple[str, ...],
    crosses: Crossing,
) -> MuscleGeometry:
    """The geometry of one motion, in a worker."""
    model = _model(model_file)
    return muscle_geometry(model, time, coordinate_values, muscle_names, coordinate_names, crosses=crosses)


@lru_cache(maxsize=1)
def _model(path: Path) -> opensim.Model:
    """The worker's copy of the model."""
    return load_model(path)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on Windows and macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
