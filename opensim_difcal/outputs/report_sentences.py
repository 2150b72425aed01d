"""What the report says in words."""

import math
from collections.abc import Mapping
from typing import Any

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.outputs.verdict import CLOSED_LOOP_CHECKS, FRAME_LIMIT, reintegration_limit
from opensim_difcal.outputs.wording import (
    moment_text,
    percent_text,
    r2_text,
    readable_coordinate,
    sentence_start,
)
from opensim_difcal.wording import counted

_SAME_COST = 1.01

HOW_TO_READ_NUMBERS = (
    "Error is the root mean squared difference (RMSE) between the predicted joint moment and the one from "
    "inverse dynamics, in N m. R² is 1 for a perfect prediction, and 0 or less for one that is no better "
    "than the average moment."
)


def introduction(result: CalibrationResult) -> str:
    """Says what was calibrated, on what."""
    roles = [prediction.trial.role for prediction in result.calibrated]
    n_validation = roles.count("validation")
    kept = (
        f"{counted(n_validation, 'trial')} kept aside for validation" if n_validation else "none kept aside"
    )
    return (
        f"{counted(len(result.muscle_names), 'muscle')} calibrated on "
        f"{counted(len(roles) - n_validation, 'trial')}, {kept}; "
        f"{counted(result.n_iterations, 'iteration')}."
    )


def headline(agreement: Mapping[str, Any], *, unseen: bool) -> str:
    """Opens the list of `headline_coordinate`."""
    if not agreement:
        return "No trial was scored."
    if unseen:
        return "On trials the calibration never saw:"
    return (
        "On the trials the model was fitted to (no trial was kept aside, so this says little about others):"
    )


def headline_coordinate(coordinate: str, both: Mapping[str, Any]) -> str:
    """Says how one coordinate's error changed, for a reader who knows the joint, not the code."""
    before, after = both["uncalibrated"], both["calibrated"]
    label = sentence_start(readable_coordinate(coordinate))
    if before["rmse"] is None or after["rmse"] is None:
        return f"{label}: no error could be computed, because the prediction holds no number."
    verb = "rose" if after["rmse"] > before["rmse"] else "fell"
    return (
        f"{label}: the moment's error {verb} from {moment_text(before['rmse'])} to "
        f"{moment_text(after['rmse'])} N m (R² {r2_text(before['r2'])} to {r2_text(after['r2'])})."
    )


def values_at_bounds(parameters: Mapping[str, Any]) -> str:
    """Names every parameter that ended at a bound."""
    at_bound = [
        f"{name} of {muscle}"
        for muscle, changes in parameters.items()
        for name, change in changes.items()
        if change["at_bound"]
    ]
    if not at_bound:
        return "No value ended at a bound."
    return (
        f"At a bound: {', '.join(at_bound)}. Such a value went as far as it was allowed to; the bound chose "
        "it, not the data. Wider bounds, better scaling or a better excitation for that muscle may help."
    )


def elastic_tendons(made_elastic: tuple[str, ...]) -> str:
    """Says which tendons are elastic now; empty when none changed."""
    if not made_elastic:
        return ""
    return (
        f"These muscles had a rigid tendon in the model and were calibrated with an elastic one "
        f"(ignore_tendon_compliance is now false): {', '.join(made_elastic)}."
    )


def starts_sentence(result: CalibrationResult) -> str:
    """Says what searches from other starts led to; empty when there was one."""
    others = result.starts[1:]
    if not others:
        return ""
    best = result.starts[0].cost
    same = [start for start in others if start.cost <= best * _SAME_COST]
    costs = ", ".join(f"{start.cost:.4g}" for start in result.starts)
    sentence = (
        f"{len(others) + 1} searches from different starts ended at the costs {costs}; "
        f"{len(same) + 1} of them within 1 % of the best."
    )
    if not same:
        return f"{sentence} The others stopped in worse minima, or before they reached one."
    spread = {
        kind: max(start.distance[kind] for start in same)
        for kind in ("optimal_fiber_length", "tendon_slack_length")
    }
    words = " and ".join(f"{value:.2f} in {kind}" for kind, value in spread.items())
    return (
        f"{sentence} Among these, values differ from the best by up to {words} on average, in half ranges "
        "of their bounds: what differs although the cost does not, the trials do not determine."
    )


def closed_loop_sentences(closed_loop: Mapping[str, float]) -> list[str]:
    """Explains what OpenSim was asked, and its answer, check by check."""
    reintegration, force, balance = (closed_loop.get(check, math.nan) for check in CLOSED_LOOP_CHECKS)
    return [
        "Re-integration: OpenSim simulated every calibrated muscle by itself, given the same activations and "
        "muscle-tendon lengths. The largest root mean squared difference of a tendon force was "
        + _judged(reintegration, reintegration_limit(closed_loop)),
        "Frame by frame, tendon force: OpenSim was given activation and fiber length at every instant. The "
        "largest difference was " + _judged(force, FRAME_LIMIT),
        "Frame by frame, balance: at OpenSim's own fiber velocity our fiber and tendon forces must cancel. "
        "What remained was " + _judged(balance, FRAME_LIMIT),
    ]


def how_to_continue(result: CalibrationResult, closed_loop: Mapping[str, float]) -> list[str]:
    """Says what to do with the files beside the report."""
    disagrees = closed_loop.get("reintegration_rms_max", 0.0) > reintegration_limit(closed_loop)
    if disagrees:
        return ["No calibrated model was written. Follow the reasons in the box at the top, then run again."]
    return [
        f"Open {result.name}.osim in OpenSim (File, Open Model). It is your scaled model with only the "
        "calibrated numbers changed; every OpenSim tool can use it.",
        "The .sto tables beside this page hold excitations, activations, fiber lengths, tendon forces and "
        "joint moments of every trial. Plot them in OpenSim (Tools, Plot) or load them with the motion.",
        f"{result.name}_subject.xml holds what an .osim file cannot: the activation parameters and the "
        "electromechanical delay. Keep the two together: new trials need both.",
        "parameters.csv and summary.json hold the numbers of this page for a spreadsheet or a program.",
    ]


def _judged(value: float, limit: float) -> str:
    if math.isnan(value):
        return "not computed."
    if math.isinf(value):
        return "not defined: OpenSim could not integrate a muscle."
    verdict = "agrees" if value <= limit else "does not agree"
    return f"{percent_text(value)} of max_isometric_force ({percent_text(limit)} allowed): {verdict}."
