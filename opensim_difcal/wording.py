"""Phrases that error messages share."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, allowed: Iterable[str], form: str = "{!r}") -> str:
    """Returns " Did you mean ...?" when an allowed word is close, otherwise nothing.

    Args:
        word: What the user wrote.
        allowed: What could have been meant.
        form: How a word is printed, a format string with one field.
    """
    close = difflib.get_close_matches(word, list(allowed), n=1)
    return f" Did you mean {form.format(close[0])}?" if close else ""


def listed(words: Iterable[str], form: str = "{!r}") -> str:
    """Returns the words, sorted and separated by commas; "none" when there are none.

    Args:
        words: The words.
        form: How a word is printed, a format string with one field.
    """
    return ", ".join(form.format(word) for word in sorted(words)) or "none"


def counted(number: int, noun: str) -> str:
    """Returns "1 problem" or "2 problems"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
