"""Ways to break any file, whatever it holds: a function of its bytes by the name of the fault."""

import codecs
from collections.abc import Callable
from functools import partial
from random import Random

Mutation = Callable[[bytes, Random], bytes]

NUMBERS: dict[str, bytes] = {
    "NaN": b"NaN",
    "negative NaN": b"-nan(ind)",
    "infinity": b"inf",
    "negative infinity": b"-Infinity",
    "too large for a float": b"1e400",
    "nearly too large": b"1e308",
    "nearly too negative": b"-1e308",
    "nearly zero": b"1e-300",
    "too small for a float": b"1e-400",
    "5000 digits": b"7" * 5000,
    "5000 decimals": b"0." + b"3" * 5000,
    "a million million": b"1000000000000",
    "above 64 bits": b"36893488147419103232",
    "zero": b"0",
    "negative": b"-1",
    "nothing": b"",
    "decimal comma": b"1,5",
    "underscore": b"1_0",
    "hexadecimal": b"0x1F",
    "superscript": "²".encode(),
    "full-width digits": "１２".encode(),
    "Arabic digits": "٣".encode(),
    "half an exponent": b"1e",
    "two signs": b"--1",
    "two numbers": b"1 2",
    "a word": b"zero",
    "a quotation mark": b'"1',
    "a hundred thousand letters": b"x" * 100_000,
}
"""What may stand where a number belongs."""

PARTS = 16


def _at(content: bytes, part: int) -> int:
    """The byte after some sixteenths of the file."""
    return len(content) * part // PARTS


def _cut(part: int, content: bytes, random: Random) -> bytes:
    return content[: _at(content, part)]


def _hole(part: int, content: bytes, random: Random) -> bytes:
    start = _at(content, part)
    return content[:start] + content[start + random.randint(1, 40) :]


def _flip(part: int, content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    if changed:
        changed[min(_at(content, part), len(changed) - 1)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _insert(what: bytes, part: int, content: bytes, random: Random) -> bytes:
    start = _at(content, part)
    return content[:start] + what + content[start:]


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _lines(change: Callable[[list[bytes], Random], None], content: bytes, random: Random) -> bytes:
    lines = content.split(b"\n")
    change(lines, random)
    return b"\n".join(lines)


def _drop(part: int, lines: list[bytes], random: Random) -> None:
    del lines[len(lines) * part // PARTS]


def _repeat(part: int, lines: list[bytes], random: Random) -> None:
    lines.insert(len(lines) * part // PARTS, lines[len(lines) * part // PARTS])


def _swap(part: int, lines: list[bytes], random: Random) -> None:
    i, j = len(lines) * part // PARTS, random.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]


def _lengthen(part: int, lines: list[bytes], random: Random) -> None:
    lines[len(lines) * part // PARTS] += b"a" * 1_000_000


def _spaces(part: int, lines: list[bytes], random: Random) -> None:
    """Where a careless pattern tries every space as the last one."""
    lines[len(lines) * part // PARTS] += b" " * 100_000 + b"x"


def _shuffle(lines: list[bytes], random: Random) -> None:
    random.shuffle(lines)


def _reverse(lines: list[bytes], random: Random) -> None:
    lines.reverse()


def _every_part(name: str, change: Callable[..., bytes], *, step: int = 1) -> dict[str, Mutation]:
    return {f"{name} at {part}/{PARTS}": partial(change, part) for part in range(0, PARTS, step)}


def _every_line(name: str, change: Callable[..., None], *, step: int = 1) -> dict[str, Mutation]:
    return {
        f"{name} at {part}/{PARTS}": partial(_lines, partial(change, part)) for part in range(0, PARTS, step)
    }


_INSERTED = {
    "a NUL": b"\0",
    "Latin-1": "ä".encode("latin-1"),
    "UTF-8": "ü髋😀\u202e".encode(),
    "half a UTF-8 character": b"\xe9\xab",
    "a surrogate": b"\xed\xa0\x80",
    "an overlong slash": b"\xc0\xaf",
    "an escape sequence": b"\x1b[2J",
    "a page break": b"\x0c",
    "a line separator": "\u2028".encode(),
}

BYTES: dict[str, Mutation] = {
    "empty": lambda content, random: b"",
    "only a byte order mark": lambda content, random: codecs.BOM_UTF8,
    "only line ends": lambda content, random: b"\n" * 1000,
    "only NUL": lambda content, random: bytes(4096),
    "random bytes": lambda content, random: random.randbytes(4096),
    "a picture": lambda content, random: b"\x89PNG\r\n\x1a\n" + random.randbytes(1000),
    "a zip archive": lambda content, random: b"PK\x03\x04" + random.randbytes(1000),
    "a byte order mark before": lambda content, random: codecs.BOM_UTF8 + content,
    "two byte order marks before": lambda content, random: codecs.BOM_UTF8 * 2 + content,
    "UTF-16": lambda content, random: _text(content).encode("utf-16"),
    "UTF-16 without a mark": lambda content, random: _text(content).encode("utf-16-be"),
    "UTF-32": lambda content, random: _text(content).encode("utf-32"),
    "UTF-7": lambda content, random: _text(content).encode("utf-7"),
    "carriage returns": lambda content, random: content.replace(b"\n", b"\r"),
    "Windows line ends": lambda content, random: content.replace(b"\n", b"\r\n"),
    "one line": lambda content, random: content.replace(b"\n", b" "),
    "twice": lambda content, random: content * 2,
    "backwards": lambda content, random: content[::-1],
    "upper case": lambda content, random: content.upper(),
    "without the last byte": lambda content, random: content[:-1],
    "lines shuffled": partial(_lines, _shuffle),
    "lines reversed": partial(_lines, _reverse),
    **_every_part("cut", _cut),
    **_every_part("a hole", _hole),
    **_every_part("a bit flipped", _flip),
    **_every_line("a line dropped", _drop),
    **_every_line("a line repeated", _repeat),
    **_every_line("lines swapped", _swap),
    **_every_line("a million letters", _lengthen, step=3),
    **_every_line("a hundred thousand spaces", _spaces, step=3),
    **{
        f"{what} at {part}/{PARTS}": partial(_insert, inserted, part)
        for what, inserted in _INSERTED.items()
        for part in range(0, PARTS, 5)
    },
}
