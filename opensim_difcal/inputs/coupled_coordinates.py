"""Coordinates that constraints make functions of others, such as the patella's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import opensim

from opensim_difcal.errors import ModelError
from opensim_difcal.shapes import TimeArray


@final
@dataclass(frozen=True)
class CoordinateCoupling:
    """A coordinate that a CoordinateCouplerConstraint makes a function of others."""

    independents: tuple[str, ...]
    function: opensim.Function

    def evaluate(self, values: Mapping[str, TimeArray]) -> TimeArray:
        """Returns the dependent coordinate, rad or m.

        Args:
            values: Series of at least the independent coordinates, rad or m.
        """
        rows = np.column_stack([values[name] for name in self.independents])
        return np.array([self.function.calcValue(opensim.Vector.createFromMat(row)) for row in rows])

    def speed(self, values: Mapping[str, TimeArray], speeds: Mapping[str, TimeArray]) -> TimeArray:
        """Returns the speed of the dependent coordinate, rad/s or m/s.

        Args:
            values: Series of at least the independent coordinates, rad or m.
            speeds: Their speeds; absent ones stand still.
        """
        moving = [(i, speeds[name]) for i, name in enumerate(self.independents) if name in speeds]
        rows = np.column_stack([values[name] for name in self.independents])
        total = np.zeros(len(rows))
        for i, speed in moving:
            points = (opensim.Vector.createFromMat(row) for row in rows)
            total += speed * np.array([self.function.calcDerivative([i], point) for point in points])
        return total


def coupled_coordinates(model: opensim.Model) -> dict[str, CoordinateCoupling]:
    """Returns the coordinates that enforced couplers determine, such as the patella's.

    Args:
        model: An initialized model.

    Returns:
        Couplings by the dependent coordinate; none depends on a later one.
    """
    found = {}
    for constraint in enforced_constraints(model):
        coupler = opensim.CoordinateCouplerConstraint.safeDownCast(constraint)
        if coupler is not None:
            names = coupler.getIndependentCoordinateNames()
            independents = tuple(names.get(i) for i in range(names.getSize()))
            # The clone lives on when the model is gone.
            coupling = CoordinateCoupling(independents, coupler.getFunction().clone())
            found[coupler.getDependentCoordinateName()] = coupling
    ordered: dict[str, CoordinateCoupling] = {}
    while len(ordered) < len(found):
        waiting = {name for name in found if name not in ordered}
        free = [name for name in waiting if not waiting.intersection(found[name].independents)]
        if not free:
            raise ModelError(
                f"{model.getName()}: the coupled coordinates {sorted(waiting)} depend on each other "
                "in a circle. Remove one of their CoordinateCouplerConstraint objects."
            )
        ordered.update({name: found[name] for name in sorted(free)})
    return ordered


def enforced_constraints(model: opensim.Model) -> list[opensim.Constraint]:
    """Returns the constraints that are switched on."""
    constraints = model.getConstraintSet()
    every = [constraints.get(i) for i in range(constraints.getSize())]
    return [constraint for constraint in every if constraint.get_isEnforced()]
