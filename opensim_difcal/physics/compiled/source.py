"""Writes a recording as the source of straight scalar code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opensim_difcal.physics.compiled.recording import Operation, Recording, Value

_EXPRESSIONS = {
    "mul": "{0} * {1}",
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "rsub": "{1} - {0}",
    "div": "{0} / {1}",
    "reciprocal": "1.0 / {0}",
    "neg": "-{0}",
    "sqrt": "math.sqrt({0})",
    "sin": "math.sin({0})",
    "atan": "math.atan({0})",
    "exp": "math.exp({0})",
    "expm1": "math.expm1({0})",
    "abs": "abs({0})",
    "sign": "(1.0 if {0} > 0.0 else (-1.0 if {0} < 0.0 else {0}))",
    "sgn": "(1.0 if {0} > 0.0 else (-1.0 if {0} < 0.0 else {0}))",
    # Written so that what is not a number stays none, as in torch.
    "relu": "(0.0 if {0} <= 0.0 else {0})",
    "threshold_backward": "(0.0 if {1} <= {2} else {0})",
    "maximum": "({0} if {0} > {1} or {0} != {0} else {1})",
    "clamp": "({1} if {0} < {1} else ({2} if {0} > {2} else {0}))",
    "clamp_": "({1} if {0} < {1} else ({2} if {0} > {2} else {0}))",
    "where": "({1} if {0} else {2})",
    "masked_fill": "({2} if {1} else {0})",
    "masked_fill_": "({2} if {1} else {0})",
    "logical_and": "{0} & {1}",
    "gt": "{0} > {1}",
    "lt": "{0} < {1}",
    "ge": "{0} >= {1}",
    "le": "{0} <= {1}",
    "eq": "{0} == {1}",
    "_to_copy": "int({0})",
    "detach": "{0}",
    "alias": "{0}",
    "view": "{0}",
    "expand": "{0}",
    "clone": "{0}",
    "sum": "{0}",  # over the one instant of a recording
    "scalar_tensor": "{0}",
    "ones_like": "1.0",
    "zeros_like": "0.0",
    "zeros": "0.0",
}

_RESHAPED = ("view", "_unsafe_view", "reshape", "alias", "detach")


@dataclass(frozen=True)
class Source:
    """Straight scalar code.

    Attributes:
        lines: One assignment per operation.
        outputs: Where the outputs stand after them.
    """

    lines: tuple[str, ...]
    outputs: tuple[str, ...]


def scalar_source(recording: Recording, inputs: Mapping[Value, str]) -> Source:
    """Returns a recording as assignments.

    Args:
        recording: What to write.
        inputs: How its variables and constants are called.
    """
    lines: list[str] = []
    called = dict(inputs)
    rows: dict[Value, str] = {}
    for operation in recording.operations:
        if operation.name == "index_select":
            table, _, row = operation.arguments
            rows[operation.results[0]] = f"{called[table]}[{called[row]}, {{}}]"
            continue
        if operation.arguments and operation.arguments[0] in rows and operation.name in _RESHAPED:
            rows[operation.results[0]] = rows[operation.arguments[0]]
            continue
        if operation.name == "unbind":
            row_text = rows[operation.arguments[0]]
            texts = [row_text.format(i) for i in range(len(operation.results))]
        else:
            texts = [_expression(operation, called)]
        for value, text in zip(operation.results, texts, strict=True):
            called[value] = f"x{value.index}"
            lines.append(f"{called[value]} = {text}")
    return Source(tuple(lines), tuple(called[output] for output in recording.outputs))


def _expression(operation: Operation, called: Mapping[Value, str]) -> str:
    name, arguments = operation.name, operation.arguments
    if name == "pow" and arguments[1] in (1, 2, 3):
        return " * ".join([called[arguments[0]]] * int(arguments[1]))
    is_scaled = name in ("add", "sub", "rsub") and bool(operation.keywords)  # by torch's `alpha`
    if name not in _EXPRESSIONS or is_scaled:
        # Another version of torch may record what this one does not.
        raise NotImplementedError(f"{name} has no scalar form here; add it to _EXPRESSIONS")
    return _EXPRESSIONS[name].format(*(_written(argument, called) for argument in arguments))


def _written(argument: Any, called: Mapping[Value, str]) -> str:
    return called[argument] if isinstance(argument, Value) else repr(argument)
