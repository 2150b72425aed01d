"""The report's tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from opensim_difcal.calibration.confidence import Identifiability, Interval
from opensim_difcal.calibration.result import PARAMETER_UNITS, CalibrationResult
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.outputs.report_page import Html, cell, table
from opensim_difcal.outputs.verdict import USABLE_R2
from opensim_difcal.outputs.wording import error_text, moment_text, parameter_text, r2_text, vaf_text

Agreements = Mapping[str, Mapping[str, Mapping[str, float | None]]]

_INFORMED, _NOT_INFORMED = "●", "○"  # as in the figure of the parameters
_HOW_TO_READ_INTERVALS = (
    f"{_INFORMED}: the trials determine it; {_NOT_INFORMED}: they do not. Below it the 95 % interval, cut "
    "off at the bounds, and the standard error (SE), both by the trials alone, without the prior."
)
_VERDICT = "What the trials determine"


def agreement_table(trials: Sequence[Mapping[str, Any]], pooled: Agreements) -> Html:
    """Returns RMSE and R2 before and after, one row per trial and one for all validation trials.

    Args:
        trials: Name, role and agreement by coordinate of every trial.
        pooled: Agreement by coordinate over all validation trials; empty without any.
    """
    coordinates = list(trials[0]["coordinates"])
    header = ["Trial", "Role"]
    for name in coordinates:
        header += [f"{name} RMSE (N m)", f"{name} R²"]
    rows = [
        (trial["name"], [cell(trial["role"]), *_agreement_cells(trial["coordinates"], coordinates)])
        for trial in trials
    ]
    if pooled:
        rows.append(("All validation trials", [cell("pooled"), *_agreement_cells(pooled, coordinates)]))
    caption = f"Before → after calibration. R² below {USABLE_R2} after calibration stands out."
    return table(caption, header, rows)


def parameter_table(result: CalibrationResult) -> Html:
    """Returns start and calibrated values, one row per muscle."""
    header = ["Muscle"]
    for name in result.parameters:
        unit = PARAMETER_UNITS[name]
        header.append(f"{name} ({unit})" if unit else name)
    rows = [
        (muscle, [_parameter_cell(result, name, i) for name in result.parameters])
        for i, muscle in enumerate(result.muscle_names)
    ]
    intervals = f" {_HOW_TO_READ_INTERVALS}" if result.identifiability else ""
    repaired = ", ".join(repair.name for repair in result.repairs)
    start = f" The first is the model's also for what was repaired ({repaired})." if repaired else ""
    caption = f"Start → calibrated value.{start} A value at a bound stands out.{intervals}"
    return table(caption, header, rows)


def verdict_table(known: Identifiability) -> Html:
    """Returns what the trials determine, one row per muscle."""
    rows = [(muscle, [cell(sentence, css="words")]) for muscle, sentence in known.verdicts.items()]
    caption = (
        "Informed: the trials determine the value by itself. Only together: they determine what the two do "
        "in combination. c1, c2 and shape_factor say how an excitation becomes an activation (c1 and c2 can "
        "change places, so their intervals span both); the others go into the model. A strength_coefficient "
        "is the factor on max_isometric_force of all muscles of a group."
    )
    return table(caption, ["Muscle", _VERDICT], rows, words=[_VERDICT])


def strength_table(result: CalibrationResult) -> Html:
    """Returns the strength coefficients with the muscles that share them."""
    lower, upper = result.strength_bounds
    rows = [
        (
            group,
            [
                cell(parameter_text(coefficient)),
                cell(", ".join(result.strength_groups.get(group, (group,))), css="words"),
            ],
        )
        for group, coefficient in result.strength_coefficients.items()
    ]
    caption = f"Factor on max_isometric_force, allowed from {lower:g} to {upper:g}."
    return table(caption, ["Strength group", "Coefficient", "Muscles"], rows, words=["Muscles"])


def synergy_table(outcome: SynergyOutcome) -> Html:
    """Returns extracted and calibrated weights, one row per recorded channel and synthesized muscle."""
    n_channels = len(outcome.channel_names)
    weights, extracted = outcome.shared_weights, outcome.extracted.weights
    by_channel = outcome.variance_accounted_for.by_channel
    rows = []
    for i, name in enumerate((*outcome.channel_names, *outcome.synthesized_muscles)):
        recorded = i < n_channels
        words = [
            f"{start:.3f} → {end:.3f}" if recorded else f"{end:.3f}"
            for start, end in zip(extracted[i] if recorded else weights[i], weights[i], strict=True)
        ]
        vaf = vaf_text(by_channel[name]) if recorded else ""
        kind = "recorded" if recorded else "synthesized"
        rows.append((name, [cell(kind), *map(cell, words), cell(vaf)]))
    mean = " Means over the calibration trials, each of which has weights of its own." * (
        len(outcome.weights) > 1
    )
    numbers = [f"Synergy {i}" for i in range(1, outcome.n_synergies + 1)]
    caption = f"Weights: extracted → calibrated; a synthesized muscle has no extracted ones.{mean}"
    return table(caption, ["Channel or muscle", "Kind", *numbers, "VAF after"], rows)


def _agreement_cells(agreements: Agreements, coordinates: Sequence[str]) -> list[Html]:
    cells = []
    for name in coordinates:
        before, after = agreements[name]["uncalibrated"], agreements[name]["calibrated"]
        r2 = after["r2"]
        cells.append(cell(f"{moment_text(before['rmse'])} → {moment_text(after['rmse'])}"))
        low = "low" if r2 is not None and r2 < USABLE_R2 else ""
        cells.append(cell(f"{r2_text(before['r2'])} → {r2_text(r2)}", css=low))
    return cells


def _parameter_cell(result: CalibrationResult, name: str, muscle: int) -> Html:
    change = result.parameters[name]
    initial, final = float(change.initial[muscle]), float(change.final[muscle])
    css = "bound" if change.at_bound[muscle] else ""
    value = f"{parameter_text(initial)} → {parameter_text(final)}"
    known = result.identifiability
    bounds = float(change.upper[muscle] - change.lower[muscle])
    if known is None or bounds == 0.0:  # a muscle whose strains are not learned keeps the model's
        return cell(value, css=css)
    mark = _INFORMED if known.informed[name][muscle] else _NOT_INFORMED
    return cell(f"{value} {mark}", css=css, below=_interval_lines(known.by_trials[name], muscle, bounds))


def _interval_lines(interval: Interval, muscle: int, bounds: float) -> list[str]:
    """The interval and the standard error, whose number means little where it exceeds the bounds."""
    lower, upper, error = (
        float(each[muscle]) for each in (interval.lower_95, interval.upper_95, interval.standard_error)
    )
    standard_error = error_text(error) if error <= bounds else f"over {error_text(bounds)}"
    return [f"{parameter_text(lower)} to {parameter_text(upper)}", f"SE {standard_error}"]
