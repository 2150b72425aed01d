"""Writes tools as setup files: commented templates, and the settings of a run."""

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from opensim_difcal.errors import SetupFileError
from opensim_difcal.properties import NAME, Property, element_name, properties_of
from opensim_difcal.setup_file import PLACEHOLDER, ROOT

_INDENT = "    "
_HEADER = f'<?xml version="1.0" encoding="UTF-8" ?>\n<{ROOT} Version="40600">'


def template(tool_type: type) -> str:
    """Returns a setup file with every property of a tool, commented.

    Values are the defaults. Required values, and the example entry of each required
    list, hold `PLACEHOLDER`, which the reader refuses until it is replaced. The
    example entry of an optional list is commented out.
    """
    values = {prop.name: prop.default for prop in properties_of(tool_type)}
    return _document(tool_type, values)


def write_setup(tool: object, path: Path | str | None = None) -> str:
    """Returns a tool's setup file, and writes it when a path is given.

    Args:
        tool: The tool; every property is written, also those at their default.
        path: File to write. Paths of the tool are then written relative to its
            folder, so that reading it gives them back.

    Raises:
        SetupFileError: A value of a list separated by spaces contains a space.
    """
    if path is None:
        return setup_text(tool)
    text = setup_text(tool, Path(path).absolute().parent)
    Path(path).write_text(text, encoding="utf-8")
    return text


def setup_text(tool: object, folder: Path | None = None) -> str:
    """Returns a tool's setup file as text.

    Args:
        tool: The tool; every property is written, also those at their default.
        folder: Paths of the tool are written relative to it; as they are when None.

    Raises:
        SetupFileError: A value of a list separated by spaces contains a space.
    """
    tool_type = type(tool)
    values = {prop.name: getattr(tool, prop.name) for prop in properties_of(tool_type)}
    return _document(tool_type, values, None if folder is None else folder.absolute())


def description(prop: Property) -> str:
    """Returns what a user needs to know about a property, as sentences."""
    sentences = [prop.doc]
    if prop.allowed:
        sentences.append(f"Allowed: {', '.join(prop.allowed)}.")
    if prop.unit:
        sentences.append(f"Unit: {prop.unit}.")
    sentences.append("Required." if prop.is_required else f"Default: {default_text(prop)}.")
    return " ".join(sentences)


def summary(owner: type) -> str:
    """Returns the first paragraph of a class's docstring."""
    return (inspect.getdoc(owner) or "").partition("\n\n")[0].replace("\n", " ")


def default_text(prop: Property) -> str:
    """Returns a property's default as the setup file would hold it."""
    return ("" if prop.is_object_list else _text(prop, prop.default)) or "none"


def _document(tool_type: type, values: Mapping[str, Any], folder: Path | None = None) -> str:
    lines = _object_lines(tool_type, values, folder)
    return "\n".join([_HEADER, *_indented(lines), f"</{ROOT}>", ""])


def _object_lines(
    owner: type, values: Mapping[str, Any], folder: Path | None, *, has_comments: bool = True
) -> list[str]:
    tag = element_name(owner)
    has_name = NAME in values
    name = values.get(NAME)
    label = f" {NAME}={quoteattr(PLACEHOLDER if name is MISSING else str(name))}" if has_name else ""
    lines = []
    for prop in properties_of(owner):
        if has_comments:
            lines.append(_comment(prop))
        if prop.name != NAME:
            lines += _property_lines(prop, values[prop.name], folder, has_comments=has_comments)
    return [f"<{tag}{label}>", *_indented(lines), f"</{tag}>"]


def _property_lines(prop: Property, value: Any, folder: Path | None, *, has_comments: bool) -> list[str]:
    if not prop.is_object_list:
        return [f"<{prop.name}>{escape(_text(prop, value, folder))}</{prop.name}>"]
    if value is MISSING:
        entries = _example_lines(prop.value_type, has_comments=has_comments)
    elif value:
        entries = _entries_lines(prop.value_type, value, folder)
    elif has_comments:
        comments = [_comment(item) for item in properties_of(prop.value_type)]
        entries = [*comments, "<!--", *_example_lines(prop.value_type, has_comments=False), "-->"]
    else:
        entries = []
    objects = ["<objects>", *_indented(entries), "</objects>"]
    return [f"<{prop.name}>", *_indented(objects), f"</{prop.name}>"]


def _example_lines(owner: type, *, has_comments: bool) -> list[str]:
    values = {prop.name: prop.default for prop in properties_of(owner)}
    return _object_lines(owner, values, None, has_comments=has_comments)


def _entries_lines(owner: type, entries: Sequence[object], folder: Path | None) -> list[str]:
    """Returns the lines of all entries; only the first carries comments."""
    lines = []
    for i, entry in enumerate(entries):
        values = {prop.name: getattr(entry, prop.name) for prop in properties_of(owner)}
        lines += _object_lines(owner, values, folder, has_comments=i == 0)
    return lines


def _comment(prop: Property) -> str:
    subject = f"Attribute {NAME}: " if prop.name == NAME else ""
    text = (subject + description(prop)).replace("--", "- -")
    return f"<!--{text}-->"


def _text(prop: Property, value: Any, folder: Path | None = None) -> str:
    if value is MISSING:
        return " ".join([PLACEHOLDER] * (prop.n_values or 1))
    if value is None:
        return ""
    if not prop.is_sequence:
        return _word(value, folder)
    words = [_word(item, folder) for item in value]
    for word in words:
        if not word or word.split() != [word]:
            raise SetupFileError(
                f"<{prop.name}> holds {word!r}; its values are separated by spaces, so none may be empty "
                "or contain one. Rename it."
            )
    return " ".join(words)


def _word(value: Any, folder: Path | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, Path):
        return _relative(value, folder).as_posix()
    return str(value)


def _relative(path: Path, folder: Path | None) -> Path:
    if folder is None:
        return path
    try:
        return Path(os.path.relpath(path.absolute(), folder))
    except ValueError:  # another drive
        return path.absolute()


def _indented(lines: Sequence[str]) -> list[str]:
    return [_INDENT + line for line in lines]
