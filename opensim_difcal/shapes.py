"""The axes of every array, named once.

The last axis is muscle or coordinate, time stands before it and trials in front,
so a per-muscle array broadcasts against every series without reshaping. The
leading space keeps linters from reading a single name as a forward reference.
"""

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

PerMuscle = Float[Tensor, " muscle"]
PerMuscleFlag = Bool[Tensor, " muscle"]
MuscleValues = Float[Tensor, "*any muscle"]
"""Elementwise arguments: one instant, a series or a batch of them."""

MuscleParameter = Float[Tensor, "*own muscle"]
"""A parameter beside elementwise arguments: one value per muscle, or one at every instant."""

MuscleSeries = Float[Tensor, "*batch time muscle"]
CoordinateSeries = Float[Tensor, "*batch time coordinate"]
MomentArms = Float[Tensor, "*batch time coordinate muscle"]
TimeMask = Bool[Tensor, "trial time"]

TimeArray = Float[np.ndarray, " time"]
MuscleArray = Float[np.ndarray, "time muscle"]
CoordinateArray = Float[np.ndarray, "time coordinate"]
MomentArmArray = Float[np.ndarray, "time coordinate muscle"]
