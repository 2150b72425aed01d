"""From what electrodes record at one instant to the excitation of every muscle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from opensim_difcal.errors import ExecutionError
from opensim_difcal.execution.execute import Projection
from opensim_difcal.synergies.projection import project


@final
@dataclass(frozen=True)
class Electrodes:
    """Which electrodes drive which muscles, directly or through synergies.

    Attributes:
        channel_names: The electrodes, in the order of what they record.
        muscle_names: The muscles, in the order of excitations.
        drivers: Electrodes by muscle; a muscle gets their mean.
        projection: The subject's synergies, for muscles without an electrode.
    """

    channel_names: tuple[str, ...]
    muscle_names: tuple[str, ...]
    drivers: Mapping[str, tuple[str, ...]]
    projection: Projection | None = None

    def excitation(self, recorded: np.ndarray) -> Float[np.ndarray, " muscle"]:
        """Returns every muscle's excitation; zero for one that nothing drives.

        Args:
            recorded: Linear envelope of every channel, 0..1.

        Raises:
            ExecutionError: If there are more or fewer values than channels, or one is not a
                finite number.
        """
        values = np.asarray(recorded, dtype=float)
        if values.shape != (len(self.channel_names),) or not np.isfinite(values).all():
            raise ExecutionError(
                f"recorded is {np.array2string(values, threshold=6)}. Expected "
                f"{len(self.channel_names)} finite numbers, one per channel: {', '.join(self.channel_names)}."
            )
        by_channel = dict(zip(self.channel_names, np.clip(values, 0.0, 1.0).tolist(), strict=True))
        projected = {} if self.projection is None else self._projected(self.projection, by_channel)
        return np.array([self._of(name, by_channel, projected) for name in self.muscle_names])

    def _of(self, name: str, by_channel: Mapping[str, float], projected: Mapping[str, float]) -> float:
        if name in self.drivers:
            return float(np.mean([by_channel[channel] for channel in self.drivers[name]]))
        return projected.get(name, 0.0)

    def _projected(self, projection: Projection, by_channel: Mapping[str, float]) -> dict[str, float]:
        n_channels = len(projection.channel_names)
        of_channels, of_muscles = projection.weights[:n_channels], projection.weights[n_channels:]
        instant = np.array([[by_channel[name] for name in projection.channel_names]])
        primitives = project(instant, of_channels, others=of_muscles, ratio=projection.ratio)
        series = np.clip(primitives @ of_muscles.T, 0.0, 1.0)[0]
        return dict(zip(projection.muscle_names, series.tolist(), strict=True))
