"""One muscle against measured forces: the paper's validation of its elastic tendon.

A rat's soleus shaken at maximal activation (Krylow and Sandercock 1997) and a cat's soleus
held, stretched and at rest (Herzog and Leonard 2002), each predicted by five muscle models.

    python benchmarks/muscle.py [--data DIR] [--write]

With --write the section "Muscle against measured forces" of docs/validation.md and its figures are
made again.
"""

import argparse
import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import opensim
import torch
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.optimize import least_squares, root_scalar
from torch import Tensor

from opensim_difcal.calibration.cost import CostSettings, excess_outside
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.unknowns import Bounds
from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.inputs.signals import lowpass
from opensim_difcal.outputs.figures.style import png
from opensim_difcal.outputs.slider_model import SliderModel, integrated_tendon_force, slider_model
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.curve_parameters import FiberForceLengthCurve
from opensim_difcal.physics.curves import curve_table
from opensim_difcal.physics.differentiable import EngineOperations, Operations, ValueOperations
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import (
    Muscles,
    clamp_activation,
    cos_pennation_angle,
    fiber_force_multiplier,
)
from opensim_difcal.physics.simulation import tendon_mechanics

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
FIGURES = ROOT / "docs" / "figures"
BEGIN, END = "<!-- muscle: begin -->", "<!-- muscle: end -->"
RAT, CAT = "rat_soleus_krylow1997", "cat_soleus_herzog2002"


@dataclass(frozen=True)
class Method:
    """How muscles are integrated, learned and judged.

    Attributes:
        step: Of our models, s.
        steps: Whose errors are shown, s.
        accuracy: Of OpenSim's integrator.
        rise_time: Of the rat's force after the start of stimulation, s; not scored.
        largest_difference: Between Rosenbrock's error and OpenSim's that the project allows, points.
        smallest_ratio: That the project asks for between a rigid and an elastic tendon's error.
        n_iterations: Of AdamW.
        learning_rate_decay: Factor per iteration.
        fitting_step: While something of the cat is fitted, s.
        cutoff: Of the cat's length signals, Hz.
        matching: Ranges of the cat's rise and fall to which stimulation is matched, s.
        plateau: Of the cat's isometric force, s.
        settled: After stimulation starts or ends: rise and fall, s.
        held: Late in the cat's stimulation, s.
        relaxed: Late after it, s.
    """

    step: float = 0.001
    steps: tuple[float, ...] = (0.005, 0.0025, 0.001, 0.0005)
    accuracy: float = 1e-7
    rise_time: float = 0.2
    largest_difference: float = 1.0
    smallest_ratio: float = 1.8
    n_iterations: int = 1500
    learning_rate_decay: float = 0.995
    fitting_step: float = 0.01
    cutoff: float = 6.0
    matching: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 3.0), (9.0, 12.0))
    plateau: tuple[float, float] = (5.0, 9.5)
    settled: float = 1.0
    held: tuple[float, float] = (9.4, 9.9)
    relaxed: tuple[float, float] = (14.0, 15.0)


METHOD = Method()
LARGEST = "trial 6"

RIGID, EQUILIBRIUM, DAMPED = "rigid tendon", "equilibrium", "damped equilibrium"
OPENSIM, ROSENBROCK = "damped equilibrium, OpenSim", "Rosenbrock"
MODELS = (RIGID, EQUILIBRIUM, DAMPED, OPENSIM, ROSENBROCK)


@dataclass(frozen=True)
class Parameters:
    """What makes the muscle, in OpenSim's names.

    Attributes:
        max_isometric_force: N.
        optimal_fiber_length: m.
        tendon_slack_length: m.
        pennation_angle_at_optimal: rad.
        max_contraction_velocity: Optimal fiber lengths per second.
        fiber_damping: Force at max_contraction_velocity, in max_isometric_force.
        tendon_strain: Of the tendon at one max_isometric_force.
        passive_curve: Of the fibers.
    """

    max_isometric_force: float
    optimal_fiber_length: float
    tendon_slack_length: float
    pennation_angle_at_optimal: float
    max_contraction_velocity: float
    fiber_damping: float = 0.1
    tendon_strain: float = 0.049
    passive_curve: FiberForceLengthCurve = FiberForceLengthCurve()

    def slider(self) -> SliderModel:
        """Returns OpenSim's muscle on a slider whose coordinate is the muscle-tendon length."""
        with quiet_opensim():
            muscle = opensim.Millard2012EquilibriumMuscle(
                "soleus",
                self.max_isometric_force,
                self.optimal_fiber_length,
                self.tendon_slack_length,
                self.pennation_angle_at_optimal,
            )
            muscle.setMaxContractionVelocity(self.max_contraction_velocity)
            muscle.setFiberDamping(self.fiber_damping)
            muscle.upd_TendonForceLengthCurve().set_strain_at_one_norm_force(self.tendon_strain)
            passive = muscle.upd_FiberForceLengthCurve()
            passive.set_strain_at_zero_force(self.passive_curve.strain_at_zero_force)
            passive.set_strain_at_one_norm_force(self.passive_curve.strain_at_one_norm_force)
            return slider_model(muscle)

    def muscles(self) -> Muscles:
        """Returns the muscle as read from OpenSim."""
        slider = self.slider()
        with quiet_opensim():
            slider.model.initSystem()
        return read_muscles(slider.model, ["soleus"])


@dataclass(frozen=True)
class Trial:
    """What was done to a muscle and the force that was measured.

    Attributes:
        name: Of the trial.
        time: Of the force samples, s.
        force: N.
        length: Muscle-tendon length, m, over time, s.
        activation: 0..1, over time, s.
    """

    name: str
    time: np.ndarray
    force: np.ndarray
    length: Callable[[np.ndarray], np.ndarray]
    activation: Callable[[np.ndarray], np.ndarray]

    def grid(self, step: float) -> np.ndarray:
        """Times from zero to the last sample, s."""
        return step * np.arange(round(self.time[-1] / step) + 1)


def of_model(muscles: Muscles, model: str) -> Muscles:
    """Returns our muscle with what distinguishes a model."""
    elastic = muscles.with_elastic_tendon("rosenbrock" if model == ROSENBROCK else "equilibrium")
    if model == RIGID:
        return elastic.with_rigid_tendon(torch.ones_like(muscles.rigid_tendon))
    if model == EQUILIBRIUM:
        return replace(elastic, fiber_damping=torch.zeros_like(muscles.fiber_damping))
    return elastic


def our_mechanics(
    muscles: Muscles, trial: Trial, step: float, operations: Operations
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns fiber length, m, tendon force, N, and tendon strain on the grid of a step."""
    grid = trial.grid(step)
    length = torch.from_numpy(trial.length(grid))[:, None]
    active = clamp_activation(torch.from_numpy(trial.activation(grid))[:, None], muscles)
    fiber, force, strain = tendon_mechanics(active, length, muscles, step, operations)
    return fiber[:, 0], force[:, 0] * muscles.max_isometric_force, strain[:, 0]


def opensim_curve(parameters: Parameters, trial: Trial) -> np.ndarray:
    """Returns the tendon force, N, that OpenSim integrates, on the grid of our step."""
    grid = trial.grid(METHOD.step)
    with quiet_opensim():
        return integrated_tendon_force(
            parameters.slider(), grid, trial.activation(grid), trial.length(grid), METHOD.accuracy
        )


def our_force(model: str, muscles: Muscles, trial: Trial, operations: Operations, step: float) -> np.ndarray:
    """Returns the tendon force of one of our models at the measured samples, N."""
    force = our_mechanics(of_model(muscles, model), trial, step, operations)[1]
    return np.interp(trial.time, trial.grid(step), force.detach().numpy())


def predicted_curve(model: str, parameters: Parameters, trial: Trial, operations: Operations) -> np.ndarray:
    """Returns any model's tendon force, N, on the grid of our step."""
    if model == OPENSIM:
        return opensim_curve(parameters, trial)
    muscles = of_model(parameters.muscles(), model)
    return our_mechanics(muscles, trial, METHOD.step, operations)[1].numpy()


def predicted_force(model: str, parameters: Parameters, trial: Trial, operations: Operations) -> np.ndarray:
    """Returns any model's tendon force at the measured samples, N."""
    curve = predicted_curve(model, parameters, trial, operations)
    return np.interp(trial.time, trial.grid(METHOD.step), curve)


def read_parameters(folder: Path) -> dict[str, float]:
    """Returns the numbers of a data set's parameters.csv."""
    with (folder / "parameters.csv").open() as file:
        return {row["parameter"]: float(row["value"]) for row in csv.DictReader(file)}


@dataclass(frozen=True)
class Rat:
    """The rat's soleus at maximal activation.

    Attributes:
        parameters: As published.
        measured_max_isometric_force: N; what errors are divided by.
        offset: Of the muscle-tendon length, m.
        trials: By name.
        amplitudes: Of the displacement, mm, by trial.
        displacement: Samples: time, s, and displacement per amplitude.
    """

    parameters: Parameters
    measured_max_isometric_force: float
    offset: float
    trials: Mapping[str, Trial]
    amplitudes: Mapping[str, float]
    displacement: np.ndarray

    def error(self, trial: Trial, force: np.ndarray, *, whole: bool = False) -> float:
        """Returns the mean absolute error after the rise, or over the whole trial, in %."""
        scored = trial.time > (-1.0 if whole else METHOD.rise_time)
        difference = np.abs(force - trial.force)[scored]
        return 100.0 * float(difference.mean()) / self.measured_max_isometric_force


def _columns(path: Path) -> np.ndarray:
    """Two columns below the line with their names."""
    lines = path.read_text().split("endheader\n")[1].splitlines()[1:]
    return np.array([[float(number) for number in line.split()] for line in lines if line.strip()])


def read_rat(data: Path, interpolant: Callable = CubicSpline) -> Rat:
    """Reads the rat's trials.

    The muscle-tendon length is lopt cos(pennation) + lts - 2 mm + amplitude * displacement with the
    published lengths; it stays what it is when lengths are learned.
    """
    folder = data / RAT
    given = read_parameters(folder)
    pennation = np.radians(given["pennation_angle_at_optimal"])
    parameters = Parameters(
        given["max_isometric_force"],
        given["optimal_fiber_length"],
        given["tendon_slack_length"],
        float(pennation),
        given["max_contraction_velocity"],
        given["fiber_damping"],
    )
    rest = parameters.optimal_fiber_length * np.cos(pennation) + parameters.tendon_slack_length
    rest += given["mtu_length_offset"]
    displacement = _columns(folder / "displacement.dat")
    curve = interpolant(*displacement.T)
    trials, amplitudes = {}, {}
    with (folder / "trials.csv").open() as file:
        for row in csv.DictReader(file):
            name, amplitude = f"trial {row['trial']}", float(row["displacement_amplitude_mm"])
            time, force = _columns(folder / row["force_file"]).T
            trials[name] = Trial(name, time, force, _stretched(rest, 1e-3 * amplitude, curve), np.ones_like)
            amplitudes[name] = amplitude
    maximum, offset = given["experimental_max_isometric_force"], given["mtu_length_offset"]
    return Rat(parameters, maximum, offset, trials, amplitudes, displacement)


def _stretched(rest: float, amplitude: float, curve: Callable) -> Callable[[np.ndarray], np.ndarray]:
    return lambda time: rest + amplitude * curve(time)


LEARNED: Sequence[str] = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")


@dataclass(frozen=True)
class Learned:
    """What AdamW found.

    Attributes:
        parameters: The muscle.
        factors: On the published values, by parameter.
        costs: Over the iterations: mean absolute error over the measured maximum, and penalty.
        best: The iteration taken.
    """

    parameters: Parameters
    factors: Mapping[str, float]
    costs: np.ndarray
    best: int


def learn(rat: Rat, trial: Trial, operations: Operations) -> Learned:
    """Minimizes the mean absolute error of a trial, and the penalty on tendon strain, by AdamW.

    Unknowns are factors on the published values inside the calibration's default bounds, by a
    sigmoid whose argument is zero where it starts, as in the calibration.
    """
    muscles, settings, defaults = rat.parameters.muscles(), CostSettings(), OptimizerSettings()
    bounds = Bounds()
    lower, upper = torch.tensor(
        [bounds.optimal_fiber_length, bounds.tendon_slack_length, bounds.strength_coefficient],
        dtype=torch.float64,
    ).T
    offset = torch.logit((1.0 - lower) / (upper - lower))
    raw = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([raw], lr=defaults.learning_rate, weight_decay=defaults.weight_decay)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, METHOD.learning_rate_decay)
    measured, grid = torch.from_numpy(trial.force), trial.grid(METHOD.step)
    scored, late = torch.from_numpy(trial.time > METHOD.rise_time), torch.from_numpy(grid > METHOD.rise_time)
    costs, positions = [], []
    for _ in range(METHOD.n_iterations):
        factors = lower + (upper - lower) * torch.sigmoid(raw + offset)
        changed = muscles.with_parameters(
            **{name: getattr(muscles, name) * factors[i] for i, name in enumerate(LEARNED)}
        )
        _, force, strain = our_mechanics(changed, trial, METHOD.step, operations)
        error = (interpolated(force, grid, trial.time) - measured).abs()[scored].mean()
        excess = excess_outside(strain, settings.tendon_strain_range)[late]
        terms = torch.stack(
            (error / rat.measured_max_isometric_force, settings.tendon_strain_weight * (excess**2).mean())
        )
        costs.append(terms.detach().numpy())
        positions.append(factors.detach().numpy())
        optimizer.zero_grad()
        terms.sum().backward()
        optimizer.step()
        scheduler.step()
    best = int(np.argmin(np.sum(costs, axis=1)))
    factors = dict(zip(LEARNED, positions[best].tolist(), strict=True))
    found = {name: factor * getattr(rat.parameters, name) for name, factor in factors.items()}
    return Learned(replace(rat.parameters, **found), factors, np.array(costs), best)


def interpolated(series: Tensor, grid: np.ndarray, time: np.ndarray) -> Tensor:
    """Returns a series at other times, linear between its samples, so that gradients pass."""
    place = np.clip(time / (grid[1] - grid[0]), 0, len(grid) - 1)
    first = np.minimum(place.astype(int), len(grid) - 2)
    share = torch.from_numpy(place - first)
    return (1.0 - share) * series[first] + share * series[first + 1]


PASSIVE, ISOMETRIC, LONG = "F49", "F43", "F44"
CAT_TRIALS = {
    "F43": "isometric, 0 mm",
    "F44": "isometric, 9 mm",
    "F45": "6 to 9 mm",
    "F47": "3 to 9 mm",
    "F50": "0 to 9 mm",
    "F49": "0 to 9 mm, passive",
}


@dataclass(frozen=True)
class CatData:
    """What was measured of the cat's soleus, and what is known of it.

    Attributes:
        parameters: Of the literature; the maximum isometric force is an estimate.
        normalized_fiber_length: On the plateau at 0 mm.
        time_constants: Of activation and deactivation, s.
        plateau: Force of the stimulated muscle at 0 mm, N; what errors are divided by.
        time: s.
        forces: N, by trial.
        raw: Stretch, mm, by trial, as measured.
        stretches: The same in m and low-passed, over time.
        ramps: When stretches start and end, s, by trial that has one.
    """

    parameters: Parameters
    normalized_fiber_length: float
    time_constants: tuple[float, float]
    plateau: float
    time: np.ndarray
    forces: Mapping[str, np.ndarray]
    raw: Mapping[str, np.ndarray]
    stretches: Mapping[str, CubicSpline]
    ramps: Mapping[str, tuple[float, float]]

    def with_passive_curve(self, curve: FiberForceLengthCurve) -> tuple[Muscles, float]:
        """Returns our muscle and its length at 0 mm, m, so that the plateau there is the measured one."""
        muscles = replace(_read_once(self.parameters), fiber_force_length=curve_table([curve]))
        normalized = torch.tensor([self.normalized_fiber_length], dtype=torch.float64)
        fiber = normalized * muscles.optimal_fiber_length
        cos = cos_pennation_angle(fiber, muscles)
        multiplier = float(cos * fiber_force_multiplier(fiber, None, torch.ones_like(fiber), muscles))
        tendon = _tendon_length(multiplier, muscles)
        rest = float(fiber * cos + tendon * muscles.tendon_slack_length)
        strength = torch.full_like(muscles.max_isometric_force, self.plateau / multiplier)
        return replace(muscles, max_isometric_force=strength), rest

    def trial(self, name: str, rest: float, stimulation: tuple[float, float]) -> Trial:
        """Returns a trial of a muscle whose length at 0 mm, m, is known; the passive one unstimulated."""
        stretch, active = self.stretches[name], stimulated(stimulation, self.time_constants)
        activation = np.zeros_like if name == PASSIVE else active
        return Trial(name, self.time, self.forces[name], lambda time: rest + stretch(time), activation)


@lru_cache
def _read_once(parameters: Parameters) -> Muscles:
    return parameters.muscles()


def _tendon_length(normalized_force: float, muscles: Muscles) -> float:
    """Length of the tendon at a force, in slack lengths."""

    def excess(length: float) -> float:
        at = torch.tensor([length], dtype=torch.float64)
        return float(muscles.tendon_force_length.value_and_slope(at)[0]) - normalized_force

    return float(root_scalar(excess, bracket=(1.0, 1.2), xtol=1e-12).root)


def stimulated(
    stimulation: tuple[float, float], time_constants: tuple[float, float]
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns activation over time: a rectangle that passed first-order dynamics."""
    (on, off), (rise, fall) = stimulation, time_constants

    def activation(time: np.ndarray) -> np.ndarray:
        rising = -np.expm1(-np.maximum(np.minimum(time, off) - on, 0.0) / rise)
        return rising * np.exp(-np.maximum(time - off, 0.0) / fall)

    return activation


def read_cat(data: Path) -> CatData:
    """Reads the cat's trials."""
    given = read_parameters(data / CAT)
    file = data / CAT / "Figure6and7A.csv"
    table = np.genfromtxt(file, delimiter=",", skip_header=1)
    labels = [label.split()[0] for label in file.read_text().partition("\n")[0].split(",")]
    time = table[:, 0]
    forces = {name: table[:, labels.index(name)] for name in CAT_TRIALS}
    raw = {name: table[:, labels.index("L" + name[1:])] for name in CAT_TRIALS}
    smooth = {name: lowpass(time, each[:, None], METHOD.cutoff)[:, 0] for name, each in raw.items()}
    return CatData(
        parameters=Parameters(
            given["fiso_estimate"],
            given["optimal_fiber_length"],
            given["tendon_slack_length"],
            float(np.radians(given["pennation_angle_at_optimal"])),
            given["max_contraction_velocity"],
            tendon_strain=given["tendon_strain_at_fiso"],
        ),
        normalized_fiber_length=given["lce_norm_at_0mm"],
        time_constants=(given["activation_time_constant"], given["deactivation_time_constant"]),
        plateau=float(forces[ISOMETRIC][within(time, METHOD.plateau)].mean()),
        time=time,
        forces=forces,
        raw=raw,
        stretches={name: CubicSpline(time, 1e-3 * each) for name, each in smooth.items()},
        ramps={name: ramp(time, each) for name, each in smooth.items() if np.ptp(each) > 1.0},
    )


def within(time: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Returns which times lie in a span, its end excluded, s."""
    return (time >= span[0]) & (time < span[1])


def ramp(time: np.ndarray, stretch: np.ndarray) -> tuple[float, float]:
    """Returns when a stretch starts and ends, s: its straight middle prolonged to its two levels."""
    low, high = stretch[time < 0.8].mean(), stretch[time > 7.0].mean()
    share = (stretch - low) / (high - low)
    middle = (share > 0.2) & (share < 0.8) & (time < 7.0)
    slope, offset = np.polyfit(time[middle], share[middle], 1)
    return float(-offset / slope), float((1.0 - offset) / slope)


def find_stimulation(cat: CatData, operations: Operations) -> tuple[float, float]:
    """Returns when stimulation starts and ends, s: least squares on the isometric trial's rise and fall."""
    muscles, rest = cat.with_passive_curve(FiberForceLengthCurve())
    chosen = np.logical_or(*(within(cat.time, each) for each in METHOD.matching))

    def residual(stimulation: np.ndarray) -> np.ndarray:
        trial = cat.trial(ISOMETRIC, rest, (float(stimulation[0]), float(stimulation[1])))
        return (our_force(ROSENBROCK, muscles, trial, operations, METHOD.fitting_step) - trial.force)[chosen]

    found = least_squares(residual, (0.9, 9.9), diff_step=1e-4)
    return float(found.x[0]), float(found.x[1])


def fitted_passive_curve(cat: CatData, operations: Operations) -> FiberForceLengthCurve:
    """Returns the passive curve whose two strains fit the passive trial best, in least squares.

    Stiffness at one normalized force follows from the strains as OpenSim derives it.
    """

    def residual(strains: np.ndarray) -> np.ndarray:
        muscles, rest = cat.with_passive_curve(passive_curve(*strains))
        trial = cat.trial(PASSIVE, rest, (0.0, 0.0))
        return our_force(ROSENBROCK, muscles, trial, operations, METHOD.fitting_step) - trial.force

    found = least_squares(residual, (0.0, 0.7), bounds=((-0.3, 0.25), (0.2, 1.5)), diff_step=1e-4)
    return passive_curve(*found.x)


def passive_curve(strain_at_zero_force: float, strain_at_one_norm_force: float) -> FiberForceLengthCurve:
    """Returns OpenSim's passive curve of two strains, the rest as OpenSim derives it."""
    zero, one = float(strain_at_zero_force), float(strain_at_one_norm_force)
    return FiberForceLengthCurve(zero, one, stiffness_at_one_norm_force=2.0 / (one - zero))


def phases(cat: CatData, name: str, stimulation: tuple[float, float]) -> dict[str, np.ndarray]:
    """Returns which samples belong to which phase of a trial."""
    time, (on, off) = cat.time, stimulation
    start, end = cat.ramps.get(name, (off, off))
    settled, relaxed = on + METHOD.settled, off + METHOD.settled
    if name == PASSIVE:
        return {"ramp": within(time, (start, end)), "rest": ~within(time, (start, end))}
    spans = {
        "rise": (on, settled),
        "plateau": (settled, start),
        "ramp": (start, end),
        "after the ramp": (end, off),
        "fall": (off, relaxed),
    }
    found = {phase: within(time, span) for phase, span in spans.items() if span[0] < span[1]}
    return found | {"rest": ~within(time, (on, relaxed))}


@dataclass(frozen=True)
class Result:
    """What the models predict of one muscle with one set of parameters.

    Attributes:
        label: Of the set.
        parameters: The set.
        trials: What was measured, by trial.
        curves: Predicted force, N, on the grid of our step, by model and trial.
        forces: The same at the measured samples.
        errors: Mean absolute, % of the measured maximum isometric force; axes (trial, model).
    """

    label: str
    parameters: Parameters
    trials: Mapping[str, Trial]
    curves: Mapping[str, Mapping[str, np.ndarray]]
    forces: Mapping[str, Mapping[str, np.ndarray]]
    errors: np.ndarray


def predict(
    label: str,
    parameters: Parameters,
    trials: Mapping[str, Trial],
    error: Callable[[Trial, np.ndarray], float],
    operations: Operations,
) -> Result:
    """Lets every model predict every trial."""
    curves = {
        model: {name: predicted_curve(model, parameters, each, operations) for name, each in trials.items()}
        for model in MODELS
    }
    forces = {
        model: {n: np.interp(trials[n].time, trials[n].grid(METHOD.step), c) for n, c in by_trial.items()}
        for model, by_trial in curves.items()
    }
    errors = [[error(each, forces[m][name]) for m in MODELS] for name, each in trials.items()]
    return Result(label, parameters, trials, curves, forces, np.array(errors))


@dataclass(frozen=True)
class RatResults:
    """The rat with published and with learned parameters.

    Attributes:
        rat: What was measured.
        published: With the published parameters.
        learned: With those AdamW found.
        learning: How it found them.
        by_step: By step, s, and trial: Rosenbrock's error against the measurement and against OpenSim, %.
        left_out: By interpolant its RMS error at samples left out, in amplitudes.
        other_interpolant: Errors with the published parameters and a monotone cubic, axes (trial, model).
    """

    rat: Rat
    published: Result
    learned: Result
    learning: Learned
    by_step: Mapping[float, Sequence[tuple[float, float]]]
    left_out: Mapping[str, float]
    other_interpolant: np.ndarray


def run_rat(data: Path, engine: Engine) -> RatResults:
    """Runs everything on the rat."""
    rat, operations = read_rat(data), ValueOperations(engine)
    published = predict("published", rat.parameters, rat.trials, rat.error, operations)
    learning = learn(rat, rat.trials[LARGEST], EngineOperations(engine))
    learned = predict("optimized", learning.parameters, rat.trials, rat.error, operations)
    pchip = read_rat(data, PchipInterpolator)
    return RatResults(
        rat,
        published,
        learned,
        learning,
        {step: step_errors(rat, published, step, operations) for step in METHOD.steps},
        {each.__name__: left_out(each, rat.displacement) for each in (CubicSpline, PchipInterpolator)},
        predict("", pchip.parameters, pchip.trials, pchip.error, operations).errors,
    )


def step_errors(rat: Rat, result: Result, step: float, operations: Operations) -> list[tuple[float, float]]:
    """By trial: Rosenbrock's error against the measurement and against OpenSim, in %."""
    muscles, found = rat.parameters.muscles(), []
    for name, trial in rat.trials.items():
        force = our_force(ROSENBROCK, muscles, trial, operations, step)
        opensims = replace(trial, force=result.forces[OPENSIM][name])
        found.append((rat.error(trial, force), rat.error(opensims, force)))
    return found


def left_out(interpolant: Callable, samples: np.ndarray) -> float:
    """RMS error at every inner sample of an interpolant through all others."""
    errors = [
        interpolant(*np.delete(samples, i, axis=0).T)(samples[i, 0]) - samples[i, 1]
        for i in range(1, len(samples) - 1)
    ]
    return float(np.sqrt(np.mean(np.square(errors))))


@dataclass(frozen=True)
class CatResults:
    """The cat with the default and with the fitted passive curve.

    Attributes:
        cat: What was measured.
        names: What was done, by trial.
        stimulation: Its start and end by the model, s.
        seen: When the force leaves its two levels, s.
        default: With OpenSim's default passive curve.
        fitted: With the fitted one.
        phases: Samples by trial and phase.
        minimum_activation: Of the muscle.
    """

    cat: CatData
    names: Mapping[str, str]
    stimulation: tuple[float, float]
    seen: tuple[float, float]
    default: Result
    fitted: Result
    phases: Mapping[str, Mapping[str, np.ndarray]]
    minimum_activation: float


def run_cat(data: Path, engine: Engine) -> CatResults:
    """Runs everything on the cat."""
    cat, operations = read_cat(data), ValueOperations(engine)
    stimulation = find_stimulation(cat, operations)

    def error(trial: Trial, force: np.ndarray) -> float:
        return 100.0 * float(np.abs(force - trial.force).mean()) / cat.plateau

    results = []
    for label, curve in (
        ("default passive curve", FiberForceLengthCurve()),
        ("fitted passive curve", fitted_passive_curve(cat, operations)),
    ):
        muscles, rest = cat.with_passive_curve(curve)
        parameters = replace(
            cat.parameters, max_isometric_force=float(muscles.max_isometric_force), passive_curve=curve
        )
        trials = {name: cat.trial(name, rest, stimulation) for name in CAT_TRIALS}
        results.append(predict(label, parameters, trials, error, operations))
    by_phase = {name: phases(cat, name, stimulation) for name in CAT_TRIALS}
    default, fitted = results
    lowest, seen = float(_read_once(cat.parameters).minimum_activation), visible_stimulation(cat)
    return CatResults(cat, CAT_TRIALS, stimulation, seen, default, fitted, by_phase, lowest)


def visible_stimulation(cat: CatData) -> tuple[float, float]:
    """When the isometric force leaves its two levels for good by three standard deviations, s."""
    force, time = cat.forces[ISOMETRIC], cat.time
    found = []
    for level, around, sign in (((0.0, 0.8), (0.8, 1.5), 1.0), ((8.0, 9.5), (9.5, 10.5), -1.0)):
        of_level, later = force[within(time, level)], within(time, around)
        is_gone = sign * (force[later] - of_level.mean()) > 3.0 * of_level.std()
        found.append(float(time[later][len(is_gone) - np.argmin(is_gone[::-1])]))
    return found[0], found[1]


def main() -> None:
    from muscle_figures import draw_cat, draw_errors, draw_rat, section
    from virtual_subjects import renew

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    parser.add_argument("--write", action="store_true", help="write the page's section and its figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in (RAT, CAT):
        if not (options.data / name).is_dir():
            parser.error(f"{options.data / name} is no folder; set --data or OPENSIM_DIFCAL_DATA")
    engine = best_engine(read_rat(options.data).parameters.muscles())
    rat, cat = run_rat(options.data, engine), run_cat(options.data, engine)
    text = section(METHOD, rat, cat)
    print(text)
    if options.write:
        for name, figure in (
            ("muscle_rat.png", draw_rat(rat)),
            ("muscle_cat.png", draw_cat(cat)),
            ("muscle_errors.png", draw_errors(rat, cat)),
        ):
            (FIGURES / name).write_bytes(png(figure))
        renew(PAGE, text, BEGIN, END)


if __name__ == "__main__":
    main()
