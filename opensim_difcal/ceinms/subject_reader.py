"""Reads subjects of CEINMS 0.9, CEINMS 0.21 and CEINMS-RT."""

import math
from pathlib import Path

from opensim_difcal.ceinms.dialects import DEFAULT_DAMPING, DEFAULT_PERCENTAGE_CHANGE, Dialect
from opensim_difcal.ceinms.document import Element, shown
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.reader import Reader
from opensim_difcal.ceinms.subject import CURVES, MTU, CalibrationInfo, CEINMSSubject, CurvePoints

_IN_MTU = (
    "name",
    "emDelay",
    "c1",
    "c2",
    "shapeFactor",
    "activationScale",
    "optimalFibreLength",
    "pennationAngle",
    "tendonSlackLength",
    "maxContractionVelocity",
    "damping",
    "maxIsometricForce",
    "strengthCoefficient",
)
_IN_SUBJECT = ("mtuDefault", "mtuSet", "dofSet", "calibrationInfo", "opensimModelFile", "Channels")


def read_subject(path: Path, notes: Notes) -> CEINMSSubject:
    """Reads a subject of CEINMS 0.9, CEINMS 0.21 or CEINMS-RT.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root("subject")
    dialect = _dialect(root)
    default = reader.child(root, "mtuDefault") or Element("mtuDefault", {})
    units = reader.child(root, "mtuSet", required=True)
    elements = reader.children(units, "mtu") if units is not None else []
    if units is not None and not elements:
        reader.refuse("<mtuSet>", " holds no <mtu>; expected at least one. Check what wrote the file.")
    mtus = tuple(_read_mtu(reader, element, dialect) for element in elements)
    reader.refuse_repeated([mtu.name for mtu in mtus], "muscle-tendon units are named")
    reader.leave_out(root, _IN_SUBJECT, "<subject>")
    reader.leave_out(default, ("emDelay", "percentageChange", "damping", "curve"), "<mtuDefault>")
    delay = reader.number(default, "emDelay", "<mtuDefault>/", default=math.nan)
    if delay < 0.0 or any(mtu.em_delay is not None and mtu.em_delay < 0.0 for mtu in mtus):
        reader.refuse("<emDelay>", " is below 0; expected 0 or more, in seconds. Correct it.")
    _tell_of_delays(reader, mtus)
    subject = CEINMSSubject(
        path=path,
        dialect=dialect,
        em_delay=None if math.isnan(delay) else delay,
        percentage_change=reader.number(
            default, "percentageChange", "<mtuDefault>/", default=DEFAULT_PERCENTAGE_CHANGE
        ),
        damping=reader.number(default, "damping", "<mtuDefault>/", default=DEFAULT_DAMPING),
        curves=_read_curves(reader, default),
        mtus=mtus,
        dofs=_read_groups(reader, root, "dofSet", "dof", set(mtu.name for mtu in mtus)),
        calibrated=_read_calibrated(reader, root),
        channels=_read_groups(reader, root, "Channels", "Channel", set(mtu.name for mtu in mtus)),
        model_file=reader.file(root, "opensimModelFile"),
    )
    reader.raise_errors()
    return subject


def _dialect(root: Element) -> Dialect:
    tags = {child.tag for child in root}
    if tags & {"muscleDefault", "muscles", "DoFs", "Channels"}:
        return Dialect.CEINMS_RT
    scaled = any(each.tag == "activationScale" for part in root for unit in part for each in unit)
    return Dialect.CEINMS_0_21 if scaled or "opensimModelFile" in tags else Dialect.CEINMS_0_9


def _read_mtu(reader: Reader, element: Element, dialect: Dialect) -> MTU:
    name = reader.text(element, "name", "<mtu>/", required=True)
    where = f"<mtu {shown(name)}>/"

    def number(tag: str, *, default: float | None = None, positive: bool = False) -> float:
        return reader.number(element, tag, where, default=default, positive=positive)

    def optional(tag: str, *, positive: bool = False) -> float | None:
        value = number(tag, default=math.nan, positive=positive)
        return None if math.isnan(value) else value

    if name and name.split() != [name]:
        reader.refuse(
            f"{where}<name>", " holds a space, and lists of names are separated by spaces. Rename it."
        )
    reader.leave_out(element, _IN_MTU, "<mtu>")
    mtu = MTU(
        name=name,
        c1=number("c1"),
        c2=number("c2"),
        shape_factor=number("shapeFactor"),
        optimal_fiber_length=number("optimalFibreLength", positive=True),
        pennation_angle=_read_angle(reader, element, where, dialect),
        tendon_slack_length=number("tendonSlackLength", positive=True),
        max_isometric_force=number("maxIsometricForce", positive=True),
        strength_coefficient=number("strengthCoefficient", default=1.0, positive=True),
        max_contraction_velocity=optional("maxContractionVelocity", positive=True),
        em_delay=optional("emDelay"),
        damping=optional("damping"),
        activation_scale=number("activationScale", default=1.0),
    )
    if not 0.0 < mtu.effective_force < math.inf and not math.isnan(mtu.effective_force):
        reader.refuse(
            where.removesuffix("/"),
            f": <maxIsometricForce> times <strengthCoefficient> is {mtu.effective_force}; expected a finite "
            "number above 0. Correct them.",
        )
    return mtu


def _read_angle(reader: Reader, element: Element, where: str, dialect: Dialect) -> float:
    """The pennation angle, rad."""
    angle = reader.number(element, "pennationAngle", where)
    child = reader.child(element, "pennationAngle", where)
    unit = "" if child is None else child.attributes.get("unit", "")
    if unit not in ("", "deg", "rad"):
        reader.refuse(
            f"{where}<pennationAngle>",
            f" attribute 'unit' is {shown(unit)}; expected deg or rad. Correct it.",
        )
    in_degrees = unit == "deg" or (unit == "" and dialect is Dialect.CEINMS_RT)
    if in_degrees:
        reader.notes.add(
            Kind.CONVERTED, f"{reader.path.name}: pennation angles are in degrees; they were read as such."
        )
    elif abs(angle) > math.pi / 2:
        reader.notes.add(
            Kind.CONVERTED,
            f"{reader.path.name}: {where}<pennationAngle> is {angle:g}, which no muscle has in radians; it "
            "was read as degrees.",
        )
        in_degrees = True
    angle = math.radians(angle) if in_degrees else angle
    if not math.isnan(angle) and not 0.0 <= angle < math.pi / 2:
        reader.refuse(
            f"{where}<pennationAngle>",
            f" is {math.degrees(angle):g} degrees; expected 0 or more, and less than 90. Correct it.",
        )
    return angle


def _tell_of_delays(reader: Reader, mtus: tuple[MTU, ...]) -> None:
    own = [mtu.em_delay for mtu in mtus if mtu.em_delay is not None]
    if len(set(own)) > 1 or (own and mtus[0].em_delay is None):
        taken = "the common one" if mtus[0].em_delay is None else f"that of {mtus[0].name}"
        reader.notes.add(
            Kind.DROPPED,
            f"{reader.path.name}: {len(own)} muscles have an <emDelay> of their own. CEINMS takes the first "
            f"muscle's for all; so does the import ({taken}).",
        )


def _read_curves(reader: Reader, default: Element) -> tuple[CurvePoints, ...]:
    curves = []
    for element in reader.children(default, "curve"):
        name = reader.text(element, "name", "<curve>/", required=True)
        where = f"<curve {shown(name)}>/"
        known = {each.lower(): each for each in CURVES}
        if name.lower() not in known:
            reader.refuse(where.removesuffix("/"), f" is none of {', '.join(CURVES)}. Correct its <name>.")
        x, y = (
            reader.values(reader.text(element, tag, where, required=True), f"{where}<{tag}>")
            for tag in ("xPoints", "yPoints")
        )
        if len(x) != len(y):
            reader.refuse(
                where.removesuffix("/"),
                f": <xPoints> holds {len(x)} numbers and <yPoints> {len(y)}; expected as many. Correct them.",
            )
        elif any(later <= earlier for earlier, later in zip(x, x[1:], strict=False)):
            reader.refuse(f"{where}<xPoints>", " falls or repeats; expected rising numbers. Correct them.")
        curves.append(CurvePoints(known.get(name.lower(), name), x, y))
    reader.refuse_repeated([curve.name for curve in curves], "curves are named")
    return tuple(curves)


def _read_groups(
    reader: Reader, root: Element, list_tag: str, tag: str, known: set[str]
) -> dict[str, tuple[str, ...]]:
    """Muscles by degree of freedom, or by channel."""
    holder = reader.child(root, list_tag)
    groups: dict[str, tuple[str, ...]] = {}
    names = []
    for element in reader.children(holder, tag) if holder is not None else []:
        name = reader.text(element, "name", f"<{tag}>/", required=True)
        members = reader.words(element, "mtuNameSet", f"<{tag} {shown(name)}>/")
        for member in members:
            if member not in known:
                reader.refuse(
                    f"<{tag} {shown(name)}>",
                    f" names {shown(member)}, which is no muscle-tendon unit of the file. Correct it.",
                )
        names.append(name)
        groups[name] = tuple(dict.fromkeys(members))
    reader.refuse_repeated(names, f"<{tag}> elements are named")
    return groups


def _read_calibrated(reader: Reader, root: Element) -> CalibrationInfo | None:
    info = reader.child(root, "calibrationInfo")
    calibrated = None if info is None else reader.child(info, "calibrated", "<calibrationInfo>/")
    if calibrated is None:
        return None
    where = "<calibrationInfo>/<calibrated>/"
    return CalibrationInfo(
        reader.text(calibrated, "startSubjectFile", where),
        reader.words(calibrated, "calibrationSequence", where),
    )
