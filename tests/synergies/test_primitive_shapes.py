import numpy as np
import pytest
import torch

from opensim_difcal.synergies.primitive_shapes import GaussianPrimitives, SplinePrimitives, primitive_shapes

TIME = 0.005 * np.arange(161)
SHAPES = {"spline": SplinePrimitives(TIME, 0.05), "gaussian": GaussianPrimitives(TIME, 0.15)}


def smooth() -> np.ndarray:
    return np.stack([0.5 + 0.4 * np.sin(7.0 * TIME), np.exp(-0.5 * ((TIME - 0.4) / 0.1) ** 2)], axis=1)


@pytest.mark.parametrize("kind", SHAPES)
def test_fitted_parameters_come_near_smooth_primitives(kind):
    shape = SHAPES[kind]
    series = shape.series(shape.fitted(smooth())).numpy()
    assert np.abs(series - smooth()).max() < {"spline": 1e-3, "gaussian": 0.25}[kind]


@pytest.mark.parametrize("kind", SHAPES)
def test_directions_are_the_derivatives_of_the_series(kind):
    shape = SHAPES[kind]
    generator = torch.Generator().manual_seed(1)
    at = shape.fitted(smooth())
    at = at + 0.1 * torch.rand(at.shape, generator=generator, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(shape.series, at)  # (time, synergy, synergy, parameter)
    assert isinstance(jacobian, torch.Tensor)
    directions, of = shape.directions(at), shape.direction_of(2)
    for k in range(2):
        torch.testing.assert_close(jacobian[:, k, k], directions[of[k]].mT, rtol=1e-9, atol=1e-12)
        assert not jacobian[:, k, 1 - k].any()


def test_gaussians_need_fewer_parameters_than_splines():
    assert SHAPES["gaussian"].n_parameters < SHAPES["spline"].n_parameters


def test_every_trial_has_shapes_of_its_own_length():
    short, long = primitive_shapes("spline", [TIME[:41], TIME], 0.05)
    assert short.n_parameters == 4 + 3
    assert long.n_parameters == 16 + 3
