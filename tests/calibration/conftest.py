"""Two muscles around one joint, with known parameters, that produce the measured moments."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import opensim
import pytest
import torch

from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.problem import CalibrationProblem, predict
from opensim_difcal.calibration.unknowns import Bounds, Unknowns, make_unknowns
from opensim_difcal.inputs.batch import batch_trials
from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.inputs.recording import Recording
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters

NAMES = ("flexor", "extensor")
TRUTH = {
    "optimal_fiber_length": (1.05, 0.96),
    "tendon_slack_length": (1.02, 0.98),
    "strength_coefficient": (1.4, 0.8),
    "c1": (-0.6, -0.4),
    "c2": (-0.55, -0.6),
    "shape_factor": (-1.5, -0.7),
}


@pytest.fixture
def truth() -> dict[str, tuple[float, float]]:
    return TRUTH


@pytest.fixture(scope="session")
def muscles() -> Muscles:
    model = opensim.Model()
    for name, sizes in {"flexor": (1000.0, 0.08, 0.1, 0.1), "extensor": (1500.0, 0.06, 0.12, 0.2)}.items():
        muscle = opensim.Millard2012EquilibriumMuscle(name, *sizes)
        muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0))
        muscle.addNewPathPoint("insertion", model.getGround(), opensim.Vec3(0.3, 0, 0))
        model.addForce(muscle)
    with quiet_opensim():
        model.initSystem()
    return read_muscles(model, NAMES)


def start(c: float = -0.5, shape_factor: float = -1.0) -> ActivationParameters:
    def both(value: float) -> torch.Tensor:
        return torch.full((2,), value, dtype=torch.float64)

    return ActivationParameters(both(c), both(c), both(shape_factor))


@pytest.fixture
def unknowns(muscles) -> Unknowns:
    return make_unknowns(muscles, start(), {}, Bounds())


def motion(muscles: Muscles, n_samples: int, seed: int, role: str = "calibration") -> Trial:
    """Excitations in bursts and a moving joint; no moments yet."""
    rng = np.random.default_rng(seed)
    time = 0.01 * np.arange(n_samples)
    phase = rng.uniform(0, 2 * np.pi, 2)
    excitation = 0.4 + 0.35 * np.sin(2 * np.pi * (2 + rng.random()) * time[:, None] + phase)
    joint = 0.5 * np.sin(2 * np.pi * (1 + rng.random()) * time)
    optimal, slack = muscles.optimal_fiber_length.numpy(), muscles.tendon_slack_length.numpy()
    arm = np.array([0.04, -0.03])
    return Trial(
        name=f"trial_{seed}",
        role=role,
        muscle_names=NAMES,
        coordinate_names=("elbow",),
        time=time,
        n_lead_in=5,
        excitation=excitation,
        muscle_tendon_length=1.02 * slack + 0.95 * optimal - joint[:, None] * arm,
        moment_arm=np.broadcast_to(arm, (n_samples, 1, 2)).copy(),
        joint_moment=np.zeros((n_samples, 1)),
    )


@pytest.fixture(scope="session")
def trials(muscles, engine) -> tuple[Trial, ...]:
    """Trials of different length whose moments are those of the true parameters."""
    silent = [motion(muscles, n, seed) for n, seed in ((60, 1), (45, 2))]
    return with_true_moments([*silent, motion(muscles, 50, 3, "validation")], muscles, engine)


@pytest.fixture(scope="session")
def long_trials(muscles, engine) -> tuple[Trial, ...]:
    """Four trials of three seconds, likewise."""
    silent = [motion(muscles, 300, seed) for seed in (11, 12, 13, 14)]
    return with_true_moments([*silent, motion(muscles, 50, 3, "validation")], muscles, engine)


def with_true_moments(silent: list[Trial], muscles: Muscles, engine: Engine) -> tuple[Trial, ...]:
    unknowns = make_unknowns(muscles, start(), {}, Bounds())
    truth = unknowns.position({name: torch.tensor(values) for name, values in TRUTH.items()})
    measured = predict(silent, unknowns, truth, engine)
    return tuple(replace(p.trial, joint_moment=p.joint_moment) for p in measured)


@pytest.fixture(scope="session")
def half_recorded(trials) -> tuple[Trial, ...]:
    """Two electrodes on the flexor, none on the extensor."""
    return tuple(of_flexor(trial) for trial in trials)


def of_flexor(trial: Trial) -> Trial:
    """The trial with the flexor's excitation as the mean of two channels, and nothing else."""
    flexor = trial.excitation[:, 0]
    ahead = flexor * (1.0 + 0.4 * np.sin(np.linspace(0.0, 9.0, len(flexor))))
    channels = np.stack([ahead, 2.0 * flexor - ahead], axis=1)
    recording = Recording(("upper", "lower"), channels, {"flexor": ("upper", "lower")})
    return replace(trial, recording=recording, excitation=recording.by_muscle(NAMES))


@pytest.fixture
def make_problem(muscles, trials, engine) -> Callable[..., CalibrationProblem]:
    def make(
        groups=None, terms=None, engine=engine, learned_strains=(), strain_groups=None, **settings
    ) -> CalibrationProblem:
        unknowns = make_unknowns(
            muscles,
            start(),
            groups or {},
            Bounds(),
            learned_strains=learned_strains,
            strain_groups=strain_groups,
        )
        batch = batch_trials([trial for trial in trials if trial.role == "calibration"])
        return CalibrationProblem(batch, unknowns, CostSettings(**settings), engine, terms or {})

    return make
