"""The trial of CEINMS (`<inputData>`): where its measurements are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.ceinms.document import shown
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.reader import Reader

_USED = (
    "muscleTendonLengthFile",
    "excitationsFile",
    "momentArmsFiles",
    "externalTorquesFile",
    "motionFile",
    "startStopTime",
)


@dataclass(frozen=True, kw_only=True)
class CEINMSTrial:
    """A trial.

    Attributes:
        path: The XML file.
        name: Of the trial: that of the file, or of the folder for CEINMS-RT.
        excitations_file: EMG linear envelopes.
        external_torques_file: Joint moments.
        motion_file: Coordinates, of version 0.21.
        muscle_tendon_length_file: Lengths that OpenSim's muscle analysis wrote.
        moment_arm_files: Moment arms by degree of freedom.
        time_range: First and last time, s; None for all.
        is_from_zero: Whether the time range counts from the trial's first instant.
    """

    path: Path
    name: str
    excitations_file: Path | None
    external_torques_file: Path | None
    motion_file: Path | None = None
    muscle_tendon_length_file: Path | None = None
    moment_arm_files: Mapping[str, Path]
    time_range: tuple[float, float] | None = None
    is_from_zero: bool = False


def read_trial(path: Path, notes: Notes) -> CEINMSTrial:
    """Reads a trial of CEINMS 0.9 or 0.21; its elements may stand in any order.

    Args:
        path: The file.
        notes: What the user is told is added.

    Raises:
        CEINMSFileError: If the file cannot be read or has one fault.
        Problems: If it has several.
    """
    reader = Reader(path, notes)
    root = reader.root("inputData")
    arms: dict[str, Path] = {}
    holder = reader.child(root, "momentArmsFiles")
    names = []
    for element in reader.children(holder, "momentArmsFile") if holder is not None else []:
        name = element.attributes.get("dofName", "").strip()
        place = f"<momentArmsFile dofName={shown(name)}>"
        if not name or not element.text:
            reader.refuse(place, " lacks its degree of freedom or its file. Add it, or remove the element.")
            continue
        names.append(name)
        arms[name] = reader.resolved(element.text, place)
    reader.refuse_repeated(names, "<momentArmsFile> elements have the dofName")
    times = reader.text(root, "startStopTime")
    values = reader.values(times, "<startStopTime>", 2) if times else ()
    if values and not values[0] < values[1]:
        reader.refuse(
            "<startStopTime>",
            f" is {shown(times)}; expected the first time and a later one, in seconds. Correct it.",
        )
    trial = CEINMSTrial(
        path=path,
        name=path.stem,
        excitations_file=reader.file(root, "excitationsFile"),
        external_torques_file=reader.file(root, "externalTorquesFile"),
        motion_file=reader.file(root, "motionFile"),
        muscle_tendon_length_file=reader.file(root, "muscleTendonLengthFile"),
        moment_arm_files=arms,
        time_range=(values[0], values[1]) if values else None,
    )
    reader.leave_out(root, _USED, "<inputData>")
    if arms or trial.muscle_tendon_length_file:
        notes.add(
            Kind.DROPPED,
            "Files of muscle-tendon lengths and moment arms: both are computed from the model and the "
            "trial's coordinates. Of the lengths' file only the time step is read.",
        )
    reader.raise_errors()
    return trial
