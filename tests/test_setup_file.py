import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from opensim_difcal.errors import BoundsError, Problems, SetupFileError
from opensim_difcal.settings import setting
from opensim_difcal.setup_file import read_setup, read_what_can_be_read


@dataclass(frozen=True, kw_only=True)
class TrialFiles:
    """One trial."""

    xml_name: ClassVar[str] = "Trial"
    name: str = setting("Name of the trial.")
    role: str = setting("Its role.", default="calibration", allowed=("calibration", "validation"))
    coordinates_file: Path = setting("Coordinates.", is_path=True)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool with every kind of setting."""

    name: str = setting("Name of the run.", default="run")
    model_file: Path = setting("The model.", is_path=True)
    results_directory: Path = setting("The results.", default=Path("results"))
    coordinates: tuple[str, ...] = setting("The coordinates.")
    optimizer: str = setting("The optimizer.", default="adamw", allowed=("adamw", "annealing"))
    max_iterations: int = setting("Steps.", default=500)
    tolerance: float = setting("Tolerance.", default=1e-6)
    use_prior: bool = setting("Whether there is a prior.", default=True)
    time_range: tuple[float, float] = setting("First and last time.", unit="s", default=(0.0, 1.0))
    seeds: tuple[int, ...] = setting("Seeds.", default=())
    phases: tuple[str, ...] = setting("Phases.", default=(), allowed=("stance", "swing"))
    n_synergies: int | None = setting("Number of synergies.", default=None)
    notes: str = setting("Notes.", default="")
    trials: tuple[TrialFiles, ...] = setting("The trials.", default=())

    def __post_init__(self):
        if self.tolerance < 0:
            raise BoundsError("<tolerance> is below 0. Raise it.")


TOOLS = {"Tool": Tool}
REQUIRED = "<model_file>leg.osim</model_file><coordinates>knee hip</coordinates>"


@pytest.fixture
def folder(tmp_path):
    for name in ("leg.osim", "walk.mot"):
        (tmp_path / name).touch()
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "setup.xml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, properties: str, attributes: str = "") -> Tool:
    head = '<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="40600">'
    document = f"{head}<Tool{attributes}>{properties}</Tool></OpenSimDocument>"
    return read_setup(write(folder, document), TOOLS)


def message_of(folder: Path, properties: str, attributes: str = "") -> str:
    """Returns the one error's message; the setup file in it is called `setup.xml`."""
    with pytest.raises(SetupFileError) as caught:
        read(folder, properties, attributes)
    return str(caught.value).replace(f"{folder}/setup.xml", "setup.xml")


def message_of_document(folder: Path, text: str) -> str:
    with pytest.raises(SetupFileError) as caught:
        read_setup(write(folder, text), TOOLS)
    return str(caught.value).replace(f"{folder}/setup.xml", "setup.xml")


def test_absent_elements_take_their_defaults(folder):
    tool = read(folder, REQUIRED)
    assert tool == Tool(
        model_file=folder / "leg.osim", coordinates=("knee", "hip"), results_directory=folder / "results"
    )


def test_every_kind_of_value_is_read(folder):
    tool = read(
        folder,
        REQUIRED
        + """
        <results_directory>../out</results_directory>
        <optimizer> annealing </optimizer>
        <max_iterations>-3</max_iterations> <!-- a comment -->
        <tolerance>1e-3</tolerance>
        <use_prior>FALSE</use_prior>
        <time_range>-inf
            2.5</time_range>
        <seeds>1 2 3</seeds>
        <phases>swing</phases>
        <n_synergies>4</n_synergies>
        <notes>a &lt; b, and more</notes>""",
        ' name="left leg"',
    )
    assert tool == Tool(
        name="left leg",
        model_file=folder / "leg.osim",
        results_directory=folder.parent / "out",
        coordinates=("knee", "hip"),
        optimizer="annealing",
        max_iterations=-3,
        tolerance=1e-3,
        use_prior=False,
        time_range=(float("-inf"), 2.5),
        seeds=(1, 2, 3),
        phases=("swing",),
        n_synergies=4,
        notes="a < b, and more",
    )


def test_empty_elements_are_values_where_nothing_is_a_value(folder):
    tool = read(folder, REQUIRED + "<seeds/><n_synergies></n_synergies><notes> </notes><trials/>")
    assert (tool.seeds, tool.n_synergies, tool.notes, tool.trials) == ((), None, "", ())


@pytest.mark.parametrize("form", ["{}", "<objects>{}</objects>"])
def test_list_entries_stand_in_objects_or_directly_in_the_list(folder, form):
    entries = """
        <Trial name="walk"><coordinates_file>walk.mot</coordinates_file></Trial>
        <Trial name="run"><role>validation</role><coordinates_file>walk.mot</coordinates_file></Trial>"""
    tool = read(folder, f"{REQUIRED}<trials>{form.format(entries)}</trials>")
    assert [trial.name for trial in tool.trials] == ["walk", "run"]
    assert [trial.role for trial in tool.trials] == ["calibration", "validation"]
    assert tool.trials[0].coordinates_file == folder / "walk.mot"


def test_paths_do_not_depend_on_the_working_directory(folder, monkeypatch):
    (folder / "elsewhere").mkdir()
    write(folder, f'<OpenSimDocument Version="40600"><Tool>{REQUIRED}</Tool></OpenSimDocument>')
    monkeypatch.chdir(folder / "elsewhere")
    assert read_setup("../setup.xml", TOOLS).model_file.samefile(folder / "leg.osim")


def test_unknown_element_names_the_closest_setting(folder):
    assert message_of(folder, REQUIRED + "<max_iteration>5</max_iteration>") == (
        "setup.xml: unknown element <max_iteration>. Did you mean <max_iterations>? Allowed elements are "
        "<coordinates>, <max_iterations>, <model_file>, <n_synergies>, <notes>, <optimizer>, <phases>, "
        "<results_directory>, <seeds>, <time_range>, <tolerance>, <trials>, <use_prior>."
    )


TRIAL = "<coordinates_file>walk.mot</coordinates_file>"
MESSAGES = {
    "missing required element": (
        "<coordinates>knee</coordinates>",
        "setup.xml: required element <model_file> is missing. Add it: The model.",
    ),
    "missing required element of an entry": (
        REQUIRED + '<trials><Trial name="walk"/></trials>',
        "setup.xml: <trials>/<Trial name='walk'>: required element <coordinates_file> is missing. "
        "Add it: Coordinates.",
    ),
    "missing name": (
        REQUIRED + f"<trials><objects><Trial>{TRIAL}</Trial></objects></trials>",
        "setup.xml: <trials>/<Trial>[1]: required attribute 'name' is missing. Add it: Name of the trial.",
    ),
    "empty name": (
        REQUIRED + f'<trials><Trial name="">{TRIAL}</Trial></trials>',
        "setup.xml: <trials>/<Trial>[1]/attribute 'name' is empty; expected text. Name of the trial.",
    ),
    "name as an element": (
        REQUIRED + f'<trials><Trial name="walk"><name>walk</name>{TRIAL}</Trial></trials>',
        "setup.xml: <trials>/<Trial name='walk'>: unknown element <name>. It is an attribute, as in "
        'name="walk".',
    ),
    "not a whole number": (
        REQUIRED + "<max_iterations>ten</max_iterations>",
        "setup.xml: <max_iterations> is 'ten'; expected a whole number.",
    ),
    "fraction for a whole number": (
        REQUIRED + "<max_iterations>1.5</max_iterations>",
        "setup.xml: <max_iterations> is '1.5'; expected a whole number.",
    ),
    "not a number": (
        REQUIRED + "<tolerance>0,5</tolerance>",
        "setup.xml: <tolerance> is '0,5'; expected a number.",
    ),
    "NaN": (
        REQUIRED + "<tolerance>NaN</tolerance>",
        "setup.xml: <tolerance> is 'NaN'; expected a number.",
    ),
    "not a boolean": (
        REQUIRED + "<use_prior>yes</use_prior>",
        "setup.xml: <use_prior> is 'yes'; expected true or false.",
    ),
    "too few numbers": (
        REQUIRED + "<time_range>0.5</time_range>",
        "setup.xml: <time_range> is '0.5'; expected 2 numbers separated by spaces.",
    ),
    "not whole numbers": (
        REQUIRED + "<seeds>1 x</seeds>",
        "setup.xml: <seeds> is '1 x'; expected whole numbers separated by spaces.",
    ),
    "word that is not allowed": (
        REQUIRED + "<optimizer>adam</optimizer>",
        "setup.xml: <optimizer> is 'adam'; expected one of adamw, annealing. Did you mean 'adamw'?",
    ),
    "word of a sequence that is not allowed": (
        REQUIRED + "<phases>stance flight</phases>",
        "setup.xml: <phases> is 'flight'; expected one of stance, swing.",
    ),
    "empty value": (
        REQUIRED + "<optimizer></optimizer>",
        "setup.xml: <optimizer> is empty; expected one of adamw, annealing. The optimizer.",
    ),
    "empty required sequence": (
        "<model_file>leg.osim</model_file><coordinates/>",
        "setup.xml: <coordinates> is empty; expected words separated by spaces. The coordinates.",
    ),
    "placeholder": (
        "<model_file>leg.osim</model_file><coordinates>FILL_IN</coordinates>",
        "setup.xml: <coordinates> still holds the template's 'FILL_IN'; expected words separated by spaces. "
        "The coordinates.",
    ),
    "duplicate element": (
        REQUIRED + "<notes>a</notes><notes>b</notes>",
        "setup.xml: <notes> stands 2 times; expected once. Remove all but one.",
    ),
    "duplicate name": (
        REQUIRED + f'<trials><Trial name="a">{TRIAL}</Trial><Trial name="a">{TRIAL}</Trial></trials>',
        "setup.xml: <trials>: 2 <Trial> elements have the name 'a'; expected different names. "
        "Rename all but one.",
    ),
    "unknown entry": (
        REQUIRED + "<trials><TrialFiles/></trials>",
        "setup.xml: <trials>: unknown element <TrialFiles>. Did you mean <Trial>? "
        "Allowed elements are <Trial>, <objects>.",
    ),
    "unknown entry in objects": (
        REQUIRED + "<trials><objects><Trail/></objects></trials>",
        "setup.xml: <trials>/<objects>: unknown element <Trail>. Did you mean <Trial>? "
        "Allowed elements are <Trial>.",
    ),
    "unknown element in an entry": (
        REQUIRED + f'<trials><Trial name="walk"><rol>validation</rol>{TRIAL}</Trial></trials>',
        "setup.xml: <trials>/<Trial name='walk'>: unknown element <rol>. Did you mean <role>? "
        "Allowed elements are <coordinates_file>, <role>.",
    ),
    "element inside a value": (
        REQUIRED + "<notes><b>bold</b></notes>",
        "setup.xml: <notes>: unknown element <b>. Remove it.",
    ),
    "attribute of a value": (
        REQUIRED + '<tolerance unit="m">1</tolerance>',
        "setup.xml: <tolerance>: unknown attribute 'unit'. Allowed attributes: none. Remove it.",
    ),
    "attribute of an entry": (
        REQUIRED + f'<trials><Trial name="walk" role="validation">{TRIAL}</Trial></trials>',
        "setup.xml: <trials>/<Trial name='walk'>: unknown attribute 'role'. Allowed attributes: 'name'. "
        "Remove it.",
    ),
    "a text that is too long": (
        REQUIRED + f"<notes>{'a' * 1001}</notes>",
        f"setup.xml: <notes> holds '{'a' * 100}'... (1001 characters); expected at most 1000.",
    ),
    "a whole number that is too large": (
        REQUIRED + "<max_iterations>18446744073709551616</max_iterations>",
        "setup.xml: <max_iterations> is '18446744073709551616'; expected a whole number.",
    ),
    "a path that is too long": (
        f"<model_file>{'a' * 300}</model_file><coordinates>knee</coordinates>",
        f"setup.xml: <model_file> is '{'a' * 300}', but the file FOLDER/{'a' * 300} cannot be read: "
        "File name too long. The path is relative to the folder of the setup file, FOLDER. Correct it, or "
        "put the file there.",
    ),
    "stray text": (
        REQUIRED + "walk",
        "setup.xml: unexpected text 'walk'. Remove it, or put it in an element.",
    ),
}


@pytest.mark.parametrize(("properties", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message(folder, properties, message):
    assert message_of(folder, properties).replace(str(folder), "FOLDER") == message


def test_empty_required_list_asks_for_an_entry(folder):
    @dataclass(frozen=True, kw_only=True)
    class Batch:
        trials: tuple[TrialFiles, ...] = setting("The trials.")

    path = write(folder, "<OpenSimDocument><Batch><trials><objects/></trials></Batch></OpenSimDocument>")
    message = f"{path}: <trials> is empty; expected at least one <Trial>. Add one: The trials."
    with pytest.raises(SetupFileError, match=f"^{re.escape(message)}$"):
        read_setup(path, {"Batch": Batch})


def test_missing_file_is_named_by_its_absolute_path(folder):
    trial = '<Trial name="walk"><coordinates_file>ik/walk.mot</coordinates_file></Trial>'
    properties = f"{REQUIRED}<trials>{trial}</trials>"
    assert message_of(folder, properties) == (
        "setup.xml: <trials>/<Trial name='walk'>/<coordinates_file> is 'ik/walk.mot', but the file "
        f"{folder}/ik/walk.mot does not exist. The path is relative to the folder of the setup "
        f"file, {folder}. Correct it, or put the file there."
    )


def test_folder_in_place_of_a_file_is_refused(folder):
    assert message_of(folder, "<model_file>.</model_file><coordinates>knee</coordinates>") == (
        f"setup.xml: <model_file> is '.', but the file {folder} is a folder. The path is relative to the "
        f"folder of the setup file, {folder}. Correct it, or put the file there."
    )


def test_all_faults_of_a_file_are_reported_at_once(folder):
    with pytest.raises(Problems) as caught:
        read(folder, "<coordinates/><max_iterations>ten</max_iterations><notes>a</notes><notes>b</notes>")
    path = folder / "setup.xml"
    assert str(caught.value) == (
        "4 problems found:\n"
        f"1. {path}: required element <model_file> is missing. Add it: The model.\n"
        f"2. {path}: <coordinates> is empty; expected words separated by spaces. The coordinates.\n"
        f"3. {path}: <max_iterations> is 'ten'; expected a whole number.\n"
        f"4. {path}: <notes> stands 2 times; expected once. Remove all but one."
    )


def test_errors_of_the_tool_itself_are_passed_on(folder):
    with pytest.raises(BoundsError, match=r"^<tolerance> is below 0\. Raise it\.$"):
        read(folder, REQUIRED + "<tolerance>-1</tolerance>")


def test_malformed_xml_names_line_and_column(folder):
    assert message_of_document(folder, "<OpenSimDocument>\n  <Tool></Tol>\n</OpenSimDocument>") == (
        "setup.xml: line 2, column 11: not well-formed XML, mismatched tag. "
        "Correct the file there or shortly before."
    )


def test_empty_file_is_not_xml(folder):
    assert message_of_document(folder, "") == (
        "setup.xml: line 1, column 1: not well-formed XML, no element found. "
        "Correct the file there or shortly before."
    )


def test_entity_declarations_are_refused(folder):
    text = '<!DOCTYPE a [<!ENTITY b "c">]><OpenSimDocument/>'
    assert message_of_document(folder, text) == (
        "setup.xml: line 1, column 13: a <!DOCTYPE> declaration is not allowed, for it can hold entities. "
        "Remove it."
    )


def test_unknown_encoding_is_refused(folder):
    assert message_of_document(folder, '<?xml version="1.0" encoding="foo"?><OpenSimDocument/>') == (
        "setup.xml: unknown encoding: foo. Save the file as UTF-8 and declare it so."
    )


def test_root_element_is_an_opensim_document(folder):
    assert message_of_document(folder, "<Tool/>") == (
        "setup.xml: the root element is <Tool>; expected <OpenSimDocument>. "
        'Put the tool inside <OpenSimDocument Version="40600">.'
    )


def test_unknown_tool_names_the_closest_one(folder):
    assert message_of_document(folder, "<OpenSimDocument><Tol/></OpenSimDocument>") == (
        "setup.xml: unknown tool <Tol>. Did you mean <Tool>? Allowed tools are <Tool>."
    )


@pytest.mark.parametrize(("content", "count"), [("", "0 tools"), ("<Tool/><Tool/>", "2 tools")])
def test_document_holds_one_tool(folder, content, count):
    assert message_of_document(folder, f"<OpenSimDocument>{content}</OpenSimDocument>") == (
        f"setup.xml: <OpenSimDocument> holds {count}; expected one. Allowed tools are <Tool>."
    )


def test_absent_setup_file_is_named_by_its_absolute_path(folder, monkeypatch):
    monkeypatch.chdir(folder)
    message = f"absent.xml: the setup file does not exist ({folder}/absent.xml). Correct the path."
    with pytest.raises(SetupFileError, match=f"^{re.escape(message)}$"):
        read_setup("absent.xml", TOOLS)


def test_folder_is_no_setup_file(folder):
    message = f"{folder}: the setup file is a folder. Correct the path."
    with pytest.raises(SetupFileError, match=f"^{re.escape(message)}$"):
        read_setup(folder, TOOLS)


def test_a_hundred_faults_are_enough(folder):
    errors = read_what_can_be_read(
        write(
            folder,
            f"<OpenSimDocument><Tool>{REQUIRED}{'<a/>' * 3}"
            + "".join(f"<b{i}/>" for i in range(100_000))
            + "</Tool></OpenSimDocument>",
        ),
        TOOLS,
    )[1]
    assert len(errors) == 101
    assert str(errors[-1]) == f"{folder}/setup.xml: there may be more; correct these 100 faults first."


def test_a_path_that_is_not_utf8_is_refused(folder):
    path = folder / os.fsdecode(b"Setup_\xff.xml")
    path.write_text("<OpenSimDocument><Tool/></OpenSimDocument>")
    with pytest.raises(SetupFileError) as caught:
        read_setup(path, TOOLS)
    assert str(caught.value) == (
        f"{path}: the path '{folder}/Setup_\\udcff.xml' holds bytes that are not UTF-8. "
        "Rename the file or its folder."
    )
