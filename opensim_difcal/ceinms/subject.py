"""The subject of CEINMS: muscle-tendon units and their parameters."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.ceinms.dialects import Dialect

CURVES = ("activeForceLength", "passiveForceLength", "forceVelocity", "tendonForceStrain")

TIME_STEP_KEY = "c1_c2_time_step="
"""Before the time step of C1 and C2, s, in the calibration sequence of a subject that was exported."""


@dataclass(frozen=True)
class CurvePoints:
    """One curve of all muscle-tendon units, a spline through points.

    Attributes:
        name: One of `CURVES`.
        x: Normalized fiber length, fiber velocity over its maximum, or tendon strain.
        y: Force multiplier.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class MTU:
    """One muscle-tendon unit.

    Attributes:
        name: That of the model's muscle.
        c1: First pole of the activation filter, negative of it.
        c2: Second.
        shape_factor: Of excitation to activation; positive ones belong to `piecewise`.
        optimal_fiber_length: At full activation, m.
        pennation_angle: At optimal fiber length, rad.
        tendon_slack_length: m.
        max_isometric_force: N.
        strength_coefficient: Factor on it.
        max_contraction_velocity: Optimal fiber lengths per second; None where not given.
        em_delay: s; None where not given.
        damping: None where not given.
        activation_scale: Of version 0.21.
    """

    name: str
    c1: float
    c2: float
    shape_factor: float
    optimal_fiber_length: float
    pennation_angle: float
    tendon_slack_length: float
    max_isometric_force: float
    strength_coefficient: float
    max_contraction_velocity: float | None = None
    em_delay: float | None = None
    damping: float | None = None
    activation_scale: float = 1.0

    @property
    def effective_force(self) -> float:
        """Maximum isometric force times strength coefficient, N."""
        return self.max_isometric_force * self.strength_coefficient


@dataclass(frozen=True)
class CalibrationInfo:
    """What a calibrated subject tells of its calibration.

    Attributes:
        start_subject_file: The subject that it began with, as written.
        calibration_sequence: Names of trials, as written.
    """

    start_subject_file: str
    calibration_sequence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CEINMSSubject:
    """A subject file.

    Attributes:
        path: The file.
        dialect: The program that it is for.
        em_delay: Of all muscle-tendon units, s; None where the file does not say.
        percentage_change: By which part optimal fiber length is longer without activation.
        damping: Of all muscle-tendon units.
        curves: Those given; without any CEINMS takes its defaults.
        mtus: The muscle-tendon units.
        dofs: Muscle-tendon units by degree of freedom.
        calibrated: What the file tells of its calibration; None when uncalibrated.
        channels: Muscles by EMG channel, of CEINMS-RT.
        model_file: The .osim file, of version 0.21.
    """

    path: Path
    dialect: Dialect
    em_delay: float | None
    percentage_change: float
    damping: float
    curves: tuple[CurvePoints, ...]
    mtus: tuple[MTU, ...]
    dofs: Mapping[str, tuple[str, ...]]
    calibrated: CalibrationInfo | None
    channels: Mapping[str, tuple[str, ...]]
    model_file: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the muscle-tendon units."""
        return tuple(mtu.name for mtu in self.mtus)

    @property
    def delay(self) -> float | None:
        """The delay that CEINMS takes for all: the first unit's own, else the common one, s."""
        own = self.mtus[0].em_delay
        return self.em_delay if own is None else own

    @property
    def exported_time_step(self) -> float | None:
        """The time step that an export noted, s; None for any other file."""
        for word in self.calibrated.calibration_sequence if self.calibrated else ():
            if word.startswith(TIME_STEP_KEY):
                try:
                    step = float(word.removeprefix(TIME_STEP_KEY))
                except ValueError:
                    return None
                return step if 0.0 < step < math.inf else None
        return None
