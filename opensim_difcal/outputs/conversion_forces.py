"""Forces of a model's muscles before and after their conversion, both integrated by OpenSim."""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opensim_difcal.outputs.reintegration import ACCURACY
from opensim_difcal.outputs.slider_model import Integrated, integrated_by_muscle
from opensim_difcal.shapes import MomentArmArray, MuscleArray, TimeArray
from opensim_difcal.workers import run_in_workers

_MUSCLES_PER_JOB = 6


@dataclass(frozen=True)
class ForceChange:
    """By how much a muscle's tendon force changed along a trial.

    Attributes:
        muscle: Name of the muscle.
        trial: Name of the trial.
        max_isometric_force: N.
        rms: RMS of the difference, N.
        thelen_rms: RMS of the Thelen muscle's force, N.
        largest: Difference of largest size, Millard's force less Thelen's, N.
        time: When that is, s.
        thelen: State of the Thelen muscle then: force (N), fiber length and velocity, normalized.
        millard: Likewise.
    """

    muscle: str
    trial: str
    max_isometric_force: float
    rms: float
    thelen_rms: float
    largest: float
    time: float
    thelen: tuple[float, float, float]
    millard: tuple[float, float, float]

    @property
    def relative_rms(self) -> float:
        """RMS of the difference as a part of max_isometric_force."""
        return self.rms / self.max_isometric_force

    @property
    def relative_largest(self) -> float:
        """Largest difference as a part of max_isometric_force."""
        return self.largest / self.max_isometric_force


@dataclass(frozen=True)
class MomentChange:
    """By how much a coordinate's summed moment of the compared muscles changed along a trial.

    Attributes:
        coordinate: Name of the coordinate.
        trial: Name of the trial.
        rms: RMS of the difference, N m.
        largest: Difference of largest size, N m.
        thelen_rms: RMS of the Thelen muscles' moment, N m.
    """

    coordinate: str
    trial: str
    rms: float
    largest: float
    thelen_rms: float


@dataclass(frozen=True)
class ComparedTrial:
    """What OpenSim integrates along a trial for both models.

    Attributes:
        name: Of the trial.
        time: s.
        coordinate_names: Coordinates whose moments are compared.
        forces: Of the Thelen and of the Millard muscle, by muscle that both models can integrate.
        moment_arms: By muscle, m; time and coordinate.
        failed: Reasons why others cannot be integrated, by muscle.
    """

    name: str
    time: TimeArray
    coordinate_names: tuple[str, ...]
    forces: Mapping[str, tuple[Integrated, Integrated]]
    moment_arms: Mapping[str, np.ndarray]
    failed: Mapping[str, str]

    def force_changes(self, max_isometric_force: Mapping[str, float]) -> list[ForceChange]:
        """Returns every muscle's change, the largest relative RMS first.

        Args:
            max_isometric_force: N, by muscle.
        """
        changes = []
        for name, (thelen, millard) in self.forces.items():
            difference = millard.tendon_force - thelen.tendon_force
            worst = int(np.argmax(np.abs(difference)))
            changes.append(
                ForceChange(
                    muscle=name,
                    trial=self.name,
                    max_isometric_force=max_isometric_force[name],
                    rms=_rms(difference),
                    thelen_rms=_rms(thelen.tendon_force),
                    largest=float(difference[worst]),
                    time=float(self.time[worst]),
                    thelen=_state(thelen, worst),
                    millard=_state(millard, worst),
                )
            )
        return sorted(changes, key=lambda change: change.relative_rms, reverse=True)

    def moment_changes(self) -> list[MomentChange]:
        """Returns the change of every coordinate's moment, summed over the muscles that were integrated."""
        changes = []
        for c, coordinate in enumerate(self.coordinate_names):
            before, after = np.zeros(len(self.time)), np.zeros(len(self.time))
            for name, (thelen, millard) in self.forces.items():
                before += self.moment_arms[name][:, c] * thelen.tendon_force
                after += self.moment_arms[name][:, c] * millard.tendon_force
            difference = after - before
            largest = float(difference[np.argmax(np.abs(difference))])
            changes.append(MomentChange(coordinate, self.name, _rms(difference), largest, _rms(before)))
        return changes


def compared_trial(
    models: tuple[Path, Path],
    name: str,
    time: TimeArray,
    series: tuple[MuscleArray, MuscleArray],
    muscle_names: Sequence[str],
    moment_arm: MomentArmArray,
    coordinate_names: Sequence[str],
    *,
    n_lead_in: int = 0,
    n_workers: int = 0,
    done: Callable[[int], None] = lambda _: None,
) -> ComparedTrial:
    """Lets OpenSim integrate the muscles of both models along a trial.

    Each muscle is alone on a slider whose position is its muscle-tendon length; OpenSim's
    activation dynamics, which both classes share, turn the same excitation into the same
    activation. The fiber starts at rest.

    Args:
        models: Files of the model with Thelen and with Millard muscles.
        name: Of the trial.
        time: s.
        series: Excitation, 0..1, and muscle-tendon length, m.
        muscle_names: The muscles.
        moment_arm: m.
        coordinate_names: Coordinates of the moment arms.
        n_lead_in: Samples that are integrated and not compared.
        n_workers: Worker processes; 0 for none.
        done: Told how many muscles were integrated, of both models together.
    """
    if multiprocessing.current_process().daemon:  # which may have no children
        n_workers = 0
    jobs = [
        (
            path,
            tuple(muscle_names[first:last]),
            time,
            (series[0][:, first:last], series[1][:, first:last]),
            ACCURACY,
        )
        for path in models
        for first, last in _shares(len(muscle_names))
    ]
    found = _results(jobs, n_workers, done)
    half = len(jobs) // 2
    before, after = ({k: v for part in found[i : i + half] for k, v in part.items()} for i in (0, half))
    failed: dict[str, str] = {}
    forces: dict[str, tuple[Integrated, Integrated]] = {}
    for muscle in muscle_names:
        pair = before[muscle], after[muscle]
        if isinstance(pair[0], Integrated) and isinstance(pair[1], Integrated):
            forces[muscle] = pair[0].after(n_lead_in), pair[1].after(n_lead_in)
        else:
            kinds = zip(("Thelen2003Muscle", "Millard2012EquilibriumMuscle"), pair, strict=True)
            failed[muscle] = "; ".join(f"{kind}: {each}" for kind, each in kinds if isinstance(each, str))
    arms = {muscle: moment_arm[n_lead_in:, :, m] for m, muscle in enumerate(muscle_names)}
    return ComparedTrial(name, time[n_lead_in:], tuple(coordinate_names), forces, arms, failed)


def _shares(n_muscles: int) -> list[tuple[int, int]]:
    return [(i, min(i + _MUSCLES_PER_JOB, n_muscles)) for i in range(0, n_muscles, _MUSCLES_PER_JOB)]


def _results(
    jobs: Sequence[tuple], n_workers: int, done: Callable[[int], None]
) -> list[dict[str, Integrated | str]]:
    """What each job returns; a dead worker's job is done here."""
    futures = run_in_workers(n_workers, integrated_by_muscle, jobs) if n_workers else []
    found = []
    for i, job in enumerate(jobs):
        try:
            found.append(futures[i].result() if futures else integrated_by_muscle(*job))
        except BrokenExecutor:
            found.append(integrated_by_muscle(*job))
        done(len(job[1]))
    return found


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _state(muscle: Integrated, at: int) -> tuple[float, float, float]:
    return (
        float(muscle.tendon_force[at]),
        float(muscle.normalized_fiber_length[at]),
        float(muscle.normalized_fiber_velocity[at]),
    )
