"""The axes of every array, named once.

The last axis is muscle or coordinate, time stands before it, trials in front and, where
several starts are computed side by side, starts before them. So a per-muscle array
broadcasts against every series without reshaping. The leading space keeps linters from
reading a single name as a forward reference.
"""

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

PerMuscle = Float[Tensor, " muscle"]
PerMuscleFlag = Bool[Tensor, " muscle"]
MuscleValues = Float[Tensor, "... muscle"]
"""Elementwise arguments: one instant, a series or a batch of them."""

MuscleParameter = Float[Tensor, "... muscle"]
"""A parameter beside elementwise arguments: one value per muscle; one at every instant; or, with
the axes (start, 1, 1, muscle), one of every start."""

MuscleSeries = Float[Tensor, "... time muscle"]
CoordinateSeries = Float[Tensor, "... time coordinate"]
MomentArms = Float[Tensor, "... time coordinate muscle"]
TimeMask = Bool[Tensor, "trial time"]

TimeArray = Float[np.ndarray, " time"]
MuscleArray = Float[np.ndarray, "time muscle"]
CoordinateArray = Float[np.ndarray, "time coordinate"]
MomentArmArray = Float[np.ndarray, "time coordinate muscle"]
