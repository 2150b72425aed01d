"""What an engine computes; how, is its own affair, and no result depends on it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from opensim_difcal.physics.elementwise import Elementwise
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.shapes import MuscleSeries, MuscleValues

N_BISECTIONS = 15
"""Of a bracket, to find a root; Newton steps follow."""

N_NEWTON = 60
"""Newton steps or bisections at most for one step of a tendon in equilibrium."""

NEWTON_TOLERANCE = 1e-6
"""Of the optimal fiber length: a smaller Newton step is the last, because it squares the error."""


class Engine(ABC):
    """The heavy numerical work: derivatives, roots, trajectories and recurrences.

    Series have the axes (start, trial, time, muscle) or fewer in front. Nothing here is
    part of an autograd graph; `differentiable` builds on it.
    """

    @abstractmethod
    def with_partials(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[tuple[Tensor, ...], tuple[tuple[Tensor, ...], ...]]:
        """Returns an elementwise function's values, and the derivatives of each by each variable."""

    @abstractmethod
    def root(
        self,
        function: Elementwise,
        low: MuscleValues,
        high: MuscleValues,
        variables: Sequence[Tensor],
        muscles: Muscles,
    ) -> MuscleValues:
        """Returns about where a function of its first variable falls through zero: by `N_BISECTIONS`.

        Args:
            function: Positive below the root.
            low: Left end of the bracket.
            high: Right end.
            variables: All but the first.
            muscles: Parameters.
        """

    @abstractmethod
    def trajectory(
        self,
        first: MuscleValues,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
        *,
        with_partials: bool,
    ) -> tuple[MuscleSeries, tuple[MuscleValues, ...] | None]:
        """Returns fiber lengths over time, m, and the derivatives of every step.

        Args:
            first: Fiber length at the first instant, m; its time axis has one entry.
            activation: 0..1.
            muscle_tendon_length: m; may lack axes in front.
            muscles: Parameters.
            time_step: s.
            with_partials: Whether derivatives of each step by the variables of
                `muscle_functions.STEP` are wanted; they have one instant less.
        """

    @abstractmethod
    def balanced_trajectory(
        self,
        first: MuscleValues,
        activation: MuscleSeries,
        muscle_tendon_length: MuscleSeries,
        muscles: Muscles,
        time_step: float,
    ) -> MuscleSeries:
        """Returns fiber lengths over time, m, that balance the forces at every instant.

        See `equilibrium_tendon`.

        Args:
            first: Fiber length at the first instant, m; its time axis has one entry.
            activation: 0..1.
            muscle_tendon_length: m; may lack axes in front.
            muscles: Parameters.
            time_step: s.
        """

    @abstractmethod
    def values(
        self, function: Elementwise, variables: Sequence[Tensor], muscles: Muscles
    ) -> tuple[Tensor, ...]:
        """Returns an elementwise function's values alone."""

    @abstractmethod
    def solve(self, last: Tensor, before: Tensor, drive: MuscleSeries) -> MuscleSeries:
        """Returns x_i = last_i x_(i-1) + before_i x_(i-2) + drive_i over time, from rest."""

    @abstractmethod
    def solve_adjoint(self, last: Tensor, before: Tensor, upstream: MuscleSeries) -> MuscleSeries:
        """Returns the gradient by `drive`: w_i = upstream_i + last_(i+1) w_(i+1) + before_(i+2) w_(i+2)."""
