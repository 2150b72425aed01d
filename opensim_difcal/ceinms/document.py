"""The XML under every file of CEINMS: small trees, safely parsed.

Files of CEINMS are small and hold neither declarations of entities nor document types. So
whatever could grow, hang or reach for other files is refused: document types (and with
them entities, internal and external), deep nesting, and files larger than any real one.
`xmltodict`, which reads the setup files, does not tell the order of elements, which the
check of a subject needs; hence the standard library's parser.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import final
from xml.etree.ElementTree import ParseError, XMLParser

from opensim_difcal.errors import CEINMSFileError

MAX_BYTES = 4_000_000
MAX_ELEMENTS = 40_000
MAX_DEPTH = 32
_SHOWN = 80


@dataclass(slots=True)
class Element:
    """An XML element.

    Attributes:
        tag: Its tag, without namespace.
        attributes: Without those of other namespaces.
        text: What stands directly in it, stripped.
        children: In the order of the file.
    """

    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def __iter__(self) -> Iterator["Element"]:
        return iter(self.children)


def shown(text: str) -> str:
    """Returns a user's word for a message, cut where it is long."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...").replace("\\\\", "\\")


def parse(content: bytes, where: str) -> Element:
    """Returns the root element of a document.

    Args:
        content: The file's bytes. Without a declaration they may be Latin-1.
        where: Name of the file, for messages.

    Raises:
        CEINMSFileError: If the document is not well-formed, holds a document type, or is
            larger or deeper than any file of CEINMS.
    """
    if len(content) > MAX_BYTES:
        raise CEINMSFileError(
            f"{where}: the file has {len(content)} bytes; a file of CEINMS has at most {MAX_BYTES}. "
            "Give the XML file, not a file of data."
        )
    builder = _Builder(where)
    parser = XMLParser(target=builder, encoding=_encoding(content))
    try:
        parser.feed(content)
        parser.close()
    except ParseError as error:
        line, column = error.position
        reason = str(error).partition(":")[0]
        raise CEINMSFileError(
            f"{where}: line {line}, column {column + 1}: not well-formed XML, {reason}. Correct the file "
            "there or shortly before."
        ) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, CEINMSFileError):
            raise
        raise CEINMSFileError(f"{where}: {error}. Save the file as UTF-8 and declare it so.") from error
    assert builder.root is not None, "the parser accepts no document without a root"
    return builder.root


def read_document(path: Path) -> Element:
    """Returns the root element of a file.

    Args:
        path: The file.

    Raises:
        CEINMSFileError: If the file cannot be read; else as for `parse`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # of a larger file no more than shows that it is
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        raise CEINMSFileError(
            f"{path}: the file {_absence(path)} ({path.absolute()}). Correct the path; paths in a file of "
            "CEINMS are relative to that file's folder."
        ) from error
    if len(content) > MAX_BYTES:
        raise CEINMSFileError(
            f"{path}: the file has more than {MAX_BYTES} bytes, more than any file of CEINMS. Give the XML "
            "file, not a file of data."
        )
    return parse(content, str(path))


def _absence(path: Path) -> str:
    try:
        return "is a folder" if path.is_dir() else "cannot be read" if path.exists() else "does not exist"
    except (OSError, ValueError):
        return "does not exist"


def _encoding(content: bytes) -> str | None:
    """Latin-1 for what is not UTF-8 and declares nothing; otherwise the document's own."""
    start = content[:200]
    if b"encoding" in start or start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return None


@final
class _Builder:
    """Makes elements of the parser's events, and refuses what no file of CEINMS holds."""

    def __init__(self, where: str):
        self._where = where
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._n_elements = 0
        self.root: Element | None = None

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise CEINMSFileError(
            f"{self._where}: holds a document type (<!DOCTYPE ...>), with which entities and other files "
            "could be brought in. No file of CEINMS needs one; remove it."
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._n_elements += 1
        if self._n_elements > MAX_ELEMENTS:
            raise CEINMSFileError(
                f"{self._where}: holds more than {MAX_ELEMENTS} elements, more than any file of CEINMS. "
                "Check what wrote the file."
            )
        if len(self._open) >= MAX_DEPTH:
            raise CEINMSFileError(
                f"{self._where}: elements are nested more than {MAX_DEPTH} deep; those of CEINMS are at "
                "most ten. Check what wrote the file."
            )
        own = {name: value for name, value in attributes.items() if not name.startswith("{")}
        element = Element(tag.rpartition("}")[2], own)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def data(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def close(self) -> None:
        """The parser calls it at the end."""
