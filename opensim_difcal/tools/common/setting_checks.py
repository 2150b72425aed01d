"""Checks of settings that every tool has."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from opensim_difcal.wording import did_you_mean, quoted

_LONGEST_NAME = 120  # bytes; file systems allow 255


def word_faults(settings: Any, place: str = "") -> Iterator[str]:
    """Yields a sentence for every word that a setup file could not hold, but a Python program can.

    Args:
        settings: A tool, or an entry of one of its lists.
        place: Where it stands.
    """
    for field in fields(settings):
        word, allowed = getattr(settings, field.name), field.metadata.get("allowed")
        if allowed and word not in (*allowed, field.default):
            hint = did_you_mean(str(word), allowed)
            yield f"{place}<{field.name}> is {word!r}; expected one of {', '.join(allowed)}.{hint}"


def refused(name: str, value: object, expected: str) -> str:
    """Returns the sentence that refuses a value."""
    return f"<{name}> is {value!r}; expected {expected}. Correct it, or leave it out for the default."


def file_name_faults(run: str, trials: Sequence[str]) -> Iterator[str]:
    """Yields a sentence for every name that cannot be part of a file name, or stands twice.

    Args:
        run: Name of the run.
        trials: Names of the trials.
    """
    for name in repeated(trials):
        yield f"<trials>: several trials have the name {name!r}. Rename all but one."
    for element, given in (("name", [run]), ("trials", trials)):
        for name in given:
            place = f"<{element}>: the name {quoted(name)}"
            if not _is_part_of_a_file_name(name):
                yield f"{place} cannot be part of a file name. Use letters, digits, '_' and '-'."
            elif len(name.encode()) > _LONGEST_NAME:
                yield (
                    f"{place} is too long for a file name, to which more is added. Use at most "
                    f"{_LONGEST_NAME} letters, digits, '_' and '-'."
                )


def _is_part_of_a_file_name(name: str) -> bool:
    return bool(name) and name.isprintable() and not set(name) & set('/\\:*?"<>|') and name[0] != "."


def repeated(names: Sequence[str]) -> list[str]:
    """Returns the names that stand more than once."""
    return [name for name, count in Counter(names).items() if count > 1]
