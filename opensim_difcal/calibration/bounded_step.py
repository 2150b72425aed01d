"""A step of a quadratic model that stays inside bounds."""

import torch
from torch import Tensor


def bounded_step(damped: Tensor, gradient: Tensor, position: Tensor, limits: tuple[Tensor, Tensor]) -> Tensor:
    """Minimizes a quadratic model inside the bounds, by an active set.

    Unknowns that a step would push through a bound are set on it, and the others are
    solved for again, given that.

    Args:
        damped: J^T J, damped.
        gradient: J^T r.
        position: Where the step starts.
        limits: Lower and upper bound of the position.
    """
    lower, upper = limits
    step = torch.zeros_like(position)
    fixed = ((position <= lower) & (gradient > 0)) | ((position >= upper) & (gradient < 0))
    while not fixed.all():
        free, held = torch.nonzero(~fixed).squeeze(-1), torch.nonzero(fixed).squeeze(-1)
        pull = gradient[free] + damped[free][:, held] @ step[held]
        step[free] = -torch.linalg.solve(damped[free][:, free], pull)
        inside = torch.minimum(torch.maximum(position + step, lower), upper)
        through = (position + step != inside) & ~fixed
        step = inside - position
        if not through.any():
            break
        fixed = fixed | through
    return step


def damped_hessian(hessian: Tensor, damping: float, largest: Tensor | None = None) -> Tensor:
    """Returns J^T J + damping diag(J^T J), and a trifle of its largest entry against zeros.

    Args:
        hessian: J^T J.
        damping: Multiplies the diagonal.
        largest: Of the diagonal, where the matrix is a block of a larger one.
    """
    scale = hessian.diagonal()
    return hessian + torch.diag(damping * scale + 1e-9 * (scale.max() if largest is None else largest))
