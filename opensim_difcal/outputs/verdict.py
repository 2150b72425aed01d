"""Whether a calibration can be believed, and why, from its summary alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from opensim_difcal.outputs.wording import (
    moment_text,
    percent_text,
    r2_text,
    readable_coordinate,
    sentence_start,
)
from opensim_difcal.physics.curve_strains import CURVE_STRAINS

CLOSED_LOOP_CHECKS = ("reintegration_rms_max", "frame_force_error_max", "frame_balance_error_max")
GOOD_R2 = 0.8
USABLE_R2 = 0.5
GOOD_SHARE_AT_BOUND = 0.1
GOOD_SHARE_INFORMED = 0.5
WRITTEN = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force", *CURVE_STRAINS)
REINTEGRATION_LIMIT = 0.02
FRAME_LIMIT = 1e-6
BROKEN_FRAME_LIMIT = 1e-3


class Trust(Enum):
    """How far a calibration can be believed, from best to worst."""

    GOOD = "good"
    CARE = "usable with care"
    NONE = "do not trust"


@dataclass(frozen=True)
class Finding:
    """One reason for a verdict.

    Attributes:
        trust: What this reason alone allows.
        sentence: The reason, for the user.
    """

    trust: Trust
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """Every reason that was looked at.

    Attributes:
        findings: Worst first.
    """

    findings: tuple[Finding, ...]

    @property
    def trust(self) -> Trust:
        """The worst of the findings decides."""
        return self.findings[0].trust


def verdict(summary: Mapping[str, Any], closed_loop: Mapping[str, float]) -> Verdict:
    """Judges a calibration.

    Args:
        summary: What `outputs.summary.summary` returns; reads its status, pooled, parameters
            and repairs.
        closed_loop: OpenSim's largest disagreement by check, fraction of
            max_isometric_force; infinite where OpenSim could not integrate. May hold the
            limit of the run as "reintegration_rms_limit".

    Returns:
        The findings on the optimizer, the validation trials, the bounds, what the trials
        determine, muscles that had to be repaired and the closed loop.
    """
    findings = [
        *_validation(summary["pooled"]),
        _closed_loop(closed_loop),
        _bounds(summary["parameters"]),
        *_informed(summary["parameters"]),
        *_repairs(summary.get("repairs", [])),
        _status(summary["status"], summary["reason"]),
    ]
    order = list(Trust)
    return Verdict(tuple(sorted(findings, key=lambda finding: -order.index(finding.trust))))


def reintegration_limit(closed_loop: Mapping[str, float]) -> float:
    """Returns the limit of the run's re-integration, fraction of max_isometric_force."""
    return closed_loop.get("reintegration_rms_limit", REINTEGRATION_LIMIT)


def _validation(pooled: Mapping[str, Any]) -> list[Finding]:
    if not pooled:
        sentence = (
            "No validation trial was given, so nothing here shows how the model does on a movement it was "
            "not fitted to. Add a <Trial> with the role validation."
        )
        return [Finding(Trust.CARE, sentence)]
    return [_coordinate(name, both["uncalibrated"], both["calibrated"]) for name, both in pooled.items()]


def _coordinate(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Finding:
    label = sentence_start(readable_coordinate(name))
    if after["r2"] is None:
        sentence = (
            f"{label}: R² on unseen trials could not be computed (measured moment constant, or no number)."
        )
        return Finding(Trust.CARE, sentence)
    measured = f"{label}: R² {r2_text(after['r2'])} on unseen trials"
    if before["rmse"] is not None and after["rmse"] > before["rmse"]:
        sentence = (
            f"{measured}, and the error rose from {moment_text(before['rmse'])} to "
            f"{moment_text(after['rmse'])} N m: the calibration made this moment worse."
        )
        return Finding(Trust.NONE if after["r2"] < USABLE_R2 else Trust.CARE, sentence)
    if after["r2"] < USABLE_R2:
        return Finding(Trust.NONE, f"{measured}, below {USABLE_R2}: this moment is not predicted.")
    if after["r2"] < GOOD_R2:
        return Finding(Trust.CARE, f"{measured}, between {USABLE_R2} and {GOOD_R2}.")
    return Finding(Trust.GOOD, f"{measured}, {GOOD_R2} or better.")


def _closed_loop(closed_loop: Mapping[str, float]) -> Finding:
    reintegration, *frames = (closed_loop.get(check, math.nan) for check in CLOSED_LOOP_CHECKS)
    limit = reintegration_limit(closed_loop)
    if math.isinf(reintegration):
        return Finding(Trust.NONE, "OpenSim could not integrate one of the calibrated muscles.")
    if math.isnan(reintegration) or any(math.isnan(error) for error in frames):
        sentence = "OpenSim's check of the calibrated muscles is missing or incomplete."
        return Finding(Trust.CARE, sentence)
    if reintegration > limit:
        sentence = (
            f"OpenSim disagrees: its own integration differs by {percent_text(reintegration)} of a muscle's "
            f"maximum force, more than the {percent_text(limit)} allowed."
        )
        return Finding(Trust.NONE, sentence)
    if max(frames) > FRAME_LIMIT:
        sentence = (
            f"Frame by frame OpenSim's forces differ by up to {percent_text(max(frames))} of a muscle's "
            f"maximum force, more than the {percent_text(FRAME_LIMIT)} expected."
        )
        return Finding(Trust.NONE if max(frames) > BROKEN_FRAME_LIMIT else Trust.CARE, sentence)
    sentence = (
        "OpenSim agrees: integrating the calibrated muscles itself, it gives the same forces within "
        f"{percent_text(reintegration)} of a muscle's maximum force ({percent_text(limit)} "
        "allowed)."
    )
    return Finding(Trust.GOOD, sentence)


def _bounds(parameters: Mapping[str, Any]) -> Finding:
    flags = [change["at_bound"] for muscle in parameters.values() for change in muscle.values()]
    n_at_bound = sum(flags)
    if n_at_bound == 0:
        return Finding(Trust.GOOD, "No calibrated value ended at one of its bounds.")
    share = n_at_bound / len(flags)
    counted = f"{n_at_bound} of {len(flags)} calibrated values ended at a bound ({percent_text(share)})"
    if share <= GOOD_SHARE_AT_BOUND:
        return Finding(Trust.GOOD, f"{counted}; up to {percent_text(GOOD_SHARE_AT_BOUND)} is usual.")
    sentence = f"{counted}: the data asked for more change than was allowed. Check the scaling of the model."
    return Finding(Trust.CARE, sentence)


def _informed(parameters: Mapping[str, Any]) -> list[Finding]:
    """How many of the numbers that go into the model the trials determine; nothing where it is not known."""
    flags = [
        change["informed"]
        for muscle in parameters.values()
        for name, change in muscle.items()
        if name in WRITTEN and "informed" in change
    ]
    if not flags:
        return []
    n_informed, n_values = sum(flags), len(flags)
    if n_informed == n_values:
        sentence = f"The trials determine all {n_values} values that go into the model."
        return [Finding(Trust.GOOD, sentence)]
    counted = (
        f"The trials determine {n_informed} of the {n_values} values that go into the model; the others stay "
        "near the scaled model or are not determined: see What the trials determine."
    )
    if n_informed >= GOOD_SHARE_INFORMED * n_values:
        return [Finding(Trust.GOOD, counted)]
    sentence = (
        f"{counted} Moments may be right all the same; do not read such values as measurements. More trials, "
        "with other joint angles and efforts, determine more."
    )
    return [Finding(Trust.CARE, sentence)]


def _repairs(repairs: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Muscles that the model leaves no room for their fibers; nothing without any."""
    if not repairs:
        return []
    unsolved = [repair["muscle"] for repair in repairs if not repair["is_feasible"]]
    names = ", ".join(repair["muscle"] for repair in repairs)
    sentence = (
        f"The model leaves no room for the fibers of {names}, so their lengths were changed before the "
        "calibration: see Parameters. Check the scaling of the model."
    )
    if unsolved:
        sentence += f" Within the bounds that was not enough for {', '.join(unsolved)}."
    return [Finding(Trust.CARE, sentence)]


def _status(status: str, reason: str) -> Finding:
    return Finding(Trust.GOOD if status == "converged" else Trust.CARE, f"Optimization: {reason}")
