"""Setup files of OpenSim's own tools: what they read, what they write, and how they are run.

OpenSim resolves some of a setup's paths against the setup file and some against the working
directory, before or after it changes that. Here every path is relative to the setup file: a
copy with absolute paths is what OpenSim gets.
"""

import os
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.errors import SetupFileError
from opensim_difcal.user_file import read_user_file
from opensim_difcal.xml_file import check_xml

ROOT = "OpenSimDocument"


@dataclass(frozen=True)
class FileElements:
    """Elements of a tool that name files, as paths below the tool's element.

    Attributes:
        inputs: Files that the tool reads.
        outputs: Files that it writes; relative to `results_directory` where the tool has one
            and says so.
        switches: Elements with `apply`: where that is false, what is inside is neither read nor
            written.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    in_results_directory: bool
    switches: tuple[str, ...] = ()


OPENSIM_TOOLS = {
    "ScaleTool": FileElements(
        inputs=(
            "GenericModelMaker/model_file",
            "GenericModelMaker/marker_set_file",
            "ModelScaler/marker_file",
            "MarkerPlacer/marker_file",
            "MarkerPlacer/coordinate_file",
        ),
        outputs=(
            "ModelScaler/output_model_file",
            "ModelScaler/output_scale_file",
            "MarkerPlacer/output_model_file",
            "MarkerPlacer/output_motion_file",
            "MarkerPlacer/output_marker_file",
        ),
        in_results_directory=False,
        switches=("ModelScaler", "MarkerPlacer"),
    ),
    "InverseKinematicsTool": FileElements(
        inputs=("model_file", "marker_file", "coordinate_file"),
        outputs=("output_motion_file",),
        in_results_directory=False,
    ),
    "InverseDynamicsTool": FileElements(
        inputs=("model_file", "coordinates_file", "external_loads_file"),
        outputs=("output_gen_force_file", "output_body_forces_file"),
        in_results_directory=True,
    ),
}
"""The tools of OpenSim that come before a calibration."""

_NOTHING = ("", "Unassigned", "unassigned", "UNASSIGNED")


@dataclass(frozen=True)
class OpenSimSetup:
    """A setup file of one of OpenSim's tools.

    Attributes:
        path: The file, absolute.
        tool: Name of the tool's element, a key of `OPENSIM_TOOLS`.
        name: Of the tool object.
        inputs: Files that it reads, absolute; with the data file of external loads.
        outputs: Files that it writes, absolute.
    """

    path: Path
    tool: str
    name: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]


def read_opensim_setup(path: Path) -> OpenSimSetup:
    """Returns what a setup file of OpenSim reads and writes.

    Raises:
        SetupFileError: If the file is none, or names nothing to read or to write.
    """
    path = path.absolute()
    tool = _tool_element(path, _document(path))
    elements = OPENSIM_TOOLS[tool.tag]
    inputs = [_resolved(path, text) for text in _texts(tool, elements, elements.inputs)]
    if tool.tag == "InverseDynamicsTool":
        loads = tool.findtext("external_loads_file", "").strip()
        inputs += [] if loads in _NOTHING else _data_files(_resolved(path, loads))
    folder = _output_folder(path, tool, elements)
    outputs = [_below(folder, text) for text in _texts(tool, elements, elements.outputs)]
    if not inputs or not outputs:
        what = "reads" if not inputs else "writes"
        wanted = elements.inputs if not inputs else elements.outputs
        raise SetupFileError(
            f"{path}: this {tool.tag} {what} no file. Give at least <{wanted[0].replace('/', '>/<')}>."
        )
    return OpenSimSetup(path, tool.tag, tool.get("name", ""), tuple(inputs), tuple(outputs))


def write_absolute_setup(setup: OpenSimSetup, folder: Path) -> tuple[Path, dict[Path, Path]]:
    """Writes a copy of a setup file that reads absolute paths and writes into one folder.

    Args:
        setup: The setup.
        folder: Exists and is empty; the copy, a copy of external loads, and later the tool's
            results are there.

    Returns:
        The copy; and where each output will lie, by where it belongs.
    """
    document = _document(setup.path)
    tool = _tool_element(setup.path, document)
    elements = OPENSIM_TOOLS[tool.tag]
    for i, element in enumerate(_present(tool, elements, elements.inputs)):
        path = _resolved(setup.path, (element.text or "").strip())
        element.text = _beside(path, folder, i) if setup.tool == "ScaleTool" else str(path)
    if tool.tag == "InverseDynamicsTool":
        _copy_external_loads(tool, folder)
    belongs = _output_folder(setup.path, tool, elements)
    places: dict[Path, Path] = {}
    for i, element in enumerate(_present(tool, elements, elements.outputs)):
        target = _below(belongs, (element.text or "").strip())
        staged = folder / f"output_{i}_{target.name}"
        places[target] = staged
        element.text = str(staged) if setup.tool == "InverseKinematicsTool" else staged.name
    for name, text in (("results_directory", str(folder)), ("report_errors", "true")):
        for element in tool.iter(name):
            element.text = text
    copy = folder / "setup.xml"
    document.write(copy, encoding="utf-8", xml_declaration=True)
    return copy, places


def _document(path: Path) -> ElementTree.ElementTree:
    content = read_user_file(path, SetupFileError, what="the setup file", remedy="Correct the path.")
    check_xml(content, SetupFileError, where=str(path), remedy="Correct the file there or shortly before.")
    return ElementTree.ElementTree(ElementTree.fromstring(content))


def _tool_element(path: Path, document: ElementTree.ElementTree) -> ElementTree.Element:
    root = document.getroot()
    assert root is not None
    tools = [child for child in root if child.tag in OPENSIM_TOOLS]
    if root.tag != ROOT or len(tools) != 1:
        allowed = ", ".join(f"<{name}>" for name in OPENSIM_TOOLS)
        raise SetupFileError(
            f"{path}: expected <{ROOT}> with one of {allowed} in it. Give another setup file."
        )
    return tools[0]


def tool_of(path: Path) -> str:
    """Returns the name of the tool in a setup file, of OpenSim or of this package; empty without one.

    Raises:
        SetupFileError: If the file is no XML.
    """
    root = _document(path.absolute()).getroot()
    return next((str(child.tag) for child in root or ()), "")


def _present(
    tool: ElementTree.Element, elements: FileElements, paths: Sequence[str]
) -> Iterator[ElementTree.Element]:
    """The elements that name a file, of parts that are switched on."""
    off = {
        switch
        for switch in elements.switches
        if tool.findtext(f"{switch}/apply", "true").strip().lower() == "false"
    }
    for path in paths:
        element = tool.find(path)
        if (
            element is not None
            and (element.text or "").strip() not in _NOTHING
            and path.split("/")[0] not in off
        ):
            yield element


def _texts(tool: ElementTree.Element, elements: FileElements, paths: Sequence[str]) -> list[str]:
    return [(element.text or "").strip() for element in _present(tool, elements, paths)]


def _resolved(setup: Path, text: str) -> Path:
    return _below(setup.parent, text)


def _below(folder: Path, text: str) -> Path:
    return Path(os.path.normpath(folder / text.replace("\\", "/")))


def _beside(path: Path, folder: Path, i: int) -> str:
    """Copies an input of ScaleTool, which puts its setup's folder before every path, an absolute one too."""
    copy = folder / f"input_{i}" / path.name
    copy.parent.mkdir()
    shutil.copyfile(path, copy)
    return copy.relative_to(folder).as_posix()


def _output_folder(setup: Path, tool: ElementTree.Element, elements: FileElements) -> Path:
    folder = tool.findtext("results_directory", "").strip() if elements.in_results_directory else ""
    return setup.parent if folder in _NOTHING else _resolved(setup, folder)


def _data_files(external_loads: Path) -> list[Path]:
    """The data file that external loads name; none where the file is missing, which is told elsewhere."""
    if not external_loads.is_file():
        return []
    root = _document(external_loads).getroot()
    texts = [(element.text or "").strip() for element in (root.iter("datafile") if root is not None else ())]
    return [external_loads.parent / text for text in texts if text not in _NOTHING]


def _copy_external_loads(tool: ElementTree.Element, folder: Path) -> None:
    """Writes external loads with the absolute path of their data, and names the copy in the tool."""
    element = tool.find("external_loads_file")
    if element is None or (element.text or "").strip() in _NOTHING:
        return
    path = Path((element.text or "").strip())
    document = _document(path)
    for name in document.iter("datafile"):
        if (name.text or "").strip() not in _NOTHING:
            name.text = str(path.parent / (name.text or "").strip())
    copy = folder / "external_loads.xml"
    document.write(copy, encoding="utf-8", xml_declaration=True)
    element.text = str(copy)
