"""The muscles of a model on their way over the joints, for any number of trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import opensim

from opensim_difcal.inputs.crossing import Crossing, crossing
from opensim_difcal.inputs.geometry import MuscleGeometry, muscle_geometry
from opensim_difcal.inputs.geometry_cache import GeometryCache, geometry_key
from opensim_difcal.shapes import TimeArray


@final
@dataclass(frozen=True)
class MusclePaths:
    """Muscles of a model and the coordinates whose joint moments are tracked.

    Attributes:
        model: An initialized model.
        muscle_names: Muscles of the trials.
        coordinate_names: Coordinates whose joint moments are tracked.
        cache: Where geometry is kept; None for nowhere.
        model_digest: Hash of the model's content; needed with a cache.
    """

    model: opensim.Model
    muscle_names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    cache: GeometryCache | None = None
    model_digest: str = ""

    @cached_property
    def crosses(self) -> Crossing:
        """Which muscle spans which coordinate."""
        return crossing(self.model, self.muscle_names, self.coordinate_names)

    def along(self, time: TimeArray, coordinate_values: Mapping[str, TimeArray]) -> MuscleGeometry:
        """Returns lengths and moment arms along a motion, from the cache if they are there.

        Args:
            time: s.
            coordinate_values: rad or m, by coordinate.
        """
        if self.cache is None:
            return self._computed(time, coordinate_values)
        key = geometry_key(
            self.model_digest, self.muscle_names, self.coordinate_names, time, coordinate_values
        )
        geometry = self.cache.find(key)
        if geometry is None:
            geometry = self._computed(time, coordinate_values)
            self.cache.keep(key, geometry)
        return geometry

    def _computed(self, time: TimeArray, coordinate_values: Mapping[str, TimeArray]) -> MuscleGeometry:
        names = self.muscle_names, self.coordinate_names
        return muscle_geometry(self.model, time, coordinate_values, *names, crosses=self.crosses)
