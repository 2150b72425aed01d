"""The XML under every file of CEINMS: small trees, safely parsed.

Beside what is refused of any XML file (document types and with them entities, internal and
external; deep nesting) files are refused that are larger than any real one. `xmltodict`,
which reads the setup files, does not tell the order of elements, which the check of a
subject needs; hence the standard library's parser.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import final
from xml.etree.ElementTree import XMLParser

from opensim_difcal.errors import CEINMSFileError
from opensim_difcal.user_file import read_user_file
from opensim_difcal.wording import quoted
from opensim_difcal.xml_file import check_xml

MAX_BYTES = 4_000_000
MAX_ELEMENTS = 40_000
_MISSING = "Correct the path; paths in a file of CEINMS are relative to that file's folder."
_REMEDY = "Correct the file there or shortly before."


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
    """Returns a user's word for a message, cut where it is long; the backslashes of paths as they are."""
    return quoted(text).replace("\\\\", "\\")


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
    encoding = _encoding(content)
    check_xml(content, CEINMSFileError, where=where, remedy=_REMEDY, encoding=encoding)
    builder = _Builder(where)
    parser = XMLParser(target=builder, encoding=encoding)
    parser.feed(content)
    parser.close()
    assert builder.root is not None, "the parser accepts no document without a root"
    return builder.root


def read_document(path: Path) -> Element:
    """Returns the root element of a file.

    Args:
        path: The file.

    Raises:
        CEINMSFileError: If the file cannot be read; else as for `parse`.
    """
    return parse(read_user_file(path, CEINMSFileError, remedy=_MISSING), str(path))


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
    """Makes elements of the parser's events, up to a number."""

    def __init__(self, where: str):
        self._where = where
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._n_elements = 0
        self.root: Element | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._n_elements += 1
        if self._n_elements > MAX_ELEMENTS:
            raise CEINMSFileError(
                f"{self._where}: holds more than {MAX_ELEMENTS} elements, more than any file of CEINMS. "
                "Check what wrote the file."
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
