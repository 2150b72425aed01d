"""What is recorded is what torch does, and what is written computes the same."""

import math

import pytest
import torch

from opensim_difcal.physics.compiled.recording import record
from opensim_difcal.physics.compiled.source import scalar_source


def run(function, *numbers: float) -> list[float]:
    """Records a function, writes it as scalar code, and runs that."""
    variables = [torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in numbers]
    recording = record(function, variables, [])
    names = [f"v{i}" for i in range(len(numbers))]
    source = scalar_source(recording, dict(zip(recording.variables, names, strict=True)))
    scope = {"math": math, **dict(zip(names, numbers, strict=True))}
    exec("\n".join(source.lines), scope)
    return [scope[output] for output in source.outputs]


FUNCTIONS = {
    "arithmetic": lambda x, y: (x * y - x / y + (1.0 - y) ** 2, x**3, -x + torch.reciprocal(y)),
    "functions": lambda x, y: (torch.sqrt(y), torch.expm1(x), torch.exp(y)),
    "branches": lambda x, y: (torch.relu(x), torch.maximum(x, y), torch.where(x > y, x, y), x.abs()),
    "limits": lambda x, y: (torch.clamp(x, torch.zeros_like(y), torch.ones_like(y)), x * y),
}


@pytest.mark.parametrize("numbers", [(0.3, 0.7), (-0.4, 1.9), (2.5, 0.1)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_written_code_gives_the_values_and_gradients_of_torch(name, numbers):
    def with_gradients(*variables):
        with torch.enable_grad():
            values = FUNCTIONS[name](*variables)
            gradients = [
                torch.autograd.grad(each.sum(), variables, retain_graph=True, materialize_grads=True)
                for each in values
            ]
        return [*values, *(gradient for each in gradients for gradient in each)]

    tensors = [torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in numbers]
    expected = [value.item() for value in with_gradients(*tensors)]
    assert run(with_gradients, *numbers) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", ["branches", "limits"])
def test_what_is_not_a_number_stays_none(name):
    tensors = [torch.tensor([x], dtype=torch.float64) for x in (math.nan, 0.5)]
    expected = [math.isnan(value) for value in FUNCTIONS[name](*tensors)]
    assert [math.isnan(value) for value in run(FUNCTIONS[name], math.nan, 0.5)] == expected


def test_what_no_output_needs_is_left_out():
    def function(x):
        torch.sin(x)
        return (2.0 * x,)

    recording = record(function, [torch.ones(1, dtype=torch.float64)], [])
    assert [operation.name for operation in recording.operations] == ["mul"]


def test_an_operation_without_a_scalar_form_is_named():
    with pytest.raises(NotImplementedError, match="^cumsum has no scalar form here; add it to _EXPRESSIONS$"):
        run(lambda x: (x.cumsum(0),), 1.0)
    with pytest.raises(NotImplementedError, match="^pow has no scalar form here; add it to _EXPRESSIONS$"):
        run(lambda x: (x**0.3,), 1.0)
    with pytest.raises(NotImplementedError, match="^add has no scalar form here; add it to _EXPRESSIONS$"):
        run(lambda x: (torch.add(x, x, alpha=2.0),), 1.0)
