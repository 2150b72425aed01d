"""The excitation generator of CEINMS: which muscle is a mix of which EMG channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.ceinms.document import shown
from opensim_difcal.ceinms.notes import Notes
from opensim_difcal.ceinms.reader import Reader

Mix = Mapping[str, float]
"""Weights by channel; none for a muscle whose excitation is unknown."""


@dataclass(frozen=True)
class ExcitationGenerator:
    """An excitation generator file.

    Attributes:
        path: The file.
        input_signals: Columns of the EMG files, in their order.
        mapping: What is mixed, by muscle.
    """

    path: Path
    input_signals: tuple[str, ...]
    mapping: Mapping[str, Mix]


def read_excitation_generator(path: Path, notes: Notes) -> ExcitationGenerator:
    """Reads an excitation generator.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root("excitationGenerator")
    signals = reader.words(root, "inputSignals", required=True)
    reader.refuse_repeated(signals, "<inputSignals> are named")
    holder = reader.child(root, "mapping", required=True)
    mapping: dict[str, dict[str, float]] = {}
    names = []
    for element in reader.children(holder, "excitation") if holder is not None else []:
        name = element.attributes.get("id", "").strip()
        if not name:
            reader.refuse("<excitation>", " lacks the attribute 'id'. Add it: the name of the muscle.")
        where = f"<excitation {shown(name)}>/<input>"
        mix: dict[str, float] = {}
        for source in reader.children(element, "input"):
            weight = reader.weight(source, where)
            if source.text not in signals:
                reader.refuse(
                    where, f" is {shown(source.text)}, which is none of the <inputSignals>. Correct it."
                )
            mix[source.text] = mix.get(source.text, 0.0) + weight  # CEINMS adds what stands twice
        names.append(name)
        mapping[name] = mix
    reader.refuse_repeated(names, "<excitation> elements have the id")
    if holder is not None and not mapping:
        reader.refuse("<mapping>", " holds no <excitation>; expected one for each muscle. Add them.")
    reader.leave_out(root, ("inputSignals", "mapping"), "<excitationGenerator>")
    reader.raise_errors()
    return ExcitationGenerator(path, signals, mapping)
