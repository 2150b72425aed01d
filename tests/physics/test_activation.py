import numpy as np
import torch
from scipy.signal import lfilter, lfiltic
from torch.autograd import gradcheck

from opensim_difcal.physics.activation import activation
from opensim_difcal.physics.differentiable import EngineOperations, PlainOperations
from opensim_difcal.physics.time_parallel import TorchEngine

neural_activation = EngineOperations(TorchEngine()).neural_activation


def test_neural_activation_equals_a_digital_filter_started_in_steady_state(generator):
    excitation = torch.rand(2, 50, 3, generator=generator, dtype=torch.float64)
    c1 = torch.tensor([-0.5, -0.9, -0.1], dtype=torch.float64)
    c2 = torch.tensor([-0.3, -0.8, -0.2], dtype=torch.float64)
    ours = neural_activation(excitation, c1, c2)
    for trial in range(2):
        for m in range(3):
            p, q = c1[m].item(), c2[m].item()
            numerator, denominator = [(1 + p) * (1 + q)], [1.0, p + q, p * q]
            e = excitation[trial, :, m].numpy()
            rest = lfiltic(numerator, denominator, [e[0], e[0]], [e[0], e[0]])
            expected, _ = lfilter(numerator, denominator, e, zi=rest)
            np.testing.assert_allclose(ours[trial, :, m].numpy(), expected, atol=1e-13)


def test_neural_activation_step_by_step_is_the_same(generator):
    excitation = torch.rand(2, 30, 3, generator=generator, dtype=torch.float64)
    c1 = torch.tensor([-0.5, -0.9, -0.1], dtype=torch.float64)
    plain = PlainOperations(TorchEngine()).neural_activation(excitation, c1, c1.flip(0))
    torch.testing.assert_close(plain, neural_activation(excitation, c1, c1.flip(0)), atol=1e-15, rtol=0)


def test_constant_excitation_stays():
    excitation = torch.full((1, 20, 1), 0.4, dtype=torch.float64)
    c = torch.tensor([-0.6], dtype=torch.float64)
    assert torch.equal(neural_activation(excitation, c, c), excitation)


def test_neural_activation_gradient(generator):
    excitation = torch.rand(1, 8, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    c1 = torch.tensor([-0.5, -0.94], dtype=torch.float64, requires_grad=True)
    c2 = torch.tensor([-0.3, -0.06], dtype=torch.float64, requires_grad=True)
    assert gradcheck(neural_activation, (excitation, c1, c2))


def test_activation_keeps_zero_and_one():
    ends = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    for factor in (-2.999, -1.0, -1e-3, -1e-9, 0.0):
        shaped = activation(ends, torch.tensor([factor], dtype=torch.float64))
        torch.testing.assert_close(shaped, ends, atol=1e-15, rtol=0)


def test_activation_is_linear_and_smooth_as_the_shape_factor_vanishes():
    neural = torch.linspace(0.0, 1.0, 5, dtype=torch.float64).reshape(5, 1)
    tiny = activation(neural, torch.tensor([-1e-12], dtype=torch.float64))
    torch.testing.assert_close(tiny, neural, atol=1e-12, rtol=0)
    for factor in (-2.5, -1.1e-4, -0.9e-4, -1e-7):
        x = neural.clone().requires_grad_(True)
        shape_factor = torch.tensor([factor], dtype=torch.float64, requires_grad=True)
        assert gradcheck(activation, (x, shape_factor))
