"""Broken files for the test of any parser, and what a parser may do with one.

A new parser's test is three lines:

    @pytest.mark.parametrize("mutation", TABLE)
    def test_a_mutated_file_is_read_or_refused(tmp_path, mutation):
        check_refusal(read_table, mutated(tmp_path / "table.csv", VALID, mutation))

`TABLE` holds faults of text with columns, `XML` those of elements, `BYTES` those of any
other file; `FILES` what is in the way of reading. Every fault is the same in every run.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from byte_mutations import BYTES, NUMBERS, Mutation
from hypothesis import strategies as st
from table_mutations import TABLE
from xml_mutations import TEXTS, XML

from opensim_difcal.errors import DifcalError, Problems

__all__ = ["BYTES", "FILES", "TABLE", "XML", "check_refusal", "edited", "in_the_way", "mutated"]

_EVERY: Mapping[str, Mutation] = {**BYTES, **TABLE, **XML}
_REMEDY = re.compile(
    r"\b(add|allowed|calibrate|change|check|choose|convert|correct|cut|expected|export|fill|give|install|"
    r"keep|leave|must|needs?|open|put|raise|remove|rename|replace|save|set|use|write|"
    r"(coordinates|muscles|columns) are)\b",
    re.IGNORECASE,
)
_LONGEST_MESSAGE = 4000  # characters of one error, without its path
_GIVE_UP_AFTER = 60.0  # s of CPU time, so that a file that is never done with fails instead of stopping all
_GIVE_UP_WAITING = 600.0  # s, for what waits without computing


def mutated(path: Path, valid: bytes, mutation: str) -> Path:
    """Writes a valid file with one fault, and returns its path.

    Args:
        path: Where to; its folder exists.
        valid: What the parser reads without complaint.
        mutation: A name in `BYTES`, `TABLE` or `XML`.
    """
    path.write_bytes(_EVERY[mutation](valid, Random(mutation)))
    return path


def check_refusal(
    read: Callable[[Path], Any],
    path: Path,
    allowed_errors: tuple[type[DifcalError], ...] = (DifcalError,),
    *,
    seconds: float = 1.0,
    names_file: bool = True,
) -> DifcalError | None:
    """Reads a file, which must either work or be refused with a message that helps.

    Args:
        read: The parser.
        path: The broken file.
        allowed_errors: What it may raise.
        seconds: CPU time that it may take. What is compiled or imported at the first
            reading does not count.
        names_file: Whether every message begins with the file's path.

    Returns:
        The error, or None when the file was read.
    """
    error, taken = _read(read, path, allowed_errors)
    if seconds < taken < 10.0 * seconds:
        error, taken = _read(read, path, allowed_errors)
    assert taken <= seconds, f"{path} took {taken:.1f} s of CPU time"
    for each in error.errors if isinstance(error, Problems) else [error] if error else []:
        message = str(each)
        assert str(path) in message or not names_file, f"the file is not named: {message[:1000]}"
        told = message.replace(str(path), "").replace(str(path.parent), "")
        assert _REMEDY.search(told), f"there is no remedy: {message[:1000]}"
        assert len(told) <= _LONGEST_MESSAGE, f"{len(told)} characters: {message[:1000]}"
        assert told.replace("\n", "").isprintable(), f"not printable: {message[:1000]!r}"
    return error


def _read(
    read: Callable[[Path], Any], path: Path, allowed_errors: tuple[type[DifcalError], ...]
) -> tuple[DifcalError | None, float]:
    """What was raised, and the CPU time."""
    start, error = time.process_time(), None
    try:
        with _no_hang():
            read(path)
    except allowed_errors as raised:
        error = raised
    return error, time.process_time() - start


class _Hang(BaseException):
    """So far from an `Exception` that nothing catches it by accident."""


@contextmanager
def _no_hang() -> Iterator[None]:
    """Ends what computes or waits for ever."""

    def stop(*_: Any) -> None:
        raise _Hang(f"no end after {_GIVE_UP_AFTER:g} s of CPU time or {_GIVE_UP_WAITING:g} s of waiting")

    timers = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    earlier = {number: signal.signal(number, stop) for number in timers}
    signal.setitimer(signal.ITIMER_PROF, _GIVE_UP_AFTER)
    signal.setitimer(signal.ITIMER_REAL, _GIVE_UP_WAITING)
    try:
        yield
    finally:
        for number, timer in timers.items():
            signal.setitimer(timer, 0.0)
            signal.signal(number, earlier[number])


def _absent(path: Path) -> None:
    pass


def _unreadable(path: Path) -> None:
    memory = Path("/proc/self/mem")  # a file whose reading fails for everyone, the superuser too
    if memory.is_file():
        path.symlink_to(memory)
        return
    path.touch()
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")


FILES: Mapping[str, Callable[[Path], None]] = {
    "no file": _absent,
    "a folder": Path.mkdir,
    "a file that may not be read": _unreadable,
    "a pipe": lambda path: os.mkfifo(path),
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("absent"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


def in_the_way(path: Path, obstacle: str) -> Path:
    """Puts something that cannot be read in a file's place, and returns its path.

    Args:
        path: Where; nothing is there yet.
        obstacle: A name in `FILES`.
    """
    FILES[obstacle](path)
    return path


_TOKENS = st.sampled_from(
    [*(text for text in (NUMBERS | TEXTS).values() if len(text) < 400), b"\t", b"\n", b"=", b"<", b">", b"&"]
)


@st.composite
def edited(draw: st.DrawFn, valid: bytes) -> bytes:
    """A file after one to six small edits: bytes removed, repeated, moved, replaced.

    Args:
        draw: Given by hypothesis.
        valid: What the parser reads without complaint.
    """
    content = valid
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 60)))
        piece = content[start:end]
        new = draw(st.one_of(st.just(b""), st.just(piece * 2), _TOKENS, st.binary(max_size=8)))
        content = content[:start] + new + content[end:]
        if draw(st.booleans()):
            at = draw(st.integers(0, len(content)))
            content = content[:at] + piece + content[at:]
    return content
