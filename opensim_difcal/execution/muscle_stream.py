"""Calibrated muscles one frame at a time, for programs that run beside a person."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from opensim_difcal.errors import ExecutionError
from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.execution.electrodes import Electrodes
from opensim_difcal.physics.activation import steady_start
from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.equilibrium import equilibrium
from opensim_difcal.physics.limits import LARGEST_TIME_STEP
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.muscle_functions import ACTIVATION, ELASTIC_FORCE, RIGID_FORCE, STEP
from opensim_difcal.physics.simulation import elastic_muscles, rigid_muscles

_Frame = tuple[Tensor, Tensor]  # excitation, muscle-tendon length

Values = Float[np.ndarray, " muscle"]


@dataclass(frozen=True)
class MuscleFrame:
    """What the muscles do at one instant.

    Attributes:
        activation: 0..1.
        fiber_length: m.
        tendon_force: N.
        joint_moment: N m.
    """

    activation: Values
    fiber_length: Values
    tendon_force: Values
    joint_moment: Float[np.ndarray, " coordinate"]


@final
class MuscleStream:
    """Calibrated muscles that are given one frame after the other.

    The frames are those of a trial on a uniform time grid, and the results are the same as
    when the whole trial is run. Excitations are given as they act: that of an electrode is
    to be handed over `delay` later than it was recorded, which leaves time to filter it.

    Attributes:
        muscle_names: The muscles, in the order of every argument and result.
        electrodes: Make excitations of what was recorded; None where that is not known.
        time_step: From one frame to the next, s.
        delay: From electrode to excitation by muscle, s.
    """

    def __init__(
        self,
        muscles: CalibratedMuscles,
        engine: Engine,
        time_step: float | None = None,
        electrodes: Electrodes | None = None,
    ):
        """Prepares a stream, compiling what is not yet compiled.

        Args:
            muscles: Calibrated.
            engine: What computes.
            time_step: From one frame to the next, s; by default that of the muscles. Between
                frames that are farther apart than it, excitations and lengths are
                interpolated, by parabolas through the last three frames.
            electrodes: Of the muscles.

        Raises:
            ExecutionError: If the time step is not positive, or too long.
        """
        self.muscle_names = muscles.names
        self.electrodes = electrodes
        self.time_step = muscles.time_step if time_step is None else time_step
        if not 0.0 < self.time_step <= LARGEST_TIME_STEP:
            raise ExecutionError(
                f"time_step is {self.time_step:g} s. Expected a number above 0 and at most "
                f"{LARGEST_TIME_STEP:g} s, beyond which the tendon is not resolved. Hand over more frames."
            )
        muscles, self._n_substeps = muscles.for_frames(self.time_step)
        self.delay = (muscles.electromechanical_delay + muscles.delay_shift).numpy()
        self._engine = engine
        self._muscles = muscles.muscles
        self._activation_parameters = muscles.activation_parameters
        self._step = torch.tensor(muscles.time_step, dtype=torch.float64)
        self._shares = torch.arange(1, self._n_substeps + 1, dtype=torch.float64) / self._n_substeps
        self._elastic = _Part.of(self._muscles, elastic_muscles(self._muscles))
        self._rigid = _Part.of(self._muscles, rigid_muscles(self._muscles))
        self.reset()
        for _ in range(2):
            self.step(
                np.zeros(len(self.muscle_names)),
                (self._muscles.tendon_slack_length + self._muscles.optimal_fiber_length).numpy(),
                np.zeros((1, len(self.muscle_names))),
            )
        self.reset()

    def reset(self) -> None:
        """Forgets all frames: the next one starts from steady activation and fibers at rest."""
        self._filter: _Filter | None = None
        self._frames: tuple[_Frame, ...] = ()  # at most the last two
        self._before: tuple[Tensor, Tensor] | None = None  # activation, muscle-tendon length
        self._fibers: tuple[Tensor, Tensor] | None = None  # length, velocity

    def step(
        self,
        excitation: np.ndarray,
        muscle_tendon_length: np.ndarray,
        moment_arm: np.ndarray,
        muscle_tendon_velocity: np.ndarray | None = None,
    ) -> MuscleFrame:
        """Returns what the muscles do at the next frame.

        Args:
            excitation: 0..1, as it acts; one value per muscle.
            muscle_tendon_length: m, one value per muscle.
            moment_arm: m, one row per coordinate.
            muscle_tendon_velocity: m/s, one value per muscle; only muscles with a rigid
                tendon need it. Without it the difference to the frame before is taken,
                which lags half a frame.

        Raises:
            ExecutionError: If an argument has another number of muscles, or holds something
                that is not a finite number. The stream is then as it was.
        """
        excitation = self._checked("excitation", excitation, 1)
        muscle_tendon_length = self._checked("muscle_tendon_length", muscle_tendon_length, 1)
        moment_arm = self._checked("moment_arm", moment_arm, 2)
        if muscle_tendon_velocity is not None:
            muscle_tendon_velocity = self._checked("muscle_tendon_velocity", muscle_tendon_velocity, 1)
        with torch.no_grad():
            now = torch.tensor(excitation).clamp(0.0, 1.0), torch.tensor(muscle_tendon_length)
            last, before = (*self._frames, now, now)[:2]
            shares = self._shares if self._frames else self._shares[-1:]
            velocity = (
                (now[1] - last[1]) / self.time_step
                if muscle_tendon_velocity is None
                else torch.tensor(muscle_tendon_velocity)
            )
            for share in shares[:-1]:  # those between the frames
                excitations, lengths = (_between(*x, share) for x in zip(before, last, now, strict=True))
                self._substep(excitations.clamp(0.0, 1.0), lengths, velocity)
            activation, fibers, force = self._substep(*now, velocity)
            self._frames = now, last
        tendon_force = (force * self._muscles.max_isometric_force).numpy()
        return MuscleFrame(activation.numpy(), fibers.numpy(), tendon_force, moment_arm @ tendon_force)

    def _checked(self, name: str, values: np.ndarray, n_axes: int) -> np.ndarray:
        """An argument as numbers, one per muscle along its last axis."""
        values = np.asarray(values, dtype=float)
        n_muscles = len(self.muscle_names)
        if values.ndim != n_axes or values.shape[-1] != n_muscles:
            rows = "one row per coordinate and " if n_axes == 2 else ""
            raise ExecutionError(
                f"{name} has the shape {values.shape}. Expected {rows}{n_muscles} values, one per muscle of "
                "muscle_names, in that order."
            )
        if not np.isfinite(values).all():
            muscle = self.muscle_names[int(np.argwhere(~np.isfinite(values))[0][-1])]
            raise ExecutionError(
                f"{name} of {muscle!r} is not a finite number. Hand over the last good value, or reset the "
                "stream after a gap."
            )
        return values

    def _substep(self, excitation: Tensor, length: Tensor, velocity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Activation, fiber length, m, and tendon force in max_isometric_force."""
        activation = self._activation(excitation)
        force, fibers = torch.empty_like(length), torch.empty_like(length)
        if self._elastic is not None:
            index = self._elastic.index
            fibers[index], force[index] = self._elastic_step(self._elastic, activation, length)
        if self._rigid is not None:
            index = self._rigid.index
            fibers[index], force[index] = self._rigid_step(self._rigid, activation, length, velocity)
        self._before = activation, length
        return activation, fibers, force

    def _activation(self, excitation: Tensor) -> Tensor:
        """Eqs 1 and 2, one instant."""
        parameters = self._activation_parameters
        if self._filter is None:
            self._filter = _Filter(excitation, torch.zeros_like(excitation), torch.zeros_like(excitation))
        neural = self._filter.next(excitation, parameters.c1, parameters.c2)
        variables = neural.unsqueeze(0), parameters.shape_factor
        (activation,) = self._engine.values(ACTIVATION, variables, self._muscles)
        return activation[0]

    def _elastic_step(self, part: "_Part", activation: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Fiber length, m, and tendon force in max_isometric_force."""
        muscles, index = part.muscles, part.index
        now = activation[index].unsqueeze(0), length[index].unsqueeze(0)
        if self._fibers is None or self._before is None:
            fibers = equilibrium(self._engine, *now, muscles).fiber_length
            self._fibers = fibers, torch.zeros_like(fibers)
        else:
            last, velocity = self._fibers
            earlier = tuple(each[index].unsqueeze(0) for each in self._before)
            if muscles.elastic_tendon == "rosenbrock":
                variables = (
                    last,
                    velocity,
                    earlier[0],
                    now[0],
                    *muscles.mechanical,
                    earlier[1],
                    now[1],
                    self._step,
                )
                (fibers,) = self._engine.values(STEP, variables, muscles)
            else:
                activations, lengths = (torch.cat(each) for each in zip(earlier, now, strict=True))
                step = float(self._step)
                fibers = self._engine.balanced_trajectory(last, activations, lengths, muscles, step)[1:]
            self._fibers = fibers, (fibers - last) / self._step
        variables = fibers, *muscles.mechanical, now[1]
        force, _ = self._engine.values(ELASTIC_FORCE, variables, muscles)
        return fibers[0], force[0]

    def _rigid_step(
        self, part: "_Part", activation: Tensor, length: Tensor, velocity: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Fiber length, m, and tendon force in max_isometric_force."""
        muscles, index = part.muscles, part.index
        now = (each[index].unsqueeze(0) for each in (activation, length, velocity))
        first, *others = now
        force, fibers = self._engine.values(RIGID_FORCE, (first, *muscles.mechanical, *others), muscles)
        return fibers[0], force[0]


@dataclass(frozen=True)
class _Part:
    """Some of the muscles."""

    index: Tensor
    muscles: Muscles

    @staticmethod
    def of(muscles: Muscles, index: Tensor) -> "_Part | None":
        return _Part(index, muscles.select(index)) if len(index) else None


class _Filter:
    """Eq. 1 between two frames: the deviation from the first excitation, and the one before."""

    def __init__(self, steady: Tensor, last: Tensor, before: Tensor):
        self._steady, self._last, self._before = steady, last, before

    def next(self, excitation: Tensor, c1: Tensor, c2: Tensor) -> Tensor:
        both = torch.stack([self._steady, excitation])
        steady, by_last, by_before, drive = steady_start(both, c1, c2)
        deviation = by_last * self._last + by_before * self._before + drive[1]
        self._last, self._before = deviation, self._last
        return steady[0] + deviation


def _between(before: Tensor, last: Tensor, now: Tensor, share: Tensor) -> Tensor:
    """A part of the way from the last frame to this one, along the parabola through three frames."""
    return now + (share - 1.0) * ((now - last) + 0.5 * share * (now - 2.0 * last + before))
