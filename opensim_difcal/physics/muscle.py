"""The Millard muscle: fixed-width pennation, force balance between fiber and tendon.

Everything here is elementwise: the force of a muscle at a time depends on that muscle
and that time alone. Forces are in max_isometric_force.

References:
    Hambly et al., Eq. 3. Millard et al. (2013), J Biomech Eng 135(2):021005.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import final

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from opensim_difcal.physics.curves import CurveTable
from opensim_difcal.shapes import MuscleValues, PerMuscle, PerMuscleFlag

TENDON_EXTENSION_SLOPE = 8e-4  # of the tendon's linear stiffness; the steepest is 9/8 of it
TENDON_EXTENSION_WIDTH = 2e-3  # strain

_LEARNED = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")

ELASTIC_TENDONS = ("rosenbrock", "equilibrium")
"""How an elastic tendon is integrated: `elastic_tendon`, `equilibrium_tendon`."""


@final
class Fixed:
    """What is fixed about muscles.

    Attributes:
        tensors: By name; curve tables taken apart.
    """

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        """Takes the tensors."""
        self.tensors = tensors
        self._stacks: dict[tuple[str, ...], np.ndarray] = {}

    def stack(self, names: tuple[str, ...]) -> np.ndarray:
        """Returns some of the tensors as the rows of an array, which is kept for the next time."""
        if names not in self._stacks:
            self._stacks[names] = np.stack([self.tensors[name].numpy() for name in names])
        return self._stacks[names]


@dataclass(frozen=True)
class Muscles:
    """Parameters of all muscles; every tensor has one entry per muscle.

    Physics is elementwise, so the two lengths may also be given at every instant, and all
    learned parameters with the axes (start, 1, 1, muscle).

    Attributes:
        names: Muscle names.
        max_isometric_force: N.
        optimal_fiber_length: m.
        tendon_slack_length: m.
        pennation_angle_at_optimal: rad.
        maximum_pennation_angle: rad.
        max_contraction_velocity: Optimal fiber lengths per second.
        fiber_damping: Force at max_contraction_velocity, in max_isometric_force.
        minimum_activation: Activation is clamped here, as OpenSim does.
        minimum_normalized_fiber_length: The shorter of fibers is clamped here; the
            larger of the pennation limit and the start of the active curve.
        rigid_tendon: OpenSim's ignore_tendon_compliance.
        active_force_length: Table of ActiveForceLengthCurve.
        fiber_force_length: Table of FiberForceLengthCurve.
        force_velocity: Table of ForceVelocityCurve.
        tendon_force_length: Table of TendonForceLengthCurve.
        tendon_stiffness: Slope of the tendon curve's linear part, in
            max_isometric_force per slack length.
        passive_fiber_strain_at_zero_force: Of the table of FiberForceLengthCurve.
        passive_fiber_strain_at_one_norm_force: Likewise.
        tendon_strain_at_one_norm_force: Of the table of TendonForceLengthCurve.
        elastic_tendon: One of `ELASTIC_TENDONS`, for all muscles whose tendon is not rigid.
        curve_strains: Other values of `CURVE_STRAINS`, to which the tables are stretched;
            None where curves are as tabulated.
    """

    names: tuple[str, ...]
    max_isometric_force: MuscleValues
    optimal_fiber_length: MuscleValues
    tendon_slack_length: MuscleValues
    pennation_angle_at_optimal: PerMuscle
    maximum_pennation_angle: PerMuscle
    max_contraction_velocity: PerMuscle
    fiber_damping: PerMuscle
    minimum_activation: PerMuscle
    minimum_normalized_fiber_length: PerMuscle
    rigid_tendon: PerMuscleFlag
    active_force_length: CurveTable
    fiber_force_length: CurveTable
    force_velocity: CurveTable
    tendon_force_length: CurveTable
    tendon_stiffness: PerMuscle
    passive_fiber_strain_at_zero_force: PerMuscle
    passive_fiber_strain_at_one_norm_force: PerMuscle
    tendon_strain_at_one_norm_force: PerMuscle
    elastic_tendon: str = "rosenbrock"
    curve_strains: tuple[MuscleValues, ...] | None = None

    @property
    def mechanical(self) -> tuple[MuscleValues, ...]:
        """What is learned beside max_isometric_force: optimal_fiber_length, tendon_slack_length, strains."""
        return self.optimal_fiber_length, self.tendon_slack_length, *(self.curve_strains or ())

    def with_mechanical(self, values: Sequence[MuscleValues]) -> "Muscles":
        """Returns the muscles with other values of what `mechanical` is."""
        optimal, slack, *strains = values
        return self.with_parameters(
            optimal_fiber_length=optimal,
            tendon_slack_length=slack,
            max_isometric_force=self.max_isometric_force,
            curve_strains=tuple(strains) or None,
        )

    def with_parameters(
        self,
        *,
        optimal_fiber_length: MuscleValues,
        tendon_slack_length: MuscleValues,
        max_isometric_force: MuscleValues,
        curve_strains: tuple[MuscleValues, ...] | None = None,
    ) -> "Muscles":
        """Returns the muscles with other values of the calibrated parameters; strains may stay."""
        changed = replace(
            self,
            optimal_fiber_length=optimal_fiber_length,
            tendon_slack_length=tendon_slack_length,
            max_isometric_force=max_isometric_force,
            curve_strains=self.curve_strains if curve_strains is None else curve_strains,
        )
        if "fixed" in self.__dict__:
            changed.__dict__["fixed"] = self.fixed
        return changed

    def with_lengths(
        self, optimal_fiber_length: MuscleValues, tendon_slack_length: MuscleValues
    ) -> "Muscles":
        """Returns the muscles with other lengths, m; per muscle or at every instant."""
        return self.with_parameters(
            optimal_fiber_length=optimal_fiber_length,
            tendon_slack_length=tendon_slack_length,
            max_isometric_force=self.max_isometric_force,
        )

    def with_rigid_tendon(self, rigid_tendon: PerMuscleFlag) -> "Muscles":
        """Returns the muscles with tendons made rigid or elastic."""
        return replace(self, rigid_tendon=rigid_tendon)

    def with_elastic_tendon(self, elastic_tendon: str) -> "Muscles":
        """Returns the muscles with elastic tendons integrated in another way, of `ELASTIC_TENDONS`."""
        return replace(self, elastic_tendon=elastic_tendon)

    @cached_property
    def fixed(self) -> "Fixed":
        """Everything but the calibrated parameters; muscles made with other ones share it."""
        found: dict[str, Tensor] = {}
        for name, value in self._by_muscle().items():
            if isinstance(value, CurveTable):
                found |= {f"{name}_{each.name}": getattr(value, each.name) for each in fields(value)}
            elif name not in _LEARNED:
                found[name] = value
        return Fixed(found)

    def select(self, index: Int[Tensor, " selected"]) -> "Muscles":
        """Returns some of the muscles; itself where these are all of them, in order."""
        if len(index) == len(self.names) and index.tolist() == list(range(len(index))):
            return self
        chosen = {name: _select(value, index) for name, value in self._by_muscle().items()}
        strains = self.curve_strains and tuple(value[..., index] for value in self.curve_strains)
        names = tuple(self.names[i] for i in index.tolist())
        return replace(self, names=names, curve_strains=strains, **chosen)

    def to(self, device: torch.device | str) -> "Muscles":
        """Returns the muscles on another device."""
        strains = self.curve_strains and tuple(value.to(device) for value in self.curve_strains)
        moved = {name: value.to(device) for name, value in self._by_muscle().items()}
        return replace(self, curve_strains=strains, **moved)

    def _by_muscle(self) -> dict[str, Tensor | CurveTable]:
        """Everything that has an entry per muscle, beside the names."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor | CurveTable)}


def _select(value: Tensor | CurveTable, index: Int[Tensor, " selected"]) -> Tensor | CurveTable:
    return value.select(index) if isinstance(value, CurveTable) else value[..., index]


def pick(series: Tensor, index: Tensor) -> Tensor:
    """Returns some of the muscles; all of them uncopied."""
    return series if len(index) == series.shape[-1] else series[..., index]


def minimum_fiber_length(muscles: Muscles) -> MuscleValues:
    """Shortest fiber OpenSim allows, m."""
    return muscles.minimum_normalized_fiber_length * muscles.optimal_fiber_length


def fiber_width(muscles: Muscles) -> MuscleValues:
    """Distance of a fiber's ends across the tendon, m, which stays as it is."""
    return muscles.optimal_fiber_length * torch.sin(muscles.pennation_angle_at_optimal)


def cos_pennation_angle(fiber_length: MuscleValues, muscles: Muscles) -> MuscleValues:
    """Cosine of the pennation angle of a fixed-width muscle.

    The fiber's width, optimal_fiber_length * sin(pennation_angle_at_optimal), stays
    constant: sin(pennation_angle) = width / fiber_length.

    Args:
        fiber_length: m, at least `minimum_fiber_length`.
        muscles: Parameters.
    """
    return torch.sqrt(1.0 - (fiber_width(muscles) / fiber_length) ** 2)


def fiber_length_from_projection(along_tendon: MuscleValues, muscles: Muscles) -> MuscleValues:
    """Fiber length, m, whose projection on the tendon is given; clamped at the minimum.

    Args:
        along_tendon: Fiber length along the tendon, m.
        muscles: Parameters.
    """
    width = fiber_width(muscles)
    shortest = torch.sqrt(minimum_fiber_length(muscles) ** 2 - width**2)
    return torch.sqrt(torch.maximum(along_tendon, shortest) ** 2 + width**2)


def tendon_force_multiplier(
    normalized_tendon_length: MuscleValues, muscles: Muscles
) -> tuple[MuscleValues, MuscleValues]:
    """Tendon force and its slope, extended below zero strain.

    Below slack length OpenSim's curve is zero and flat. Here it goes on with a small
    slope, smooth to the second derivative: force = -k s^3 / (s^2 + w^2) for a strain of -s,
    with k at `TENDON_EXTENSION_SLOPE` of the linear stiffness. A slack tendon then pulls back
    gently and the force balance keeps a solution (paper, Appendix A).

    Args:
        normalized_tendon_length: In slack lengths.
        muscles: Parameters.

    Returns:
        Force in max_isometric_force, and its slope per slack length.
    """
    if muscles.curve_strains is None:
        return _tabulated_tendon(normalized_tendon_length, muscles)
    stretch = muscles.tendon_strain_at_one_norm_force / muscles.curve_strains[2]
    force, slope = _tabulated_tendon(1.0 + (normalized_tendon_length - 1.0) * stretch, muscles)
    return force, slope * stretch


def _tabulated_tendon(
    normalized_tendon_length: MuscleValues, muscles: Muscles
) -> tuple[MuscleValues, MuscleValues]:
    force, slope = muscles.tendon_force_length.value_and_slope(normalized_tendon_length)
    slack = torch.relu(1.0 - normalized_tendon_length)
    stiffness = TENDON_EXTENSION_SLOPE * muscles.tendon_stiffness
    squared, width = slack * slack, TENDON_EXTENSION_WIDTH**2
    share = squared / (squared + width)
    return force - stiffness * slack * share, slope + stiffness * share * (3.0 - 2.0 * share)


def passive_force_multiplier(
    normalized_fiber_length: MuscleValues, muscles: Muscles
) -> tuple[MuscleValues, MuscleValues]:
    """Passive fiber force and its slope.

    Other strains than the table's stretch and shift it along the fiber length.

    Args:
        normalized_fiber_length: In optimal fiber lengths.
        muscles: Parameters.

    Returns:
        Force in max_isometric_force, and its slope per optimal fiber length.
    """
    if muscles.curve_strains is None:
        return muscles.fiber_force_length.value_and_slope(normalized_fiber_length)
    zero, one, _ = muscles.curve_strains
    first, last = muscles.passive_fiber_strain_at_zero_force, muscles.passive_fiber_strain_at_one_norm_force
    stretch = (last - first) / (one - zero)
    tabulated = 1.0 + first + (normalized_fiber_length - 1.0 - zero) * stretch
    force, slope = muscles.fiber_force_length.value_and_slope(tabulated)
    return force, slope * stretch


def fiber_force_multiplier(
    fiber_length: MuscleValues,
    fiber_velocity: MuscleValues | None,
    activation: MuscleValues,
    muscles: Muscles,
) -> MuscleValues:
    """Force along the fiber in max_isometric_force (Eq. 3 without the pennation).

    Args:
        fiber_length: m.
        fiber_velocity: m/s, lengthening positive; None at rest.
        activation: 0..1.
        muscles: Parameters.
    """
    normalized_length = fiber_length / muscles.optimal_fiber_length
    active, _ = muscles.active_force_length.value_and_slope(normalized_length)
    passive, _ = passive_force_multiplier(normalized_length, muscles)
    if fiber_velocity is None:
        return activation * active + passive
    normalized_velocity = fiber_velocity / (muscles.optimal_fiber_length * muscles.max_contraction_velocity)
    velocity, _ = muscles.force_velocity.value_and_slope(normalized_velocity)
    return activation * active * velocity + passive + muscles.fiber_damping * normalized_velocity


def force_balance(
    fiber_length: MuscleValues,
    fiber_velocity: MuscleValues | None,
    activation: MuscleValues,
    muscle_tendon_length: MuscleValues,
    muscles: Muscles,
) -> MuscleValues:
    """Tendon force minus fiber force along the tendon, in max_isometric_force; f of Eq. A5.

    Args:
        fiber_length: m.
        fiber_velocity: m/s; None at rest.
        activation: 0..1.
        muscle_tendon_length: m.
        muscles: Parameters.
    """
    cos_pennation = cos_pennation_angle(fiber_length, muscles)
    tendon_length = muscle_tendon_length - fiber_length * cos_pennation
    tendon, _ = tendon_force_multiplier(tendon_length / muscles.tendon_slack_length, muscles)
    return tendon - cos_pennation * fiber_force_multiplier(fiber_length, fiber_velocity, activation, muscles)


def clamp_activation(activation: MuscleValues, muscles: Muscles) -> MuscleValues:
    """Activation as OpenSim's muscle uses it, at least minimum_activation and at most 1."""
    return torch.clamp(activation, muscles.minimum_activation, torch.ones_like(muscles.minimum_activation))
