"""What the report says in words."""

import math
from collections.abc import Mapping
from typing import Any

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.outputs.verdict import CLOSED_LOOP_CHECKS, FRAME_LIMIT, reintegration_limit
from opensim_difcal.outputs.wording import (
    moment_text,
    percent_text,
    r2_text,
    readable_coordinate,
    sentence_start,
    vaf_text,
)
from opensim_difcal.wording import counted

_SAME_COST = 1.01
_SYNERGY_FILES = (
    "synergy_weights.csv holds the weights of the synergies, and three more .sto tables of each trial their "
    "primitives, the excitations they reconstruct and those they synthesize. The sidecar holds the weights "
    "too: new trials need them."
)

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
        *([_SYNERGY_FILES] if result.synergies else []),
    ]


def synergy_sentences(outcome: SynergyOutcome, least_vaf: float | None) -> list[str]:
    """Says what the synergies are, how well they do, and what rests on them.

    Args:
        outcome: The synergies.
        least_vaf: Variance to account for by which their number was chosen; None where
            the number was asked for.
    """
    vaf = outcome.variance_accounted_for
    worst = min(vaf.by_channel, key=lambda name: vaf.by_channel[name])
    sentences = [
        _synergy_number(outcome, least_vaf),
        "Variance accounted for (VAF) is the share of the recorded excitations that synergies reconstruct: "
        f"{vaf_text(outcome.extracted.variance_accounted_for.total)} as extracted, {vaf_text(vaf.total)} "
        f"after the calibration, which also fits the moments. Worst channel after it: {worst}, "
        f"{vaf_text(vaf.by_channel[worst])}.",
    ]
    if not outcome.synthesized_muscles:
        return [*sentences, "Every muscle has a recording, so no excitation was synthesized."]
    return [
        *sentences,
        f"{counted(len(outcome.synthesized_muscles), 'muscle')} without a recording got synthesized "
        f"excitations: {', '.join(outcome.synthesized_muscles)}. All others were driven by the recorded EMG.",
    ]


def synergy_cautions(outcome: SynergyOutcome) -> list[str]:
    """Warns of what synthesized excitations cannot show; empty where there are none."""
    if not outcome.synthesized_muscles:
        return []
    return [
        "In calibration trials synthesized excitations were fitted to the joint moments. In validation "
        "trials they come from the recorded EMG alone: it is projected onto the synergies, and no moment is "
        "used.",
        "Nothing measured shows whether a synthesized excitation is right. The parameters of muscles without "
        "a recording are therefore less certain than those of recorded ones: a wrong excitation and a wrong "
        "parameter can make up for each other.",
    ]


def _synergy_number(outcome: SynergyOutcome, least_vaf: float | None) -> str:
    number = outcome.n_synergies
    start = f"{number} synergies were" if number != 1 else "1 synergy was"
    if least_vaf is None:
        return f"{start} extracted from the recorded excitations, as the settings ask for."
    tried = ", ".join(f"{n}: {vaf_text(vaf)}" for n, vaf in sorted(outcome.vaf_by_number.items()))
    fewest = outcome.vaf_by_number.get(number, 0.0) > least_vaf
    why = (
        f"the fewest that account for more than {vaf_text(least_vaf)} of their variance"
        if fewest
        else f"one per channel, because fewer account for less than {vaf_text(least_vaf)} of their variance"
    )
    return f"{start} extracted from the recorded excitations, {why} (by number: {tried})."


def _judged(value: float, limit: float) -> str:
    if math.isnan(value):
        return "not computed."
    if math.isinf(value):
        return "not defined: OpenSim could not integrate a muscle."
    verdict = "agrees" if value <= limit else "does not agree"
    return f"{percent_text(value)} of max_isometric_force ({percent_text(limit)} allowed): {verdict}."
