"""What the script asserts about models, truth and trials before it writes them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import opensim
import virtual_subject as virtual
from simulate import STEP, Geometry
from virtual_subject import Parameters, Subject, TrialData

LEAST_PEAK_ACTIVATION = 0.15
CALIBRATED = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")
POWER_ERROR = 1e-3  # m/s, between the speed of a length and what its moment arms say
NEGLIGIBLE = 1e-6  # m, moment arm of a muscle that does not cross the joint


def check_moment_arms(subject: Subject, angles: Sequence[np.ndarray], paths: Sequence[Geometry]) -> None:
    """Prints the ranges of the moment arms and asserts virtual work along every trial.

    The speed of a muscle-tendon length must be minus moment arms times joint speeds.
    """
    arms = np.concatenate([path.moment_arm for path in paths])
    print(f"{subject.name}: moment arms over all trials, mm (least to greatest)")
    for j, muscle in enumerate(subject.muscles):
        cells = [
            f"{name} {1e3 * arms[:, i, j].min():6.1f} to {1e3 * arms[:, i, j].max():6.1f}"
            for i, name in enumerate(subject.coordinates)
            if np.abs(arms[:, i, j]).max() > NEGLIGIBLE
        ]
        print(f"  {muscle.name:16s}", "  ".join(cells))
    worst = 0.0
    for angle, path in zip(angles, paths, strict=True):
        speed = np.gradient(angle, STEP, axis=0)
        expected = -np.einsum("tcm,tc->tm", path.moment_arm, speed)
        error = np.abs(np.gradient(path.length, STEP, axis=0) - expected)[1:-1]
        worst = max(worst, float(error.max()))
    print(f"  virtual work: lengths and moment arms agree within {worst:.1e} m/s")
    assert worst < POWER_ERROR


def check_truth(subject: Subject, truth: Sequence[Parameters], data: Sequence[TrialData]) -> None:
    """Asserts what the calibration may rely on."""
    assert not virtual.penalised_muscles(subject, data)
    peak = np.max(
        [one.active[one.within(0)].max(axis=0) for one in data if one.trial.role == "calibration"],
        axis=0,
    )
    for muscle, true, most in zip(subject.muscles, truth, peak, strict=True):
        assert most > LEAST_PEAK_ACTIVATION, f"{muscle.name} is never more active than {most:.2f}"
        factors = [true[key] / getattr(muscle, key) for key in CALIBRATED]
        assert all(abs(f - 1) > 1e-3 for f in factors), f"{muscle.name}: {factors}"
        assert all(0.885 <= f <= 1.115 for f in factors[:2]), f"{muscle.name}: {factors}"
        assert 0.7 <= factors[2] <= 1.7, f"{muscle.name}: {factors}"
    least = min(one.active.min() for one in data)
    assert least > 0.015, f"activation falls to {least:.4f}"


def check_loads(model_file: Path) -> None:
    """Asserts that OpenSim can use the model."""
    model = opensim.Model(str(model_file))
    state = model.initSystem()
    model.equilibrateMuscles(state)
