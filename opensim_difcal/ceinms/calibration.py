"""The calibration configuration of CEINMS."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.ceinms.dialects import ACTIVATIONS, PARAMETERS, TENDONS, canonical
from opensim_difcal.ceinms.document import Element, shown
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.reader import Reader
from opensim_difcal.wording import listed, shortened

ANNEALING = ("noEpsilon", "rt", "T", "NS", "NT", "epsilon", "maxNoEval")
_COUNTS = ("noEpsilon", "NS", "NT", "maxNoEval")
_GROUPINGS = ("single", "global", "muscleGroups")
_RANGES = ("absolute", "relativeToSubjectValue")
_MOST_TRIALS = 10_000

POSITIVE = ("optimalFibreLength", "tendonSlackLength", "strengthCoefficient")
"""Parameters that are above zero, so that their ranges end there."""


@dataclass(frozen=True, kw_only=True)
class CalibratedParameter:
    """A parameter that a step calibrates.

    Attributes:
        name: One of `PARAMETERS`.
        grouping: single, global or muscleGroups.
        groups: Muscles of every group, where they are grouped.
        is_relative: Whether the range is relative to the subject's value.
        range: Lowest and highest value, or factor.
    """

    name: str
    grouping: str
    groups: tuple[tuple[str, ...], ...] = ()
    is_relative: bool
    range: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CalibrationStep:
    """One step.

    Attributes:
        dofs: Degrees of freedom whose moments are tracked.
        parameters: What is calibrated.
        fiber_range: Range of the penalty on normalized fiber lengths, of version 0.21.
    """

    dofs: tuple[str, ...]
    parameters: tuple[CalibratedParameter, ...]
    fiber_range: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class CEINMSCalibration:
    """A calibration configuration.

    Attributes:
        path: The file.
        annealing: Settings of simulated annealing by name (`ANNEALING`), those given.
        tendon: One of `TENDONS`.
        activation: One of `ACTIVATIONS`.
        steps: In their order.
        trial_files: Files of the trials.
    """

    path: Path
    annealing: Mapping[str, float]
    tendon: str
    activation: str
    steps: tuple[CalibrationStep, ...]
    trial_files: tuple[Path, ...]

    @property
    def dofs(self) -> tuple[str, ...]:
        """Degrees of freedom of all steps, each once."""
        return tuple(dict.fromkeys(dof for step in self.steps for dof in step.dofs))


def read_calibration(path: Path, notes: Notes) -> CEINMSCalibration:
    """Reads a calibration configuration of CEINMS 0.9 or 0.21.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root("calibration")
    model = reader.child(root, "NMSmodel", required=True) or Element("NMSmodel", {})
    holder = reader.child(root, "calibrationSteps", required=True)
    steps = tuple(_read_step(reader, each) for each in (reader.children(holder, "step") if holder else []))
    if holder is not None and not steps:
        reader.refuse("<calibrationSteps>", " holds no <step>; expected at least one. Add one.")
    trials = reader.text(root, "trialSet", required=True)
    words = list(dict.fromkeys(trials.split()))
    if len(words) > _MOST_TRIALS:
        reader.refuse(
            "<trialSet>", f" names {len(words)} trials; expected at most {_MOST_TRIALS}. Correct it."
        )
    configuration = CEINMSCalibration(
        path=path,
        annealing=read_annealing(reader, reader.child(root, "algorithm")),
        tendon=read_part(reader, model, "tendon", TENDONS),
        activation=read_part(reader, model, "activation", ACTIVATIONS),
        steps=steps,
        trial_files=tuple(reader.resolved(word, "<trialSet>") for word in words[:_MOST_TRIALS]),
    )
    reader.leave_out(root, ("algorithm", "NMSmodel", "calibrationSteps", "trialSet"), "<calibration>")
    reader.raise_errors()
    return configuration


def read_part(reader: Reader, model: Element, name: str, allowed: tuple[str, ...]) -> str:
    """Returns which element stands in a part of `<NMSmodel>`."""
    part = reader.child(model, name, "<NMSmodel>/", required=True)
    return allowed[0] if part is None else reader.choice(part, allowed, f"<NMSmodel>/<{name}>")


def read_annealing(reader: Reader, algorithm: Element | None) -> dict[str, float]:
    """Returns the settings of simulated annealing that are given."""
    element = None if algorithm is None else reader.child(algorithm, "simulatedAnnealing", "<algorithm>/")
    return {} if element is None else annealing_settings(reader, element, "<simulatedAnnealing>/")


def annealing_settings(reader: Reader, element: Element, where: str) -> dict[str, float]:
    """Returns the settings of simulated annealing that stand in an element."""
    found: dict[str, float] = {}
    for name in ANNEALING:
        if reader.child(element, name, where) is None:
            continue
        value = reader.number(element, name, where, positive=True)
        if name in _COUNTS and value == value and (value != int(value) or value > 1e9):
            reader.refuse(f"{where}<{name}>", f" is {value:g}; expected a whole number. Correct it.")
        found[name] = value
    return found


def _read_step(reader: Reader, element: Element) -> CalibrationStep:
    where = "<step>/"
    dofs = reader.words(element, "dofs", where, required=True)
    holder = reader.child(element, "parameterSet", where, required=True)
    elements = reader.children(holder, "parameter") if holder is not None else []
    parameters = [_read_parameter(reader, each) for each in elements]
    reader.refuse_repeated([each.name for each in parameters], "parameters of a <step> are named")
    objective = reader.child(element, "objectiveFunction", where)
    reader.leave_out(element, ("dofs", "parameterSet", "objectiveFunction"), "<step>")
    return CalibrationStep(
        dofs=dofs,
        parameters=tuple(parameters),
        fiber_range=None if objective is None else _read_objective(reader, objective),
    )


def _read_parameter(reader: Reader, element: Element) -> CalibratedParameter:
    written = reader.text(element, "name", "<parameter>/", required=True)
    name = canonical(written)
    where = f"<parameter {shown(written)}>"
    if written and name not in PARAMETERS:
        allowed = listed(PARAMETERS, "{}")
        reader.refuse(where, f" is no parameter of CEINMS; expected one of {allowed}. Correct its <name>.")
    grouping = reader.choice(element, _GROUPINGS, where)
    holder = reader.child(element, "muscleGroups") if grouping == "muscleGroups" else None
    groups = [tuple(each.text.split()) for each in (holder.children if holder else [])]
    reader.refuse_repeated([muscle for group in groups for muscle in set(group)], f"groups of {where} hold")
    kind = reader.choice(element, _RANGES, where)
    bounds = reader.child(element, kind, f"{where}/") if kind else None
    values = (
        reader.values(reader.text(bounds, "range", f"{where}/", required=True), f"{where}/<range>", 2)
        if bounds is not None
        else ()
    )
    low, high = values if len(values) == 2 else (0.0, 1.0)
    if not low < high:
        reader.refuse(
            f"{where}/<range>", f" is '{low:g} {high:g}'; expected a number and a larger one. Correct it."
        )
    if name in POSITIVE and not high > 0.0:
        reader.refuse(f"{where}/<range>", f" ends at {high:g}; expected a number above 0. Correct it.")
    return CalibratedParameter(
        name=name,
        grouping=grouping,
        groups=tuple(group for group in groups if group),
        is_relative=kind == "relativeToSubjectValue",
        range=(low, high),
    )


def _read_objective(reader: Reader, element: Element) -> tuple[float, float] | None:
    """The range of the penalty on fiber lengths; tells what else the objective holds."""
    fiber_range: tuple[float, float] | None = None
    for term in element:
        if term.tag == "minimizeTorqueError":
            continue
        if term.tag == "torqueErrorNormalised":
            given = ", ".join(f"{tag} {shown(reader.text(term, tag))}" for tag in ("weight", "exponent"))
            reader.notes.add(
                Kind.DROPPED,
                f"{reader.path.name}: <torqueErrorNormalised> has {given}. Here the error is squared, "
                "divided by the variance of the measured moment, and has the weight 1.",
            )
        elif term.tag == "penalty" and reader.text(term, "targetsType") == "normalisedFibreLength":
            values = reader.values(reader.text(term, "range"), "<penalty>/<range>", 2)
            low, high = values if len(values) == 2 else (0.0, 1.0)
            if not low < high:
                reader.refuse(
                    "<penalty>/<range>",
                    f" is '{low:g} {high:g}'; expected a number and a larger one. Correct it.",
                )
            fiber_range = low, high
            given = ", ".join(f"{tag} {shown(reader.text(term, tag))}" for tag in ("weight", "exponent"))
            reader.notes.add(
                Kind.DROPPED,
                f"{reader.path.name}: the <penalty> on fiber lengths has {given}; its range was kept, and "
                "here the squared excess has the weight of the preset.",
            )
        else:
            reader.notes.add(
                Kind.DROPPED,
                f"{reader.path.name}: <{shortened(term.tag)}> of an <objectiveFunction> is not read.",
            )
    return fiber_range
