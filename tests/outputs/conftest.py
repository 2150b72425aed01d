"""A calibration result that looks like a real one, and a few that do not."""

import dataclasses

import numpy as np
import pytest

from opensim_difcal.calibration.confidence import Identifiability, Interval, Residuals, TradeOff
from opensim_difcal.calibration.result import (
    CalibrationResult,
    ParameterChange,
    Prediction,
    StartOutcome,
    Status,
)
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome, completed_trial
from opensim_difcal.initialization.feasibility import MuscleRepair
from opensim_difcal.inputs.recording import Recording
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.synergies.factorization import Factorization, VarianceAccountedFor

NAMES = (
    "addlong addmagIsch bflh bfsh gasmed gaslat glmax1 glmed1 glmin1 grac iliacus psoas recfem sart "
    "semimem semiten soleus tfl tibant tibpost vaslat vasmed"
)
MUSCLES = tuple(f"{name}_r" for name in NAMES.split())
COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
N_TIMES, N_LEAD_IN = 121, 11


def measured_moments(time, rng):
    phase = (time - time[N_LEAD_IN]) / (time[-1] - time[N_LEAD_IN])

    def bump(center, width):
        return np.exp(-(((phase - center) / width) ** 2))

    hip = -55 * bump(0.1, 0.12) + 60 * bump(0.52, 0.14) - 12 * bump(0.9, 0.08)
    knee = 20 * bump(0.02, 0.04) - 45 * bump(0.16, 0.09) + 22 * bump(0.45, 0.1) - 10 * bump(0.6, 0.06)
    ankle = 8 * bump(0.05, 0.04) - 105 * bump(0.48, 0.13)
    return np.stack([hip, knee, ankle], axis=1) * rng.uniform(0.85, 1.15)


def make_trial(index, role, muscle_names):
    n_muscles = len(muscle_names)
    rng = np.random.default_rng(index)
    time = np.arange(N_TIMES) * 0.01 + 0.35 * index
    moment = measured_moments(time, rng)
    if index == 3:
        moment[:, 2] = 0.0
    center = rng.uniform(0.2, 0.8, n_muscles) * 1.2
    excitation = 0.05 + 0.6 * np.exp(-((((time - time[0])[:, None] - center) / 0.15) ** 2))
    return Trial(
        name="run $x_{ <i>fast</i> & last" if index == 9 else f"walk_{index:02d}",
        role=role,
        muscle_names=muscle_names,
        coordinate_names=COORDINATES,
        time=time,
        n_lead_in=N_LEAD_IN,
        excitation=excitation,
        muscle_tendon_length=np.full((N_TIMES, n_muscles), 0.4),
        moment_arm=np.full((N_TIMES, len(COORDINATES), n_muscles), 0.03),
        joint_moment=moment,
    )


def make_prediction(trial, gain, noise, mean_length, seed):
    rng = np.random.default_rng(seed)
    n_muscles = len(trial.muscle_names)
    wave = np.sin(2 * np.pi * (trial.time - trial.time[0]))[:, None]
    smooth = noise * rng.standard_normal(len(COORDINATES)) * wave
    swing = np.linspace(0.05, 0.3, n_muscles)
    length = mean_length + swing * wave
    activation = np.clip(0.9 * np.roll(trial.excitation, 4, axis=0), 0.01, 1.0)
    return Prediction(
        trial=trial,
        activation=activation,
        fiber_length=0.08 * length,
        normalized_fiber_length=length,
        tendon_force=800.0 * activation,
        tendon_strain=0.04 * activation + np.where(np.arange(n_muscles) == 16, 0.03, 0.0),
        joint_moment=gain * trial.joint_moment + smooth,
    )


def make_parameters(n):
    rng = np.random.default_rng(7)

    def relative(size, low, high):
        initial = size * rng.uniform(0.5, 2.0, n)
        final = initial * rng.uniform(low + 0.05, high - 0.05, n)
        return ParameterChange(initial, final, low * initial, high * initial)

    def absolute(initial, low, high):
        ends = np.full(n, low), np.full(n, high)
        return ParameterChange(np.full(n, initial), rng.uniform(low + 0.1, high - 0.1, n), *ends)

    parameters = {
        "optimal_fiber_length": relative(0.08, 0.85, 1.15),
        "tendon_slack_length": relative(0.2, 0.85, 1.15),
        "max_isometric_force": relative(1500.0, 0.5, 2.5),
        "c1": absolute(-0.5, -0.95, -0.05),
        "c2": absolute(-0.5, -0.95, -0.05),
        "shape_factor": absolute(-1.5, -2.999, -0.001),
    }
    parameters["optimal_fiber_length"].final[2] = parameters["optimal_fiber_length"].upper[2]
    parameters["c1"].final[-6:-5] = -0.95
    return parameters


def make_history(n):
    steps = np.arange(n)
    terms = {
        "moment_tracking": 2.0 * np.exp(-steps / 4) + 0.05,
        "fiber_range": 0.3 * np.exp(-steps / 2) + 1e-4,
        "tendon_strain": np.where(steps < 10, 0.1 * np.exp(-steps / 3), 0.0),
    }
    terms["total"] = sum(terms.values())
    return tuple({name: float(values[i]) for name, values in terms.items()} for i in range(n))


def make_starts(*costs):
    kinds = ("optimal_fiber_length", "tendon_slack_length", "c1")
    return tuple(
        StartOutcome(Status.CONVERGED, 29 + i, 3.0 + i, cost, dict.fromkeys(kinds, 0.1 * i))
        for i, cost in enumerate(costs)
    )


def make_result(roles, muscle_names=MUSCLES):
    trials = [make_trial(i, role, muscle_names) for i, role in enumerate(roles)]
    before = [make_prediction(t, 0.55, 12.0, 0.8, 100 + i) for i, t in enumerate(trials)]
    after = [make_prediction(t, 0.97, 4.0, 0.95, 200 + i) for i, t in enumerate(trials)]
    return CalibrationResult(
        name="subject01",
        status=Status.CONVERGED,
        n_iterations=29,
        cost_history=make_history(30),
        starts=make_starts(0.05, 0.0501, 0.9),
        seconds=12.5,
        muscle_names=muscle_names,
        parameters=make_parameters(len(muscle_names)),
        strength_groups={
            "hamstrings": ("bflh_r", "semimem_r", "semiten_r"),
            "vasti": ("vaslat_r", "vasmed_r"),
        },
        strength_coefficients={"hamstrings": 1.2, "vasti": 0.9},
        strength_bounds=(0.5, 2.5),
        made_elastic=("soleus_r",),
        uncalibrated=tuple(before),
        calibrated=tuple(after),
        warnings=("Excitation <b>soleus</b> exceeded 1 in 3 samples & was clipped.",),
    )


@pytest.fixture(scope="session")
def result():
    return make_result(["calibration"] * 4 + ["validation"] * 6)


@pytest.fixture(scope="session")
def result_without_validation():
    return make_result(["calibration"] * 2, MUSCLES[:4])


@pytest.fixture(scope="session")
def result_without_numbers(result_without_validation):
    """What a calibration would leave whose numbers are none; the report must not break on them."""

    def broken(prediction):
        series = {
            field.name: np.full_like(getattr(prediction, field.name), np.nan)
            for field in dataclasses.fields(prediction)
            if field.name != "trial"
        }
        return dataclasses.replace(prediction, **series)

    return dataclasses.replace(
        result_without_validation,
        status=Status.MAX_SECONDS,
        cost_history=({"moment_tracking": float("nan"), "total": float("nan")},),
        calibrated=tuple(broken(p) for p in result_without_validation.calibrated),
    )


@pytest.fixture(scope="session")
def active_force_length():
    length = np.linspace(0.3, 1.9, 81)
    return length, np.exp(-(((length - 1.0) / 0.45) ** 2))


@pytest.fixture(scope="session")
def closed_loop():
    return {"reintegration_rms_max": 0.0043, "frame_force_error_max": 3e-8, "frame_balance_error_max": 5e-7}


N_SYNTHESIZED = 3


def with_recording(trial, channel_names):
    """The trial as electrodes on all muscles but the last few would have recorded it."""
    muscles = trial.muscle_names[: len(channel_names)]
    drivers = {muscle: (channel,) for muscle, channel in zip(muscles, channel_names, strict=True)}
    recording = Recording(channel_names, trial.excitation[:, : len(channel_names)], drivers)
    return dataclasses.replace(trial, recording=recording)


def make_synergies(trials, *, weights_by_trial=False, n_synergies=2):
    muscle_names = trials[0].muscle_names
    synthesized = muscle_names[-N_SYNTHESIZED:]
    channel_names = tuple(f"emg_{name}" for name in muscle_names[:-N_SYNTHESIZED])
    rng = np.random.default_rng(3)
    trials = [with_recording(trial, channel_names) for trial in trials]
    calibration = [trial for trial in trials if trial.role == "calibration"]
    initial = rng.uniform(0.0, 1.0, (len(channel_names), n_synergies))
    sets = [rng.uniform(0.0, 0.4, (len(muscle_names), n_synergies)) for _ in calibration]
    weights = (
        {trial.name: own for trial, own in zip(calibration, sets, strict=True)}
        if weights_by_trial
        else {"": sets[0]}
    )
    primitives = [rng.uniform(0.0, 1.0, (len(trial.time), n_synergies)) for trial in trials]
    shared = np.mean(list(weights.values()), axis=0)
    own = {trial.name: shared for trial in trials} | weights
    completed = tuple(
        completed_trial(trial, synthesized, own[trial.name], series)
        for trial, series in zip(trials, primitives, strict=True)
    )

    def vaf(total):
        shares = {name: total - 0.01 * i for i, name in enumerate(channel_names)}
        return VarianceAccountedFor(total, shares)

    return SynergyOutcome(
        channel_names=channel_names,
        synthesized_muscles=synthesized,
        vaf_by_number={1: 0.8, n_synergies: 0.97},
        extracted=Factorization(channel_names, initial, tuple(primitives[: len(calibration)]), vaf(0.97)),
        weights=weights,
        ratio=1.0 / 3.0,
        trials=completed,
        variance_accounted_for=vaf(0.95),
    )


def make_hybrid_result(**how):
    result = make_result(["calibration"] * 2 + ["validation"], MUSCLES[:8])
    synergies = make_synergies([prediction.trial for prediction in result.calibrated], **how)
    calibrated = tuple(
        dataclasses.replace(prediction, trial=each.trial)
        for prediction, each in zip(result.calibrated, synergies.trials, strict=True)
    )
    return dataclasses.replace(result, calibrated=calibrated, synergies=synergies)


@pytest.fixture(scope="session")
def hybrid_result():
    """Five recorded channels, three synthesized muscles, two synergies."""
    return make_hybrid_result()


@pytest.fixture(scope="session")
def hybrid_result_by_trial():
    """The same with weights by trial."""
    return make_hybrid_result(weights_by_trial=True)


def make_identifiability(result: CalibrationResult) -> Identifiability:
    """Every second muscle is informed; neighbors make up for each other."""
    n = len(result.muscle_names)
    kinds = [name for name in result.parameters if name != "max_isometric_force"]
    unknowns = [f"{kind} of {muscle}" for kind in kinds for muscle in result.muscle_names]
    unknowns += [f"strength_coefficient of {group}" for group in result.strength_groups]
    mixed = np.random.default_rng(3).standard_normal((len(unknowns), len(unknowns)))
    covariance = mixed @ mixed.T
    size = np.sqrt(covariance.diagonal())

    def intervals(share: float) -> dict[str, Interval]:
        return {
            name: Interval(share * (c.upper - c.lower), np.maximum(c.final - 0.1, c.lower), c.upper)
            for name, c in result.parameters.items()
        }

    informed = np.arange(n) % 2 == 0
    return Identifiability(
        by_trials=intervals(0.2),
        with_prior=intervals(0.1),
        informed={name: informed for name in result.parameters},
        verdicts={muscle: f"Informed: what <{muscle}> has." for muscle in result.muscle_names},
        trade_offs=(
            TradeOff("c1 of soleus_r", "c2 of soleus_r", -0.99, together=True),
            TradeOff("c1 of tibant_r", "shape_factor of tibant_r", 0.85, together=False),
        ),
        unknowns=tuple(unknowns),
        correlation=covariance / np.outer(size, size),
        singular_values=np.geomspace(1e3, 1e-9, len(unknowns)),
        n_determined=70,
        n_held_by_prior=40.25,
        prior_deviation={"c1": 0.2, "strength_coefficient": 0.4},
        residuals={"knee_angle_r": Residuals(0.05, 400, 80.4)},
        noise_inflation=1.2,
    )


@pytest.fixture(scope="session")
def confident(result) -> CalibrationResult:
    """The result with what its trials determine."""
    return dataclasses.replace(result, identifiability=make_identifiability(result))


@pytest.fixture(scope="session")
def confident_hybrid_result(hybrid_result) -> CalibrationResult:
    """The hybrid result with what its trials determine."""
    return dataclasses.replace(hybrid_result, identifiability=make_identifiability(hybrid_result))


@pytest.fixture(scope="session")
def repaired_result(result) -> CalibrationResult:
    """Of two muscles without room, one could be given some."""
    repairs = (
        MuscleRepair("semimem_r", "run", -0.07, 0.43, 1.48, (0.3538, 0.3148), (0.0788, 0.0788), True),
        MuscleRepair("bflh_r", "walk", -0.9, -0.2, 0.6, (0.32, 0.272), (0.107, 0.107), False),
    )
    return dataclasses.replace(result, repairs=repairs)
