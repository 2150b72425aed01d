"""One declaration per setting.

A dataclass field made by `setting` is the XML tag, the attribute, the default, the
help text and the unit. `print-xml`, `info`, `docs/settings.md` and the setup file
reader all read the same declaration.
"""

from dataclasses import MISSING, field
from typing import Any


def setting(
    doc: str,
    *,
    unit: str = "",
    default: Any = MISSING,
    allowed: tuple[str, ...] = (),
    is_path: bool = False,
) -> Any:
    """Declares a dataclass field that is also an XML property.

    Args:
        doc: One or two sentences for the user; becomes the XML comment.
        unit: Unit of the value, empty when dimensionless.
        default: Value when the element is absent; without one it is required.
        allowed: The words a string setting accepts; empty for any.
        is_path: Whether the value names an existing input file, relative to the
            setup file.

    Returns:
        A dataclass field with the declaration in its metadata.
    """
    metadata = {"doc": doc, "unit": unit, "allowed": allowed, "is_path": is_path}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)
