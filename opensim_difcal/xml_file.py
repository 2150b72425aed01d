"""Parses XML that a user gives, and refuses what would harm: entities and bottomless nesting.

Every XML file of a user is read through here, also an .osim file before OpenSim sees it:
OpenSim's own parser calls itself for every level and so dies of a file nested deep enough.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, final
from xml.parsers import expat

import xmltodict

from opensim_difcal.errors import DifcalError
from opensim_difcal.user_file import read_user_file

DEEPEST = 100
"""Levels of elements that a file may have; OpenSim's models have about fifteen."""


def read_xml(
    path: Path,
    error_type: type[DifcalError],
    *,
    what: str = "the file",
    missing_remedy: str = "Correct the path.",
    remedy: str = "Correct the file there or shortly before.",
    force_cdata: bool = False,
    force_list: Sequence[str] = (),
) -> dict[str, Any]:
    """Returns the content of an XML file as `xmltodict` gives it.

    Args:
        path: The file.
        error_type: Raised for every fault.
        what: What the file is for, as messages call it.
        missing_remedy: A sentence, for a file that cannot be read.
        remedy: A sentence, for a file that is not well-formed.
        force_cdata: Whether every element is a dictionary, with its text under "#text".
        force_list: Tags of elements that are a list also where there is only one.

    Raises:
        DifcalError: Of the given type. It says where (file, line and column), what and the remedy.
    """
    content = read_user_file(path, error_type, what=what, remedy=missing_remedy)
    check_xml(content, error_type, where=str(path), remedy=remedy)
    return xmltodict.parse(content, force_cdata=force_cdata, force_list=tuple(force_list))


def check_xml(
    content: bytes, error_type: type[DifcalError], *, where: str, remedy: str, encoding: str | None = None
) -> None:
    """Refuses what is not well-formed, declares a document type, or is nested too deep.

    A document type is what entities are declared in, those that grow without end and those
    that read other files; no file of OpenSim or CEINMS has one.

    Args:
        content: Of the file.
        error_type: Raised for every fault.
        where: Name of the file.
        remedy: A sentence, for content that is not well-formed.
        encoding: Of the content; None for the one that it declares.

    Raises:
        DifcalError: Of the given type.
    """
    if encoding is not None and b"\0" in content:  # expat would look past the given encoding
        raise error_type(f"{where}: the file holds NUL bytes, as UTF-16 does. Save it as UTF-8.")
    try:
        with warnings.catch_warnings(action="error"):
            _Check(encoding).run(content)
    except _Harmful as error:
        raise error_type(f"{where}: {error}") from None
    except expat.ExpatError as error:
        place = f"{where}: line {error.lineno}, column {error.offset + 1}"
        reason = expat.ErrorString(error.code)
        raise error_type(f"{place}: not well-formed XML, {reason}. {remedy}") from error
    except (LookupError, ValueError, Warning) as error:  # no such encoding, or one that expat cannot use
        raise error_type(f"{where}: {error}. Save the file as UTF-8 and declare it so.") from error


def model_encoding(content: bytes) -> str:
    """Returns the encoding that OpenSim's parser reads, whatever the file declares.

    OpenSim does not mind a credit in Latin-1 inside a file that says UTF-8; expat does.

    Args:
        content: Of an .osim file.
    """
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "utf-8"


@final
class _Harmful(Exception):
    """Something that no file needs and that could stop the program."""


@final
class _Check:
    """A pass of expat that keeps nothing."""

    def __init__(self, encoding: str | None):
        self._depth = 0
        self._parser = expat.ParserCreate(encoding)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = self._instruction

    def run(self, content: bytes) -> None:
        self._parser.Parse(content, True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            self._refuse(
                f"elements are nested more than {DEEPEST} deep. Save the file again from its program."
            )

    def _end(self, tag: str) -> None:
        self._depth -= 1

    def _doctype(self, *declaration: Any) -> None:
        self._refuse("a <!DOCTYPE> declaration is not allowed, for it can hold entities. Remove it.")

    def _instruction(self, target: str, data: str) -> None:
        """OpenSim's parser takes what follows a ">" in an instruction for elements."""
        if ">" in data:
            self._refuse("an instruction <?...?> with a '>' inside is not allowed. Remove it.")

    def _refuse(self, reason: str) -> NoReturn:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        raise _Harmful(f"line {line}, column {column}: {reason}")
