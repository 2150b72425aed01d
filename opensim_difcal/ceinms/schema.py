"""Whether a document is a subject that CEINMS 0.9 accepts.

What CEINMS checks with its own schema is said here once more, as tables: which elements
stand in which, in which order and how often, and what their text has to be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opensim_difcal.ceinms.document import Element, parse, shown
from opensim_difcal.wording import shortened

DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?INF|NaN")
"""What stands for a number: digits with or without a point and an exponent, or one of three words."""

MANY = 10**9


@dataclass(frozen=True)
class Content:
    """What an element may hold.

    Attributes:
        children: Names of child elements in their order, and how often each may stand.
        text: "" for none, else token, string, double, tokens or doubles.
        attributes: Allowed words by attribute.
        is_choice: Whether exactly one of the children stands there.
    """

    children: tuple[tuple[str, int, int], ...] = ()
    text: str = ""
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_choice: bool = False


_CONTENT = {
    "subject": Content((("mtuDefault", 1, 1), ("mtuSet", 1, 1), ("dofSet", 1, 1), ("calibrationInfo", 1, 1))),
    "mtuDefault": Content(
        (("emDelay", 1, 1), ("percentageChange", 1, 1), ("damping", 1, 1), ("curve", 0, 4))
    ),
    "curve": Content((("name", 1, 1), ("xPoints", 1, 1), ("yPoints", 1, 1))),
    "mtuSet": Content((("mtu", 1, MANY),)),
    "mtu": Content(
        (
            ("name", 1, 1),
            ("emDelay", 0, 1),
            ("c1", 1, 1),
            ("c2", 1, 1),
            ("shapeFactor", 1, 1),
            ("optimalFibreLength", 1, 1),
            ("pennationAngle", 1, 1),
            ("tendonSlackLength", 1, 1),
            ("maxContractionVelocity", 0, 1),
            ("maxIsometricForce", 1, 1),
            ("strengthCoefficient", 1, 1),
        )
    ),
    "dofSet": Content((("dof", 1, MANY),)),
    "dof": Content((("name", 1, 1), ("mtuNameSet", 1, 1))),
    "calibrationInfo": Content((("uncalibrated", 0, 1), ("calibrated", 0, 1)), is_choice=True),
    "uncalibrated": Content((("subjectID", 1, 1), ("additionalInfo", 1, 1))),
    "calibrated": Content((("startSubjectFile", 1, 1), ("calibrationSequence", 1, 1))),
    "name": Content(text="token"),
    "subjectID": Content(text="token"),
    "additionalInfo": Content(text="string"),
    "startSubjectFile": Content(text="string"),
    "mtuNameSet": Content(text="tokens"),
    "calibrationSequence": Content(text="tokens"),
    "xPoints": Content(text="doubles"),
    "yPoints": Content(text="doubles"),
    "pennationAngle": Content(text="double", attributes=(("unit", ("deg", "rad")),)),
    **{
        name: Content(text="double")
        for name in (
            "emDelay",
            "percentageChange",
            "damping",
            "c1",
            "c2",
            "shapeFactor",
            "optimalFibreLength",
            "tendonSlackLength",
            "maxContractionVelocity",
            "maxIsometricForce",
            "strengthCoefficient",
        )
    },
}
"""By name of the element, which in a subject means the same wherever it stands."""


def subject_faults(content: bytes, where: str = "subject") -> list[str]:
    """Returns why CEINMS 0.9 would refuse a document as a subject; nothing where it would not.

    Args:
        content: The document.
        where: Name of the file, for messages.

    Raises:
        CEINMSFileError: If the document is not even XML.
    """
    root = parse(content, where)
    if root.tag != "subject":
        return [f"the root element is <{shortened(root.tag)}>; expected <subject>."]
    return list(_faults(root, "<subject>"))


def _faults(element: Element, place: str) -> Iterator[str]:
    allowed = _CONTENT[element.tag]
    words = dict(allowed.attributes)
    for name, value in element.attributes.items():
        if name not in words:
            yield f"{place}: attribute {shown(name)} is not allowed."
        elif value not in words[name]:
            yield f"{place}: attribute {name!r} is {shown(value)}; expected {' or '.join(words[name])}."
    if allowed.text:
        yield from _text_faults(element, allowed, place)
        return
    if element.text:
        yield f"{place}: holds the text {shown(element.text)}; expected elements alone."
    yield from _order_faults(element, allowed, place)
    known = {name for name, *_ in allowed.children}
    for child in element:
        if child.tag in known:
            yield from _faults(child, f"{place}/<{child.tag}>")


def _text_faults(element: Element, allowed: Content, place: str) -> Iterator[str]:
    if element.children:
        yield f"{place}: holds <{shortened(element.children[0].tag)}>; expected text."
    words = element.text.split()
    if allowed.text == "double" and not DOUBLE.fullmatch(element.text):
        yield f"{place}: is {shown(element.text)}; expected a number."
    if allowed.text == "doubles":
        yield from (
            f"{place}: holds {shown(word)}; expected numbers." for word in words if not DOUBLE.fullmatch(word)
        )


def _order_faults(element: Element, allowed: Content, place: str) -> Iterator[str]:
    """Children that are unknown, missing, too many or out of order."""
    order = [name for name, *_ in allowed.children]
    tags = [child.tag for child in element]
    unknown = dict.fromkeys(tag for tag in tags if tag not in order)
    yield from (f"{place}: <{shortened(tag)}> is not allowed there." for tag in unknown)
    counts = {name: tags.count(name) for name in order}
    for name, least, most in allowed.children:
        if not least <= counts[name] <= most:
            expected = f"{least} to {most}" if most < MANY else f"{least} or more"
            yield f"{place}: <{name}> stands {counts[name]} times; expected {expected}."
    if allowed.is_choice and sum(counts.values()) != 1:
        yield f"{place}: expected one of {' and '.join(f'<{name}>' for name in order)}."
    positions = [order.index(tag) for tag in tags if tag in order]
    if positions != sorted(positions):
        yield f"{place}: elements stand in the wrong order; expected {' '.join(f'<{n}>' for n in order)}."
