"""Designs the excitations of a trial.

Published bursts say when each muscle works; a bounded least-squares fit then raises and lowers them so
that the joint moments have about the normative size. The design is a smooth sum of bumps, one set per
muscle over all repetitions. In the end every bump is varied at random and further ones are added, so that
the muscles of a group can be told apart; what they really do with it is left to the simulation.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from movements import Trial
from scipy.optimize import lsq_linear
from simulate import DELAY, STEP, Geometry

BASE = 0.04  # activation of a muscle at rest
HIGHEST = 0.8
BUMPS_PER_PHASE = 13
BUMP_WIDTH = 0.05  # of the phase
PRIOR_WEIGHT = 1.3  # how much the published pattern counts against the target moments
VARIATION = 0.3  # standard deviation of each bump's factor, independent in every muscle and repetition
WANDERING = 0.12  # mean height of the further, random bumps: no person repeats a movement exactly


def bumps(trial: Trial, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the bumps over the phase, (time, bump), and their centres."""
    centre = np.arange(-8, trial.cycles * BUMPS_PER_PHASE + 4) / BUMPS_PER_PHASE
    shape = np.exp(-0.5 * ((phase[:, None] - centre) / BUMP_WIDTH) ** 2)
    return shape / (BUMPS_PER_PHASE * BUMP_WIDTH * np.sqrt(2 * np.pi)), centre


def published_pattern(trial: Trial, muscle: str, centre: np.ndarray) -> np.ndarray:
    """Returns the height of the published bursts of a muscle at the bumps' centres."""
    height = np.zeros(len(centre))
    for burst_centre, width, level in trial.bursts.get(muscle, ()):
        distance = (centre - burst_centre + 0.5) % 1.0 - 0.5
        height += level * np.exp(-0.5 * (distance / width) ** 2)
    return height


def approximate_forces(
    muscles: Sequence[Mapping[str, float]], trial: Geometry
) -> tuple[np.ndarray, np.ndarray]:
    """Returns force per unit activation and passive force, N, each (time, muscle).

    A Hill muscle on a tendon of constant length: good enough to choose excitations.
    """
    get = {key: np.array([m[key] for m in muscles]) for key in muscles[0]}
    optimal = get["optimal_fiber_length"]
    width = optimal * np.sin(get["pennation_angle"])
    along = trial.length - 1.02 * get["tendon_slack_length"]
    fiber = np.sqrt(np.maximum(along, 0.2 * optimal) ** 2 + width**2)
    norm_length = fiber / optimal
    norm_velocity = np.gradient(norm_length, trial.time, axis=0) / 10.0
    force_length = np.exp(-((norm_length - 1) ** 2) / 0.2)
    shortening = (1 + norm_velocity) / (1 - norm_velocity / 0.25)
    lengthening = 1 + 0.4 * norm_velocity / (norm_velocity + 0.06)
    force_velocity = np.where(norm_velocity < 0, np.clip(shortening, 0.05, 1), lengthening)
    passive = np.maximum(np.expm1(4 * (norm_length - 1) / 0.7), 0) / np.expm1(4)
    cosine = np.clip(along / fiber, 0.1, 1)
    strength = get["max_isometric_force"] * cosine
    return strength * force_length * force_velocity, strength * (passive + 0.1 * norm_velocity)


def fitted_heights(
    trial: Trial,
    path: Geometry,
    muscles: Sequence[Mapping[str, float]],
    names: Sequence[str],
    target: np.ndarray,
) -> np.ndarray:
    """Returns bump heights near the published ones that give about the target moments.

    Args:
        trial: The trial.
        path: Its muscle-tendon geometry.
        muscles: Muscle parameters of the subject.
        names: Muscle names.
        target: Joint moments to come near to, N m, (time, coordinate).

    Returns:
        Heights, (muscle, bump).
    """
    shape, centre = bumps(trial, trial.phase(path.time))
    per_activation, passive = approximate_forces(muscles, path)
    prior = np.stack([published_pattern(trial, name, centre) for name in names])
    scale = np.std(target, axis=0) * np.sqrt(len(path.time))
    per_muscle = np.einsum("tcm,tm->tcm", path.moment_arm, per_activation)
    gain = np.einsum("tcm,tk->ctmk", per_muscle, shape) / scale[:, None, None, None]
    rest = np.einsum("tcm,tm->tc", path.moment_arm, passive + BASE * per_activation)
    wanted = ((target - rest) / scale).T.ravel()
    count = prior.size
    spread = 0.05 + 0.5 * prior.ravel()  # a muscle should stay quiet where it was reported quiet
    weight = PRIOR_WEIGHT / np.sqrt(count) / spread
    system = np.vstack([gain.reshape(-1, count), np.diag(weight)])
    right = np.concatenate([wanted, weight * prior.ravel()])
    solution = lsq_linear(system, right, bounds=(0.0, HIGHEST), method="bvls" if count < 50 else "trf")
    return np.clip(solution.x, 0.0, HIGHEST).reshape(prior.shape)


def excitation_course(
    trial: Trial, time: np.ndarray, heights: np.ndarray, parameters: Sequence[Mapping[str, float]]
) -> np.ndarray:
    """Returns the excitations whose activation is about base plus bumps, (time, muscle).

    The design is turned back through the activation nonlinearity and moved ahead by the delay.
    """
    ahead = time + DELAY + 2 * STEP
    shape, _ = bumps(trial, trial.phase(ahead))
    wanted = BASE + shape @ heights.T
    bend = np.array([p["shape_factor"] for p in parameters])
    return np.log1p(wanted * np.expm1(bend)) / bend


def varied_heights(heights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns bump heights that differ from repetition to repetition, with random bumps added."""
    factor = np.clip(1 + VARIATION * rng.standard_normal(heights.shape), 0.3, 1.7)
    wandering = WANDERING * rng.exponential(size=heights.shape)
    return np.clip(heights * factor + wandering, 0.0, HIGHEST)
