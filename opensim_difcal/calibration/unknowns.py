"""What a calibration learns: one vector, and how parameters follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from opensim_difcal.errors import BoundsError
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.simulation import ActivationParameters
from opensim_difcal.physics.tangents import OWN_PARAMETERS
from opensim_difcal.shapes import MuscleParameter

Range = tuple[float, float]

Position = Float[Tensor, "*start unknown"]
"""All unknowns as deviations from the model's values, in half ranges of their bounds."""

KINDS = (*OWN_PARAMETERS, "strength_coefficient")
"""Kinds of unknown that are always learned, in the order of a position; within a kind by muscle or
strength group. Those of `CURVE_STRAINS` that are learned follow, by group."""

PARAMETER_NAMES = (
    "optimal_fiber_length",
    "tendon_slack_length",
    "max_isometric_force",
    "c1",
    "c2",
    "shape_factor",
)
"""Parameters of every muscle that always follow from the unknowns, as results name them; those of
`CURVE_STRAINS` that are learned follow."""

_SHIFTED = "passive_fiber_strain_at_zero_force"  # zero in most models, so that no factor would do
_LEAST_RISE = 0.05  # strain from zero force to one normalized force


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
        passive_fiber_strain_at_zero_force: What is added to the model's value.
        passive_fiber_strain_at_one_norm_force: Relative to the model's value.
        tendon_strain_at_one_norm_force: Relative to the model's value.
    """

    optimal_fiber_length: Range = (0.85, 1.15)
    tendon_slack_length: Range = (0.85, 1.15)
    strength_coefficient: Range = (0.5, 2.5)
    c1: Range = (-0.95, -0.05)
    c2: Range = (-0.95, -0.05)
    shape_factor: Range = (-2.999, -0.001)
    passive_fiber_strain_at_zero_force: Range = (-0.2, 0.2)
    passive_fiber_strain_at_one_norm_force: Range = (0.5, 1.5)
    tendon_strain_at_one_norm_force: Range = (0.5, 2.0)


@dataclass(frozen=True)
class Parameters:
    """The muscles at a position.

    One entry per muscle; at several positions the axes are (start, 1, 1, muscle).

    Attributes:
        activation: C1, C2 and the shape factor.
        muscles: With learned lengths, strains and maximum isometric force.
        strength_coefficient: Of every muscle's group.
    """

    activation: ActivationParameters
    muscles: Muscles
    strength_coefficient: MuscleParameter


@final
@dataclass(frozen=True)
class Unknowns:
    """All learned parameters of one calibration, their start and their bounds.

    Optimal fiber length and tendon slack length are learned as factors on the model's
    values, strength as one factor per group, C1, C2 and the shape factor per muscle. Of the
    curves' strains one number per group may be learned: a factor, or what is added.

    Attributes:
        muscles: The scaled model's muscles.
        strength_groups: Members by group; every muscle is in one.
        group_index: Group of every muscle.
        kinds: Of the unknowns: `KINDS`, then those of `CURVE_STRAINS` that are learned.
        strain_groups: Groups whose strains are learned, with their members.
        initial: Start values, in the order of the kinds.
        lower: Lower bounds.
        upper: Upper bounds.
        sizes: How many unknowns of each kind there are.
        prior_factor: How much more than usually the prior holds each unknown.
    """

    muscles: Muscles
    strength_groups: Mapping[str, tuple[str, ...]]
    group_index: Int[Tensor, " muscle"]
    kinds: tuple[str, ...]
    strain_groups: Mapping[str, tuple[str, ...]]
    initial: Float[Tensor, " unknown"]
    lower: Float[Tensor, " unknown"]
    upper: Float[Tensor, " unknown"]
    sizes: tuple[int, ...]
    prior_factor: Float[Tensor, " unknown"]

    @cached_property
    def half_range(self) -> Float[Tensor, " unknown"]:
        """Half the distance of the bounds: the unit of a position."""
        return 0.5 * (self.upper - self.lower)

    @cached_property
    def limits(self) -> tuple[Float[Tensor, " unknown"], Float[Tensor, " unknown"]]:
        """Lower and upper bound as positions."""
        return (self.lower - self.initial) / self.half_range, (self.upper - self.initial) / self.half_range

    def split(self, vector: Float[Tensor, "*start unknown"]) -> dict[str, Tensor]:
        """Returns a vector's parts by kind."""
        return dict(zip(self.kinds, vector.split(self.sizes, dim=-1), strict=True))

    def values(self, position: Position) -> dict[str, Tensor]:
        """Returns the unknowns by kind, in their own units (factors, or absolute)."""
        return self.split(self.initial + position * self.half_range)

    def parameters(self, position: Position) -> Parameters:
        """Returns the muscles at one position, or at several side by side."""
        values = self.values(position)
        strength = values["strength_coefficient"][..., self.group_index]
        own = {kind: _beside_series(values[kind]) for kind in OWN_PARAMETERS}
        strength = _beside_series(strength)
        muscles = self.muscles
        return Parameters(
            activation=ActivationParameters(own["c1"], own["c2"], own["shape_factor"]),
            muscles=muscles.with_parameters(
                optimal_fiber_length=muscles.optimal_fiber_length * own["optimal_fiber_length"],
                tendon_slack_length=muscles.tendon_slack_length * own["tendon_slack_length"],
                max_isometric_force=muscles.max_isometric_force * strength,
                curve_strains=self._strains(values),
            ),
            strength_coefficient=strength,
        )

    def _strains(self, values: Mapping[str, Tensor]) -> tuple[Tensor, ...] | None:
        """All strains of the curves, if one is learned."""
        if not self.strain_groups:
            return None
        strains = []
        for kind in CURVE_STRAINS:
            strain = getattr(self.muscles, kind)
            if kind in self.kinds:
                learned = _beside_series(values[kind] @ self.strain_members)
                is_kept = 1.0 - self.strain_members.sum(0)
                strain = strain + learned if kind == _SHIFTED else strain * (learned + is_kept)
            strains.append(strain)
        return tuple(strains)

    @cached_property
    def strain_members(self) -> Float[Tensor, "group muscle"]:
        """One where a muscle is in a group whose strains are learned, else zero."""
        names = self.muscles.names
        rows = [[float(name in members) for name in names] for members in self.strain_groups.values()]
        return self.initial.new_tensor(rows).reshape(len(rows), len(names))

    @cached_property
    def strain_scale(self) -> dict[str, Float[Tensor, " muscle"]]:
        """Derivative of every muscle's strain by the number of its group, by learned kind."""
        return {
            kind: torch.ones_like(strain) if kind == _SHIFTED else strain
            for kind in self.kinds[len(KINDS) :]
            for strain in (getattr(self.muscles, kind),)
        }

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What every unknown is: "c1 of soleus_r", "strength_coefficient of quadriceps"."""
        owners: dict[str, Sequence[str]] = {kind: self.muscles.names for kind in OWN_PARAMETERS}
        owners["strength_coefficient"] = tuple(self.strength_groups)
        owners |= {kind: tuple(self.strain_groups) for kind in CURVE_STRAINS}
        return tuple(f"{kind} of {owner}" for kind in self.kinds for owner in owners[kind])

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """By parameter (`absolute`) the unknown that every muscle's value follows from; -1 for none."""
        n_muscles = len(self.muscles.names)
        own = {kind: k * n_muscles + np.arange(n_muscles) for k, kind in enumerate(OWN_PARAMETERS)}
        strength = len(OWN_PARAMETERS) * n_muscles + self.group_index.cpu().numpy()
        found = {name: strength if name == "max_isometric_force" else own[name] for name in PARAMETER_NAMES}
        members = self.strain_members.cpu().numpy()
        first = len(self.initial) - len(members) * (len(self.kinds) - len(KINDS))
        for kind in self.kinds[len(KINDS) :]:
            found[kind] = np.where(members.any(0), first + members.argmax(0), -1)
            first += len(members)
        return found

    def absolute(self, position: Float[Tensor, " unknown"]) -> dict[str, Float[np.ndarray, " muscle"]]:
        """Returns every parameter at a position, in its own unit, in the order of `PARAMETER_NAMES`."""
        parameters = self.parameters(position)
        values = {**vars(parameters.activation), **vars(parameters.muscles)}
        values |= dict(zip(CURVE_STRAINS, parameters.muscles.curve_strains or (), strict=False))
        names = (*PARAMETER_NAMES, *self.kinds[len(KINDS) :])
        return {name: values[name].cpu().numpy().copy() for name in names}

    def start(self) -> Float[Tensor, " unknown"]:
        """Returns the position of the model's own values."""
        return torch.zeros_like(self.initial)

    def position(self, values: Mapping[str, Tensor]) -> Float[Tensor, " unknown"]:
        """Returns the position of given values, by kind in their own units."""
        every = torch.cat([torch.as_tensor(values[kind]).to(self.initial) for kind in self.kinds])
        return (every - self.initial) / self.half_range


def make_unknowns(
    muscles: Muscles,
    start: ActivationParameters,
    strength_groups: Mapping[str, Sequence[str]],
    bounds: Bounds,
    *,
    learned_strains: Sequence[str] = (),
    strain_groups: Mapping[str, Sequence[str]] | None = None,
    unrecorded: Sequence[str] = (),
    unrecorded_prior_factor: float = 1.0,
) -> Unknowns:
    """Returns unknowns that start at the model's and the given activation parameters.

    Args:
        muscles: The scaled model's muscles.
        start: Start values of C1, C2 and the shape factor.
        strength_groups: Members by group; a muscle in none gets a group of its own.
        bounds: Bounds.
        learned_strains: Those of `CURVE_STRAINS` that are learned.
        strain_groups: Members of every group that shares them; a muscle in none keeps the
            model's. By default all muscles are one group.
        unrecorded: Muscles whose excitation was not measured.
        unrecorded_prior_factor: On the prior of their parameters; on that of a group's
            strength as much as the mean over its members.

    Raises:
        BoundsError: If a start value does not lie strictly between its bounds.
    """
    groups = complete_groups(muscles.names, strength_groups)
    one = torch.ones_like(muscles.optimal_fiber_length)
    group_of = {name: i for i, group in enumerate(groups.values()) for name in group}
    starts = {
        "c1": start.c1,
        "c2": start.c2,
        "shape_factor": start.shape_factor,
        "optimal_fiber_length": one,
        "tendon_slack_length": one,
        "strength_coefficient": one.new_ones(len(groups)),
    }
    of_strains = _strain_groups(muscles.names, strain_groups) if learned_strains else {}
    kinds = (*KINDS, *(kind for kind in CURVE_STRAINS if kind in learned_strains and of_strains))
    for kind in kinds[len(KINDS) :]:
        starts[kind] = one.new_full((len(of_strains),), 0.0 if kind == _SHIFTED else 1.0)
    for kind in kinds:
        _check_start(kind, starts[kind], getattr(bounds, kind))
    if of_strains:
        check_rise(muscles, bounds, learned_strains, strain_groups)
    ends = [torch.cat([torch.full_like(starts[k], getattr(bounds, k)[i]) for k in kinds]) for i in (0, 1)]
    factors = {name: unrecorded_prior_factor if name in unrecorded else 1.0 for name in muscles.names}
    of_groups = [sum(factors[name] for name in group) / len(group) for group in groups.values()]
    of_strain_groups = [1.0] * (len(of_strains) * (len(kinds) - len(KINDS)))
    return Unknowns(
        muscles=muscles,
        strength_groups=groups,
        group_index=torch.tensor([group_of[name] for name in muscles.names], device=one.device),
        kinds=kinds,
        strain_groups=of_strains,
        initial=torch.cat([starts[kind] for kind in kinds]),
        lower=ends[0],
        upper=ends[1],
        sizes=tuple(len(starts[kind]) for kind in kinds),
        prior_factor=one.new_tensor([*factors.values()] * len(OWN_PARAMETERS) + of_groups + of_strain_groups),
    )


def random_starts(unknowns: Unknowns, n_starts: int, seed: int) -> Float[Tensor, "start unknown"]:
    """Returns where a search starts: at the model's own values, then at random around them.

    Deviations are normal with a standard deviation of a quarter of the bounds' range,
    kept within nine tenths of the way to a bound.

    Args:
        unknowns: What is learned.
        n_starts: How many, the first included.
        seed: The same seed gives the same starts.
    """
    generator = torch.Generator().manual_seed(seed)
    deviations = 0.5 * torch.randn(n_starts, len(unknowns.initial), generator=generator, dtype=torch.float64)
    lower, upper = unknowns.limits
    deviations[0] = 0.0
    return torch.clamp(deviations.to(unknowns.initial.device), 0.9 * lower, 0.9 * upper)


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


def _strain_groups(
    names: Sequence[str], groups: Mapping[str, Sequence[str]] | None
) -> dict[str, tuple[str, ...]]:
    """Groups of muscles that take part; all muscles are one where no group is given."""
    given = groups or {"all": names}
    kept = {group: tuple(m for m in members if m in names) for group, members in given.items()}
    return {group: members for group, members in kept.items() if members}


def check_rise(
    muscles: Muscles,
    bounds: Bounds,
    learned_strains: Sequence[str],
    strain_groups: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Refuses bounds within which a passive curve need not rise between its two strains.

    Args:
        muscles: The scaled model's muscles.
        bounds: Bounds.
        learned_strains: Those of `CURVE_STRAINS` that are learned.
        strain_groups: Members of every group that shares them; all muscles by default.

    Raises:
        BoundsError: If the strain at one normalized force can come too close to that at zero.
    """
    zero, one = CURVE_STRAINS[:2]
    if not {zero, one}.intersection(learned_strains):
        return
    groups = _strain_groups(muscles.names, strain_groups)
    members = {name for group in groups.values() for name in group}
    device = muscles.optimal_fiber_length.device
    is_member = torch.tensor([name in members for name in muscles.names], device=device)
    highest = getattr(muscles, zero) + (getattr(bounds, zero)[1] if zero in learned_strains else 0.0)
    lowest = getattr(muscles, one) * (getattr(bounds, one)[0] if one in learned_strains else 1.0)
    bad = torch.nonzero((lowest - highest < _LEAST_RISE) & is_member)
    if len(bad):
        i = int(bad[0])
        raise BoundsError(
            f"{muscles.names[i]}: within their bounds {zero} can reach {float(highest[i]):.3g} and {one} "
            f"{float(lowest[i]):.3g}; the second has to stay {_LEAST_RISE:g} above the first. Narrow "
            f"<{zero}_bounds> or <{one}_bounds>."
        )


def _beside_series(values: Tensor) -> Tensor:
    """Gives several starts' parameters the axes (start, trial, time, muscle)."""
    return values if values.dim() == 1 else values[:, None, None, :]


def _check_start(kind: str, initial: Tensor, bounds: Range) -> None:
    lower, upper = bounds
    outside = ~((lower < initial) & (initial < upper))
    if bool(outside.any()):
        i = int(torch.nonzero(outside)[0])
        raise BoundsError(
            f"{kind}: the start value {initial[i].item():g} of entry {i} lies outside its bounds "
            f"{lower:g} to {upper:g}. Choose a start strictly inside, or widen <{kind}_bounds>."
        )
