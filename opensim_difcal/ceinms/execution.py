"""The execution configuration of CEINMS."""

import math
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.ceinms.calibration import read_part
from opensim_difcal.ceinms.dialects import ACTIVATIONS, TENDONS
from opensim_difcal.ceinms.document import Element
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.reader import Reader

_IN_HYBRID = ("alpha", "beta", "gamma", "dofSet", "synthMTUs", "adjustMTUs", "algorithm")


@dataclass(frozen=True, kw_only=True)
class Hybrid:
    """The hybrid mode: excitations that are found, or adjusted.

    Attributes:
        alpha: Weight of squared moment errors.
        beta: Weight of squared excitations.
        gamma: Weight of the absolute change of recorded excitations.
        synthesized: Muscles whose excitation is found.
        adjusted: Muscles whose recorded excitation may change.
    """

    alpha: float
    beta: float
    gamma: float
    synthesized: tuple[str, ...]
    adjusted: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CEINMSExecution:
    """An execution configuration.

    Attributes:
        path: The file.
        hybrid: None for the open loop.
        dofs: Degrees of freedom that are chosen; none for all of the subject's.
        tendon: One of `TENDONS`.
        activation: One of `ACTIVATIONS`.
    """

    path: Path
    hybrid: Hybrid | None
    dofs: tuple[str, ...]
    tendon: str
    activation: str


def read_execution(path: Path, notes: Notes) -> CEINMSExecution:
    """Reads an execution configuration of CEINMS 0.9 or 0.21.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root("execution")
    model = reader.child(root, "NMSmodel", required=True) or Element("NMSmodel", {})
    kind = reader.child(model, "type", "<NMSmodel>/", required=True) or Element("type", {})
    mode = reader.choice(kind, ("openLoop", "hybrid"), "<NMSmodel>/<type>")
    element = reader.child(kind, "hybrid") if mode == "hybrid" else None
    dofs = reader.words(root, "elaboratedDoFs")
    if element is not None:
        dofs = reader.words(element, "dofSet") or dofs
    execution = CEINMSExecution(
        path=path,
        hybrid=None if element is None else _read_hybrid(reader, element),
        dofs=tuple(dict.fromkeys(dofs)),
        tendon=read_part(reader, model, "tendon", TENDONS),
        activation=read_part(reader, model, "activation", ACTIVATIONS),
    )
    if reader.child(root, "online") is not None:
        notes.add(Kind.DROPPED, f"{path.name}: <online>; the trials are run from their files.")
    reader.leave_out(root, ("NMSmodel", "online", "offline", "elaboratedDoFs"), "<execution>")
    reader.raise_errors()
    return execution


def _read_hybrid(reader: Reader, element: Element) -> Hybrid:
    where = "<hybrid>/"
    weights = {}
    for name in ("alpha", "beta", "gamma"):
        value = reader.number(element, name, where)
        if not math.isnan(value) and value < 0.0:
            reader.refuse(f"{where}<{name}>", f" is {value:g}; expected 0 or more. Correct it.")
        weights[name] = value
    reader.leave_out(element, _IN_HYBRID, "<hybrid>")
    if reader.child(element, "algorithm") is not None:
        reader.notes.add(
            Kind.DROPPED,
            f"{reader.path.name}: <algorithm>; excitations are found by gradients, not by annealing.",
        )
    return Hybrid(
        **weights,
        synthesized=tuple(dict.fromkeys(reader.words(element, "synthMTUs", where))),
        adjusted=tuple(dict.fromkeys(reader.words(element, "adjustMTUs", where))),
    )
