"""The closed loop: OpenSim repeats what the calibrated muscles did and must agree.

Two checks, because either alone proves little. `reintegrate` lets OpenSim simulate each
muscle of the personalised model under our activation along our muscle-tendon length:
this finds a wrong parameter and too coarse a time step. `frame_check` puts OpenSim's
muscle into our states one by one: this tells whether both evaluate the same equations.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import opensim

from opensim_difcal.errors import ClosedLoopError
from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim
from opensim_difcal.outputs.reintegration import Forces, reintegrating
from opensim_difcal.outputs.slider_model import find_muscle, frames, slider_model
from opensim_difcal.shapes import MuscleArray, TimeArray

REINTEGRATION_LIMIT = 0.02
ForceBalance = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Tendon force minus fiber force along the tendon, in units of max_isometric_force, as a
function of fiber length (m), fiber velocity (m/s), activation and muscle-tendon length
(m); every array is time by muscle."""


@dataclass(frozen=True)
class MuscleTrajectory:
    """What the calibrated muscles did in one trial.

    Attributes:
        muscle_names: Columns of every series.
        time: Time, s.
        n_lead_in: Samples at the start that are simulated but not compared.
        activation: 0..1.
        muscle_tendon_length: m.
        muscle_tendon_velocity: m/s; used for rigid tendons only.
        fiber_length: m; not used for rigid tendons.
        tendon_force: N.
    """

    muscle_names: tuple[str, ...]
    time: TimeArray
    n_lead_in: int
    activation: MuscleArray
    muscle_tendon_length: MuscleArray
    muscle_tendon_velocity: MuscleArray
    fiber_length: MuscleArray
    tendon_force: MuscleArray


@dataclass(frozen=True)
class FrameCheck:
    """How far OpenSim's muscles are from ours in the same state.

    Attributes:
        tendon_force_error_max: Largest difference of the tendon forces, fraction of
            max_isometric_force. Our tendon's small negative force counts as zero.
        balance_error_max: Largest residual of our force balance at OpenSim's fiber
            velocity, fraction of max_isometric_force. Rigid tendons, slack tendons and
            fibers at their shortest length, which need not balance, are left out.
    """

    tendon_force_error_max: float
    balance_error_max: float


@dataclass(frozen=True)
class ClosedLoop:
    """Whether OpenSim agrees with the calibrated muscles.

    Attributes:
        model_path: The personalised model; messages name the file without its folder, which
            is a temporary one until the check is passed.
        limit: Largest accepted RMS error.
        reintegration_rms: By muscle the RMS difference of our tendon force and the one
            OpenSim integrates, fraction of max_isometric_force; infinite where OpenSim
            could not integrate.
        frame_force_error_max: `FrameCheck.tendon_force_error_max`.
        frame_balance_error_max: `FrameCheck.balance_error_max`.
        failures: By muscle beyond the limit what is wrong, in words.
    """

    model_path: Path
    limit: float
    reintegration_rms: Mapping[str, float]
    frame_force_error_max: float
    frame_balance_error_max: float
    failures: Mapping[str, str]

    @property
    def reintegration_rms_max(self) -> float:
        """Largest RMS difference of all muscles, fraction of max_isometric_force."""
        return max(self.reintegration_rms.values())

    def raise_for_failures(self) -> "ClosedLoop":
        """Returns the closed loop unless a muscle failed.

        Raises:
            ClosedLoopError: If OpenSim could not integrate a muscle or differs by more
                than the limit.
        """
        if not self.failures:
            return self
        listed = " ".join(f"{name}: {words}." for name, words in self.failures.items())
        raise ClosedLoopError(
            f"{self.model_path.name}: OpenSim disagrees with the calibrated muscles. {listed} "
            f"Expected an RMS difference of at most {100 * self.limit:g} % of max_isometric_force. "
            "Use a smaller <time_step>. Where that does not help, look at the muscle's tendon strain and "
            "normalized fiber length, and narrow the bounds of its tendon_slack_length."
        )


def closed_loop(
    model_path: Path,
    trajectory: MuscleTrajectory,
    force_balance: ForceBalance,
    *,
    limit: float = REINTEGRATION_LIMIT,
    n_frames: int = 50,
) -> ClosedLoop:
    """Lets OpenSim repeat a trial with the muscles of a personalised model.

    Args:
        model_path: The personalised .osim file.
        trajectory: What our muscles did.
        force_balance: Our force balance.
        limit: Largest accepted RMS error of the tendon force, fraction of
            max_isometric_force.
        n_frames: Number of frames for the frame check.

    Raises:
        ModelError: If the model cannot be loaded or lacks a muscle.
    """
    with closing_loop(model_path, trajectory, force_balance, limit=limit, n_frames=n_frames) as closed:
        return closed()


@contextmanager
def closing_loop(
    model_path: Path,
    trajectory: MuscleTrajectory,
    force_balance: ForceBalance,
    *,
    limit: float = REINTEGRATION_LIMIT,
    n_workers: int = 0,
    n_frames: int = 50,
) -> Iterator[Callable[[], ClosedLoop]]:
    """Does what `closed_loop` does, while the block does something else.

    Args:
        model_path: The personalised .osim file.
        trajectory: What our muscles did.
        force_balance: Our force balance.
        limit: Largest accepted RMS error of the tendon force, fraction of
            max_isometric_force.
        n_workers: Worker processes that integrate meanwhile.
        n_frames: Number of frames for the frame check.

    Yields:
        A function that waits for OpenSim and returns the closed loop; raises a ModelError
        if the model cannot be loaded or lacks a muscle.
    """
    series = trajectory.activation, trajectory.muscle_tendon_length
    with reintegrating(
        model_path, trajectory.muscle_names, trajectory.time, series, n_workers=n_workers
    ) as forces:

        def closed() -> ClosedLoop:
            model = load_model(model_path)
            muscles = [find_muscle(model, name, model_path) for name in trajectory.muscle_names]
            check = _frame_check(muscles, trajectory, force_balance, n_frames=n_frames)
            max_isometric_force = [muscle.get_max_isometric_force() for muscle in muscles]
            rms, failures = _differences(forces(), trajectory, max_isometric_force, limit=limit)
            force_error, balance_error = check.tendon_force_error_max, check.balance_error_max
            return ClosedLoop(model_path, limit, rms, force_error, balance_error, failures)

        yield closed


def _differences(
    forces: Forces, trajectory: MuscleTrajectory, max_isometric_force: Sequence[float], *, limit: float
) -> tuple[dict[str, float], dict[str, str]]:
    """By muscle the RMS difference to OpenSim's force, and what is wrong beyond the limit."""
    rms, failures = {}, {}
    for i, name in enumerate(trajectory.muscle_names):
        force = forces[name]
        if isinstance(force, str):
            rms[name], failures[name] = math.inf, f"OpenSim could not integrate it ({force})"
            continue
        error = (force - trajectory.tendon_force[:, i])[trajectory.n_lead_in :] / max_isometric_force[i]
        rms[name] = float(np.sqrt(np.mean(error**2)))
        if not rms[name] <= limit:
            failures[name] = f"the tendon force differs by {100 * rms[name]:.3g} %"
    return rms, failures


def frame_check(
    model_path: Path, trajectory: MuscleTrajectory, force_balance: ForceBalance, *, n_frames: int = 50
) -> FrameCheck:
    """Puts OpenSim's muscles into our states at some frames and compares forces.

    Args:
        model_path: The personalised .osim file.
        trajectory: What our muscles did.
        force_balance: Our force balance.
        n_frames: Number of frames, evenly spread over the samples after the lead-in.

    Raises:
        ModelError: If the model cannot be loaded or lacks a muscle.
    """
    model = load_model(model_path)
    muscles = [find_muscle(model, name, model_path) for name in trajectory.muscle_names]
    return _frame_check(muscles, trajectory, force_balance, n_frames=n_frames)


def _frame_check(
    muscles: Sequence[opensim.Millard2012EquilibriumMuscle],
    trajectory: MuscleTrajectory,
    force_balance: ForceBalance,
    *,
    n_frames: int,
) -> FrameCheck:
    chosen = _frames_of(trajectory, n_frames)
    fiber_velocity = np.zeros_like(chosen.fiber_length)
    force_error = np.zeros_like(chosen.fiber_length)
    must_balance = np.zeros(chosen.fiber_length.shape, dtype=bool)
    with quiet_opensim():
        for i, muscle in enumerate(muscles):
            theirs = frames(
                slider_model(muscle),
                chosen.activation[:, i],
                chosen.fiber_length[:, i],
                chosen.muscle_tendon_length[:, i],
                chosen.muscle_tendon_velocity[:, i],
            )
            fiber_velocity[:, i] = theirs.fiber_velocity
            error = theirs.tendon_force - np.maximum(chosen.tendon_force[:, i], 0.0)
            force_error[:, i] = np.abs(error) / muscle.get_max_isometric_force()
            is_taut = (theirs.tendon_force > 0.0) & ~theirs.is_at_shortest
            must_balance[:, i] = is_taut & (not muscle.get_ignore_tendon_compliance())
    residual = force_balance(
        chosen.fiber_length, fiber_velocity, chosen.activation, chosen.muscle_tendon_length
    )
    balance_error = np.where(must_balance, np.abs(residual), 0.0)
    return FrameCheck(float(force_error.max()), float(balance_error.max()))


def _frames_of(trajectory: MuscleTrajectory, n_frames: int) -> MuscleTrajectory:
    """Returns evenly spread samples after the lead-in."""
    n_samples = len(trajectory.time)
    chosen = np.unique(np.linspace(trajectory.n_lead_in, n_samples - 1, n_frames).astype(int))
    series = {
        field.name: getattr(trajectory, field.name)[chosen]
        for field in fields(trajectory)
        if field.name not in ("muscle_names", "n_lead_in")
    }
    return replace(trajectory, n_lead_in=0, **series)
