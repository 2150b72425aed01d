import torch

from opensim_difcal.physics.moments import joint_moments


def test_moment_is_the_sum_of_moment_arms_times_forces():
    moment_arm = torch.tensor([[[-0.04, 0.03, 0.0], [0.0, 0.05, 0.02]]], dtype=torch.float64)
    force = torch.tensor([[100.0, 200.0, 50.0]], dtype=torch.float64)
    torch.testing.assert_close(
        joint_moments(moment_arm, force), torch.tensor([[2.0, 11.0]], dtype=torch.float64)
    )
