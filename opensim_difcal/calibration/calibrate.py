"""Calibrates muscles on trials: from a problem's parts to a result."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from opensim_difcal.cache import cache_subfolder
from opensim_difcal.calibration.confidence import Identifiability
from opensim_difcal.calibration.cost import CostSettings, CostTerm
from opensim_difcal.calibration.drive import RecordedDrive
from opensim_difcal.calibration.identifiability import identifiability
from opensim_difcal.calibration.optimization import Optimization, OptimizerSettings, Progress
from opensim_difcal.calibration.problem import CalibrationProblem, predict
from opensim_difcal.calibration.result import CalibrationResult, ParameterChange, StartOutcome
from opensim_difcal.calibration.starts import Searches, minimize
from opensim_difcal.calibration.synergy_hybrid import (
    SynergySettings,
    SynergyStart,
    extract_synergies,
    unrecorded_notes,
)
from opensim_difcal.calibration.unknowns import Bounds, Position, Unknowns, make_unknowns, random_starts
from opensim_difcal.calibration.user_terms import term_faults
from opensim_difcal.calibration.warnings import calibration_warnings
from opensim_difcal.errors import CalibrationError, TrialError
from opensim_difcal.initialization.feasibility import MuscleRepair, unrepaired
from opensim_difcal.inputs.batch import TrialBatch, batch_trials
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters

_LEAST_SAMPLES = 3  # for the velocity of rigid tendons


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings:
    """Everything a calibration decides beside its data.

    Attributes:
        optimizer: One of `starts.OPTIMIZERS`.
        optimization: Budget and stopping rule.
        cost: Terms of the cost.
        terms: The user's own terms of the cost, by name.
        bounds: Bounds of the learned parameters.
        strength_groups: Muscles that share a strength coefficient.
        learned_strains: Those of `CURVE_STRAINS` that are learned.
        strain_groups: Muscles that share these strains; all together if there is no group.
        start: Start values of (C1, C2, shape factor), the same for all muscles.
        n_starts: Searches, the first from the model's own values.
        seed: Of everything random: the other starts, synergies.
        synergies: How unrecorded muscles get excitations; None for EMG-driven.
        unrecorded_prior_factor: On the prior of what belongs to unrecorded muscles alone.
        identifiability: Whether what the trials determine is worked out at the end.
    """

    optimizer: str = "levenberg_marquardt"
    optimization: OptimizerSettings = field(default_factory=OptimizerSettings)
    cost: CostSettings = field(default_factory=CostSettings)
    terms: Mapping[str, CostTerm] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=Bounds)
    strength_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    learned_strains: Sequence[str] = ()
    strain_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    start: tuple[float, float, float] = (-0.5, -0.5, -1.0)
    n_starts: int = 1
    seed: int = 1
    synergies: SynergySettings | None = None
    unrecorded_prior_factor: float = 1.0
    identifiability: bool = True


def calibrate(
    name: str,
    trials: Sequence[Trial],
    muscles: Muscles,
    settings: CalibrationSettings,
    *,
    engine: Engine | None = None,
    start: ActivationParameters | None = None,
    made_elastic: Sequence[str] = (),
    repairs: Sequence[MuscleRepair] = (),
    progress: Progress | None = None,
) -> CalibrationResult:
    """Calibrates the muscles on the calibration trials and predicts every trial.

    Args:
        name: Name of the run.
        trials: Calibration and validation trials.
        muscles: The scaled model's muscles, in the trials' order, on the device to use; repaired
            where that was needed.
        settings: Cost, bounds, optimizer.
        engine: What computes; by default the fastest for the muscles' device.
        start: Start values of C1, C2 and shape factor by muscle; by default the settings'.
        made_elastic: Muscles whose tendon the model had rigid.
        repairs: What was changed of the model's muscles beforehand.
        progress: Called after every iteration.

    Raises:
        CalibrationError: If a term of the cost cannot be used.
        TrialError: If a trial has less than three samples.
        BoundsError: If a start value lies outside its bounds.
        NonFiniteError: If the cost is not a finite number at the start.
    """
    for fault in term_faults(settings.terms):
        raise CalibrationError(fault)
    _check_lengths(trials)
    started = time.perf_counter()
    device = muscles.optimal_fiber_length.device
    batch = batch_trials([trial for trial in trials if trial.role == "calibration"], device=device)
    synergies = extract_synergies(batch, settings.synergies, settings.seed) if settings.synergies else None
    problem = _problem(batch, muscles, settings, engine, start, synergies)
    starts = random_starts(problem.unknowns, settings.n_starts, settings.seed)
    if synergies:
        of_synergies = synergies.positions(settings.n_starts, settings.seed)
        starts = torch.cat([starts, of_synergies.to(starts)], dim=1)
    searches = minimize(problem, starts, settings.optimizer, settings.optimization, progress)
    position = searches.found[0].position
    _, of_synergies = problem.split(position)
    learned = synergies.outcome(of_synergies, trials, settings.cost) if synergies else None
    completed = tuple(each.trial for each in learned.trials) if learned else trials
    seconds = time.perf_counter() - started
    left_out = settings.n_starts - len(searches.found)
    result = _result(
        name,
        (trials, completed),
        problem,
        searches,
        identifiability(problem, position) if settings.identifiability else None,
        made_elastic=tuple(made_elastic),
        repairs=tuple(repairs),
        seconds=seconds,
    )
    notes = _left_out_notes(left_out)
    if learned:
        notes += unrecorded_notes(learned.synthesized_muscles, result.strength_groups, trials[0])
    return replace(result, synergies=learned, warnings=(*result.warnings, *notes))


def _check_lengths(trials: Sequence[Trial]) -> None:
    for trial in trials:
        if len(trial.time) < _LEAST_SAMPLES:
            raise TrialError(
                f"Trial {trial.name!r} has only {len(trial.time)} samples; at least {_LEAST_SAMPLES} are "
                "needed. Widen its <time_range>, or make <time_step> smaller."
            )


def _problem(
    batch: TrialBatch,
    muscles: Muscles,
    settings: CalibrationSettings,
    engine: Engine | None,
    start: ActivationParameters | None,
    synergies: SynergyStart | None,
) -> CalibrationProblem:
    """What is minimized, on the muscles' device."""
    if start is None:
        start = ActivationParameters(
            *(torch.full_like(muscles.optimal_fiber_length, value) for value in settings.start)
        )
    unknowns = make_unknowns(
        muscles,
        start,
        settings.strength_groups,
        settings.bounds,
        learned_strains=settings.learned_strains,
        strain_groups=settings.strain_groups,
        unrecorded=synergies.synthesized if synergies else (),
        unrecorded_prior_factor=settings.unrecorded_prior_factor,
    )
    engine = engine or best_engine(muscles, cache_subfolder("kernels"))
    drive = synergies.drive if synergies else RecordedDrive()
    return CalibrationProblem(batch, unknowns, settings.cost, engine, settings.terms, drive)


def _result(
    name: str,
    trials: tuple[Sequence[Trial], Sequence[Trial]],
    problem: CalibrationProblem,
    searches: Searches,
    identified: Identifiability | None,
    *,
    made_elastic: tuple[str, ...],
    repairs: tuple[MuscleRepair, ...],
    seconds: float,
) -> CalibrationResult:
    """The best optimization, and what it predicts.

    Args:
        name: Name of the run.
        trials: As recorded, and with synthesized excitations.
        problem: What was minimized.
        searches: What was found.
        identified: What the trials determine there.
        made_elastic: Muscles whose tendon the model had rigid.
        repairs: What was changed of the model's muscles beforehand.
        seconds: Of the optimization.
    """
    best, unknowns, status = searches.found[0], problem.unknowns, searches.status
    position, _ = problem.split(best.position)
    of_model = replace(unknowns, muscles=unrepaired(unknowns.muscles, repairs)) if repairs else unknowns
    uncalibrated = predict(trials[0], of_model, unknowns.start(), problem.engine)
    calibrated = predict(trials[1], unknowns, position, problem.engine)
    parameters, muscles = _changes(unknowns, of_model, position), unknowns.muscles
    bounds = unknowns.split(unknowns.lower), unknowns.split(unknowns.upper)
    lowest, highest = (float(each["strength_coefficient"][0]) for each in bounds)
    coefficients = unknowns.values(position)["strength_coefficient"].tolist()
    return CalibrationResult(
        name=name,
        status=status,
        n_iterations=best.n_iterations,
        cost_history=best.cost_history,
        efforts=best.efforts,
        starts=_outcomes(problem, searches.found),
        seconds=seconds,
        muscle_names=muscles.names,
        parameters=parameters,
        strength_groups=unknowns.strength_groups,
        strain_groups=unknowns.strain_groups,
        strength_coefficients=dict(zip(unknowns.strength_groups, coefficients, strict=True)),
        strength_bounds=(lowest, highest),
        made_elastic=made_elastic,
        repairs=repairs,
        uncalibrated=uncalibrated,
        calibrated=calibrated,
        warnings=calibration_warnings(
            status,
            parameters,
            muscles.names,
            calibrated,
            problem.settings,
            identified and identified.informed,
        ),
        identifiability=identified,
    )


def _left_out_notes(n_left_out: int) -> list[str]:
    if n_left_out == 0:
        return []
    return [
        f"Of the searches that <n_starts> asks for, {n_left_out} came to nothing: the cost at the start was "
        "not a number, or the run was stopped before."
    ]


def _changes(unknowns: Unknowns, of_model: Unknowns, position: Position) -> dict[str, ParameterChange]:
    """The model's values, result and bounds of every parameter, absolute."""
    places = (position, *unknowns.limits)
    values = [of_model.absolute(unknowns.start()), *(unknowns.absolute(place) for place in places)]
    return {name: ParameterChange(*(each[name] for each in values)) for name in values[0]}


def _outcomes(problem: CalibrationProblem, found: Sequence[Optimization]) -> tuple[StartOutcome, ...]:
    """What every start led to, and how far from the best in half ranges of the bounds."""
    positions = [problem.split(each.position)[0] for each in found]
    return tuple(
        StartOutcome(
            status=each.status,
            n_iterations=each.n_iterations,
            first_cost=each.cost_history[0]["total"],
            cost=each.cost,
            distance={
                kind: float(part.abs().mean())
                for kind, part in problem.unknowns.split(position - positions[0]).items()
            },
        )
        for each, position in zip(found, positions, strict=True)
    )
