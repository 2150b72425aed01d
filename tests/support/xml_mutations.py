"""Ways to break or to poison an XML file."""

import re
from functools import partial
from random import Random

from byte_mutations import BYTES, NUMBERS, PARTS, Mutation

_LEAF = re.compile(rb"<(\w+)((?:\s[^<>]*)?)>([^<]*)</\1>")
_NAME = re.compile(rb'(<\w+ [^<>]*?name=")([^"]*)(")')
_DECLARATION = re.compile(rb"<\?xml[^>]*\?>")

TEXTS: dict[str, bytes] = {
    **NUMBERS,
    "a path upwards": b"../../../../etc/passwd",
    "an absolute path": b"/etc/passwd",
    "a device": b"/dev/zero",
    "a folder": b".",
    "a path of a Windows share": rb"\\server\share\file",
    "a path that is too long": b"folder/" * 1000 + b"file",
    "a name that is too long": b"n" * 300,
    "a reference to NUL": b"&#0;",
    "a reference beyond Unicode": b"&#x110000;",
    "a reference to half a character": b"&#xD800;",
    "an entity that is not declared": b"&nbsp;",
    "Japanese": "股関節".encode(),
    "an element": b"<inner>1</inner>",
    "a comment": b"<!-- 1 -->",
    "character data": b"<![CDATA[<1>]]>",
    "character data without end": b"<![CDATA[",
    "many words": b"word " * 20_000,
    "a bell": b"\x07",
    "line ends": b"\r\n\t 1 \n",
}
NAMES: dict[str, bytes] = {
    "no name": b"",
    "a name with a slash": b"a/b",
    "a name upwards": b"../../up",
    "a name of dots": b"..",
    "a name with a line end": b"a&#10;b",
    "a name that is too long": b"n" * 300,
    "a name in Japanese": "股関節".encode(),
    "a name that is a device": b"/dev/null",
    "a name with a tag": b"&lt;script&gt;alert(1)&lt;/script&gt;",
    "a name with spaces": b" a  b ",
}


def _leaf(part: int, new: bytes, content: bytes, random: Random) -> bytes:
    """Replaces an element that has only text."""
    leaves = list(_LEAF.finditer(content))
    if not leaves:
        return content
    leaf = leaves[len(leaves) * part // PARTS]
    return content[: leaf.start()] + leaf.expand(new) + content[leaf.end() :]


def _text(part: int, text: bytes, content: bytes, random: Random) -> bytes:
    return _leaf(part, rb"<\1\2>" + text.replace(b"\\", rb"\\") + rb"</\1>", content, random)


def _every_text(text: bytes, content: bytes, random: Random) -> bytes:
    return _LEAF.sub(rb"<\1\2>" + text.replace(b"\\", rb"\\") + rb"</\1>", content)


def _named(part: int, name: bytes, content: bytes, random: Random) -> bytes:
    found = list(_NAME.finditer(content))
    if not found:
        return content
    match = found[len(found) * part // PARTS]
    return content[: match.start(2)] + name + content[match.end(2) :]


def _every_name(name: bytes, content: bytes, random: Random) -> bytes:
    return _NAME.sub(rb"\g<1>" + name + rb"\g<3>", content)


def _doctype(declaration: bytes, text: bytes, content: bytes, random: Random) -> bytes:
    """Declares a document type, and puts a text that uses it into the first element with text."""
    body = _DECLARATION.sub(b"", content, count=1)
    return b'<?xml version="1.0"?>' + declaration + _leaf(0, rb"<\1\2>" + text + rb"</\1>", body, random)


def _inside(what: bytes, content: bytes, random: Random) -> bytes:
    """Puts something before the end tag of the root."""
    at = content.rstrip().rfind(b"</")
    return content[:at] + what + content[at:]


def _declared(encoding: bytes, content: bytes, random: Random) -> bytes:
    declaration = b'<?xml version="1.0" encoding="%s"?>' % encoding
    return declaration + _DECLARATION.sub(b"", content, count=1)


def _root_renamed(content: bytes, random: Random) -> bytes:
    return re.sub(rb"(</?)OpenSimDocument", rb"\1Document", content)


_LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 10))
_BOMBS: dict[str, tuple[bytes, bytes]] = {
    "a billion laughs": (b'<!DOCTYPE a [<!ENTITY l0 "ha">' + _LAUGHS + b"]>", b"&l9;"),
    "a quadratic blowup": (b'<!DOCTYPE a [<!ENTITY a "' + b"a" * 50_000 + b'">]>', b"&a;" * 50_000),
    "an entity that holds itself": (b'<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', b"&a;"),
    "an entity of a local file": (b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>', b"&a;"),
    "an entity of a device": (b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///dev/zero">]>', b"&a;"),
    "an entity of a web page": (b'<!DOCTYPE a [<!ENTITY a SYSTEM "http://localhost:1/a">]>', b"&a;"),
    "a parameter entity": (b'<!DOCTYPE a [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>', b"1"),
    "an external document type": (b'<!DOCTYPE a SYSTEM "http://localhost:1/a.dtd">', b"1"),
    "a plain document type": (b"<!DOCTYPE OpenSimDocument>", b"1"),
    "default attributes": (b'<!DOCTYPE a [<!ATTLIST OpenSimDocument name CDATA "x">]>', b"1"),
    "a document type without end": (b"<!DOCTYPE a [", b"1"),
}
_ENCODINGS = (
    *(b"latin-99", b"utf-16", b"utf-7", b"ascii", b"shift_jis", b"cp037", b"idna", b"punycode", b"hex"),
    *(b"rot13", b"undefined", b"unicode_escape", b"", b"x" * 1000),
)

XML: dict[str, Mutation] = {
    **BYTES,
    **{
        f"{name} as text at {part}/{PARTS}": partial(_text, part, text)
        for name, text in TEXTS.items()
        for part in range(0, PARTS, 5)
    },
    **{f"{name} as every text": partial(_every_text, TEXTS[name]) for name in ("NaN", "infinity", "nothing")},
    **{f"an element dropped at {part}/{PARTS}": partial(_leaf, part, b"") for part in range(PARTS)},
    **{
        f"an element repeated at {part}/{PARTS}": partial(_leaf, part, rb"\g<0>\g<0>")
        for part in range(PARTS)
    },
    **{
        f"an element renamed at {part}/{PARTS}": partial(_leaf, part, rb"<other>\3</other>")
        for part in range(0, PARTS, 3)
    },
    **{
        f"an attribute added at {part}/{PARTS}": partial(_leaf, part, rb'<\1\2 more="1">\3</\1>')
        for part in range(0, PARTS, 5)
    },
    **{
        f"{name} at {part}/{PARTS}": partial(_named, part, text)
        for name, text in NAMES.items()
        for part in range(0, PARTS, 5)
    },
    "every name the same": partial(_every_name, b"same"),
    **{name: partial(_doctype, declaration, text) for name, (declaration, text) in _BOMBS.items()},
    **{
        f"encoding {encoding[:20].decode()!r} declared": partial(_declared, encoding)
        for encoding in _ENCODINGS
    },
    "a hundred thousand levels": partial(_inside, b"<a>" * 100_000 + b"</a>" * 100_000),
    "a hundred thousand levels without end": partial(_inside, b"<a>" * 100_000),
    "a hundred thousand levels of objects": partial(
        _inside, b"<objects>" * 100_000 + b"</objects>" * 100_000
    ),
    "levels hidden in an instruction": partial(_inside, b"<?a >" + b"<a>" * 100_000 + b"?>"),
    "levels hidden in a comment": partial(_inside, b"<!-- >" + b"<a>" * 100_000 + b"-->"),
    "levels hidden in character data": partial(_inside, b"<![CDATA[>" + b"<a>" * 100_000 + b"]]>"),
    "five thousand elements": partial(_inside, b"".join(b"<a%d/>" % i for i in range(5000))),
    "five thousand equal elements": partial(_inside, b"<a/>" * 5000),
    "a huge attribute": partial(_inside, b'<a b="' + b"c" * 1_000_000 + b'"/>'),
    "a huge tag": partial(_inside, b"<" + b"a" * 100_000 + b"/>"),
    "a thousand attributes": partial(
        _inside, b"<a " + b" ".join(b'b%d="1"' % i for i in range(1000)) + b"/>"
    ),
    "an attribute twice": partial(_inside, b'<a b="1" b="2"/>'),
    "a prefix that is not bound": partial(_inside, b"<p:a/>"),
    "an inclusion": partial(
        _inside, b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'
    ),
    "a style sheet": lambda content, random: _DECLARATION.sub(
        rb'\g<0><?xml-stylesheet href="http://localhost:1/a.xsl"?>', content, count=1
    ),
    "text after the end": lambda content, random: content + b"more",
    "a second root": lambda content, random: content + b"<a/>",
    "another root": _root_renamed,
    "an empty root": lambda content, random: b"<OpenSimDocument/>",
    "a root of text": lambda content, random: b"<OpenSimDocument>text</OpenSimDocument>",
}
