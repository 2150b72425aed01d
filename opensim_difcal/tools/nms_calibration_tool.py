"""NMSCalibrationTool: scaled model and trials in, personalised .osim out."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opensim_difcal.errors import DifcalError, raise_problems
from opensim_difcal.inputs.cycle_trials import CycleTrial, trials_of_cycles
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.trial_files import TrialFiles
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.settings import setting
from opensim_difcal.tools.common.findings import Findings
from opensim_difcal.tools.common.garbage import no_garbage_collection
from opensim_difcal.tools.common.model_object import ModelObject
from opensim_difcal.tools.common.setup_call import FromSetupFile
from opensim_difcal.tools.common.stopwatch import Stopwatch

if TYPE_CHECKING:
    from opensim_difcal.tools.calibration.outputs import CalibrationOutcome

_log = logging.getLogger("opensim_difcal")


PRESETS: dict[str, dict[str, Any]] = {
    "default": {
        "optimizer": "levenberg_marquardt",
        "max_iterations": 100,
        "elastic_tendon": "rosenbrock",
        "moment_error": "variance_scaled",
        "normalized_fiber_length_penalty": "excess",
        "normalized_fiber_length_weight": 10.0,
        "tendon_strain_weight": 10.0,
        "prior_weight": 0.005,
        "excitation_tracking_weight": 1000.0,
        "synthesized_excitation_weight": 10.0,
        "synergy_range_weight": 100.0,
        "minimum_variance_accounted_for": 0.95,
    },
    "hambly2024": {
        "optimizer": "adamw",
        "max_iterations": 1000,
        "elastic_tendon": "rosenbrock",
        "moment_error": "raw",
        "normalized_fiber_length_penalty": "excess",
        "normalized_fiber_length_weight": 1e3,
        "tendon_strain_weight": 1e3,
        "prior_weight": 0.0,
        "excitation_tracking_weight": 1e4,
        "synthesized_excitation_weight": 1e2,
        "synergy_range_weight": 1e4,
        "minimum_variance_accounted_for": 0.85,
    },
    "ceinms": {
        "optimizer": "simulated_annealing",
        "max_iterations": 10_000,
        "elastic_tendon": "equilibrium",
        "moment_error": "variance_scaled",
        "normalized_fiber_length_penalty": "whole_deviation",
        "normalized_fiber_length_weight": 100.0,
        "tendon_strain_weight": 0.0,
        "prior_weight": 0.0,
        "excitation_tracking_weight": 1e4,
        "synthesized_excitation_weight": 1e2,
        "synergy_range_weight": 1e4,
        "minimum_variance_accounted_for": 0.85,
    },
}
"""Values of the settings that a preset decides; Table SII of the paper is not public."""

HYBRID = {"prior_weight": 0.1, "max_iterations": 200}
"""What the default preset decides differently where mode is synergy_hybrid: the prior is a mean over
more muscles, most of which nobody recorded, and there is more to find."""

PRIMITIVE_SPACING = {"spline": 0.05, "gaussian": 0.15}
"""Distance of knots or Gaussians, s."""


def _by_preset(name: str) -> str:
    """The values that the presets give a setting, for its help."""
    values = ", ".join(f"{values[name]} in {preset}" for preset, values in PRESETS.items())
    hybrid = f"; {HYBRID[name]} in default where mode is synergy_hybrid" if name in HYBRID else ""
    return f"By preset: {values}{hybrid}."


@dataclass(frozen=True, kw_only=True)
class StrengthGroup:
    """One `<StrengthGroup>`: muscles that share a strength coefficient."""

    name: str = setting("Name of the group.")
    muscles: tuple[str, ...] = setting("Members; each muscle in one group at most.")


@dataclass(frozen=True, kw_only=True)
class CurveStrainGroup:
    """One `<CurveStrainGroup>`: muscles that share the calibrated strains of their curves."""

    name: str = setting("Name of the group.")
    muscles: tuple[str, ...] = setting("Members; each muscle in one group at most.")


@dataclass(kw_only=True)
class NMSCalibrationTool(metaclass=FromSetupFile):
    """EMG-driven or synergy-hybrid calibration of an OpenSim model's muscles.

    Made from a setup file, `NMSCalibrationTool("setup.xml")`, or from its properties. In
    code, `model_file` may also be an `opensim.Model`.
    """

    name: str = setting("Name of the run; names the output files.", default="calibration")
    model_file: Path | ModelObject = setting("The scaled .osim model to calibrate.", is_path=True)
    results_directory: Path = setting(
        "Folder for everything the tool writes; made when it does not exist.", default=Path("results")
    )
    cache_directory: Path | None = setting(
        "Folder in which muscle-tendon lengths and moment arms are kept, so that later runs on the same "
        "model and motion need not compute them, and machine code of the muscle. It may be deleted at any "
        "time. By default a folder of the user: opensim_difcal in ~/.cache or XDG_CACHE_HOME, on Windows in "
        "LOCALAPPDATA, on macOS in ~/Library/Caches.",
        default=None,
    )
    use_cache: bool = setting(
        "Whether they are kept there and taken from there. The results are the same.", default=True
    )
    mode: str = setting(
        "emg_driven: every muscle with an excitation is calibrated. synergy_hybrid: every muscle that "
        "crosses a chosen coordinate is; muscles without an excitation are driven by synergies.",
        default="emg_driven",
        allowed=("emg_driven", "synergy_hybrid"),
    )
    preset: str = setting(
        "default: what works best for a user, by the numbers in docs/validation.md. hambly2024: the "
        "paper's method (AdamW, raw moment error of Eq. 4, no prior). ceinms: the older method that the "
        "paper compares with (simulated annealing, variance-scaled moment error, penalty on fiber lengths "
        "alone, tendons in equilibrium); it takes minutes to hours. An element that is given wins.",
        default="default",
        allowed=("default", "hambly2024", "ceinms"),
    )

    coordinates: tuple[str, ...] = setting("Coordinates whose joint moments are tracked.")
    trials: tuple[TrialFiles, ...] = setting("The trials.", default=())
    cycle_trials: tuple[CycleTrial, ...] = setting(
        "Recordings whose good cycles are trials too, as EMGProcessingTool found them.", default=()
    )
    excitation_map: tuple[ExcitationChannel, ...] = setting(
        "Which muscles an excitation column drives. Without any, columns are named after muscles.",
        default=(),
    )
    strength_groups: tuple[StrengthGroup, ...] = setting(
        "Muscles that share one strength coefficient; a muscle in no group has its own.", default=()
    )
    calibrated_curve_strains: tuple[str, ...] = setting(
        "Strains of the muscles' curves that are calibrated too, beside lengths and strength: "
        f"{', '.join(CURVE_STRAINS)}. The model's curves are stretched along their strain, and written into "
        "the calibrated model.",
        default=(),
    )
    curve_strain_groups: tuple[CurveStrainGroup, ...] = setting(
        "Muscles that share these strains, as one number each: a factor on each member's own value, or, of "
        "the strain at zero force, what is added to it. A muscle in no group keeps the model's; without any "
        "group all muscles share.",
        default=(),
    )
    synthesized_muscles: tuple[str, ...] = setting(
        "synergy_hybrid: muscles without an excitation that synergies drive. By default every one that "
        "crosses a chosen coordinate.",
        default=(),
    )
    allow_extra_columns: bool = setting(
        "Whether excitation columns that drive no muscle are ignored instead of refused.", default=False
    )
    convert_thelen_muscles: bool = setting(
        "Whether Thelen2003Muscle objects are replaced by Millard2012EquilibriumMuscle with the "
        "same parameters. Without it a model with other muscles is refused.",
        default=False,
    )
    repair_infeasible_muscles: bool = setting(
        "Whether a muscle that the trials, validation trials included, leave no room for its fiber (shorter "
        "than zero with the tendon at slack length) starts from a shorter tendon_slack_length, and from a "
        "shorter optimal_fiber_length where that is not enough: by as little as makes its fiber nowhere "
        "shorter than OpenSim allows, within the bounds. Bounds then are relative to the repaired values, "
        "and the prior holds those.",
        default=True,
    )
    tendon: str = setting(
        "model: elastic or rigid as each muscle's ignore_tendon_compliance says; elastic: all elastic, "
        "and the calibrated model says so.",
        default="model",
        allowed=("model", "elastic"),
    )
    elastic_tendon: str | None = setting(
        "How elastic tendons are integrated. rosenbrock: one linear step of the paper's Eq. A5; equilibrium: "
        "the force balance is solved at every time step, as CEINMS does. "
        f"{_by_preset('elastic_tendon')}",
        default=None,
        allowed=("rosenbrock", "equilibrium"),
    )

    time_step: float = setting("Step of the simulation; C1 and C2 belong to it.", unit="s", default=0.005)
    lead_in: float = setting(
        "Simulated before each time range, not scored, where the files hold data.", unit="s", default=0.1
    )
    electromechanical_delay: float = setting("From excitation to neural activation.", unit="s", default=0.035)
    lowpass_cutoff_frequency_for_coordinates: float = setting(
        "Low-pass of the coordinates, as the inverse dynamics had it: OpenSim's 3rd-order Butterworth, "
        "forward and backward. -1 for none.",
        unit="Hz",
        default=6.0,
    )

    optimal_fiber_length_bounds: tuple[float, float] = setting(
        "Bounds relative to the model's value.", default=(0.85, 1.15)
    )
    tendon_slack_length_bounds: tuple[float, float] = setting(
        "Bounds relative to the model's value.", default=(0.85, 1.15)
    )
    strength_coefficient_bounds: tuple[float, float] = setting(
        "Bounds of the factor on max_isometric_force.", default=(0.5, 2.5)
    )
    c1_bounds: tuple[float, float] = setting("Bounds of C1 at the time step.", default=(-0.95, -0.05))
    c2_bounds: tuple[float, float] = setting("Bounds of C2 at the time step.", default=(-0.95, -0.05))
    shape_factor_bounds: tuple[float, float] = setting(
        "Bounds of the shape factor A.", default=(-2.999, -0.001)
    )
    passive_fiber_strain_at_zero_force_bounds: tuple[float, float] = setting(
        "Bounds of what is added to the model's value.", default=(-0.2, 0.2)
    )
    passive_fiber_strain_at_one_norm_force_bounds: tuple[float, float] = setting(
        "Bounds relative to the model's value.", default=(0.5, 1.5)
    )
    tendon_strain_at_one_norm_force_bounds: tuple[float, float] = setting(
        "Bounds relative to the model's value. A more compliant tendon may also need a wider "
        "tendon_strain_range.",
        default=(0.5, 2.0),
    )
    initial_c1: float = setting("Start value of C1 of every muscle.", default=-0.5)
    initial_c2: float = setting("Start value of C2 of every muscle.", default=-0.5)
    initial_shape_factor: float = setting("Start value of the shape factor A of every muscle.", default=-1.0)

    moment_error: str | None = setting(
        "raw: mean squared error, Eq. 4; variance_scaled: divided by the variance of each trial's and "
        f"coordinate's measured moment, as CEINMS does. {_by_preset('moment_error')}",
        default=None,
        allowed=("raw", "variance_scaled"),
    )
    normalized_fiber_length_range: tuple[float, float] = setting(
        "Allowed without penalty. 0.5 1.05 keeps muscles on the ascending limb and plateau.",
        default=(0.5, 1.5),
    )
    normalized_fiber_length_penalty: str | None = setting(
        "excess: on the excess over the range; whole_deviation: outside the range on the whole deviation "
        "from 1, so that the cost jumps at its ends, as in CEINMS. "
        f"{_by_preset('normalized_fiber_length_penalty')}",
        default=None,
        allowed=("excess", "whole_deviation"),
    )
    normalized_fiber_length_weight: float | None = setting(
        f"Weight of the squared excess, or deviation. {_by_preset('normalized_fiber_length_weight')}",
        default=None,
    )
    tendon_strain_range: tuple[float, float] = setting("Allowed without penalty.", default=(0.0, 0.05))
    tendon_strain_weight: float | None = setting(
        f"Weight of the squared excess over the range. {_by_preset('tendon_strain_weight')}", default=None
    )
    prior_weight: float | None = setting(
        "Weight of the mean squared deviation from the start, in half bound ranges. "
        f"{_by_preset('prior_weight')}",
        default=None,
    )

    unrecorded_prior_factor: float = setting(
        "synergy_hybrid: how much more the prior holds muscles without an excitation.", default=1.0
    )
    n_synergies: int | None = setting(
        "synergy_hybrid: number of synergies. By default the fewest that account for enough.", default=None
    )
    minimum_variance_accounted_for: float | None = setting(
        "synergy_hybrid: what is enough, as a part of the recorded excitations' variance. "
        f"{_by_preset('minimum_variance_accounted_for')}",
        default=None,
    )
    n_factorizations: int = setting(
        "synergy_hybrid: random starts of the factorization; the best is kept.", default=20
    )
    weights_by_trial: bool = setting(
        "synergy_hybrid: whether every trial has weights of its own, instead of sharing them. Unseen trials "
        "are then predicted with their mean.",
        default=False,
    )
    primitives: str = setting(
        "synergy_hybrid: time courses of the synergies, in every trial its own. spline: free, as smooth as "
        "an EMG envelope. gaussian: sums of bursts, with fewer unknowns.",
        default="spline",
        allowed=("spline", "gaussian"),
    )
    primitive_spacing: float | None = setting(
        "synergy_hybrid: distance of the spline's knots (by default 0.05), or of the Gaussians (0.15).",
        unit="s",
        default=None,
    )
    excitation_tracking_weight: float | None = setting(
        "synergy_hybrid: w_e of Eq. 5, on the mean squared error of the recorded excitations that synergies "
        f"reconstruct. {_by_preset('excitation_tracking_weight')}",
        default=None,
    )
    synthesized_excitation_weight: float | None = setting(
        "synergy_hybrid: w_s of Eq. 5, on the mean square of synthesized excitations. "
        f"{_by_preset('synthesized_excitation_weight')}",
        default=None,
    )
    synergy_range_weight: float | None = setting(
        "synergy_hybrid: on the squared excess of synthesized excitations, primitives and weights over 0 to "
        f"1. {_by_preset('synergy_range_weight')}",
        default=None,
    )

    optimizer: str | None = setting(
        f"How the cost is minimized. {_by_preset('optimizer')}",
        default=None,
        allowed=("levenberg_marquardt", "lbfgs", "adamw", "simulated_annealing"),
    )
    max_iterations: int | None = setting(
        "Iteration budget. An iteration of simulated_annealing is one adjustment of its step sizes. "
        f"{_by_preset('max_iterations')}",
        default=None,
    )
    max_seconds: float = setting("Time budget of the optimizer.", unit="s", default=3600.0)
    n_starts: int = setting(
        "Searches: the first from the model's own values, the others from random ones around them. The "
        "best is kept, and the report shows how far the others ended from it.",
        default=1,
    )
    seed: int = setting(
        "Of everything random: starts, synergies, annealing. The same seed gives the same numbers.", default=1
    )
    tolerance: float = setting("Relative decrease of the cost that counts as an improvement.", default=1e-4)
    patience: int = setting("adamw: iterations without improvement before stopping.", default=50)
    learning_rate: float = setting("adamw: first learning rate, on the scale of the sigmoid.", default=0.05)
    learning_rate_decay: float = setting("adamw: factor on the learning rate per iteration.", default=0.995)
    weight_decay: float = setting("adamw: decoupled weight decay, pulls to the start.", default=1e-4)
    max_evaluations: int = setting(
        "simulated_annealing: no temperature begins after so many evaluations of the cost (CEINMS: "
        "maxNoEval).",
        default=200_000,
    )
    initial_temperature: float = setting(
        "simulated_annealing: first temperature, in units of the cost (CEINMS: T).", default=200_000.0
    )
    temperature_reduction_factor: float = setting(
        "simulated_annealing: on the temperature after every round (CEINMS: rt).", default=0.1
    )
    sweeps_per_adjustment: int = setting(
        "simulated_annealing: changes of every unknown between adjustments of the step sizes (CEINMS: NS).",
        default=30,
    )
    adjustments_per_temperature: int = setting(
        "simulated_annealing: adjustments of the step sizes at every temperature (CEINMS: NT).", default=20
    )
    cost_epsilon: float = setting(
        "simulated_annealing: it is over when the last temperatures end so close to the lowest cost (CEINMS: "
        "epsilon).",
        default=1e-5,
    )
    n_epsilon: int = setting(
        "simulated_annealing: how many temperatures before the present one must do so (CEINMS: noEpsilon).",
        default=4,
    )

    device: str = setting(
        "cpu, or cuda for an NVIDIA graphics card, which pays for many muscles, trials and starts at once.",
        default="cpu",
        allowed=("cpu", "cuda"),
    )
    compiled: bool = setting(
        "cpu: whether the muscle is made into machine code, which is some ten times faster than plain "
        "torch. Where that cannot be done, plain torch is used; the results are the same.",
        default=True,
    )

    closed_loop_trial: str | None = setting(
        "Trial that OpenSim repeats with the calibrated model. By default the first.", default=None
    )
    closed_loop_limit: float = setting(
        "Largest RMS difference of a tendon force to OpenSim's, in max_isometric_force.", default=0.02
    )

    cost_terms: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Further terms of the cost by name, in Python only: see docs/cost_terms.md."""

    def __post_init__(self) -> None:
        """Takes paths that are given as text."""
        if isinstance(self.model_file, str | PathLike):
            self.model_file = Path(self.model_file)
        self.results_directory = Path(self.results_directory)
        self.cache_directory = None if self.cache_directory is None else Path(self.cache_directory)

    def run(self, *, progress: bool = False, threads: int = 1) -> "CalibrationOutcome":
        """Calibrates the model and writes every output file; the .osim comes last.

        Args:
            progress: Whether a progress bar with the cost is shown.
            threads: Threads that torch uses meanwhile. The tensors are small: more than
                one is usually slower.

        Returns:
            The calibrated model, the result and the files that were written.

        Raises:
            DifcalError: If an input, the optimization or the closed loop fails. Earlier
                results are then as they were.
        """
        if self.cycle_trials:
            return self.with_cycles().run(progress=progress, threads=threads)
        watch = Stopwatch()
        raise_problems(self.setting_problems())  # before the imports, which take seconds

        with no_garbage_collection():
            from opensim_difcal.tools.calibration.inputs import read_inputs
            from opensim_difcal.tools.calibration.outputs import write_outputs
            from opensim_difcal.tools.calibration.run import calibrate_inputs, make_engine
            from opensim_difcal.tools.common.torch_threads import torch_threads

        with torch_threads(threads):
            inputs = read_inputs(self)
            watch.lap("geometry")
            _log.info("Read %d trials and %d muscles.", len(inputs.trials), len(inputs.muscles.names))
            engine = make_engine(self, inputs)
            watch.lap("compilation")
            result = calibrate_inputs(self, inputs, engine, progress=progress)
            watch.lap("calibration")
            _log.info(
                "%s Cost %.4g after %d iterations.",
                result.status.value,
                result.final_cost,
                result.n_iterations,
            )
            return write_outputs(self, inputs, result, watch)

    def output_names(self) -> tuple[str, ...]:
        """Names of all files that a run writes into its results directory."""
        from opensim_difcal.tools.calibration.checks import output_names

        return output_names(self)

    def setting_problems(self) -> list[DifcalError]:
        """What is wrong with the settings themselves, whatever the files hold."""
        from opensim_difcal.tools.calibration.checks import setting_problems

        return list(setting_problems(self))

    def problems(self) -> list[DifcalError]:
        """Everything that is wrong with the inputs, found without calibrating."""
        if self.cycle_trials:
            try:
                return self.with_cycles().problems()
            except DifcalError as error:
                return [error]
        with no_garbage_collection():
            from opensim_difcal.tools.calibration.inputs import input_problems

        return input_problems(self)

    def with_cycles(self) -> "NMSCalibrationTool":
        """The tool with a trial for every cycle of its recordings.

        Raises:
            DifcalError: If a cycles file cannot be used.
        """
        return replace(self, trials=(*self.trials, *trials_of_cycles(self.cycle_trials)), cycle_trials=())

    def findings(self) -> Findings:
        """Everything that is wrong with the inputs, and what looks wrong."""
        if self.cycle_trials:
            try:
                return self.with_cycles().findings()
            except DifcalError as error:
                return Findings([error])
        with no_garbage_collection():
            from opensim_difcal.tools.calibration.inputs import input_findings

        return input_findings(self)

    def settled(self) -> "NMSCalibrationTool":
        """The tool with every setting that its preset decides written out."""
        return replace(self, **{name: self.by_preset(name) for name in PRESETS[self.preset]})

    def by_preset(self, name: str) -> Any:
        """Value of a setting: as given, else the preset's."""
        given = getattr(self, name)
        if given is not None:
            return given
        if name in HYBRID and self.preset == "default" and self.mode == "synergy_hybrid":
            return HYBRID[name]
        return PRESETS[self.preset][name]
