"""What a calibration learns, and how it stays inside its bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast, final

import torch
from torch import Tensor, nn

from opensim_difcal.errors import BoundsError
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters
from opensim_difcal.shapes import PerMuscle

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Lower and upper bound of every learned parameter.

    Attributes:
        optimal_fiber_length: Relative to the model's value.
        tendon_slack_length: Relative to the model's value.
        strength_coefficient: Factor on max_isometric_force.
        c1: Absolute, at the time step of the calibration.
        c2: Absolute, likewise.
        shape_factor: Absolute.
    """

    optimal_fiber_length: Range = (0.85, 1.15)
    tendon_slack_length: Range = (0.85, 1.15)
    strength_coefficient: Range = (0.5, 2.5)
    c1: Range = (-0.95, -0.05)
    c2: Range = (-0.95, -0.05)
    shape_factor: Range = (-2.999, -0.001)


@final
class BoundedParameter(nn.Module):
    """A learnable tensor kept between two bounds by a sigmoid.

    The raw value is zero at the start value, so weight decay pulls toward the start.
    """

    initial: Tensor
    lower: Tensor
    upper: Tensor

    def __init__(self, name: str, initial: Tensor, lower: Tensor, upper: Tensor):
        """Starts at `initial`, which must lie strictly between the bounds.

        Raises:
            BoundsError: If it does not.
        """
        super().__init__()
        outside = ~((lower < initial) & (initial < upper))
        if bool(outside.any()):
            i = int(torch.nonzero(outside)[0])
            raise BoundsError(
                f"{name}: the start value {initial[i].item():g} of entry {i} lies outside its bounds "
                f"{lower[i].item():g} to {upper[i].item():g}. Choose a start strictly inside, "
                f"or widen <{name}_bounds>."
            )
        self.register_buffer("initial", initial)
        self.register_buffer("lower", lower)
        self.register_buffer("upper", upper)
        self.raw = nn.Parameter(torch.zeros_like(initial))

    @property
    def value(self) -> Tensor:
        """The parameter between its bounds."""
        offset = torch.logit((self.initial - self.lower) / (self.upper - self.lower))
        return self.lower + (self.upper - self.lower) * torch.sigmoid(self.raw + offset)

    def set_value(self, value: Tensor) -> None:
        """Moves to a value strictly between the bounds."""
        with torch.no_grad():
            span = self.upper - self.lower
            offset = torch.logit((self.initial - self.lower) / span)
            self.raw.copy_(torch.logit((value - self.lower) / span) - offset)

    def deviation(self) -> Tensor:
        """Distance from the start in units of half the bounds' range."""
        return (self.value - self.initial) / (0.5 * (self.upper - self.lower))


@final
class Unknowns(nn.Module):
    """All learned parameters of one calibration.

    optimal_fiber_length and tendon_slack_length are learned as factors on the model's
    values, strength as one factor per group, C1, C2 and the shape factor per muscle.
    """

    group_index: Tensor
    parameter: Mapping[str, BoundedParameter]

    def __init__(
        self,
        muscles: Muscles,
        start: ActivationParameters,
        strength_groups: Mapping[str, Sequence[str]],
        bounds: Bounds,
    ):
        """Starts at the model's parameters and the given activation parameters.

        Args:
            muscles: The scaled model's muscles.
            start: Start values of C1, C2 and the shape factor.
            strength_groups: Members by group; a muscle in none gets a group of its own.
            bounds: Bounds.

        Raises:
            BoundsError: If a start value lies outside its bounds.
        """
        super().__init__()
        self.muscles = muscles
        self.strength_groups = complete_groups(muscles.names, strength_groups)
        one = torch.ones_like(muscles.optimal_fiber_length)
        group_of = {name: i for i, group in enumerate(self.strength_groups.values()) for name in group}
        index = torch.tensor([group_of[name] for name in muscles.names], device=one.device)
        self.register_buffer("group_index", index)
        starts = {
            "c1": start.c1,
            "c2": start.c2,
            "shape_factor": start.shape_factor,
            "optimal_fiber_length": one,
            "tendon_slack_length": one,
            "strength_coefficient": one.new_ones(len(self.strength_groups)),
        }
        bounded = {name: _bounded(name, initial, getattr(bounds, name)) for name, initial in starts.items()}
        self.parameter = cast(Mapping[str, BoundedParameter], nn.ModuleDict(bounded))

    def activation_parameters(self) -> ActivationParameters:
        """Current C1, C2 and shape factor."""
        return ActivationParameters(
            self.parameter["c1"].value, self.parameter["c2"].value, self.parameter["shape_factor"].value
        )

    def strength(self) -> PerMuscle:
        """Current strength coefficient of every muscle's group."""
        return self.parameter["strength_coefficient"].value[self.group_index]

    def calibrated_muscles(self) -> Muscles:
        """The muscles with current parameters."""
        return self.muscles.with_parameters(
            optimal_fiber_length=self.muscles.optimal_fiber_length
            * self.parameter["optimal_fiber_length"].value,
            tendon_slack_length=self.muscles.tendon_slack_length
            * self.parameter["tendon_slack_length"].value,
            max_isometric_force=self.muscles.max_isometric_force * self.strength(),
        )


def complete_groups(
    names: Sequence[str], strength_groups: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Keeps the members that take part and gives every other muscle a group of its own."""
    groups = {group: tuple(m for m in members if m in names) for group, members in strength_groups.items()}
    grouped = {member for members in groups.values() for member in members}
    alone = {
        name if name not in groups else f"{name} alone": (name,) for name in names if name not in grouped
    }
    return {group: members for group, members in (groups | alone).items() if members}


def _bounded(name: str, initial: Tensor, bounds: Range) -> BoundedParameter:
    lower, upper = torch.full_like(initial, bounds[0]), torch.full_like(initial, bounds[1])
    return BoundedParameter(name, initial, lower, upper)
