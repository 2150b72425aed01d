"""Calibrates what was read: settings to optimizer, with a progress bar."""

import logging
from dataclasses import replace

from tqdm import tqdm

from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.cost import CostSettings
from opensim_difcal.calibration.optimization import AnnealingSettings, OptimizerSettings
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.calibration.synergy_hybrid import SynergySettings
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, parameter_bounds
from opensim_difcal.tools.common.cache_folder import cache_folder
from opensim_difcal.tools.nms_calibration_tool import PRIMITIVE_SPACING, NMSCalibrationTool

_log = logging.getLogger("opensim_difcal")


def make_engine(tool: NMSCalibrationTool, inputs: CalibrationInputs) -> Engine:
    """Makes what computes; machine code is compiled, unless an earlier run left it."""
    muscles, folder = chosen_muscles(tool, inputs), cache_folder(tool, "kernels")
    if tool.compiled and tool.device == "cpu" and (folder is None or not folder.exists()):
        _log.info("Compiling the muscle, some five seconds; later runs find it in the cache directory.")
    return best_engine(muscles, folder, compiled=tool.compiled)


def calibrate_inputs(
    tool: NMSCalibrationTool,
    inputs: CalibrationInputs,
    engine: Engine | None = None,
    *,
    progress: bool = False,
) -> CalibrationResult:
    """Calibrates and predicts every trial.

    Args:
        tool: The settings.
        inputs: Model, muscles and trials.
        engine: What computes; by default what the settings say.
        progress: Whether a progress bar with the cost is shown.
    """
    settings = calibration_settings(tool)
    with tqdm(
        total=settings.optimization.max_iterations, disable=not progress, desc=tool.name, unit="iteration"
    ) as bar:

        def show(iteration: int, cost: dict[str, float]) -> None:
            bar.set_postfix_str(f"cost {cost['total']:.4g}", refresh=False)
            bar.update(iteration - bar.n)

        result = calibrate(
            tool.name,
            inputs.trials,
            chosen_muscles(tool, inputs),
            settings,
            engine=engine or make_engine(tool, inputs),
            made_elastic=inputs.made_elastic,
            repairs=inputs.repairs,
            progress=show,
        )
    return replace(result, warnings=(*result.warnings, *inputs.notes, *_term_notes(tool)))


def chosen_muscles(tool: NMSCalibrationTool, inputs: CalibrationInputs) -> Muscles:
    """The model's muscles, on the device and with the elastic tendon that the settings choose."""
    return inputs.muscles.to(tool.device).with_elastic_tendon(tool.by_preset("elastic_tendon"))


def _term_notes(tool: NMSCalibrationTool) -> list[str]:
    """What the settings that are written down cannot say."""
    if not tool.cost_terms:
        return []
    return [f"The cost has terms that were given in Python: {', '.join(tool.cost_terms)}."]


def calibration_settings(tool: NMSCalibrationTool) -> CalibrationSettings:
    """The tool's settings, sorted by what uses them."""
    return CalibrationSettings(
        optimizer=tool.by_preset("optimizer"),
        optimization=OptimizerSettings(
            max_iterations=tool.by_preset("max_iterations"),
            max_seconds=tool.max_seconds,
            tolerance=tool.tolerance,
            patience=tool.patience,
            learning_rate=tool.learning_rate,
            learning_rate_decay=tool.learning_rate_decay,
            weight_decay=tool.weight_decay,
            annealing=AnnealingSettings(
                initial_temperature=tool.initial_temperature,
                temperature_reduction_factor=tool.temperature_reduction_factor,
                sweeps_per_adjustment=tool.sweeps_per_adjustment,
                adjustments_per_temperature=tool.adjustments_per_temperature,
                cost_epsilon=tool.cost_epsilon,
                n_epsilon=tool.n_epsilon,
                max_evaluations=tool.max_evaluations,
                seed=tool.seed,
            ),
        ),
        cost=CostSettings(
            moment_error=tool.by_preset("moment_error"),
            normalized_fiber_length_range=tool.normalized_fiber_length_range,
            normalized_fiber_length_penalty=tool.by_preset("normalized_fiber_length_penalty"),
            normalized_fiber_length_weight=tool.by_preset("normalized_fiber_length_weight"),
            tendon_strain_range=tool.tendon_strain_range,
            tendon_strain_weight=tool.by_preset("tendon_strain_weight"),
            prior_weight=tool.by_preset("prior_weight"),
            excitation_tracking_weight=tool.by_preset("excitation_tracking_weight"),
            synthesized_excitation_weight=tool.by_preset("synthesized_excitation_weight"),
            synergy_range_weight=tool.by_preset("synergy_range_weight"),
        ),
        terms=tool.cost_terms,
        bounds=parameter_bounds(tool),
        learned_strains=tool.calibrated_curve_strains,
        strain_groups={group.name: group.muscles for group in tool.curve_strain_groups},
        strength_groups={group.name: group.muscles for group in tool.strength_groups},
        start=(tool.initial_c1, tool.initial_c2, tool.initial_shape_factor),
        n_starts=tool.n_starts,
        seed=tool.seed,
        unrecorded_prior_factor=tool.unrecorded_prior_factor,
        synergies=synergy_settings(tool) if tool.mode == "synergy_hybrid" else None,
    )


def synergy_settings(tool: NMSCalibrationTool) -> SynergySettings:
    """The settings of a synergy-hybrid calibration."""
    spacing = tool.primitive_spacing
    return SynergySettings(
        n_synergies=tool.n_synergies,
        least_vaf=tool.by_preset("minimum_variance_accounted_for"),
        n_restarts=tool.n_factorizations,
        weights_by_trial=tool.weights_by_trial,
        primitives=tool.primitives,
        spacing=PRIMITIVE_SPACING[tool.primitives] if spacing is None else spacing,
    )
