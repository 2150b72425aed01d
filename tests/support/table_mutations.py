"""Ways to break a table of text: .sto, .mot, .csv."""

import re
from collections.abc import Callable
from functools import partial
from random import Random

from byte_mutations import BYTES, NUMBERS, Mutation

_NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w.])")
_COUNT = re.compile(rb"(?im)^(\s*(?:nrows|ncolumns|datarows|datacolumns|version)\s*[= ]\s*)\d+")
_PLACES = {"the first number": 0.0, "a number": 0.6, "the last number": 1.0}


def _replace_number(place: float, new: bytes, content: bytes, random: Random) -> bytes:
    found = list(_NUMBER.finditer(content))
    if not found:
        return content
    match = found[round(place * (len(found) - 1))]
    return content[: match.start()] + new + content[match.end() :]


def _replace_every_number(new: bytes, content: bytes, random: Random) -> bytes:
    return _NUMBER.sub(new, content)


def _replace_counts(new: bytes, content: bytes, random: Random) -> bytes:
    return _COUNT.sub(rb"\g<1>" + new, content)


def _separator(content: bytes) -> bytes:
    return max((b"\t", b",", b";", b" "), key=lambda each: content.count(each) * (1 + (each == b"\t")))


def _rows(change: Callable[[list[bytes]], list[bytes]], content: bytes, random: Random) -> bytes:
    """Changes the cells of every line that has several."""
    separator = _separator(content)
    lines = [line.split(separator) for line in content.split(b"\n")]
    return b"\n".join(separator.join(change(cells) if len(cells) > 1 else cells) for cells in lines)


def _label_line(content: bytes) -> int:
    separator, lines = _separator(content), content.split(b"\n")
    return next((i for i, line in enumerate(lines) if separator in line.strip()), 0)


def _labels(change: Callable[[list[bytes]], list[bytes]], content: bytes, random: Random) -> bytes:
    """Changes the line of labels alone."""
    separator, lines, i = _separator(content), content.split(b"\n"), _label_line(content)
    lines[i] = separator.join(change(lines[i].split(separator)))
    return b"\n".join(lines)


def _cells(separator: bytes, content: bytes, random: Random) -> bytes:
    return content.replace(_separator(content), separator)


def _wide(content: bytes, random: Random) -> bytes:
    """Twenty thousand columns, where a look at every pair of labels would take minutes."""
    separator, i = _separator(content), _label_line(content)
    lines = content.split(b"\n")[: i + 2]
    names = [b"c%d" % number for number in range(20_000)]
    lines[i : i + 1] = [separator.join([lines[i].split(separator)[0], *names])]
    lines[-1] = separator.join([b"0"] * 20_001)
    return b"\n".join(lines) + b"\n"


TABLE: dict[str, Mutation] = {
    **BYTES,
    **{
        f"{name} for {place}": partial(_replace_number, where, new)
        for name, new in NUMBERS.items()
        for place, where in _PLACES.items()
    },
    **{
        f"{name} for every number": partial(_replace_every_number, NUMBERS[name])
        for name in ("NaN", "infinity", "zero", "nothing", "decimal comma", "too large for a float")
    },
    **{f"{name} for every count": partial(_replace_counts, new) for name, new in NUMBERS.items()},
    "no endheader": lambda content, random: content.replace(b"endheader\n", b""),
    "two endheaders": lambda content, random: content.replace(b"endheader\n", b"endheader\nendheader\n"),
    "endheader first": lambda content, random: b"endheader\n" + content,
    "only the header": lambda content, random: content.partition(b"endheader")[0] + b"endheader\n",
    "the last column twice": partial(_rows, lambda cells: [*cells, cells[-1]]),
    "the first column twice": partial(_rows, lambda cells: [cells[0], *cells]),
    "without the first column": partial(_rows, lambda cells: cells[1:]),
    "without the last column": partial(_rows, lambda cells: cells[:-1]),
    "columns reversed": partial(_rows, lambda cells: cells[::-1]),
    "one label less": partial(_labels, lambda cells: cells[:-1]),
    "one label more": partial(_labels, lambda cells: [*cells, b"more"]),
    "an empty label": partial(_labels, lambda cells: [cells[0], b"", *cells[2:]]),
    "every label the same": partial(_labels, lambda cells: [cells[0]] * len(cells)),
    "a label with half a character": partial(_labels, lambda cells: [*cells[:-1], b"\xff"]),
    "a label in Japanese": partial(_labels, lambda cells: [*cells[:-1], "股関節".encode()]),
    "a label that is a path": partial(_labels, lambda cells: [*cells[:-1], b"../../etc/passwd"]),
    "a label that is a formula": partial(_labels, lambda cells: [*cells[:-1], b"=cmd|'/c calc'!A1"]),
    "a very long label": partial(_labels, lambda cells: [*cells[:-1], b"l" * 100_000]),
    "a million tabs in the labels": partial(_labels, lambda cells: [*cells, *[b""] * 1_000_000]),
    "a million empty labels": partial(_labels, lambda cells: [cells[0], *[b""] * 1_000_000, b"last"]),
    "a million tabs at the end": lambda content, random: content + b"\t" * 1_000_000,
    "twenty thousand columns": _wide,
    "commas": partial(_cells, b","),
    "semicolons": partial(_cells, b";"),
    "spaces": partial(_cells, b" "),
    "no separators": partial(_cells, b""),
}
