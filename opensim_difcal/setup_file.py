"""Reads a setup file into a tool; every fault of the file is reported at once.

The file is an OpenSim document. Its elements are the settings that the tool's
dataclass declares: one declaration, no table of element names here. Paths are
relative to the setup file; the working directory plays no part.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from opensim_difcal.errors import DifcalError, SetupFileError, raise_problems
from opensim_difcal.properties import NAME, Property, element_name, properties_of
from opensim_difcal.user_file import file_fault
from opensim_difcal.wording import counted, did_you_mean, listed, quoted, shortened
from opensim_difcal.xml_file import read_xml

ROOT = "OpenSimDocument"
PLACEHOLDER = "FILL_IN"
"""What a template holds where the user must give a value."""

_MOST_FAULTS = 100
"""After which a file is read no further."""
_LONGEST_PATH = 500  # characters that messages show
_LONGEST_WORD = 1000  # characters of a name or of other text

Steps = tuple[str, ...]


def read_setup(path: Path | str, tool_types: Mapping[str, type]) -> Any:
    """Returns the tool that a setup file describes.

    Args:
        path: The setup file.
        tool_types: The tools a file may hold, by element name.

    Raises:
        SetupFileError: The file has one fault.
        Problems: The file has several faults.
    """
    tool, errors = read_what_can_be_read(path, tool_types)
    raise_problems(errors)
    return tool


def read_what_can_be_read(
    path: Path | str, tool_types: Mapping[str, type]
) -> tuple[Any | None, list[DifcalError]]:
    """Returns a tool also from a setup file with faults, so that its inputs can be checked too.

    Unknown elements are left out, values that cannot be read take their default, and
    missing files stay. Such a tool is for checking, never for running.

    Args:
        path: The setup file.
        tool_types: The tools a file may hold, by element name.

    Returns:
        The tool, or None when a required value cannot be read; and every fault of the file.

    Raises:
        SetupFileError: The file is not a setup file at all.
    """
    path = Path(path)
    document = read_xml(path, SetupFileError, what="the setup file", force_cdata=True)
    _check_place(path)
    tag, node = _tool_node(path, document, tool_types)
    reader = _Reader(path)
    try:
        tool = reader.read_object(node, tool_types[tag], ())
    except _TooManyFaults:
        tool = None
    return tool, reader.errors


def _check_place(path: Path) -> None:
    """Refuses a folder that OpenSim and the results could not name."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise SetupFileError(
            f"{path}: the path {quoted(str(path.absolute()), _LONGEST_PATH)} holds bytes that are not UTF-8. "
            "Rename the file or its folder."
        ) from error


def _tool_node(path: Path, document: dict[str, Any], tool_types: Mapping[str, type]) -> tuple[str, Any]:
    """Returns the element name and the content of the document's one tool."""
    ((root, content),) = document.items()
    if root != ROOT:
        raise SetupFileError(
            f"{path}: the root element is <{shortened(root)}>; expected <{ROOT}>. "
            f'Put the tool inside <{ROOT} Version="40600">.'
        )
    tags = [tag for tag in content or {} if not tag.startswith(("@", "#"))]
    nodes = [(tag, node) for tag in tags for node in _as_list((content or {})[tag])]
    allowed = f"Allowed tools are {listed(tool_types, '<{}>')}."
    if len(nodes) != 1:
        raise SetupFileError(f"{path}: <{ROOT}> holds {counted(len(nodes), 'tool')}; expected one. {allowed}")
    tag, node = nodes[0]
    if tag not in tool_types:
        raise SetupFileError(
            f"{path}: unknown tool <{shortened(tag)}>.{did_you_mean(tag, tool_types, '<{}>')} {allowed}"
        )
    return tag, node


def _as_list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else [node]


@final
class _TooManyFaults(Exception):
    """Nobody reads more of them."""


@final
class _Reader:
    """Turns parsed XML into settings objects and collects what is wrong with it."""

    def __init__(self, path: Path):
        self.path = path
        self.folder = path.absolute().parent
        self.errors: list[DifcalError] = []

    def report(self, steps: Steps, message: str) -> None:
        place = "/".join(steps)
        self.errors.append(SetupFileError(f"{self.path}: {place}{message}"))
        if len(self.errors) >= _MOST_FAULTS:
            more = f"{self.path}: there may be more; correct these {_MOST_FAULTS} faults first."
            self.errors.append(SetupFileError(more))
            raise _TooManyFaults

    def report_inside(self, steps: Steps, message: str) -> None:
        self.report(steps, f": {message}" if steps else message)

    def read_object(self, node: dict[str, Any] | None, owner: type, steps: Steps) -> Any:
        """Returns an object of a settings dataclass; None when a required value cannot be read."""
        node = node or {}
        properties = properties_of(owner)
        names = [prop.name for prop in properties]
        self.check_content(
            node,
            steps,
            elements=[name for name in names if name != NAME],
            attributes=[name for name in names if name == NAME],
        )
        values = {prop.name: self.value_or_default(prop, node, steps) for prop in properties}
        if any(values[prop.name] is None for prop in properties if not prop.is_optional):
            return None
        try:
            return owner(**values)
        except DifcalError as error:
            self.errors.append(error)
            return None

    def check_content(
        self, node: dict[str, Any], steps: Steps, *, elements: Sequence[str], attributes: Sequence[str] = ()
    ) -> None:
        """Reports elements, attributes and text that have no meaning here."""
        for key, value in node.items():
            if key in elements or (key == f"@{NAME}" and NAME in attributes):
                continue
            if key == "#text":
                message = f"unexpected text {quoted(value)}. Remove it, or put it in an element."
            elif key.startswith("@"):
                allowed = listed(attributes)
                message = f"unknown attribute {quoted(key[1:])}. Allowed attributes: {allowed}. Remove it."
            elif key in attributes:
                message = f'unknown element <{key}>. It is an attribute, as in {key}="walk".'
            else:
                hint = did_you_mean(key, elements, "<{}>")
                allowed = f"Allowed elements are {listed(elements, '<{}>')}." if elements else "Remove it."
                message = f"unknown element <{shortened(key)}>.{hint} {allowed}"
            self.report_inside(steps, message)

    def value_or_default(self, prop: Property, node: dict[str, Any], steps: Steps) -> Any:
        """Returns a setting; after a fault its default, or None when there is none."""
        n_errors = len(self.errors)
        value = self.read_property(prop, node, steps)
        if value is None and len(self.errors) > n_errors and not prop.is_required:
            return self.default(prop, steps)
        return value

    def read_property(self, prop: Property, node: dict[str, Any], steps: Steps) -> Any:
        """Returns the value of one setting, or None after reporting what is wrong."""
        if prop.name == NAME:
            return self.read_name(prop, node, steps)
        if prop.name not in node:
            return self.default(prop, steps)
        found = _as_list(node[prop.name])
        steps = (*steps, f"<{prop.name}>")
        if len(found) > 1:
            return self.report(steps, f" stands {len(found)} times; expected once. Remove all but one.")
        content = found[0] or {}
        if prop.is_object_list:
            return self.read_list(prop, content, steps)
        self.check_content({key: content[key] for key in content if key != "#text"}, steps, elements=())
        return self.read_text(prop, content.get("#text", ""), steps)

    def read_name(self, prop: Property, node: dict[str, Any], steps: Steps) -> Any:
        if f"@{NAME}" in node:
            return self.read_text(prop, node[f"@{NAME}"], (*steps, f"attribute {NAME!r}"))
        if prop.is_required:
            return self.report_inside(steps, f"required attribute {NAME!r} is missing. Add it: {prop.doc}")
        return prop.default

    def default(self, prop: Property, steps: Steps) -> Any:
        if prop.is_required:
            return self.report_inside(steps, f"required element <{prop.name}> is missing. Add it: {prop.doc}")
        return self.resolved(prop.default) if isinstance(prop.default, Path) else prop.default

    def resolved(self, path: Path | str) -> Path:
        """Returns the absolute path, relative to the setup file."""
        return Path(os.path.normpath(self.folder / path))

    def read_list(self, prop: Property, content: dict[str, Any], steps: Steps) -> Any:
        """Returns the objects of a list, directly inside it or inside <objects>."""
        tag = element_name(prop.value_type)
        entries: list[Any] = []
        self.check_content(content, steps, elements=(tag, "objects"))
        holders = [holder or {} for holder in _as_list(content.get("objects"))]
        for holder in holders:
            self.check_content(holder, (*steps, "<objects>"), elements=(tag,))
        for holder in (content, *holders):
            entries += _as_list(holder[tag]) if tag in holder else []
        if not entries and not prop.may_be_empty:
            return self.report(steps, f" is empty; expected at least one <{tag}>. Add one: {prop.doc}")
        self.check_names_differ(entries, tag, steps)
        read = [
            self.read_object(entry, prop.value_type, (*steps, _entry_label(tag, entry, i)))
            for i, entry in enumerate(entries, start=1)
        ]
        return tuple(entry for entry in read if entry is not None) or (() if prop.may_be_empty else None)

    def check_names_differ(self, entries: Sequence[Any], tag: str, steps: Steps) -> None:
        counts = Counter(entry[f"@{NAME}"] for entry in entries if entry and entry.get(f"@{NAME}"))
        for name, count in counts.items():
            if count > 1:
                found = f"{count} <{tag}> elements have the name {quoted(name)}"
                self.report_inside(steps, f"{found}; expected different names. Rename all but one.")

    def read_text(self, prop: Property, text: str, steps: Steps) -> Any:
        """Returns the value that an element's text stands for."""
        text = text.strip()
        if not text:
            return self.empty(prop, steps)
        if PLACEHOLDER in text.split():
            return self.report(
                steps, f" still holds the template's {PLACEHOLDER!r}; expected {prop.expected}. {prop.doc}"
            )
        words = text.split() if prop.is_sequence else [text]
        if prop.is_sequence and prop.n_values not in (None, len(words)):
            return self.report(steps, f" is {quoted(text)}; expected {prop.expected}.")
        try:
            values = tuple(_PARSERS[prop.value_type](word) for word in words)
        except ValueError:
            return self.report(steps, f" is {quoted(text)}; expected {prop.expected}.")
        too_long = [word for word in words if prop.value_type is str and len(word) > _LONGEST_WORD]
        if too_long:
            return self.report(steps, f" holds {quoted(too_long[0])}; expected at most {_LONGEST_WORD}.")
        if prop.value_type is Path:
            values = tuple(self.input_path(prop, word, steps) for word in words)
        if not self.are_allowed(prop, words, steps):
            return None
        return values if prop.is_sequence else values[0]

    def empty(self, prop: Property, steps: Steps) -> Any:
        if not prop.may_be_empty:
            return self.report(steps, f" is empty; expected {prop.expected}. {prop.doc}")
        return None if prop.is_optional else () if prop.is_sequence else ""

    def are_allowed(self, prop: Property, words: Sequence[str], steps: Steps) -> bool:
        strange = [word for word in words if prop.allowed and word not in prop.allowed]
        for word in strange:
            hint = did_you_mean(word, prop.allowed)
            self.report(steps, f" is {quoted(word)}; expected one of {', '.join(prop.allowed)}.{hint}")
        return not strange

    def input_path(self, prop: Property, word: str, steps: Steps) -> Path:
        path = self.resolved(word)
        reason = file_fault(path) if prop.is_path else None
        if reason is not None:
            file = shortened(str(path), _LONGEST_PATH)
            self.report(
                steps,
                f" is {quoted(word, _LONGEST_PATH)}, but the file {file} {reason}. The path is relative to "
                f"the folder of the setup file, {self.folder}. Correct it, or put the file there.",
            )
        return path


def _entry_label(tag: str, entry: Any, position: int) -> str:
    """Returns how messages call an entry: by its name, else by its position."""
    name = (entry or {}).get(f"@{NAME}")
    return f"<{tag} name={quoted(name)}>" if name else f"<{tag}>[{position}]"


def _boolean(word: str) -> bool:
    if word.lower() not in ("true", "false"):
        raise ValueError(word)
    return word.lower() == "true"


def _whole_number(word: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", word) or abs(int(word)) >= 2**64:
        raise ValueError(word)
    return int(word)


def _number(word: str) -> float:
    if "_" in word or word.lower().lstrip("+-") == "nan":
        raise ValueError(word)
    return float(word)


_PARSERS = {bool: _boolean, int: _whole_number, float: _number, str: str, Path: Path}
