"""The curve that stands behind the fiber lengths of a report."""

import numpy as np
import torch
from jaxtyping import Float

from opensim_difcal.physics.curve_parameters import ActiveForceLengthCurve
from opensim_difcal.physics.curves import curve_table


def active_force_length() -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Returns Millard's default active force-length curve: normalized fiber lengths and multipliers."""
    x = np.linspace(0.3, 1.9, 161)
    value, _ = curve_table([ActiveForceLengthCurve()]).value_and_slope(torch.from_numpy(x).unsqueeze(-1))
    return x, value[:, 0].numpy()
