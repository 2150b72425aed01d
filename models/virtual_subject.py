"""Draws a subject's true parameters, simulates the trials and checks both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import excitations
import numpy as np
from movements import LEAD, Trial
from osim_build import Muscle
from scipy.signal import butter, sosfiltfilt
from simulate import (
    STEP,
    Geometry,
    MuscleStates,
    activation,
    geometry,
    joint_moments,
    simulate_trials,
)

NOISE_CUTOFF = 6.0  # Hz, of the moment noise
EMG_NOISE = 0.1  # of the excitation itself, independent in every sample
MOMENT_NOISE = 0.05  # of each moment's standard deviation in its file
LEAD_IN = 0.1  # s before the window in which the truth must be free of penalty, too
FIBER_RANGE = (0.5, 1.5)
STRAIN_RANGE = (0.0, 0.05)
MAX_DRAWS = 10
UNCALIBRATED_ACTIVATION = {"c1": -0.5, "c2": -0.5, "shape_factor": -1.0}

Parameters = dict[str, float]


@dataclass(frozen=True)
class Subject:
    """What makes one virtual subject.

    Attributes:
        name: Stem of its files.
        coordinates: Names of its coordinates.
        muscles: The scaled muscle table.
        trials: Its trials.
        strength: True strength coefficient by strength group.
        write_model: Writes the scaled model to a path.
        seed: Of every random draw.
    """

    name: str
    coordinates: Sequence[str]
    muscles: Sequence[Muscle]
    trials: Sequence[Trial]
    strength: Mapping[str, float]
    write_model: Callable[[Path], None]
    seed: int


@dataclass(frozen=True)
class TrialData:
    """One simulated trial; series run from before the file to its end."""

    trial: Trial
    path: Geometry
    angle: np.ndarray
    excitation: np.ndarray
    active: np.ndarray
    states: MuscleStates
    moment: np.ndarray

    def within(self, before: float) -> np.ndarray:
        """Returns which instants lie in the scored window or up to `before` seconds before it."""
        time = self.path.time
        return (time > self.trial.start - before - 1e-9) & (time < self.trial.end + 1e-9)


def scaled_parameters(muscle: Muscle) -> Parameters:
    """Returns what a user starts from."""
    return {
        "max_isometric_force": muscle.max_isometric_force,
        "optimal_fiber_length": muscle.optimal_fiber_length,
        "tendon_slack_length": muscle.tendon_slack_length,
        "pennation_angle": muscle.pennation_angle,
        **UNCALIBRATED_ACTIVATION,
    }


def drawn_parameters(subject: Subject, index: int, attempt: int, lengths: np.ndarray) -> Parameters:
    """Draws the true parameters of one muscle.

    Optimal fiber length changes by 5 to 11 %, tendon slack length by 2 to 5 %, but by so much only
    that the normalized fiber length shifts by at most 0.15.

    Args:
        subject: The subject.
        index: Of the muscle.
        attempt: How many draws were thrown away before.
        lengths: Shortest and longest muscle-tendon length in use, m.
    """
    muscle = subject.muscles[index]
    rng = np.random.default_rng([subject.seed, index, attempt])
    most = 0.15 * muscle.optimal_fiber_length / muscle.tendon_slack_length
    cosine = np.cos(muscle.pennation_angle)
    for draw in range(200):
        shrink = 0.98**draw  # draws that keep failing become milder
        optimal = muscle.optimal_fiber_length * (
            1 + rng.choice((-1, 1)) * rng.uniform(0.05, 0.05 + 0.06 * shrink)
        )
        slack_change = min(rng.uniform(0.02, 0.02 + 0.03 * shrink), most)
        slack_factor = 1 + rng.choice((-1, 1)) * slack_change
        stretched = 1.01 + np.array([0.0, 0.02])  # tendon strain in the shortest and longest pose
        normalized = (lengths - stretched * slack_factor * muscle.tendon_slack_length) / cosine / optimal
        if normalized[0] > FIBER_RANGE[0] + 0.06 and normalized[1] < FIBER_RANGE[1] - 0.02:
            break
    return {
        "max_isometric_force": round(muscle.max_isometric_force * subject.strength[muscle.group], 4),
        "optimal_fiber_length": round(optimal, 6),
        "tendon_slack_length": round(muscle.tendon_slack_length * slack_factor, 6),
        "pennation_angle": muscle.pennation_angle,
        "c1": round(rng.uniform(-0.75, -0.35), 4),
        "c2": round(rng.uniform(-0.75, -0.35), 4),
        "shape_factor": round(rng.uniform(-2.2, -0.3), 4),
    }


def trial_geometries(subject: Subject, model: Path) -> tuple[list[np.ndarray], list[Geometry]]:
    """Returns joint angles (rad) and muscle-tendon geometry of every trial."""
    angles, paths = [], []
    for trial in subject.trials:
        time = trial.simulation_time(STEP)
        angle = np.radians(np.stack([trial.curve(trial.angle[c], time) for c in subject.coordinates], axis=1))
        angles.append(angle)
        paths.append(geometry(model, subject.coordinates, time, angle))
    return angles, paths


def designed_excitations(
    subject: Subject, paths: Sequence[Geometry], truth: Sequence[Parameters]
) -> list[np.ndarray]:
    """Returns the true excitations of every trial."""
    names = [m.name for m in subject.muscles]
    courses = []
    for index, (trial, path) in enumerate(zip(subject.trials, paths, strict=True)):
        target = np.stack([trial.curve(trial.moment[c], path.time) for c in subject.coordinates], axis=1)
        heights = excitations.fitted_heights(trial, path, truth, names, target)
        rng = np.random.default_rng([subject.seed, 1000 + index])
        heights = excitations.varied_heights(heights, rng)
        courses.append(excitations.excitation_course(trial, path.time, heights, truth))
    return courses


def simulated(
    subject: Subject,
    angles: Sequence[np.ndarray],
    paths: Sequence[Geometry],
    excitation: Sequence[np.ndarray],
    parameters: Sequence[Parameters],
) -> list[TrialData]:
    """Runs every trial with the given excitations and muscle parameters."""
    active = [activation(p.time, e, parameters) for p, e in zip(paths, excitation, strict=True)]
    states = simulate_trials(parameters, paths, active)
    return [
        TrialData(trial, path, angle, e, a, state, joint_moments(path, state.tendon_force))
        for trial, path, angle, e, a, state in zip(
            subject.trials, paths, angles, excitation, active, states, strict=True
        )
    ]


def penalised_muscles(subject: Subject, data: Sequence[TrialData]) -> dict[str, str]:
    """Returns the muscles that leave the allowed ranges anywhere, with where and by how much."""
    found = {}
    for one in data:
        inside = one.within(LEAD_IN)
        for values, (low, high), what in (
            (one.states.normalized_fiber_length, FIBER_RANGE, "fiber length"),
            (one.states.tendon_strain, STRAIN_RANGE, "tendon strain"),
        ):
            least, most = values[inside].min(axis=0), values[inside].max(axis=0)
            for j, muscle in enumerate(subject.muscles):
                if least[j] < low or most[j] > high:
                    note = f"{one.trial.name} {what} {least[j]:.4f}..{most[j]:.4f}; "
                    found[muscle.name] = found.get(muscle.name, "") + note
    return found


def true_subject(
    subject: Subject, angles: Sequence[np.ndarray], paths: Sequence[Geometry]
) -> tuple[list[Parameters], list[TrialData]]:
    """Draws the truth and simulates it; muscles that would be penalised are drawn again."""
    lengths = np.stack(
        [
            [min(p.length[:, j].min() for p in paths), max(p.length[:, j].max() for p in paths)]
            for j in range(len(subject.muscles))
        ]
    )
    attempts = [0] * len(subject.muscles)
    for _ in range(MAX_DRAWS):
        truth = [drawn_parameters(subject, j, attempt, lengths[j]) for j, attempt in enumerate(attempts)]
        excitation = designed_excitations(subject, paths, truth)
        data = simulated(subject, angles, paths, excitation, truth)
        bad = penalised_muscles(subject, data)
        if not bad:
            return truth, data
        for name, reason in bad.items():
            print(f"  drawn again: {name}: {reason}")
        attempts = [
            attempt + (muscle.name in bad) for attempt, muscle in zip(attempts, subject.muscles, strict=True)
        ]
    raise RuntimeError(f"{subject.name}: no penalty-free truth for {sorted(bad)}.")


def band_limited_noise(series: np.ndarray, step: float, share: float, rng: np.random.Generator) -> np.ndarray:
    """Returns low-passed noise with a share of each column's standard deviation."""
    margin = 200
    sos = butter(2, NOISE_CUTOFF, fs=1 / step, output="sos")
    white = rng.standard_normal((len(series) + 2 * margin, series.shape[1]))
    noise = sosfiltfilt(sos, white, axis=0)[margin:-margin]
    noise -= noise.mean(axis=0)
    return noise / noise.std(axis=0) * share * series.std(axis=0)


def measured(subject: Subject, data: Sequence[TrialData]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Returns noisy excitations and noisy joint moments (at every second step) of every trial.

    Noise is added over the file, whose first instant is time 0; before it, excitations are held.
    """
    emg, moments = [], []
    for index, one in enumerate(data):
        rng = np.random.default_rng([subject.seed, 2000 + index])
        recorded = one.path.time > -1e-9
        noisy = np.clip(
            one.excitation * (1 + EMG_NOISE * rng.standard_normal(one.excitation.shape)), 0.0, 1.0
        )
        noisy[~recorded] = noisy[np.argmax(recorded)]
        emg.append(noisy)
        moment = one.moment[recorded][::2]
        moments.append(moment + band_limited_noise(moment, 2 * STEP, MOMENT_NOISE, rng))
    return emg, moments


def scored(one: TrialData, moment: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns squared errors and squared deviations, each (coordinate,), in the scored window."""
    time = one.path.time[one.path.time > -1e-9][::2]
    window = (time > LEAD - 1e-9) & (time < one.trial.end + 1e-9)
    error = ((moment[one.path.time > -1e-9][::2] - reference)[window] ** 2).sum(axis=0)
    spread = ((reference[window] - reference[window].mean(axis=0)) ** 2).sum(axis=0)
    return error, spread
