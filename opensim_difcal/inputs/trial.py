"""A trial: what was measured, on one uniform time grid, ready for the physics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from opensim_difcal.inputs.recording import Recording
from opensim_difcal.shapes import CoordinateArray, MomentArmArray, MuscleArray, TimeArray


@dataclass(frozen=True)
class Trial:
    """A trial on one uniform time grid.

    Attributes:
        name: Name of the trial.
        role: "calibration", "validation" or "execution".
        muscle_names: Columns of every muscle series.
        coordinate_names: Columns of every coordinate series.
        time: Time, s; the first `n_lead_in` samples are simulated but not scored.
        n_lead_in: Number of lead-in samples.
        excitation: Delayed by the electromechanical delay and clipped to 0..1.
        muscle_tendon_length: m.
        moment_arm: m (rotational coordinates), OpenSim's sign.
        joint_moment: Measured (inverse dynamics), N m, sign of the generalized force; NaN
            where there are no measured moments.
        notes: Sentences for the report: what was clipped, recomputed, filled in.
        recording: What the electrodes recorded; None for excitations of another origin.
        task: What the person does, as the user called it.
    """

    name: str
    role: str
    muscle_names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    time: TimeArray
    n_lead_in: int
    excitation: MuscleArray
    muscle_tendon_length: MuscleArray
    moment_arm: MomentArmArray
    joint_moment: CoordinateArray
    notes: tuple[str, ...] = ()
    recording: Recording | None = None
    task: str = ""

    @property
    def has_joint_moment(self) -> bool:
        """Whether joint moments were measured."""
        return not bool(np.isnan(self.joint_moment).any())

    @property
    def time_step(self) -> float:
        """Step of the uniform grid, s."""
        return float((self.time[-1] - self.time[0]) / (len(self.time) - 1))

    @property
    def scored(self) -> slice:
        """The samples that are compared with the measurement."""
        return slice(self.n_lead_in, len(self.time))

    def every(self, n: int) -> "Trial":
        """Returns every n-th sample, the first scored one among them."""
        kept = slice(self.n_lead_in % n, None, n)
        recording = self.recording
        return replace(
            self,
            time=self.time[kept],
            n_lead_in=self.n_lead_in // n,
            excitation=self.excitation[kept],
            muscle_tendon_length=self.muscle_tendon_length[kept],
            moment_arm=self.moment_arm[kept],
            joint_moment=self.joint_moment[kept],
            recording=recording and replace(recording, excitation=recording.excitation[kept]),
        )

    def of_muscles(self, names: Sequence[str]) -> "Trial":
        """Returns the trial with some of its muscles only, in the given order."""
        kept = [self.muscle_names.index(name) for name in names]
        recording = self.recording
        if recording is not None:
            drivers = {name: columns for name, columns in recording.drivers.items() if name in names}
            recording = replace(recording, drivers=drivers)
        return replace(
            self,
            muscle_names=tuple(names),
            excitation=self.excitation[:, kept],
            muscle_tendon_length=self.muscle_tendon_length[:, kept],
            moment_arm=self.moment_arm[..., kept],
            recording=recording,
        )
