"""How the primitives of a trial follow from few numbers: splines, or sums of Gaussians."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import final

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.interpolate import BSpline, make_lsq_spline
from scipy.optimize import nnls
from torch import Tensor

from opensim_difcal.shapes import TimeArray

_DEGREE = 3
_FIRST_WIDTH = 0.6  # of the spacing
_LEAST_AMPLITUDE = 1e-3  # a Gaussian of none could not move

Primitives = Float[Tensor, "time synergy"]
ShapeParameters = Float[Tensor, "synergy parameter"]


class PrimitiveShapes(ABC):
    """The primitives of one trial, each from its own parameters."""

    n_parameters: int
    """Of each primitive."""

    @abstractmethod
    def series(self, parameters: ShapeParameters) -> Primitives:
        """Returns the primitives over time, differentiable."""

    @abstractmethod
    def directions(self, parameters: ShapeParameters) -> Float[Tensor, "direction time"]:
        """Returns how primitives change with their parameters: each different course once."""

    @abstractmethod
    def direction_of(self, n_synergies: int) -> Int[Tensor, "synergy parameter"]:
        """Returns which direction a parameter of a primitive moves it in."""

    @abstractmethod
    def fitted(self, primitives: Float[np.ndarray, "time synergy"]) -> ShapeParameters:
        """Returns parameters whose primitives are near the given ones."""


@final
class SplinePrimitives(PrimitiveShapes):
    """Cubic splines on equally spaced knots; parameters are the splines' coefficients.

    Attributes:
        basis: The splines' basis functions.
    """

    def __init__(self, time: TimeArray, knot_spacing: float) -> None:
        """Spreads knots over a trial.

        Args:
            time: s.
            knot_spacing: About, s; made to fit the trial.
        """
        n_intervals = max(1, round((time[-1] - time[0]) / knot_spacing))
        inner = np.linspace(time[0], time[-1], n_intervals + 1)
        self._time = time
        self._knots = np.concatenate([[inner[0]] * _DEGREE, inner, [inner[-1]] * _DEGREE])
        self.basis = torch.tensor(BSpline.design_matrix(time, self._knots, _DEGREE).toarray())
        self.n_parameters = self.basis.shape[1]

    def series(self, parameters: ShapeParameters) -> Primitives:
        """Linear in the parameters."""
        return self.basis @ parameters.mT

    def directions(self, parameters: ShapeParameters) -> Float[Tensor, "direction time"]:
        """The basis functions, for all primitives the same."""
        return self.basis.mT

    def direction_of(self, n_synergies: int) -> Int[Tensor, "synergy parameter"]:
        """The same for all primitives."""
        return torch.arange(self.n_parameters).expand(n_synergies, -1)

    def fitted(self, primitives: Float[np.ndarray, "time synergy"]) -> ShapeParameters:
        """Least squares."""
        return torch.tensor(make_lsq_spline(self._time, primitives, self._knots, _DEGREE).c.T.copy())


@final
class GaussianPrimitives(PrimitiveShapes):
    """Sums of Gaussians; parameters are amplitudes, moves of centers and log widths.

    Bursts of excitation as in Sartori et al. (2013), Front Comput Neurosci 7:79. Moves of
    centers are in units of the spacing.

    Attributes:
        centers: Where the Gaussians start, s.
    """

    def __init__(self, time: TimeArray, spacing: float) -> None:
        """Spreads Gaussians over a trial.

        Args:
            time: s.
            spacing: About, s; made to fit the trial.
        """
        n_gaussians = max(2, round((time[-1] - time[0]) / spacing) + 1)
        self.centers = torch.linspace(float(time[0]), float(time[-1]), n_gaussians, dtype=torch.float64)
        self._time, self._spacing = torch.tensor(time), float(self.centers[1] - self.centers[0])
        self.n_parameters = 3 * n_gaussians

    def series(self, parameters: ShapeParameters) -> Primitives:
        """Sum over the Gaussians."""
        amplitude, _, _ = parameters.split(self._n_gaussians, dim=-1)
        return torch.einsum("kg,kgt->tk", amplitude, self._bells(parameters))

    def directions(self, parameters: ShapeParameters) -> Float[Tensor, "direction time"]:
        """Derivatives by amplitude, center and log width of every primitive's Gaussians."""
        amplitude, move, log_width = (part.unsqueeze(-1) for part in parameters.split(self._n_gaussians, -1))
        bell = self._bells(parameters)
        distance = (self._time - self.centers.unsqueeze(-1) - self._spacing * move) / self._width(log_width)
        by_center = amplitude * bell * distance * self._spacing / self._width(log_width)
        by_width = amplitude * bell * distance**2
        return torch.cat([bell, by_center, by_width], dim=1).flatten(0, 1)

    def direction_of(self, n_synergies: int) -> Int[Tensor, "synergy parameter"]:
        """Every parameter has its own."""
        return torch.arange(n_synergies * self.n_parameters).reshape(n_synergies, -1)

    def fitted(self, primitives: Float[np.ndarray, "time synergy"]) -> ShapeParameters:
        """Non-negative least squares for the amplitudes; centers and widths as they start."""
        still = torch.zeros(1, self._n_gaussians, dtype=torch.float64)
        bells = self._bells(torch.cat([still, still, still], dim=1))[0].mT.numpy()
        amplitude = np.stack([nnls(bells, course)[0] for course in primitives.T])
        amplitude = torch.tensor(np.maximum(amplitude, _LEAST_AMPLITUDE))
        return torch.cat([amplitude, torch.zeros_like(amplitude), torch.zeros_like(amplitude)], dim=1)

    @cached_property
    def _n_gaussians(self) -> int:
        return len(self.centers)

    def _width(self, log_width: Tensor) -> Tensor:
        return _FIRST_WIDTH * self._spacing * torch.exp(log_width)

    def _bells(self, parameters: ShapeParameters) -> Float[Tensor, "synergy gaussian time"]:
        _, move, log_width = (part.unsqueeze(-1) for part in parameters.split(self._n_gaussians, dim=-1))
        distance = (self._time - self.centers.unsqueeze(-1) - self._spacing * move) / self._width(log_width)
        return torch.exp(-0.5 * distance**2)


def primitive_shapes(
    kind: str, times: Sequence[Float[np.ndarray, " _"]], spacing: float
) -> tuple[PrimitiveShapes, ...]:
    """Returns the shapes of every trial's primitives.

    Args:
        kind: "spline" or "gaussian".
        times: Of every trial, s.
        spacing: Of knots or Gaussians, s.
    """
    make = {"spline": SplinePrimitives, "gaussian": GaussianPrimitives}[kind]
    return tuple(make(time, spacing) for time in times)
