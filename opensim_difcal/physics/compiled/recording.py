"""Records an elementwise function of tensors as the list of operations that it performs.

The function runs once, on tensors of a single muscle, while torch reports each operation:
the function's own and, when it asks for derivatives, those of automatic differentiation.
What comes out can be run again by torch, or written as the source of a scalar function.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


@dataclass(frozen=True)
class Value:
    """A number in a recording: an input or the result of an operation.

    Attributes:
        index: Its place among all values of the recording.
    """

    index: int


@dataclass(frozen=True)
class Operation:
    """One operation of torch.

    Attributes:
        name: torch's name, without the overload: `mul`, `where`.
        function: What torch calls; runs the operation again.
        arguments: Values and plain numbers, in torch's order.
        results: Values it gives, one or several.
    """

    name: str
    function: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    results: tuple[Value, ...]


@dataclass(frozen=True)
class Recording:
    """An elementwise function as a list of operations.

    Attributes:
        variables: Values that differ from instant to instant.
        constants: Values that belong to a muscle or to all of them.
        operations: In their order.
        outputs: Values that the function returns.
    """

    variables: tuple[Value, ...]
    constants: tuple[Value, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[Value, ...]

    def used(self) -> set[Value]:
        """All values that an operation takes."""
        return {value for operation in self.operations for value in _values(operation.arguments)}


def record(
    function: Callable[..., Sequence[Tensor]], variables: Sequence[Tensor], constants: Sequence[Tensor]
) -> Recording:
    """Returns what the function does with its variables and constants.

    Args:
        function: Called with the variables, then the constants; returns tensors.
        variables: One instant of one muscle each; marked for differentiation by the caller.
        constants: As the function takes them.
    """
    recorder = _Recorder()
    inputs = [recorder.new_value(x) for x in (*variables, *constants)]
    with recorder:
        outputs = function(*variables, *constants)
    results = tuple(recorder.value_of(output) for output in outputs)
    n = len(variables)
    return Recording(tuple(inputs[:n]), tuple(inputs[n:]), _needed(recorder.operations, results), results)


def _needed(operations: Sequence[Operation], outputs: Sequence[Value]) -> tuple[Operation, ...]:
    """The operations that the outputs depend on."""
    wanted, kept = set(outputs), []
    for operation in reversed(operations):
        if wanted.intersection(operation.results):
            kept.append(operation)
            wanted.update(_values(operation.arguments))
    return tuple(reversed(kept))


def _values(arguments: Any) -> list[Value]:
    """All values among nested arguments."""
    if isinstance(arguments, Value):
        return [arguments]
    if isinstance(arguments, (tuple, list)):
        return [value for argument in arguments for value in _values(argument)]
    return []


@final
class _Recorder(TorchDispatchMode):
    """Notes every operation torch performs while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self._values: dict[int, Value] = {}
        self._alive: list[Tensor] = []  # an id is unique only while its tensor lives
        self._n_values = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Spares the import of torch's compiler, which takes seconds."""
        return False

    def new_value(self, tensor: Tensor) -> Value:
        """Gives a tensor a new value, as an operation in place does."""
        value = self._values[id(tensor)] = Value(self._n_values)
        self._n_values += 1
        self._alive.append(tensor)
        return value

    def value_of(self, tensor: Tensor) -> Value:
        return self._values[id(tensor)]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        arguments = tuple(self._taken(argument) for argument in args)
        results = func(*args, **kwargs)
        several = results if isinstance(results, (tuple, list)) else (results,)
        values = tuple(self.new_value(result) for result in several)
        name = func.__name__.split(".")[0]
        self.operations.append(Operation(name, func, arguments, kwargs, values))
        return results

    def _taken(self, argument: Any) -> Any:
        if isinstance(argument, Tensor):
            return self._values[id(argument)]
        if isinstance(argument, (tuple, list)):
            return tuple(self._taken(each) for each in argument)
        return argument
