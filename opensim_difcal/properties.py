"""What a settings dataclass declares, in the form XML readers and writers need."""

import dataclasses
import types
import typing
from dataclasses import MISSING, dataclass
from functools import cache
from pathlib import Path
from typing import Any

NAME = "name"
"""The field that is the object's `name` attribute instead of an element."""

_NOUNS = {
    bool: ("true or false", "words true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("text", "words"),
    Path: ("a path", "paths"),
}


@dataclass(frozen=True, kw_only=True)
class Property:
    """One setting of a tool or of an entry in one of its lists.

    Attributes:
        name: Name of the dataclass field and of the XML element.
        value_type: bool, int, float, str, Path, or the dataclass of a list's entries.
        is_sequence: Whether there are several values.
        n_values: How many values a sequence holds; None for any number.
        is_optional: Whether the value may be None, written as an empty element.
        default: Value when the element is absent; `dataclasses.MISSING` when required.
        doc: Description for the user.
        unit: Unit, empty when dimensionless.
        allowed: Words that are accepted; empty for any.
        is_path: Whether the value names an existing input file.
    """

    name: str
    value_type: type
    is_sequence: bool
    n_values: int | None
    is_optional: bool
    default: Any
    doc: str
    unit: str
    allowed: tuple[str, ...]
    is_path: bool

    @property
    def is_required(self) -> bool:
        """Whether the setup file must hold the element."""
        return self.default is MISSING

    @property
    def is_object_list(self) -> bool:
        """Whether the values are objects with properties of their own."""
        return dataclasses.is_dataclass(self.value_type)

    @property
    def may_be_empty(self) -> bool:
        """Whether an element without content is a value."""
        is_any_sequence = self.is_sequence and self.n_values is None
        return self.is_optional or self.default == "" or (is_any_sequence and not self.is_required)

    @property
    def expected(self) -> str:
        """What a value looks like, for messages and documentation."""
        if self.is_object_list:
            return f"<{element_name(self.value_type)}> elements"
        if self.allowed and not self.is_sequence:
            return "one of " + ", ".join(self.allowed)
        one, several = _NOUNS[self.value_type]
        if not self.is_sequence:
            return one
        count = "" if self.n_values is None else f"{self.n_values} "
        among = f", each one of {', '.join(self.allowed)}" if self.allowed else ""
        return f"{count}{several} separated by spaces{among}"


def element_name(owner: type) -> str:
    """Returns the XML element of a class: its `xml_name` if it has one, else its name."""
    return getattr(owner, "xml_name", owner.__name__)


@cache
def properties_of(owner: type) -> tuple[Property, ...]:
    """Returns the settings that a dataclass declares, in their order.

    Args:
        owner: Dataclass whose fields are made by `settings.setting`; other fields
            are not part of the setup file.
    """
    hints = typing.get_type_hints(owner)
    fields = [field for field in dataclasses.fields(owner) if "doc" in field.metadata]
    return tuple(_property(field, hints[field.name]) for field in fields)


def _property(field: dataclasses.Field, hint: Any) -> Property:
    hint, is_optional = _without_none(hint)
    is_sequence = typing.get_origin(hint) is tuple
    items = typing.get_args(hint) if is_sequence else (hint,)
    has_any_length = is_sequence and items[-1] is Ellipsis
    value_type: type = items[0]
    assert value_type in _NOUNS or dataclasses.is_dataclass(value_type), f"{field.name}: {hint}"
    return Property(
        name=field.name,
        value_type=value_type,
        is_sequence=is_sequence,
        n_values=None if has_any_length else len(items),
        is_optional=is_optional,
        default=field.default if field.default_factory is MISSING else field.default_factory(),
        **field.metadata,
    )


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Returns X and True for `X | None`, otherwise the hint and False.

    A protocol in a union is for Python users; a setup file cannot hold such an object.
    """
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint, False
    items = typing.get_args(hint)
    others = [item for item in items if item is not type(None) and not _is_protocol(item)]
    assert len(others) == 1, f"A setting has one type, or one type or None. Got {hint}."
    return others[0], type(None) in items


def _is_protocol(hint: Any) -> bool:
    return getattr(hint, "_is_protocol", False)
