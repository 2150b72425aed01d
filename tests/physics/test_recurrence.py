import pytest
import torch

from opensim_difcal.physics.recurrence import solve, solve_adjoint, solve_by_doubling


def test_adjoint_is_the_transpose_of_the_solution(generator):
    def random(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    last, before, drive, upstream = (random(2, 9, 3) for _ in range(4))
    forward = (solve(last, before, drive) * upstream).sum()
    backward = (drive * solve_adjoint(last, before, upstream)).sum()
    torch.testing.assert_close(forward, backward)


@pytest.mark.parametrize("n_samples", [1, 2, 3, 8, 50])
def test_joining_neighbors_gives_the_same_as_step_by_step(generator, n_samples):
    """What a graphics card does, and what the CPU does."""
    last, before, drive = (
        torch.rand(2, n_samples, 3, generator=generator, dtype=torch.float64) - 0.5 for _ in range(3)
    )
    torch.testing.assert_close(
        solve_by_doubling(last, before, drive), solve(last, before, drive), atol=1e-14, rtol=1e-12
    )
