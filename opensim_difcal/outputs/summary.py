"""summary.json: the outcome of a calibration for programs."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.confidence import Identifiability
from opensim_difcal.calibration.metrics import Agreement, pooled_agreement, trial_agreement
from opensim_difcal.calibration.result import CalibrationResult, ParameterChange, StartOutcome
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.initialization.feasibility import MuscleRepair
from opensim_difcal.outputs.trial_pairs import TrialPair, trial_pairs
from opensim_difcal.outputs.verdict import CLOSED_LOOP_CHECKS, verdict

STAGES = ("geometry", "compilation", "calibration", "closed_loop", "report")


def summary(
    result: CalibrationResult,
    *,
    tool: str,
    seconds: Mapping[str, float],
    closed_loop: Mapping[str, float],
) -> dict[str, Any]:
    """Returns the outcome of a calibration as plain values, ready for JSON.

    Args:
        result: The calibration.
        tool: Name of the tool that ran it.
        seconds: Wall-clock seconds by stage (`STAGES`); "calibration" defaults to the
            result's own, "total" to the sum of the stages.
        closed_loop: OpenSim's largest disagreement by check (`CLOSED_LOOP_CHECKS`),
            fraction of max_isometric_force. A check that was not done is left out.

    Returns:
        Nested dicts and lists. A value that is not a finite number is None.
    """
    pairs = trial_pairs(result)
    history = result.cost_history
    report: dict[str, Any] = {
        "tool": tool,
        "name": result.name,
        "status": result.status.name.lower(),
        "reason": result.status.value,
        "iterations": result.n_iterations,
        "cost": {
            "initial": dict(history[0]) if history else {},
            "final": dict(history[-1]) if history else {},
        },
        "starts": [_start(start) for start in result.starts],
        "seconds": _seconds(result, seconds),
        "trials": [_trial(pair) for pair in pairs],
        "parameters": _parameters(result),
        "identifiability": result.identifiability and _identifiability(result.identifiability),
        "strength_coefficients": dict(result.strength_coefficients),
        "made_elastic": list(result.made_elastic),
        "repairs": [_repair(repair) for repair in result.repairs],
        "synergies": None if result.synergies is None else _synergies(result.synergies),
        "pooled": pooled_summary(result, role="validation"),
        "closed_loop": {**dict.fromkeys(CLOSED_LOOP_CHECKS), **closed_loop},
        "warnings": list(result.warnings),
    }
    report = without_nan(report)
    conclusion = verdict(report, closed_loop)
    reasons = [finding.sentence for finding in conclusion.findings]
    return {**report, "verdict": {"trust": conclusion.trust.value, "reasons": reasons}}


def with_seconds(values: Mapping[str, Any], seconds: Mapping[str, float]) -> dict[str, Any]:
    """Returns a summary with other times.

    Args:
        values: What `summary` returned.
        seconds: Wall-clock seconds by stage, one for each of `STAGES`: "geometry" is
            importing and reading, "calibration" holds the predictions before and after,
            "report" is drawing and writing, "closed_loop" what OpenSim's check takes
            longer than the drawing, during which it runs. Together they are the "total".
    """
    return {**values, "seconds": {"total": sum(seconds.values()), **{each: seconds[each] for each in STAGES}}}


def pooled_summary(
    result: CalibrationResult, *, role: Literal["calibration", "validation"]
) -> dict[str, Any]:
    """Returns the agreement by coordinate over all trials of a role, before and after.

    Args:
        result: The calibration.
        role: Which trials are joined.

    Returns:
        RMSE and R2 by coordinate, None where not a finite number; empty without a trial.
    """
    pairs = [pair for pair in trial_pairs(result) if pair.trial.role == role]
    if not pairs:
        return {}
    before = pooled_agreement([pair.uncalibrated for pair in pairs])
    after = pooled_agreement([pair.calibrated for pair in pairs])
    return without_nan({name: _before_and_after(before[name], after[name]) for name in after})


def write_summary(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a summary as JSON, atomically.

    Args:
        path: The file, usually summary.json.
        values: What `summary` returned.
    """
    text = json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode())


def without_nan(value: Any) -> Any:
    """Returns nested dicts and lists with None for every number that is not finite."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _start(start: StartOutcome) -> dict[str, Any]:
    return {
        "status": start.status.name.lower(),
        "iterations": start.n_iterations,
        "initial_cost": start.first_cost,
        "final_cost": start.cost,
        "mean_distance_from_best": dict(start.distance),
    }


def _seconds(result: CalibrationResult, seconds: Mapping[str, float]) -> dict[str, float | None]:
    stages = {**dict.fromkeys(STAGES), "calibration": result.seconds, **seconds}
    total = stages.pop("total", None)
    if total is None:
        total = sum(value for value in stages.values() if value is not None)
    return {"total": total, **stages}


def _trial(pair: TrialPair) -> dict[str, Any]:
    before, after = trial_agreement(pair.uncalibrated), trial_agreement(pair.calibrated)
    return {
        "name": pair.trial.name,
        "role": pair.trial.role,
        "coordinates": {name: _before_and_after(before[name], after[name]) for name in after},
    }


def _before_and_after(before: Agreement, after: Agreement) -> dict[str, dict[str, float]]:
    return {
        "uncalibrated": {"rmse": before.rmse, "r2": before.r2},
        "calibrated": {"rmse": after.rmse, "r2": after.r2},
    }


def _parameters(result: CalibrationResult) -> dict[str, Any]:
    return {
        muscle: {
            name: _change(change, i) | _confidence(result.identifiability, name, i)
            for name, change in result.parameters.items()
        }
        for i, muscle in enumerate(result.muscle_names)
    }


def _change(change: ParameterChange, muscle: int) -> dict[str, float | bool]:
    return {
        "initial": float(change.initial[muscle]),
        "final": float(change.final[muscle]),
        "lower": float(change.lower[muscle]),
        "upper": float(change.upper[muscle]),
        "at_bound": bool(change.at_bound[muscle]),
    }


def _confidence(known: Identifiability | None, name: str, muscle: int) -> dict[str, float | bool]:
    """Interval of a value, by the trials alone and with the prior."""
    if known is None or not known.is_calibrated(name)[muscle]:
        return {}
    alone, with_prior = vars(known.by_trials[name]), vars(known.with_prior[name])
    return {
        **{end: float(values[muscle]) for end, values in alone.items()},
        "informed": bool(known.informed[name][muscle]),
        **{f"{end}_with_prior": float(values[muscle]) for end, values in with_prior.items()},
    }


def _identifiability(known: Identifiability) -> dict[str, Any]:
    return {
        "n_values": known.n_values,
        "n_informed": known.n_informed,
        "n_unknowns": len(known.unknowns),
        "n_directions_determined": known.n_determined,
        "n_held_by_prior": known.n_held_by_prior,
        "prior_deviation": dict(known.prior_deviation),
        "noise_inflation": known.noise_inflation,
        "residuals": {name: dict(vars(each)) for name, each in known.residuals.items()},
        "singular_values": known.singular_values.tolist(),
        "trade_offs": [dict(vars(pair)) for pair in known.trade_offs],
        "verdicts": dict(known.verdicts),
    }


def _repair(repair: MuscleRepair) -> dict[str, Any]:
    ends = ("model", "start")
    return {
        "muscle": repair.name,
        "trial": repair.trial,
        "normalized_fiber_length_along_tendon": {
            "shortest_of_model": repair.shortest_before,
            "shortest_at_start": repair.shortest_after,
            "longest_at_start": repair.longest_after,
        },
        "tendon_slack_length": dict(zip(ends, repair.tendon_slack_length, strict=True)),
        "optimal_fiber_length": dict(zip(ends, repair.optimal_fiber_length, strict=True)),
        "is_feasible": repair.is_feasible,
    }


def _synergies(outcome: SynergyOutcome) -> dict[str, Any]:
    return {
        "n_synergies": outcome.n_synergies,
        "vaf_by_number": {str(number): vaf for number, vaf in outcome.vaf_by_number.items()},
        "variance_accounted_for": {
            "extracted": outcome.extracted.variance_accounted_for.total,
            "calibrated": outcome.variance_accounted_for.total,
            "by_channel": dict(outcome.variance_accounted_for.by_channel),
        },
        "synthesized_muscles": list(outcome.synthesized_muscles),
    }
