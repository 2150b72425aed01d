"""The run-time type checker that pytest applies to the package (`--jaxtyping-packages`)."""

from typing import Any, TypeVar

from beartype import beartype
from beartype.roar import BeartypeDecorHintPep673Exception

T = TypeVar("T", bound=Any)


def checked(function: T) -> T:
    """Applies beartype, except to methods that return `Self`, which it only knows in whole classes."""
    try:
        return beartype(function)
    except BeartypeDecorHintPep673Exception:
        return function
