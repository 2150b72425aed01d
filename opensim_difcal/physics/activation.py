"""From excitation to activation.

References:
    Hambly et al., Eqs 1 and 2; Lloyd and Besier (2003), J Biomech 36(6):765-776.
"""

import torch

from opensim_difcal.shapes import MuscleParameter, MuscleSeries, MuscleValues

_SERIES_BELOW = 1e-4


def steady_start(
    excitation: MuscleSeries, c1: MuscleParameter, c2: MuscleParameter
) -> tuple[MuscleValues, MuscleParameter, MuscleParameter, MuscleSeries]:
    """Eq. 1 as a recurrence that starts from rest: its deviation from the first excitation.

    u_i = alpha e_i - beta_1 u_(i-1) - beta_2 u_(i-2) with beta_1 = C1 + C2,
    beta_2 = C1 C2, alpha = 1 + beta_1 + beta_2. Its poles are -C1 and -C2, so C1 and C2
    belong to the time step of the series. The filter starts in steady state.

    Args:
        excitation: 0..1, already delayed by the electromechanical delay.
        c1: -1 < C1 < 0.
        c2: -1 < C2 < 0.

    Returns:
        The steady state, which has to be added to the result; the coefficients of
        u_(i-1) and u_(i-2); and what drives the recurrence.
    """
    beta_1, beta_2 = c1 + c2, c1 * c2
    steady = excitation[..., :1, :]
    return steady, -beta_1, -beta_2, (1.0 + beta_1 + beta_2) * (excitation - steady)


def activation(neural: MuscleValues, shape_factor: MuscleParameter) -> MuscleValues:
    """Exponential shape, Eq. 2: (exp(A u) - 1) / (exp(A) - 1), smooth as A goes to 0.

    Args:
        neural: Neural activation u, 0..1.
        shape_factor: A, between -3 and 0.
    """
    return neural * _relative_growth(shape_factor * neural) / _relative_growth(shape_factor)


def _relative_growth(x: MuscleValues) -> MuscleValues:
    """(exp(x) - 1) / x, with its series where x is small."""
    small = x.abs() < _SERIES_BELOW
    away_from_zero = torch.where(small, torch.ones_like(x), x)
    return torch.where(small, 1.0 + x / 2.0 + x**2 / 6.0, torch.expm1(away_from_zero) / away_from_zero)
