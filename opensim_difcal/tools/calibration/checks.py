"""What is wrong with the settings of a calibration, before its inputs are read."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from opensim_difcal.errors import SetupFileError
from opensim_difcal.outputs.quantities import QUANTITIES, SYNERGY_QUANTITIES
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.limits import LARGEST_TIME_STEP
from opensim_difcal.tools.common.file_checks import files_read, overwritten, unusable_folder
from opensim_difcal.tools.common.setting_checks import (
    file_name_faults,
    refused,
    repeated,
    word_faults,
)
from opensim_difcal.tools.nms_calibration_tool import PRESETS, NMSCalibrationTool
from opensim_difcal.user_file import file_fault
from opensim_difcal.wording import did_you_mean

_POSITIVE = (
    "time_step",
    "max_seconds",
    "tolerance",
    "learning_rate",
    "initial_temperature",
    "cost_epsilon",
)
_NOT_NEGATIVE = (
    "lead_in",
    "electromechanical_delay",
    "weight_decay",
    "normalized_fiber_length_weight",
    "tendon_strain_weight",
    "prior_weight",
    "excitation_tracking_weight",
    "synthesized_excitation_weight",
    "synergy_range_weight",
    "unrecorded_prior_factor",
)
_COUNTS = (
    "max_iterations",
    "patience",
    "n_starts",
    "n_factorizations",
    "max_evaluations",
    "sweeps_per_adjustment",
    "adjustments_per_temperature",
    "n_epsilon",
)
_RELATIVE = (1.0, (0.0, math.inf))
_BOUNDED: dict[str, tuple[str | float, tuple[float, float]]] = {
    **dict.fromkeys(("optimal_fiber_length", "tendon_slack_length", "strength_coefficient"), _RELATIVE),
    **dict.fromkeys(("passive_fiber_strain_at_one_norm_force", "tendon_strain_at_one_norm_force"), _RELATIVE),
    "passive_fiber_strain_at_zero_force": (0.0, (-1.0, 1.0)),
    "c1": ("initial_c1", (-1.0, 0.0)),
    "c2": ("initial_c2", (-1.0, 0.0)),
    "shape_factor": ("initial_shape_factor", (-math.inf, 0.0)),
}
"""By parameter its start, or the element of it, and what bounds must lie between."""


def setting_problems(tool: NMSCalibrationTool) -> list[SetupFileError]:
    """Returns what is wrong with the settings themselves, without reading the inputs.

    Args:
        tool: The settings; values have the declared types.
    """
    sentences = list(word_faults(tool))
    for files in tool.trials:
        sentences += word_faults(files, f"<trials>/<Trial name={files.name!r}>/")
    for files in tool.cycle_trials:
        sentences += word_faults(files, f"<cycle_trials>/<CycleTrial name={files.name!r}>/")
    if tool.preset not in PRESETS:  # reported; the other settings are checked all the same
        tool = replace(tool, preset="default")
    for check in (
        _numbers,
        _bounds,
        _ranges,
        _names,
        _groups,
        _curve_strains,
        _synergies,
        _annealing,
        _cost_terms,
        _overwritten,
        unusable_folder,
    ):
        sentences += check(tool)
    return [SetupFileError(sentence) for sentence in sentences]


def _numbers(tool: NMSCalibrationTool) -> Iterator[str]:
    for name in _POSITIVE:
        if not getattr(tool, name) > 0.0:
            yield refused(name, getattr(tool, name), "a number above 0")
    for name in ("tolerance", "initial_temperature", "cost_epsilon"):
        if math.isinf(getattr(tool, name)):
            yield refused(name, getattr(tool, name), "a finite number")
    if not 0.0 < tool.closed_loop_limit < 1.0:
        yield refused("closed_loop_limit", tool.closed_loop_limit, "a number above 0 and below 1")
    for name in _NOT_NEGATIVE:
        if not 0.0 <= tool.by_preset(name) < math.inf:
            yield refused(name, tool.by_preset(name), "a number, 0 or more")
    for name in _COUNTS:
        if tool.by_preset(name) < 1:
            yield refused(name, tool.by_preset(name), "a whole number above 0")
    if tool.time_step > LARGEST_TIME_STEP:
        yield refused(
            "time_step",
            tool.time_step,
            f"at most {LARGEST_TIME_STEP:g} s, beyond which the tendon is not resolved",
        )
    if not 0.0 < tool.learning_rate_decay <= 1.0:
        yield refused("learning_rate_decay", tool.learning_rate_decay, "a number above 0 and at most 1")

    if not 0.0 < tool.temperature_reduction_factor < 1.0:
        yield refused(
            "temperature_reduction_factor",
            tool.temperature_reduction_factor,
            "a number above 0 and below 1",
        )


def _annealing(tool: NMSCalibrationTool) -> Iterator[str]:
    """What simulated annealing, which computes one muscle at a time, cannot do."""
    if tool.by_preset("optimizer") != "simulated_annealing":
        return
    place = "<optimizer> is simulated_annealing"
    if tool.mode != "emg_driven":
        yield f"{place}, but <mode> is {tool.mode}. Choose another <optimizer>, or set <mode> to emg_driven."
    if tool.device != "cpu":
        yield f"{place}, but <device> is {tool.device}. Choose another <optimizer>, or set <device> to cpu."
    if tool.calibrated_curve_strains:
        names = ", ".join(tool.calibrated_curve_strains)
        yield (
            f"{place}, but <calibrated_curve_strains> names {names}. Choose another <optimizer>, or remove "
            "the element."
        )
    if tool.cost_terms:
        names = ", ".join(map(str, tool.cost_terms))
        yield f"{place}, but cost_terms holds {names}. Choose another <optimizer>, or remove cost_terms."


def _bounds(tool: NMSCalibrationTool) -> Iterator[str]:
    for name, (given, (least, most)) in _BOUNDED.items():
        lower, upper = getattr(tool, f"{name}_bounds")
        start = getattr(tool, given) if isinstance(given, str) else given
        place = f"<{name}_bounds> is '{lower:g} {upper:g}'"
        if not least < lower < upper < most:
            yield (
                f"{place}; expected a lower bound and a larger upper bound, both strictly between {least:g} "
                f"and {most:g}."
            )
        elif not lower < start < upper:
            what = (
                _element(given, start)
                if isinstance(given, str)
                else f"the start, {start:g} (the model's value),"
            )
            yield f"{place}; {what} lies outside. Choose bounds with the start strictly inside."


def _element(name: str, value: float) -> str:
    return f"the start, <{name}> {value:g},"


def _ranges(tool: NMSCalibrationTool) -> Iterator[str]:
    for name in ("normalized_fiber_length_range", "tendon_strain_range"):
        low, high = getattr(tool, name)
        if not -math.inf < low < high < math.inf:
            yield f"<{name}> is '{low:g} {high:g}'; expected a finite number and a larger one."


def _names(tool: NMSCalibrationTool) -> Iterator[str]:
    names = [files.name for files in tool.trials]
    if "calibration" not in {files.role for files in (*tool.trials, *tool.cycle_trials)}:
        yield "<trials>, <cycle_trials>: no trial has <role>calibration</role>. Give at least one."
    yield from file_name_faults(tool.name, [*names, *(files.name for files in tool.cycle_trials)])
    for name in repeated(tool.coordinates):
        yield f"<coordinates> holds {name!r} more than once. Remove all but one."
    may_be_a_cycle = any(f"{tool.closed_loop_trial}".startswith(each.name) for each in tool.cycle_trials)
    if tool.closed_loop_trial is not None and tool.closed_loop_trial not in names and not may_be_a_cycle:
        yield (
            f"<closed_loop_trial> is {tool.closed_loop_trial!r}, which is no trial."
            f"{did_you_mean(tool.closed_loop_trial, names)} Give the name of a <Trial>, or leave it out."
        )


def _groups(tool: NMSCalibrationTool) -> Iterator[str]:
    for element, shared in (
        ("strength_groups", "strength coefficient"),
        ("curve_strain_groups", "set of curve strains"),
    ):
        groups = getattr(tool, element)
        for name in repeated([group.name for group in groups]):
            yield f"<{element}>: several groups have the name {name!r}. Rename all but one."
        members = [(muscle, group.name) for group in groups for muscle in group.muscles]
        for muscle in repeated([muscle for muscle, _ in members]):
            places = ", ".join(repr(group) for member, group in members if member == muscle)
            yield (
                f"<{element}>: muscle {muscle!r} stands in several places: {places}. A muscle has one "
                f"{shared}; leave it in one group."
            )


def _curve_strains(tool: NMSCalibrationTool) -> Iterator[str]:
    for name in tool.calibrated_curve_strains:
        if name not in CURVE_STRAINS:
            yield (
                f"<calibrated_curve_strains> holds {name!r}; expected some of {', '.join(CURVE_STRAINS)}."
                f"{did_you_mean(name, CURVE_STRAINS)}"
            )
    for name in repeated(tool.calibrated_curve_strains):
        yield f"<calibrated_curve_strains> holds {name!r} more than once. Remove all but one."
    if tool.curve_strain_groups and not tool.calibrated_curve_strains:
        yield (
            "<curve_strain_groups> has groups, but <calibrated_curve_strains> is empty, so nothing is "
            "shared. Name the strains there, or remove the groups."
        )


def _synergies(tool: NMSCalibrationTool) -> Iterator[str]:
    if tool.n_synergies is not None and tool.n_synergies < 1:
        yield refused("n_synergies", tool.n_synergies, "a whole number above 0")
    if tool.primitive_spacing is not None and not tool.time_step < tool.primitive_spacing < math.inf:
        yield refused("primitive_spacing", tool.primitive_spacing, "a number above <time_step>")
    if not 0.0 < tool.by_preset("minimum_variance_accounted_for") < 1.0:
        yield refused(
            "minimum_variance_accounted_for", tool.minimum_variance_accounted_for, "a number between 0 and 1"
        )
    if tool.mode != "synergy_hybrid" and tool.synthesized_muscles:
        yield (
            f"<synthesized_muscles> names {', '.join(tool.synthesized_muscles)}, but <mode> is {tool.mode}, "
            "which synthesizes nothing. Set <mode> to synergy_hybrid, or remove the element."
        )
    for name in repeated(tool.synthesized_muscles):
        yield f"<synthesized_muscles> holds {name!r} more than once. Remove all but one."


def _cost_terms(tool: NMSCalibrationTool) -> Iterator[str]:
    """Terms that a Python program adds."""
    if not tool.cost_terms:
        return
    from opensim_difcal.calibration.user_terms import term_faults  # imports torch, as the terms' author has

    yield from term_faults(tool.cost_terms)


def output_names(tool: NMSCalibrationTool) -> tuple[str, ...]:
    """Returns the names of all files that a run writes into its results directory."""
    hybrid = tool.mode == "synergy_hybrid"
    quantities = (*QUANTITIES, *(SYNERGY_QUANTITIES if hybrid else ()))
    tables = [f"{files.name}_{quantity}.sto" for files in tool.trials for quantity in quantities]
    single = ("parameters.csv", "report.html", "summary.json", *(("synergy_weights.csv",) if hybrid else ()))
    return f"{tool.name}.osim", f"{tool.name}_subject.xml", *single, *tables


def _overwritten(tool: NMSCalibrationTool) -> Iterator[str]:
    yield from overwritten(tool.results_directory, output_names(tool), _inputs(tool))


def _inputs(tool: NMSCalibrationTool) -> Iterator[tuple[str, Path]]:
    yield from files_read(tool.model_file, tool.trials)
    sidecar = tool.results_directory / f"{tool.name}_subject.xml"
    if file_fault(sidecar) is None and f"<{type(tool).__name__}".encode() in sidecar.read_bytes():
        yield "a setup file", sidecar
