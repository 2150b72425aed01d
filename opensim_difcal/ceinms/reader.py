"""Reads values out of the elements of a file of CEINMS, and collects what is wrong with it."""

import math
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from opensim_difcal.ceinms.dialects import MISSPELLED, OTHER_NAMES, is_absolute
from opensim_difcal.ceinms.document import Element, read_document, shown
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.errors import CEINMSFileError, DifcalError, Problems, raise_problems
from opensim_difcal.user_file import file_fault
from opensim_difcal.wording import did_you_mean, listed, shortened

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOST_PROBLEMS = 20
_LONGEST_WORD = 40  # that a similar one is looked for
_LONGEST_PATH = 4096


@final
@dataclass
class Reader:
    """One file while it is read.

    Attributes:
        path: The file.
        notes: What the user is told.
        errors: What is wrong with the file.
    """

    path: Path
    notes: Notes
    errors: list[DifcalError] = field(default_factory=list)

    def root(self, *tags: str) -> Element:
        """Returns the file's root element.

        Args:
            *tags: Names that it may have.

        Raises:
            CEINMSFileError: If the file cannot be read or has another root.
        """
        element = read_document(self.path)
        if element.tag.lower() not in {tag.lower() for tag in tags}:
            raise CEINMSFileError(
                f"{self.path}: the root element is <{shortened(element.tag)}>; expected "
                f"{' or '.join(f'<{tag}>' for tag in tags)}. Check which file is named."
            )
        self.notes.add(Kind.READ, str(self.path))
        return element

    def refuse(self, where: str, message: str) -> None:
        """Collects one fault.

        Args:
            where: Which element, such as "<mtu 'soleus_r'>/<c1>".
            message: What is wrong, what is expected, and the remedy.

        Raises:
            Problems: If the file has so many faults that reading on helps nobody.
        """
        error = CEINMSFileError(f"{self.path}: {where}{message}")
        if str(error) not in map(str, self.errors):  # an element may be looked at twice
            self.errors.append(error)
        if len(self.errors) >= _MOST_PROBLEMS:
            raise Problems(self.errors)

    def raise_errors(self) -> None:
        """Raises what was collected, if anything was."""
        raise_problems(self.errors)

    def children(self, parent: Element, name: str) -> list[Element]:
        """Returns the children of a name, in any dialect."""
        names = {each.lower() for each in (name, *OTHER_NAMES.get(name, ()))}
        found = [child for child in parent if child.tag.lower() in names]
        for child in found:
            if child.tag in MISSPELLED.get(name, ()):
                self._spelled(child.tag, name)
        return found

    def child(self, parent: Element, name: str, where: str = "", *, required: bool = False) -> Element | None:
        """Returns the one child of a name; None without one.

        Args:
            parent: The element that it stands in.
            name: In CEINMS 0.9.
            where: Place of the parent, for messages.
            required: Whether it is a fault that there is none.
        """
        found = self.children(parent, name)
        if len(found) > 1:
            self.refuse(f"{where}<{name}>", f" stands {len(found)} times; expected once. Remove all but one.")
        if not found and required:
            present = [each.tag for each in parent if len(each.tag) <= _LONGEST_WORD][:_LONGEST_WORD]
            hint = did_you_mean(name, present, "<{}>")
            self.refuse(f"{where}<{name}>", f" is missing.{hint.replace('mean', 'misspell it as')} Add it.")
        return found[0] if found else None

    def text(self, parent: Element, name: str, where: str = "", *, required: bool = False) -> str:
        """Returns the text of a child; empty without one."""
        child = self.child(parent, name, where, required=required)
        if child is not None and required and not child.text:
            self.refuse(f"{where}<{name}>", " is empty. Give a value.")
        return "" if child is None else child.text

    def words(
        self, parent: Element, name: str, where: str = "", *, required: bool = False
    ) -> tuple[str, ...]:
        """Returns the words of a child; none without one."""
        return tuple(self.text(parent, name, where, required=required).split())

    def number(
        self,
        parent: Element,
        name: str,
        where: str = "",
        *,
        default: float | None = None,
        positive: bool = False,
    ) -> float:
        """Returns the number of a child.

        Args:
            parent: The element that it stands in.
            name: In CEINMS 0.9.
            where: Place of the parent, for messages.
            default: Without such a child; None where it is required. NaN to tell that there
                is none.
            positive: Whether it has to be above zero.

        Returns:
            The number; NaN after a fault.
        """
        child = self.child(parent, name, where, required=default is None)
        if child is None:
            return math.nan if default is None else default
        return self.value(child.text, f"{where}<{name}>", positive=positive)

    def value(self, text: str, place: str, *, positive: bool = False) -> float:
        """Returns the number that a text stands for; NaN after a fault."""
        values = self.values(text, place, 1)
        value = values[0] if values else math.nan
        if positive and not math.isnan(value) and not value > 0.0:
            self.refuse(place, f" is {shown(text)}; expected a number above 0. Correct it.")
            return math.nan
        return value

    def values(self, text: str, place: str, count: int | None = None) -> tuple[float, ...]:
        """Returns the numbers that a text stands for; none after a fault."""
        words = text.split()
        expected = (
            "numbers separated by spaces"
            if count is None
            else "one finite number"
            if count == 1
            else f"{count} finite numbers separated by spaces"
        )
        if not words or count not in (None, len(words)):
            self.refuse(place, f" is {shown(text)}; expected {expected}. Correct it.")
            return ()
        numbers = []
        for word in words:
            number = float(word) if _NUMBER.fullmatch(word) else math.nan
            if not math.isfinite(number):
                self.refuse(place, f" holds {shown(word)}; expected {expected}. Correct it.")
                return ()
            numbers.append(number)
        return tuple(numbers)

    def file(self, parent: Element, name: str, where: str = "", *, required: bool = False) -> Path | None:
        """Returns the path that a child gives, relative to the file's folder; None without one."""
        text = self.text(parent, name, where, required=required)
        return self.resolved(text, f"{where}<{name}>") if text else None

    def resolved(self, text: str, place: str) -> Path:
        """Returns a path of any system as one of this, absolute.

        Where an absolute path names nothing here, a file of its name beside the XML file is
        taken: folders of CEINMS are moved between machines.
        """
        if "\0" in text or len(text) > _LONGEST_PATH or any(len(n.encode()) > 255 for n in _names(text)):
            self.refuse(place, f" is {shown(text)}, which is no path. Correct it.")
            return self.path.parent
        plain = text.replace("\\", "/")
        if plain != text:
            self.notes.add(
                Kind.CONVERTED, f"{self.path.name}: the path {shown(text)} was read with / instead of \\."
            )
        path = Path(os.path.normpath(self.path.absolute().parent / plain))
        if is_absolute(text):
            beside = self.path.absolute().parent / plain.rpartition("/")[2]
            if file_fault(path) is not None and file_fault(beside) is None:
                self.notes.add(
                    Kind.CONVERTED,
                    f"{self.path.name}: {shown(text)} does not exist here; the file of that name beside the "
                    "XML file was taken.",
                )
                return beside
        return path

    def choice(self, parent: Element, allowed: Sequence[str], where: str, *, default: str = "") -> str:
        """Returns which of several empty elements stands in another.

        Args:
            parent: The element that it stands in.
            allowed: Their names.
            where: Place of the parent, for messages.
            default: Where there is none; empty where one is required.
        """
        names = {name.lower(): name for name in allowed}
        found = [names[child.tag.lower()] for child in parent if child.tag.lower() in names]
        if len(found) > 1 or not (found or default):
            given = listed([shortened(child.tag) for child in parent.children[:5]], "<{}>")
            self.refuse(
                where.removesuffix("/"),
                f" holds {given}; expected one of {listed(allowed, '<{}>')}. Correct it.",
            )
        return found[0] if found else default

    def leave_out(self, parent: Element, used: Sequence[str], where: str) -> None:
        """Tells of every child that is none of those that are used."""
        names = {other.lower() for name in used for other in (name, *OTHER_NAMES.get(name, ()))}
        counts = Counter(child.tag for child in parent if child.tag.lower() not in names)
        for tag in list(counts)[:_MOST_PROBLEMS]:
            self.notes.add(Kind.DROPPED, f"{self.path.name}: <{shortened(tag)}> in {where} is not read.")

    def weight(self, element: Element, place: str) -> float:
        """Returns the attribute `weight`, also as the manual misspells it; 1 without one."""
        if "weight" in element.attributes:
            return self.value(element.attributes["weight"], f"{place} attribute 'weight'")
        for name in MISSPELLED["weight"]:
            if name in element.attributes:
                self._spelled(name, "weight")
                return self.value(element.attributes[name], f"{place} attribute {name!r}")
        self.refuse(place, " lacks the attribute 'weight'. Add it, such as weight=\"1\".")
        return math.nan

    def refuse_repeated(self, names: Sequence[str], what: str) -> None:
        """Collects every name that stands more than once."""
        for name, count in Counter(names).items():
            if count > 1:
                self.refuse("", f"{count} {what} {shown(name)}; expected one. Remove all but one.")

    def _spelled(self, found: str, meant: str) -> None:
        self.notes.add(Kind.SPELLING, f"{self.path.name}: '{found}' was read as '{meant}'.")


def _names(path: str) -> list[str]:
    return path.replace("\\", "/").split("/")
