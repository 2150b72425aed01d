"""Trials of different length as one batch of tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.shapes import CoordinateSeries, MomentArms, MuscleSeries, TimeMask


@dataclass(frozen=True)
class TrialBatch:
    """Trials side by side; the shorter ones hold their last sample to the end.

    Attributes:
        trials: The trials, in the order of the first axis.
        time_step: s.
        excitation: 0..1, (trial, time, muscle).
        muscle_tendon_length: m, (trial, time, muscle).
        moment_arm: m, (trial, time, coordinate, muscle).
        joint_moment: N m, (trial, time, coordinate).
        scored: Samples that are compared with the measurement: neither lead-in nor padding.
    """

    trials: tuple[Trial, ...]
    time_step: float
    excitation: MuscleSeries
    muscle_tendon_length: MuscleSeries
    moment_arm: MomentArms
    joint_moment: CoordinateSeries
    scored: TimeMask

    @property
    def muscle_names(self) -> tuple[str, ...]:
        """Columns of every muscle series."""
        return self.trials[0].muscle_names

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """Columns of every coordinate series."""
        return self.trials[0].coordinate_names


def batch_trials(trials: Sequence[Trial], device: torch.device | str = "cpu") -> TrialBatch:
    """Returns the trials as one padded batch of float64 tensors.

    Args:
        trials: At least one; all of the same time step, muscles and coordinates.
        device: Where the tensors live.

    Raises:
        TrialError: If there is no trial, or the trials differ in step, muscles or coordinates.
    """
    if not trials:
        raise TrialError("A batch needs at least one trial. Add a <Trial> to the setup file.")
    first = trials[0]
    for trial in trials[1:]:
        _check_alike(first, trial)
    n_samples = max(len(trial.time) for trial in trials)

    def padded(name: str) -> torch.Tensor:
        series = [_held(getattr(trial, name), n_samples) for trial in trials]
        # A copy: torch aligns its memory, numpy does not, and sums of products depend on that.
        return torch.tensor(np.stack(series), dtype=torch.float64, device=device)

    scored = np.zeros((len(trials), n_samples), dtype=bool)
    for row, trial in zip(scored, trials, strict=True):
        row[trial.scored] = True
    return TrialBatch(
        trials=tuple(trials),
        time_step=first.time_step,
        excitation=padded("excitation"),
        muscle_tendon_length=padded("muscle_tendon_length"),
        moment_arm=padded("moment_arm"),
        joint_moment=padded("joint_moment"),
        scored=torch.as_tensor(scored, device=device),
    )


def _held(series: np.ndarray, n_samples: int) -> np.ndarray:
    """Repeats the last sample up to a length."""
    last = np.repeat(series[-1:], n_samples - len(series), axis=0)
    return np.concatenate([series, last])


def _check_alike(first: Trial, other: Trial) -> None:
    if abs(first.time_step - other.time_step) > 1e-9:
        raise TrialError(
            f"Trial {other.name!r} has the time step {other.time_step:g} s, trial {first.name!r} "
            f"{first.time_step:g} s. Read all trials with one <time_step>."
        )
    for what in ("muscle", "coordinate"):
        names, others = getattr(first, f"{what}_names"), getattr(other, f"{what}_names")
        if names != others:
            raise TrialError(
                f"Trial {other.name!r} has the {what}s {', '.join(others)}; trial {first.name!r} has "
                f"{', '.join(names)}. Read all trials with the same {what}s in the same order."
            )
