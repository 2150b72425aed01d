"""Which coordinates each muscle spans, and its length in any poses of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import opensim
from jaxtyping import Float

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.coupled_coordinates import coupled_coordinates
from opensim_difcal.inputs.crossing import crossing
from opensim_difcal.inputs.geometry import muscle_geometry
from opensim_difcal.inputs.opensim_model import find_coordinate
from opensim_difcal.shapes import MuscleArray

_FARTHEST = 6.3  # rad or m


def spanned_coordinates(model: opensim.Model, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns the coordinates that each muscle spans.

    Left out are coordinates that are coupled to others, locked or prescribed, and those whose range
    is a point.

    Args:
        model: An initialized model.
        names: Muscles.
    """
    free = _free_coordinates(model)
    spans = crossing(model, names, free)
    return {
        name: tuple(coordinate for coordinate, does in zip(free, spans[:, i], strict=True) if does)
        for i, name in enumerate(names)
    }


def coordinate_range(model: opensim.Model, name: str) -> tuple[float, float]:
    """Returns the range that the model gives a coordinate, rad or m.

    Args:
        model: An initialized model.
        name: Name of the coordinate.

    Raises:
        ModelError: If the model has no such coordinate, or the range is no joint's.
    """
    coordinate = find_coordinate(model, name)
    low, high = coordinate.getRangeMin(), coordinate.getRangeMax()
    if max(-low, high) > _FARTHEST:
        raise ModelError(
            f"{model.getInputFileName()}: the range of coordinate {name!r} is {low:g} to {high:g}, which no "
            f"joint has; at most {_FARTHEST:g} (rad or m) to either side is expected. Give it the joint's "
            "<range> in the model."
        )
    return low, high


def lengths_in_poses(
    model: opensim.Model, poses: Mapping[str, Float[np.ndarray, " pose"]], names: Sequence[str]
) -> MuscleArray:
    """Returns muscle-tendon lengths, m, by pose and muscle.

    Args:
        model: An initialized model; it is not changed.
        poses: Values by coordinate, rad or m; the others keep the model's default.
        names: Muscles.

    Raises:
        ModelError: If a muscle or coordinate does not exist, or a path has no length.
    """
    n_poses = len(next(iter(poses.values())))
    nothing = np.zeros((0, len(names)), dtype=bool)
    return muscle_geometry(model, np.zeros(n_poses), poses, names, (), crosses=nothing).muscle_tendon_length


def _free_coordinates(model: opensim.Model) -> tuple[str, ...]:
    state, coupled, every = model.getWorkingState(), coupled_coordinates(model), model.getCoordinateSet()
    coordinates = [every.get(i) for i in range(every.getSize())]
    return tuple(
        each.getName()
        for each in coordinates
        if each.getName() not in coupled
        and not each.getLocked(state)
        and not each.isPrescribed(state)
        and each.getRangeMin() < each.getRangeMax()
    )
