import torch
from torch.autograd import gradcheck

from opensim_difcal.physics.recurrence import LinearFilter, solve, solve_adjoint


def test_adjoint_is_the_transpose_of_the_solution(generator):
    def random(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    last, before, drive, upstream = (random(2, 9, 3) for _ in range(4))
    forward = (solve(last, before, drive) * upstream).sum()
    backward = (drive * solve_adjoint(last, before, upstream)).sum()
    torch.testing.assert_close(forward, backward)


def test_linear_filter_gradient(generator):
    drive = torch.rand(2, 7, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    last = torch.tensor([0.9, 0.2], dtype=torch.float64, requires_grad=True)
    before = torch.tensor([-0.2, 0.1], dtype=torch.float64, requires_grad=True)
    assert gradcheck(LinearFilter.apply, (last, before, drive))
