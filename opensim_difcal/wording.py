"""Phrases that error messages share."""

import difflib
from collections.abc import Iterable, Sequence

_LONGEST_QUOTE = 100  # characters
_MOST = 120  # words of a list


def quoted(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """Returns what a file holds, in quotation marks and on one line; of long text the first part.

    Args:
        text: From the file.
        longest: Characters that are shown.
    """
    if len(text) <= longest:
        return repr(text)
    return f"{text[:longest]!r}... ({len(text)} characters)"


def shortened(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """Returns the text; of long text the first part and dots.

    Args:
        text: Such as a tag or a path.
        longest: Characters that are shown.
    """
    return text if len(text) <= longest else f"{text[:longest]}..."


def did_you_mean(word: str, allowed: Iterable[str], form: str = "{!r}") -> str:
    """Returns " Did you mean ...?" when an allowed word is close, otherwise nothing.

    Args:
        word: What the user wrote.
        allowed: What could have been meant.
        form: How a word is printed, a format string with one field.
    """
    if len(word) > _LONGEST_QUOTE:
        return ""
    close = difflib.get_close_matches(word, list(allowed), n=1)
    return f" Did you mean {form.format(close[0])}?" if close else ""


def listed(words: Iterable[str], form: str = "{!r}") -> str:
    """Returns the words, sorted and separated by commas; "none" when there are none.

    Args:
        words: The words; of very many the first ones are returned.
        form: How a word is printed, a format string with one field.
    """
    return enumerated([form.format(word) for word in sorted(words)]) or "none"


def enumerated(words: Sequence[str]) -> str:
    """Returns the words in their order, separated by commas; of very many the first ones.

    Args:
        words: The words, as they are printed.
    """
    shown = [shortened(word) for word in words[:_MOST]]
    hidden = len(words) - len(shown)
    return ", ".join(shown) + (f" and {hidden} more" if hidden else "")


def counted(number: int, noun: str) -> str:
    """Returns "1 problem" or "2 problems"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
