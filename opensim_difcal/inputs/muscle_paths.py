"""The muscles of a model on their way over the joints, for any number of trials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import final

import opensim

from opensim_difcal.inputs.crossing import Crossing, crossing
from opensim_difcal.inputs.geometry import MuscleGeometry, muscle_geometry
from opensim_difcal.inputs.geometry_cache import GeometryCache, geometry_key
from opensim_difcal.inputs.geometry_workers import Motions, geometry_in_workers, workers_that_pay
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
        model_file: The file that holds the very same model, for worker processes; None for
            no such file, and no workers.
    """

    model: opensim.Model
    muscle_names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    cache: GeometryCache | None = None
    model_digest: str = ""
    model_file: Path | None = None
    _prepared: dict[str, MuscleGeometry] = field(default_factory=dict, repr=False)

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
        key = self._key(time, coordinate_values)
        kept = None if self.cache is None else self.cache.find(key)
        if kept is not None:
            return kept
        geometry = self._prepared.pop(key, None)
        if geometry is None:
            names = self.muscle_names, self.coordinate_names
            geometry = muscle_geometry(self.model, time, coordinate_values, *names, crosses=self.crosses)
        if self.cache is not None:
            self.cache.keep(key, geometry)
        return geometry

    def prepare(self, motions: Motions) -> None:
        """Computes in worker processes what `along` will be asked for, if that pays.

        Args:
            motions: Time and coordinate values of each motion.
        """
        if self.model_file is None:
            return
        keyed = {self._key(*motion): motion for motion in motions}
        missing = {key: motion for key, motion in keyed.items() if not (self.cache and self.cache.holds(key))}
        n_frames = sum(len(time) for time, _ in missing.values())
        n_workers = workers_that_pay(n_frames, len(self.muscle_names), len(missing))
        if n_workers > 1:
            names = self.muscle_names, self.coordinate_names
            computed = geometry_in_workers(
                n_workers, self.model_file, list(missing.values()), *names, self.crosses
            )
            found = zip(missing, computed, strict=True)
            self._prepared.update({key: geometry for key, geometry in found if geometry is not None})

    def _key(self, time: TimeArray, coordinate_values: Mapping[str, TimeArray]) -> str:
        return geometry_key(
            self.model_digest, self.muscle_names, self.coordinate_names, time, coordinate_values
        )
