"""What electrodes recorded during a trial, and the muscles it drives."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from opensim_difcal.shapes import MuscleArray


@dataclass(frozen=True)
class Recording:
    """Recorded excitations on a trial's time grid.

    Attributes:
        channel_names: Columns of the excitation file that drive a muscle of the trial.
        excitation: Delayed by the electromechanical delay and clipped to 0..1.
        drivers: Channels by driven muscle.
    """

    channel_names: tuple[str, ...]
    excitation: Float[np.ndarray, "time channel"]
    drivers: Mapping[str, tuple[str, ...]]

    def by_muscle(self, muscle_names: Sequence[str]) -> MuscleArray:
        """Returns every muscle's excitation, the mean of its channels; zero where none drives it."""
        excitation = np.zeros((len(self.excitation), len(muscle_names)))
        for m, name in enumerate(muscle_names):
            indices = [self.channel_names.index(column) for column in self.drivers.get(name, ())]
            if indices:
                excitation[:, m] = self.excitation[:, indices].mean(axis=1)
        return excitation

    def without(self, channels: Collection[str]) -> "Recording":
        """Returns what is left when electrodes are taken off.

        A muscle that other channels drive too keeps theirs; one that none drives any more
        is no longer recorded.
        """
        kept = [i for i, name in enumerate(self.channel_names) if name not in channels]
        left = {
            muscle: tuple(column for column in columns if column not in channels)
            for muscle, columns in self.drivers.items()
        }
        return Recording(
            channel_names=tuple(self.channel_names[i] for i in kept),
            excitation=self.excitation[:, kept],
            drivers={muscle: columns for muscle, columns in left.items() if columns},
        )
