"""How far calibrated numbers can be trusted: standard errors, intervals, what trials determine."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

INTERVAL_FACTOR = 1.959964
"""Standard errors from the middle of a 95 % interval to its end."""


@dataclass(frozen=True)
class Interval:
    """The 95 % interval of one parameter, one entry per muscle, in the parameter's unit.

    Attributes:
        standard_error: At most `identifiability.LARGEST_ERROR` half ranges of the bounds: more
            says nothing.
        lower_95: Lower end, not below the lower bound.
        upper_95: Upper end, not above the upper bound.
    """

    standard_error: Float[np.ndarray, " muscle"]
    lower_95: Float[np.ndarray, " muscle"]
    upper_95: Float[np.ndarray, " muscle"]


@dataclass(frozen=True)
class TradeOff:
    """Two numbers of which one makes up for the other.

    Attributes:
        first: For instance "optimal_fiber_length of soleus_r".
        second: The other.
        correlation: Of their errors, -1..1.
        together: Whether the trials determine a combination of the two although they
            determine neither.
    """

    first: str
    second: str
    correlation: float
    together: bool


@dataclass(frozen=True)
class Residuals:
    """What is left of one coordinate's moment, and how much independent evidence that is.

    Attributes:
        correlation_time: Sum of the autocorrelation over all lags, s.
        n_samples: Scored samples of all calibration trials.
        n_effective: As many independent samples would say as much about a mean.
    """

    correlation_time: float
    n_samples: int
    n_effective: float


@dataclass(frozen=True)
class Identifiability:
    """Which numbers the calibration trials determine, and how well.

    Attributes:
        by_trials: Intervals by parameter from the trials and the penalties alone, without
            the prior.
        with_prior: Intervals of the estimate as it was made. The prior counts like a
            measurement of every unknown whose standard deviation is `prior_deviation`;
            where that is less than is known, these intervals are too narrow.
        informed: By parameter, whether the interval `by_trials` is narrower than the bounds.
        verdicts: A sentence by muscle.
        trade_offs: Pairs of numbers that make up for each other, the closest first.
        unknowns: What each row of `correlation` is, for instance "c1 of soleus_r".
        correlation: Of the errors of all unknowns, by the trials alone.
        singular_values: Of the moments' and penalties' derivatives by the unknowns, largest
            first: the information, in standard errors, that a half range of the bounds
            makes in the direction of each.
        n_determined: Directions that the trials determine to within the bounds.
        n_held_by_prior: Of all unknowns, as many degrees of freedom the prior holds.
        prior_deviation: By kind of unknown, half ranges of the bounds; empty without a prior.
        residuals: By coordinate.
        noise_inflation: Variance of the noise over that of the residuals: the unknowns fit some
            of it.
        calibrated: By parameter, which muscles' values were calibrated; all where it is not
            named. Of strains, those of muscles in a group.
    """

    by_trials: Mapping[str, Interval]
    with_prior: Mapping[str, Interval]
    informed: Mapping[str, Bool[np.ndarray, " muscle"]]
    verdicts: Mapping[str, str]
    trade_offs: tuple[TradeOff, ...]
    unknowns: tuple[str, ...]
    correlation: Float[np.ndarray, "unknown unknown"]
    singular_values: Float[np.ndarray, " unknown"]
    n_determined: int
    n_held_by_prior: float
    prior_deviation: Mapping[str, float]
    residuals: Mapping[str, Residuals]
    noise_inflation: float
    calibrated: Mapping[str, Bool[np.ndarray, " muscle"]] = field(default_factory=dict)

    def is_calibrated(self, name: str) -> Bool[np.ndarray, " muscle"]:
        """Which muscles' values of a parameter were calibrated."""
        return self.calibrated.get(name, np.ones_like(self.informed[name]))

    @property
    def n_values(self) -> int:
        """How many values of single muscles were calibrated."""
        return sum(int(self.is_calibrated(name).sum()) for name in self.informed)

    @property
    def n_informed(self) -> int:
        """How many values of single muscles the trials determine."""
        return sum(int(each.sum()) for each in self.informed.values())
