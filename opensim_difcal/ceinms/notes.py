"""What an import tells its user: everything that was read, changed or left out."""

from collections.abc import Iterator
from enum import Enum
from typing import final


class Kind(Enum):
    """What a note is about; the value is its heading in the report."""

    READ = "Files that were read"
    WRITTEN = "Files that were written"
    MISSING = "What is missing"
    CLAMPED = "Values that were clamped"
    CONVERTED = "Values that were converted"
    SPELLING = "Spellings that were accepted"
    CHOSEN = "What was chosen"
    MEANING = "What means something else here"
    DROPPED = "What has no counterpart and was left out"


@final
class Notes:
    """Sentences for the report, each once, in the order they came up."""

    def __init__(self) -> None:
        self._sentences: dict[Kind, dict[str, None]] = {kind: {} for kind in Kind}

    def add(self, kind: Kind, sentence: str) -> None:
        """Keeps a sentence."""
        self._sentences[kind][sentence] = None

    def of(self, kind: Kind) -> tuple[str, ...]:
        """Returns the sentences of one kind."""
        return tuple(self._sentences[kind])

    def __iter__(self) -> Iterator[tuple[Kind, tuple[str, ...]]]:
        """Yields the kinds of which there are sentences, and those."""
        return ((kind, tuple(found)) for kind, found in self._sentences.items() if found)
