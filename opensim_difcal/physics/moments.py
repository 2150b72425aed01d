"""Joint moments from tendon forces."""

import torch

from opensim_difcal.shapes import CoordinateSeries, MomentArms, MuscleSeries


def joint_moments(moment_arm: MomentArms, tendon_force: MuscleSeries) -> CoordinateSeries:
    """Sum over muscles of moment arm times tendon force, N m, OpenSim's sign.

    Args:
        moment_arm: m.
        tendon_force: N.
    """
    return torch.einsum("...cm,...m->...c", moment_arm, tendon_force)
