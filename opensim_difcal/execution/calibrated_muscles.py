"""The muscles of a calibrated subject, at any time step."""

import math
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters

_ROUNDING, _SAME = 1e-6, 1e-12  # s


@final
@dataclass(frozen=True)
class CalibratedMuscles:
    """Muscles with their activation dynamics.

    Attributes:
        muscles: Parameters.
        activation_parameters: Eqs 1 and 2; c1 and c2 belong to the time step.
        time_step: s.
        electromechanical_delay: Before the activation dynamics, s.
        delay_shift: What is added to the delay of each muscle, s; zero at the time step of
            the calibration.
    """

    muscles: Muscles
    activation_parameters: ActivationParameters
    time_step: float
    electromechanical_delay: float
    delay_shift: Tensor

    @property
    def names(self) -> tuple[str, ...]:
        """The muscles' names."""
        return self.muscles.names

    def at_time_step(self, time_step: float) -> "CalibratedMuscles":
        """Returns the same muscles for trials of another time step.

        Eq. 1 is two first-order filters in a row with the poles -C1 and -C2. A pole p that
        belongs to the step h stands for the time constant -h / ln p, so at the step h' it
        is p^(h'/h). Each discrete filter also delays by h p / (1 - p) on average, which the
        other step changes; the difference goes into the delay, so that activations neither
        lead nor lag.

        Args:
            time_step: s.
        """
        if time_step == self.time_step:
            return self
        before = self.activation_parameters
        poles = -before.c1, -before.c2
        converted = tuple(pole ** (time_step / self.time_step) for pole in poles)
        pairs = zip(poles, converted, strict=True)
        lost = [_mean_delay(p, self.time_step) - _mean_delay(q, time_step) for p, q in pairs]
        return replace(
            self,
            activation_parameters=replace(before, c1=-converted[0], c2=-converted[1]),
            time_step=time_step,
            delay_shift=self.delay_shift + lost[0] + lost[1],
        )

    def for_frames(self, frame_step: float) -> tuple["CalibratedMuscles", int]:
        """Returns the muscles at the step to simulate at, and how many such steps make a frame.

        No step is longer than that of the calibration: a longer one would resolve tendons
        less well than the calibrated parameters expect.

        Args:
            frame_step: From one frame to the next, s.
        """
        n_substeps = max(1, math.ceil(frame_step / self.time_step - _ROUNDING))
        step = frame_step / n_substeps
        return self.at_time_step(self.time_step if abs(step - self.time_step) < _SAME else step), n_substeps

    def without_activation_dynamics(self) -> "CalibratedMuscles":
        """Returns the muscles with activation equal to excitation, at once."""
        nothing = torch.zeros_like(self.delay_shift)
        return replace(
            self,
            activation_parameters=ActivationParameters(nothing, nothing, nothing),
            electromechanical_delay=0.0,
            delay_shift=nothing,
        )

    def with_rigid_tendon(self, *, rigid: bool) -> "CalibratedMuscles":
        """Returns the muscles with every tendon made rigid, or elastic."""
        return replace(
            self, muscles=self.muscles.with_rigid_tendon(torch.full_like(self.muscles.rigid_tendon, rigid))
        )

    def shift_by_muscle(self) -> dict[str, float]:
        """Returns the shifts of the delay that are not zero, s."""
        shifts = zip(self.names, self.delay_shift.tolist(), strict=True)
        return {name: shift for name, shift in shifts if shift != 0.0}


def _mean_delay(pole: Tensor, time_step: float) -> Tensor:
    """Mean of the impulse response's time, s."""
    return time_step * pole / (1.0 - pole)
