"""What a calibration returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float

from opensim_difcal.calibration.confidence import Identifiability
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.initialization.feasibility import MuscleRepair
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.shapes import CoordinateArray, MuscleArray

PARAMETER_UNITS = {
    "optimal_fiber_length": "m",
    "tendon_slack_length": "m",
    "max_isometric_force": "N",
    "c1": "",
    "c2": "",
    "shape_factor": "",
    **dict.fromkeys(CURVE_STRAINS, ""),
}


class Status(Enum):
    """Why the optimization stopped; the value is a sentence for the user."""

    CONVERGED = "The cost stopped improving by more than the tolerance."
    MAX_ITERATIONS = "The iteration limit was reached. Raise <max_iterations> or loosen <tolerance>."
    MAX_EVALUATIONS = (
        "The limit of evaluations was reached. Raise <max_evaluations> or lower <initial_temperature>."
    )
    MAX_SECONDS = "The time limit was reached. Raise <max_seconds>."
    INTERRUPTED = "Interrupted by the user; the best point so far is kept."


@dataclass(frozen=True)
class Effort:
    """What an optimizer has spent since it began.

    Attributes:
        n_evaluations: Evaluations of the cost; derivatives that come with it are not
            counted apart.
        cpu_seconds: Processor time of this process, s; of all starts that are searched
            from side by side.
    """

    n_evaluations: int
    cpu_seconds: float


@dataclass(frozen=True)
class ParameterChange:
    """One parameter of all muscles, before and after.

    Attributes:
        initial: The model's value, one entry per muscle; of C1, C2 and shape factor the start
            value. A search starts there, unless the muscle was repaired.
        final: Calibrated value.
        lower: Lower bound.
        upper: Upper bound.
    """

    initial: Float[np.ndarray, " muscle"]
    final: Float[np.ndarray, " muscle"]
    lower: Float[np.ndarray, " muscle"]
    upper: Float[np.ndarray, " muscle"]

    @property
    def at_bound(self) -> Bool[np.ndarray, " muscle"]:
        """Whether the final value lies within 1 % of its range from a bound."""
        margin = 0.01 * (self.upper - self.lower)
        return (self.final < self.lower + margin) | (self.final > self.upper - margin)


@dataclass(frozen=True)
class Prediction:
    """What a parameter set predicts for one trial, on the trial's time grid.

    Attributes:
        trial: The trial; series have its time, muscles and coordinates.
        activation: 0..1.
        fiber_length: m.
        normalized_fiber_length: In optimal fiber lengths.
        tendon_force: N.
        tendon_strain: Tendon length over slack length, minus one.
        joint_moment: N m.
    """

    trial: Trial
    activation: MuscleArray
    fiber_length: MuscleArray
    normalized_fiber_length: MuscleArray
    tendon_force: MuscleArray
    tendon_strain: MuscleArray
    joint_moment: CoordinateArray

    def every(self, n: int) -> "Prediction":
        """Returns every n-th sample, the first scored one among them."""
        kept = slice(self.trial.n_lead_in % n, None, n)
        series = {each.name: getattr(self, each.name)[kept] for each in fields(self) if each.name != "trial"}
        return Prediction(trial=self.trial.every(n), **series)


@dataclass(frozen=True)
class StartOutcome:
    """What the search from one start led to.

    Attributes:
        status: Why it stopped.
        n_iterations: Iterations done.
        first_cost: Cost at the start.
        cost: Cost at the end.
        distance: Mean distance from the best result by kind of unknown, in half ranges of
            the bounds.
    """

    status: Status
    n_iterations: int
    first_cost: float
    cost: float
    distance: Mapping[str, float]


@dataclass(frozen=True)
class CalibrationResult:
    """A calibrated parameter set, how it was found and what it predicts.

    Attributes:
        name: Name of the run.
        status: Why the optimizer stopped.
        n_iterations: Iterations done.
        cost_history: Cost by term (weighted) and "total", one entry per iteration; the
            first belongs to the start, the last to the calibrated parameters.
        starts: What every start led to, the best first.
        seconds: Wall-clock seconds of the optimization.
        muscle_names: The muscles that took part.
        parameters: Changes by parameter name (`PARAMETER_NAMES`, then those of
            `CURVE_STRAINS` that were learned).
        strength_groups: Member muscles by strength group.
        strength_coefficients: Calibrated factor on max_isometric_force by group.
        strength_bounds: Lower and upper bound of every strength coefficient.
        strain_groups: Member muscles of every group that shares learned strains.
        made_elastic: Muscles calibrated with an elastic tendon although the model had
            it rigid.
        uncalibrated: Predictions with the model's values, one per trial.
        calibrated: Predictions with the final values, one per trial.
        warnings: Sentences for the user.
        synergies: How unrecorded muscles got their excitations; None for EMG-driven.
        efforts: What was spent by then, one entry per entry of `cost_history`.
        identifiability: Which numbers the trials determine, and how well; None where it
            was not asked for.
        repairs: Muscles whose fibers had no room in the trials with the model's values; the
            search started, and its bounds lie, around the repaired ones.
    """

    name: str
    status: Status
    n_iterations: int
    cost_history: tuple[Mapping[str, float], ...]
    starts: tuple[StartOutcome, ...]
    seconds: float
    muscle_names: tuple[str, ...]
    parameters: Mapping[str, ParameterChange]
    strength_groups: Mapping[str, tuple[str, ...]]
    strength_coefficients: Mapping[str, float]
    strength_bounds: tuple[float, float]
    made_elastic: tuple[str, ...]
    uncalibrated: tuple[Prediction, ...]
    calibrated: tuple[Prediction, ...]
    warnings: tuple[str, ...]
    synergies: SynergyOutcome | None = None
    efforts: tuple[Effort, ...] = ()
    identifiability: Identifiability | None = None
    strain_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repairs: tuple[MuscleRepair, ...] = ()

    @property
    def final_cost(self) -> float:
        """Cost at the calibrated parameters."""
        return self.cost_history[-1]["total"]
