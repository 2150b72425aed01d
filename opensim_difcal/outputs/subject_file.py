"""The sidecar of a personalised model: `<name>_subject.xml`, written and read back exactly."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import xmltodict

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.result import ParameterChange
from opensim_difcal.calibration.unknowns import PARAMETER_NAMES
from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.outputs.subject import Provenance, Subject, SubjectSynergies
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.muscle import ELASTIC_TENDONS
from opensim_difcal.wording import counted, listed, quoted, shortened
from opensim_difcal.xml_file import read_xml

_COMMENT = """\
<!--Written by opensim_difcal beside the calibrated model; holds what a model has no place for.
Lengths in m, forces in N, times in s, frequencies in Hz. c1 and c2 belong to time_step.-->
"""
_OBJECTS = (
    "MuscleParameters",
    "StrengthGroup",
    "ExcitationChannel",
    "InputFile",
    "Package",
    "Setting",
    "RecordedChannel",
    "SynthesizedMuscle",
)
_NUMBERS = ("time_step", "electromechanical_delay", "lowpass_cutoff_frequency_for_coordinates")
_RANGES = ("muscle_tendon_length_range", "normalized_fiber_length_range")
_PROPERTIES = (
    "model_sha256",
    *_NUMBERS,
    "tendon",
    "elastic_tendon",
    "made_elastic",
    "excitation_map",
    "strength_bounds",
    "strength_groups",
    "muscles",
    "provenance",
)
_OPTIONAL = ("synergies",)  # files of earlier versions and of EMG-driven calibrations have none
_ENDS = ("initial", "final", "lower", "upper")
_REMEDY = "Use the file as the calibration wrote it, or calibrate again."


def write_subject(path: Path, subject: Subject) -> None:
    """Writes the sidecar; the same subject gives the same bytes.

    Args:
        path: `<name>_subject.xml`; its folder exists.
        subject: What to write.
    """
    document = {"OpenSimDocument": {"@Version": "40600", "NMSSubject": _subject_node(subject)}}
    text = xmltodict.unparse(document, pretty=True, indent="\t", short_empty_elements=True)
    declaration, _, body = text.partition("\n")
    write_atomically(path, f"{declaration}\n{_COMMENT}{body}\n".encode())


def read_subject(path: Path) -> Subject:
    """Reads a sidecar.

    Args:
        path: `<name>_subject.xml`.

    Raises:
        ModelError: If the file is missing, is no sidecar, or lacks, repeats or adds an
            element, or if a number is none.
    """
    root = _root(path)
    root.expect(*_PROPERTIES, optional=_OPTIONAL)
    groups = root.child("strength_groups").objects("StrengthGroup", "muscles", "coefficient")
    channels = root.child("excitation_map").objects("ExcitationChannel", "muscles")
    muscles = root.child("muscles").objects(
        "MuscleParameters", *PARAMETER_NAMES, optional=(*CURVE_STRAINS, *_RANGES)
    )
    strains = [name for name in CURVE_STRAINS if any(muscle.holds(name) for muscle in muscles)]
    ranges = [tag for tag in _RANGES if any(muscle.holds(name) for muscle in muscles for name in _RANGES)]
    for muscle in muscles:
        muscle.expect(*PARAMETER_NAMES, *ranges, *strains)
    names = [muscle.attribute("name") for muscle in muscles]
    if not names:
        raise ModelError(f"{path}: <NMSSubject> <muscles> has no <MuscleParameters>. {_REMEDY}")
    lengths, fibers = (
        {name: _range(muscle, tag) for name, muscle in zip(names, muscles, strict=True) if ranges}
        for tag in _RANGES
    )
    lower, upper = root.numbers("strength_bounds", 2)
    time_step, delay, cutoff = (root.number(tag) for tag in _NUMBERS)
    if time_step <= 0.0:
        raise root.refused("time_step", "a number above 0")
    return Subject(
        name=root.attribute("name"),
        model_sha256=root.text("model_sha256"),
        muscle_names=tuple(names),
        parameters={name: _parameter_change(muscles, name) for name in (*PARAMETER_NAMES, *strains)},
        time_step=time_step,
        electromechanical_delay=delay,
        lowpass_cutoff_frequency_for_coordinates=cutoff,
        tendon=root.text("tendon"),
        elastic_tendon=_elastic_tendon(root),
        made_elastic=root.words("made_elastic"),
        excitation_map=tuple(
            ExcitationChannel(name=channel.attribute("name"), muscles=channel.words("muscles"))
            for channel in channels
        ),
        strength_groups={group.attribute("name"): group.words("muscles") for group in groups},
        strength_coefficients={group.attribute("name"): group.number("coefficient") for group in groups},
        strength_bounds=(lower, upper),
        muscle_tendon_length_ranges=lengths,
        normalized_fiber_length_ranges=fibers,
        provenance=_provenance(root.child("provenance")),
        synergies=_synergies(root.child("synergies")) if root.holds("synergies") else None,
    )


def _subject_node(subject: Subject) -> dict[str, Any]:
    return {
        "@name": subject.name,
        "model_sha256": subject.model_sha256,
        **{tag: repr(float(getattr(subject, tag))) for tag in _NUMBERS},
        "tendon": subject.tendon,
        "elastic_tendon": subject.elastic_tendon,
        "made_elastic": " ".join(subject.made_elastic),
        "excitation_map": {
            "ExcitationChannel": [
                {"@name": channel.name, "muscles": " ".join(channel.muscles)}
                for channel in subject.excitation_map
            ]
        },
        "strength_bounds": _words(subject.strength_bounds),
        "strength_groups": {
            "StrengthGroup": [
                {
                    "@name": name,
                    "muscles": " ".join(muscles),
                    "coefficient": repr(float(subject.strength_coefficients[name])),
                }
                for name, muscles in subject.strength_groups.items()
            ]
        },
        "muscles": {
            "MuscleParameters": [
                {
                    "@name": name,
                    **{tag: _change_node(change, i) for tag, change in subject.parameters.items()},
                    **_range_nodes(subject, name),
                }
                for i, name in enumerate(subject.muscle_names)
            ]
        },
        **({"synergies": _synergies_node(subject.synergies)} if subject.synergies else {}),
        "provenance": _provenance_node(subject.provenance),
    }


def _elastic_tendon(root: "_Node") -> str:
    word = root.text("elastic_tendon")
    if word not in ELASTIC_TENDONS:
        raise root.refused("elastic_tendon", f"one of {', '.join(ELASTIC_TENDONS)}")
    return word


def _words(numbers: Sequence[float]) -> str:
    return " ".join(repr(float(number)) for number in numbers)


def _range(node: "_Node", tag: str) -> tuple[float, float]:
    low, high = node.numbers(tag, 2)
    return low, high


def _range_nodes(subject: Subject, name: str) -> dict[str, str]:
    """What the calibration saw of a muscle; nothing where that is not known."""
    every = subject.muscle_tendon_length_ranges, subject.normalized_fiber_length_ranges
    return {tag: _words(ranges[name]) for tag, ranges in zip(_RANGES, every, strict=True) if name in ranges}


def _change_node(change: ParameterChange, i: int) -> dict[str, str]:
    ends = {end: repr(float(getattr(change, end)[i])) for end in _ENDS}
    return {**ends, "at_bound": "true" if change.at_bound[i] else "false"}


def _synergies_node(synergies: SubjectSynergies) -> dict[str, Any]:
    def rows(weights: Mapping[str, tuple[float, ...]]) -> list[dict[str, str]]:
        return [{"@name": name, "weights": _words(row)} for name, row in weights.items()]

    return {
        "n_synergies": str(synergies.n_synergies),
        "ratio": repr(float(synergies.ratio)),
        "variance_accounted_for": repr(float(synergies.variance_accounted_for)),
        "recorded": {"RecordedChannel": rows(synergies.recorded)},
        "synthesized": {"SynthesizedMuscle": rows(synergies.synthesized)},
    }


def _provenance_node(provenance: Provenance) -> dict[str, Any]:
    def pairs(values: Mapping[str, str], attribute: str) -> list[dict[str, str]]:
        return [{"@name": name, f"@{attribute}": value} for name, value in values.items()]

    return {
        "input_files": {"InputFile": pairs(provenance.input_files, "sha256")},
        "versions": {"Package": pairs(provenance.versions, "version")},
        "settings": {"Setting": pairs(provenance.settings, "value")},
        "seed": str(provenance.seed),
    }


def _parameter_change(muscles: Iterable["_Node"], name: str) -> ParameterChange:
    changes = [muscle.child(name) for muscle in muscles]
    for change in changes:
        change.expect(*_ENDS, "at_bound")
    return ParameterChange(*(np.array([change.number(end) for change in changes]) for end in _ENDS))


def _synergies(node: "_Node") -> SubjectSynergies:
    node.expect("n_synergies", "ratio", "variance_accounted_for", "recorded", "synthesized")
    n_synergies = node.whole_number("n_synergies")
    if n_synergies < 1:
        raise node.refused("n_synergies", "a whole number above 0")

    def rows(tag: str, object_tag: str) -> dict[str, tuple[float, ...]]:
        objects = node.child(tag).objects(object_tag, "weights")
        return {entry.attribute("name"): entry.numbers("weights", n_synergies) for entry in objects}

    return SubjectSynergies(
        n_synergies=n_synergies,
        ratio=node.number("ratio"),
        variance_accounted_for=node.number("variance_accounted_for"),
        recorded=rows("recorded", "RecordedChannel"),
        synthesized=rows("synthesized", "SynthesizedMuscle"),
    )


def _provenance(node: "_Node") -> Provenance:
    node.expect("input_files", "versions", "settings", "seed")

    def pairs(tag: str, object_tag: str, attribute: str) -> dict[str, str]:
        objects = node.child(tag).objects(object_tag)
        return {entry.attribute("name"): entry.attribute(attribute) for entry in objects}

    return Provenance(
        input_files=pairs("input_files", "InputFile", "sha256"),
        versions=pairs("versions", "Package", "version"),
        settings=pairs("settings", "Setting", "value"),
        seed=node.whole_number("seed"),
    )


def _root(path: Path) -> "_Node":
    document = read_xml(path, ModelError, what="the subject file", remedy=_REMEDY, force_list=_OBJECTS)
    content = document.get("OpenSimDocument")
    if not isinstance(content, dict) or not isinstance(content.get("NMSSubject"), dict):
        raise ModelError(
            f"{path}: there is no <NMSSubject> in an <OpenSimDocument>. "
            "Expected the file <name>_subject.xml that a calibration wrote beside <name>.osim."
        )
    return _Node(f"{path}: <NMSSubject>", content["NMSSubject"])


@final
class _Node:
    """An element that knows where it stands, so that it can say what is wrong with it."""

    def __init__(self, where: str, content: dict[str, Any] | None):
        self._where = where
        self._content = content or {}

    def expect(self, *tags: str, optional: tuple[str, ...] = ()) -> None:
        """Refuses missing, repeated and unknown child elements."""
        found = [tag for tag in self._content if not tag.startswith(("@", "#"))]
        faults = (
            [f"lacks <{tag}>" for tag in tags if tag not in found]
            + [f"repeats <{tag}>" for tag in (*tags, *optional) if isinstance(self._content.get(tag), list)]
            + [f"has an unknown <{shortened(tag)}>" for tag in found if tag not in (*tags, *optional)]
        )
        if faults:
            allowed = listed(tags, "<{}>")
            raise ModelError(f"{self._where} {faults[0]}. Expected each of {allowed} once. {_REMEDY}")

    def holds(self, tag: str) -> bool:
        """Whether there is such a child element, and it is not empty."""
        return bool(self._content.get(tag))

    def child(self, tag: str) -> "_Node":
        content = self._content[tag]
        return _Node(f"{self._where} <{tag}>", content if isinstance(content, dict) else None)

    def objects(self, object_tag: str, *tags: str, optional: tuple[str, ...] = ()) -> list["_Node"]:
        """Returns the elements of a list, each with exactly those children, and perhaps optional ones."""
        for tag in self._content:
            if tag != object_tag and not tag.startswith(("@", "#")):
                unknown = f"{self._where} has an unknown <{shortened(tag)}>"
                raise ModelError(f"{unknown}. Expected <{object_tag}> elements. {_REMEDY}")
        nodes = []
        for content in self._content.get(object_tag, []):
            attributes = content if isinstance(content, dict) else {}
            name = quoted(str(attributes.get("@name")))
            node = _Node(f"{self._where} <{object_tag} {name}>", attributes)
            node.expect(*tags, optional=optional)
            nodes.append(node)
        counts = Counter(node.attribute("name") for node in nodes)
        for name, count in counts.items():
            if count > 1:
                raise ModelError(
                    f"{self._where} has {count} <{object_tag}> elements with the name {quoted(name)}. "
                    f"Expected different names. {_REMEDY}"
                )
        return nodes

    def attribute(self, name: str) -> str:
        if f"@{name}" not in self._content:
            raise ModelError(f"{self._where} lacks the attribute {name!r}. {_REMEDY}")
        return self._content[f"@{name}"]

    def text(self, tag: str) -> str:
        content = self._content[tag]
        return content if isinstance(content, str) else ""

    def words(self, tag: str) -> tuple[str, ...]:
        return tuple(self.text(tag).split())

    def number(self, tag: str) -> float:
        return self.numbers(tag, 1)[0]

    def whole_number(self, tag: str) -> int:
        try:
            return int(self.text(tag))
        except ValueError:
            raise self.refused(tag, "1 whole number") from None

    def numbers(self, tag: str, count: int) -> tuple[float, ...]:
        try:
            values = tuple(float(word) for word in self.words(tag))
        except ValueError:
            values = ()
        if len(values) != count or not all(map(math.isfinite, values)):
            raise self.refused(tag, counted(count, "number"))
        return values

    def refused(self, tag: str, expected: str) -> ModelError:
        """Returns the error that says what an element's text should be."""
        return ModelError(
            f"{self._where}: <{tag}> is {quoted(self.text(tag))}. Expected {expected}. {_REMEDY}"
        )
