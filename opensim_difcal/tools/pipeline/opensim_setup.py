"""Setup files of OpenSim's own tools: what they read, what they write, and a copy to run.

OpenSim resolves some of a setup's paths against the setup file and some against the working
directory, before or after it changes that. Here every path is relative to the setup file: a
copy with absolute paths, and with the content of the sets that it names by file, is what
OpenSim gets.
"""

import os
import re
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
        outputs: Files that it writes.
        in_results_directory: Whether outputs are relative to `results_directory`.
        switches: Elements with `apply`: where that is false, what is inside is neither read nor
            written.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    in_results_directory: bool = False
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
        switches=("ModelScaler", "MarkerPlacer"),
    ),
    "InverseKinematicsTool": FileElements(
        inputs=("model_file", "marker_file", "coordinate_file"), outputs=("output_motion_file",)
    ),
    "InverseDynamicsTool": FileElements(
        inputs=("model_file", "coordinates_file", "external_loads_file"),
        outputs=("output_gen_force_file", "output_body_forces_file"),
        in_results_directory=True,
    ),
}
"""The tools of OpenSim that come before a calibration."""

_NOTHING = ("", "unassigned")
_FILE_ATTRIBUTE = re.compile(rb"<\w+[^<>]*\sfile\s*=\s*[\"']([^\"']+)[\"']")
_REPORTS = {
    "InverseKinematicsTool": {
        "report_errors": "_ik_marker_errors.sto",
        "report_marker_locations": "_ik_model_marker_locations.sto",
    }
}
"""Files beside the outputs that a tool writes into its results directory if an element says true."""


@dataclass(frozen=True)
class OpenSimSetup:
    """A setup file of one of OpenSim's tools.

    Attributes:
        path: The file, absolute.
        tool: Name of the tool's element, a key of `OPENSIM_TOOLS`.
        name: Of the tool object.
        inputs: Files that it reads, absolute; with those that its inputs name.
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
    sets: list[Path] = []
    document = _document(path, sets)
    tool = _tool_element(path, document)
    elements = OPENSIM_TOOLS[tool.tag]
    inputs = [_below(path.parent, text) for text in _texts(tool, elements, elements.inputs)]
    outputs = list(_outputs(path, tool))
    if not inputs or not outputs:
        what = "reads" if not inputs else "writes"
        wanted = elements.inputs if not inputs else elements.outputs
        raise SetupFileError(
            f"{path}: this {tool.tag} {what} no file. Give at least <{wanted[0].replace('/', '>/<')}>."
        )
    named = [each for source in inputs for each in _named_by(source)]
    every = tuple(dict.fromkeys([*inputs, *named, *sets]))
    return OpenSimSetup(path, tool.tag, tool.get("name", ""), every, tuple(outputs))


def write_absolute_setup(setup: OpenSimSetup, folder: Path) -> tuple[Path, dict[Path, Path]]:
    """Writes a copy of a setup file that reads absolute paths and writes into one folder.

    Args:
        setup: The setup.
        folder: Exists and is empty; the copy, a copy of external loads, and later the tool's
            results are there.

    Returns:
        The copy; and where each output will lie, by where it belongs. Reports that the tool writes
        beside its outputs are among them.
    """
    document = _document(setup.path)
    tool = _tool_element(setup.path, document)
    elements = OPENSIM_TOOLS[tool.tag]
    for i, element in enumerate(_present(tool, elements, elements.inputs)):
        path = _below(setup.path.parent, _text(element))
        is_copied = tool.tag == "ScaleTool" and element.tag != "model_file"
        element.text = _copied_beside(path, folder, i) if is_copied else str(path)
    if tool.tag == "InverseDynamicsTool":
        _copy_external_loads(tool, folder)
    places: dict[Path, Path] = {}
    for i, (element, target) in enumerate(_output_elements(setup.path, tool)):
        staged = folder / f"output_{i}_{target.name}"
        places[target] = staged
        element.text = str(staged) if tool.tag == "InverseKinematicsTool" else staged.name
    reports = _reports(setup, tool, folder)
    for name, text in (("results_directory", str(folder)), ("report_errors", "true")):
        for element in tool.iter(name):
            element.text = text
    copy = folder / "setup.xml"
    document.write(copy, encoding="utf-8", xml_declaration=True)
    return copy, {**places, **reports}


def tool_of(path: Path) -> str:
    """Returns the name of the tool in a setup file, of OpenSim or of this package; empty without one.

    Raises:
        SetupFileError: If the file is no XML.
    """
    root = _document(path.absolute(), inline=False).getroot()
    return next((str(child.tag) for child in root or ()), "")


def _document(path: Path, sets: list[Path] | None = None, *, inline: bool = True) -> ElementTree.ElementTree:
    """Returns a file of OpenSim, with the content of sets that it names by file in their place.

    Args:
        path: The file.
        sets: The files of these sets are appended to it.
        inline: Whether sets are put in their place.
    """
    root = _root(path, "the setup file")
    if inline:
        _inline_sets(path, root, [] if sets is None else sets, (path,))
    return ElementTree.ElementTree(root)


def _root(path: Path, what: str) -> ElementTree.Element:
    content = read_user_file(path, SetupFileError, what=what, remedy="Correct the path.")
    check_xml(content, SetupFileError, where=str(path), remedy="Correct the file there or shortly before.")
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:  # a prefix without a namespace
        raise SetupFileError(f"{path}: not well-formed XML, {error}. Correct the file there.") from None


def _inline_sets(path: Path, root: ElementTree.Element, sets: list[Path], above: tuple[Path, ...]) -> None:
    """Replaces `<MeasurementSet file="...">` and the like by what the file holds."""
    for element in list(root.iter()):
        text = element.attrib.pop("file", "").strip()
        if text.lower() in _NOTHING:
            continue
        source = _below(path.parent, text)
        sets.append(source)
        if source in above:
            raise SetupFileError(f"{path}: <{element.tag} file={text!r}> names itself. Correct the file.")
        inner = _root(source, f"the file of <{element.tag}> in {path}")
        _inline_sets(source, inner, sets, (*above, source))
        found = inner if inner.tag == element.tag else next(inner.iter(element.tag), None)
        if found is None:
            raise SetupFileError(
                f"{source}: no <{element.tag}>, for which {path} names the file. Give another file there."
            )
        element[:] = list(found)
        element.text = found.text


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


def _text(element: ElementTree.Element) -> str:
    return (element.text or "").strip()


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
        if element is not None and _text(element).lower() not in _NOTHING and path.split("/")[0] not in off:
            yield element


def _texts(tool: ElementTree.Element, elements: FileElements, paths: Sequence[str]) -> list[str]:
    return [_text(element) for element in _present(tool, elements, paths)]


def _below(folder: Path, text: str) -> Path:
    """An absolute path, as text of a setup in a folder means it; Windows' separators are understood."""
    return Path(os.path.normpath(folder / text.replace("\\", "/")))


def _results_directory(path: Path, tool: ElementTree.Element) -> Path:
    folder = tool.findtext("results_directory", "").strip()
    return path.parent if folder.lower() in _NOTHING else _below(path.parent, folder)


def _output_elements(path: Path, tool: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, Path]]:
    """Elements that name what is written, and where it belongs."""
    elements = OPENSIM_TOOLS[tool.tag]
    folder = _results_directory(path, tool) if elements.in_results_directory else path.parent
    for element in _present(tool, elements, elements.outputs):
        has_joints = tool.findtext("joints_to_report_body_forces", "").strip()
        if element.tag != "output_body_forces_file" or has_joints:  # else OpenSim writes no such file
            yield element, _below(folder, _text(element))


def _outputs(path: Path, tool: ElementTree.Element) -> Iterator[Path]:
    for _, target in _output_elements(path, tool):
        yield target


def _reports(setup: OpenSimSetup, tool: ElementTree.Element, folder: Path) -> dict[Path, Path]:
    """Reports that the setup asks for: where they will lie, by where they belong."""
    directory = _results_directory(setup.path, tool)
    names = [
        f"{setup.name}{ending}"
        for element, ending in _REPORTS.get(tool.tag, {}).items()
        if tool.findtext(element, "").strip().lower() == "true"
    ]
    return {directory / name: folder / name for name in names}


def _named_by(source: Path) -> list[Path]:
    """Files that an input names in turn: the data of external loads, sets of a model; none if it is missing.

    Meshes are not among them: they change no number.
    """
    if source.suffix.lower() not in (".xml", ".osim") or not source.is_file():
        return []
    found = [match.decode(errors="replace") for match in _FILE_ATTRIBUTE.findall(source.read_bytes())]
    if source.suffix.lower() == ".xml":
        document = _document(source, inline=False)
        names = ("datafile", "external_loads_model_kinematics_file")
        found += [_text(element) for name in names for element in document.iter(name)]
    return [_below(source.parent, text) for text in found if text.lower() not in _NOTHING]


def _copied_beside(path: Path, folder: Path, i: int) -> str:
    """Copies an input of ScaleTool, which puts its setup's folder before a path, an absolute one too."""
    copy = folder / f"input_{i}" / path.name
    copy.parent.mkdir()
    shutil.copyfile(path, copy)
    return copy.relative_to(folder).as_posix()


def _copy_external_loads(tool: ElementTree.Element, folder: Path) -> None:
    """Writes external loads with the absolute path of their data, and names the copy in the tool."""
    element = tool.find("external_loads_file")
    if element is None or _text(element).lower() in _NOTHING:
        return
    path = Path(_text(element))
    document = _document(path)
    for name in ("datafile", "external_loads_model_kinematics_file"):
        for each in document.iter(name):
            if _text(each).lower() not in _NOTHING:
                each.text = str(_below(path.parent, _text(each)))
    copy = folder / "external_loads.xml"
    document.write(copy, encoding="utf-8", xml_declaration=True)
    element.text = str(copy)
