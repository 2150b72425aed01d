"""Writes calibrated numbers into an .osim file and leaves every other byte alone.

OpenSim's own writer prints the whole model anew, so that a diff shows thousands of
lines. Here the file stays as it is: the XML parser tells at which bytes the texts of
a muscle's properties stand, and only those bytes are replaced.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from opensim_difcal.errors import ModelError
from opensim_difcal.wording import did_you_mean, listed
from opensim_difcal.xml_file import check_xml, model_encoding

MUSCLE_CLASS = "Millard2012EquilibriumMuscle"
_NUMBERS = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length")
# A missing property is inserted after the closest of these that stands before it.
_ORDER = (*_NUMBERS, "ignore_tendon_compliance")
# Of a tendon's curve; OpenSim derives them from the strain where none of them is given.
_DERIVED = ("stiffness_at_one_norm_force", "norm_force_at_toe_end", "curviness")
# First byte, first byte after, and what takes their place.
_Edit = tuple[int, int, bytes]


@dataclass(frozen=True)
class MuscleChange:
    """The calibrated numbers of one muscle.

    Attributes:
        max_isometric_force: N.
        optimal_fiber_length: m.
        tendon_slack_length: m.
        make_elastic: Whether to set `ignore_tendon_compliance` to false; otherwise the
            property is left as it is.
        curves: Properties of stretched curves, by class (`inputs.muscles.stretched_curves`).
    """

    max_isometric_force: float
    optimal_fiber_length: float
    tendon_slack_length: float
    make_elastic: bool = False
    curves: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def calibrated_osim_text(
    source: bytes, changes: Mapping[str, MuscleChange], *, where: str = "model file"
) -> bytes:
    r"""Returns an .osim file with the numbers of some muscles changed, and nothing else.

    Encoding, line endings, comments and whitespace are kept. A number that equals the
    one in the file keeps its text (`0.043999999999999997` is not rewritten as `0.044`);
    a changed number is written with as many digits as reading it back exactly takes. A
    property that the file leaves out is inserted with the indentation of its siblings.

    Args:
        source: Content of the .osim file.
        changes: The new values by name of the muscle.
        where: Name of the file, for error messages.

    Returns:
        Content of the calibrated file.

    Raises:
        ModelError: If the file is not XML, if a muscle is missing, has two elements, is
            of another class or lists no properties, or if a new value is not a positive
            number.
    """
    elements = list(_outside_defaults(_parse(source, where)))
    edits: list[_Edit] = []
    for name, change in changes.items():
        _check(name, change, where)
        edits += _muscle_edits(source, _find_muscle(elements, name, where), change)
    return _with_edits(source, edits)


@dataclass
class _Element:
    """An XML element and the bytes it occupies.

    Attributes:
        tag: Its tag.
        name: Its attribute `name`, empty without one.
        start: First byte of the start tag.
        content: First byte after the start tag.
        end: First byte of the end tag; equals `content` in `<a/>`.
        text_start: First byte of its first text that is not blank, -1 without one.
        text_end: First byte after its last such text.
        children: Child elements in document order.
    """

    tag: str
    name: str
    start: int
    content: int = -1
    end: int = -1
    text_start: int = -1
    text_end: int = -1
    children: list["_Element"] = field(default_factory=list)

    def child(self, tag: str) -> "_Element | None":
        """Returns the first child with that tag."""
        return next((child for child in self.children if child.tag == tag), None)


class _TreeBuilder:
    """Turns expat's events into elements with byte positions.

    Expat tells where an event begins; the event after it tells where it ended. So
    every event, comments included, first completes what the one before left open.
    """

    def __init__(self, encoding: str):
        self._parser = expat.ParserCreate(encoding)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.DefaultHandler = lambda data: self._event()
        self._open = [_Element("", "", 0)]
        self._in_start_tag: _Element | None = None
        self._in_text: _Element | None = None

    def build(self, source: bytes) -> _Element:
        self._parser.Parse(source, True)
        return self._open[0]

    def _event(self) -> int:
        index = self._parser.CurrentByteIndex
        if self._in_start_tag is not None:
            self._in_start_tag.content = index
        if self._in_text is not None:
            self._in_text.text_end = index
        self._in_start_tag = self._in_text = None
        return index

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = _Element(tag, attributes.get("name", ""), self._event())
        self._open[-1].children.append(element)
        self._open.append(element)
        self._in_start_tag = element

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        element.end = self._event()

    def _text(self, data: str) -> None:
        index = self._event()
        if data.strip():
            element = self._open[-1]
            element.text_start = index if element.text_start < 0 else element.text_start
            self._in_text = element


def _parse(source: bytes, where: str) -> _Element:
    encoding = model_encoding(source)
    remedy = "Open the file in the OpenSim GUI and save it again."
    check_xml(source, ModelError, where=where, remedy=remedy, encoding=encoding)
    return _TreeBuilder(encoding).build(source)


def _outside_defaults(element: _Element) -> Iterator[_Element]:
    """Yields all elements below, except those in `<defaults>`, which are no components."""
    for child in element.children:
        if child.tag != "defaults":
            yield child
            yield from _outside_defaults(child)


def _find_muscle(elements: list[_Element], name: str, where: str) -> _Element:
    muscles = [element for element in elements if element.tag.endswith("Muscle")]
    found = [element for element in muscles if element.name == name]
    if not found:
        known = {element.name for element in muscles}
        raise ModelError(
            f"{where}: there is no muscle {name!r}.{did_you_mean(name, known)} "
            f"The muscles of the file are {listed(known)}. "
            "Calibrate the model that the trials belong to."
        )
    if len(found) > 1:
        raise ModelError(
            f"{where}: {len(found)} muscles are named {name!r}. Expected one. "
            "Rename or remove the others in the model."
        )
    if found[0].tag != MUSCLE_CLASS:
        raise ModelError(
            f"{where}: muscle {name!r} is a <{found[0].tag}>. Expected a <{MUSCLE_CLASS}>. "
            "Convert the model's muscles first."
        )
    if not found[0].children:
        raise ModelError(
            f"{where}: muscle {name!r} lists no properties, not even its path. "
            "Open the model in the OpenSim GUI and save it again."
        )
    return found[0]


def _check(name: str, change: MuscleChange, where: str) -> None:
    for tag in _NUMBERS:
        value = getattr(change, tag)
        if not (math.isfinite(value) and value > 0):
            raise ModelError(
                f"{where}: muscle {name!r} would get <{tag}> {value!r}. Expected a positive, finite number. "
                "Check the bounds of the calibration."
            )
    for tag, value in ((tag, value) for curve in change.curves.values() for tag, value in curve.items()):
        if not math.isfinite(value):
            raise ModelError(
                f"{where}: muscle {name!r} would get <{tag}> {value!r}. Expected a finite number. Check the "
                "bounds of the calibration."
            )


def _muscle_edits(source: bytes, muscle: _Element, change: MuscleChange) -> list[_Edit]:
    edits: list[_Edit] = []
    for tag in _NUMBERS:
        value = float(getattr(change, tag))
        edits += _property_edits(source, muscle, tag, repr(value), _number)
    if change.make_elastic:
        edits += _property_edits(source, muscle, "ignore_tendon_compliance", "false", bytes.lower)
    for tag, values in change.curves.items():
        edits += _curve_edits(source, muscle, tag, values)
    return edits


def _curve_edits(source: bytes, muscle: _Element, tag: str, values: Mapping[str, float]) -> list[_Edit]:
    """Properties of a curve; those that OpenSim derives as they are stay away where they are."""
    curve = muscle.child(tag)
    given = [child for child in (curve.children if curve else []) if child.text_start >= 0]
    if tag == "TendonForceLengthCurve" and not any(child.tag in _DERIVED for child in given):
        values = {name: value for name, value in values.items() if name not in _DERIVED}
    if curve is not None and curve.children:
        texts = ((name, repr(float(value))) for name, value in values.items())
        return [edit for name, text in texts for edit in _property_edits(source, curve, name, text, _number)]
    lines = [_tagged(name, repr(float(value)).encode("ascii")) for name, value in values.items()]
    if curve is None:
        return [_insertion(source, muscle, tag, b"".join(lines))]
    before = source[: curve.start]
    indentation = before[len(before.rstrip()) :]
    inner = b"".join(indentation + b"\t" + line for line in lines) + indentation
    if source[curve.content - 2 : curve.content] == b"/>":
        return [(curve.content - 2, curve.content, b">" + inner + b"</%s>" % tag.encode("ascii"))]
    return [(curve.content, curve.end, inner)]  # of what was there, a comment says all is default


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _property_edits(
    source: bytes, muscle: _Element, tag: str, value: str, read: Callable[[bytes], object]
) -> list[_Edit]:
    new = value.encode("ascii")
    element = muscle.child(tag)
    if element is None:
        return [_insertion(source, muscle, tag, new)]
    if element.text_start >= 0:
        text = source[element.text_start : element.text_end]
        if read(text.strip()) == read(new):
            return []
        start = element.text_start + len(text) - len(text.lstrip())
        return [(start, start + len(text.strip()), new)]
    if source[element.content - 2 : element.content] == b"/>":
        return [(element.start, element.content, _tagged(tag, new))]
    return [(element.content, element.content, new)]


def _insertion(source: bytes, muscle: _Element, tag: str, new: bytes) -> _Edit:
    """Returns the edit that adds a property, one line in the indentation of the others."""
    first = muscle.children[0].start
    order = _ORDER if tag in _ORDER else (tag,)
    before = source[muscle.content : first]
    indentation = before[len(before.rstrip()) :]
    earlier = [muscle.child(other) for other in order[: order.index(tag)]]
    previous = next((element for element in reversed(earlier) if element is not None), None)
    at = muscle.content if previous is None else _after(source, previous)
    return at, at, indentation + _tagged(tag, new)


def _after(source: bytes, element: _Element) -> int:
    """Returns the first byte after the element's end tag."""
    if source[element.end : element.end + 2] == b"</":
        return source.index(b">", element.end) + 1
    return element.end


def _tagged(tag: str, text: bytes) -> bytes:
    return b"<%s>%s</%s>" % (tag.encode("ascii"), text, tag.encode("ascii"))


def _with_edits(source: bytes, edits: list[_Edit]) -> bytes:
    pieces, position = [], 0
    # The sort is stable: properties inserted at the same place keep their order.
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [source[position:start], new]
        position = end
    return b"".join([*pieces, source[position:]])
