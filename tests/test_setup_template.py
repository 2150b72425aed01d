import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from opensim_difcal.errors import SetupFileError
from opensim_difcal.properties import properties_of
from opensim_difcal.settings import setting
from opensim_difcal.setup_file import PLACEHOLDER, read_setup
from opensim_difcal.setup_template import template, write_setup
from opensim_difcal.tools.registry import TOOLS


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One channel."""

    name: str = setting("Column.")
    muscles: tuple[str, ...] = setting("Driven muscles.")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool with every kind of setting."""

    name: str = setting("Name of the run.", default="run")
    model_file: Path = setting("The model.", is_path=True)
    mode: str = setting("Mode.", default="driven", allowed=("driven", "hybrid"))
    use_prior: bool = setting("Prior -- or not.", default=True)
    time_range: tuple[float, float] = setting("First and last time.", unit="s")
    n_synergies: int | None = setting("Number of synergies.", default=None)
    channels: tuple[Channel, ...] = setting("The channels.")
    more_channels: tuple[Channel, ...] = setting("More.", default=())


TEMPLATE = """\
<?xml version="1.0" encoding="UTF-8" ?>
<OpenSimDocument Version="40600">
    <Tool name="run">
        <!--Attribute name: Name of the run. Default: run.-->
        <!--The model. Required.-->
        <model_file>FILL_IN</model_file>
        <!--Mode. Allowed: driven, hybrid. Default: driven.-->
        <mode>driven</mode>
        <!--Prior - - or not. Default: true.-->
        <use_prior>true</use_prior>
        <!--First and last time. Unit: s. Required.-->
        <time_range>FILL_IN FILL_IN</time_range>
        <!--Number of synergies. Default: none.-->
        <n_synergies></n_synergies>
        <!--The channels. Required.-->
        <channels>
            <objects>
                <Channel name="FILL_IN">
                    <!--Attribute name: Column. Required.-->
                    <!--Driven muscles. Required.-->
                    <muscles>FILL_IN</muscles>
                </Channel>
            </objects>
        </channels>
        <!--More. Default: none.-->
        <more_channels>
            <objects>
                <!--Attribute name: Column. Required.-->
                <!--Driven muscles. Required.-->
                <!--
                <Channel name="FILL_IN">
                    <muscles>FILL_IN</muscles>
                </Channel>
                -->
            </objects>
        </more_channels>
    </Tool>
</OpenSimDocument>
"""


def filled(text: str, tool_type: type, folder: Path) -> str:
    """Returns a template with a value for each placeholder, as a user would give it."""
    text = re.sub(rf'="{PLACEHOLDER}"', '="walk"', text)
    for owner in (tool_type, *(prop.value_type for prop in properties_of(tool_type) if prop.is_object_list)):
        for prop in properties_of(owner):
            word = {int: "3", float: "0.5", Path: "input.file"}.get(prop.value_type, "word")
            element = re.compile(rf"(<{prop.name}>)((?:{PLACEHOLDER} ?)+)(?=<)")
            text = element.sub(lambda match, word=word: match[1] + match[2].replace(PLACEHOLDER, word), text)
    (folder / "input.file").touch()
    return text


def test_template_holds_every_property_with_its_comment():
    assert template(Tool) == TEMPLATE


@pytest.mark.parametrize("tool_type", [Tool, *TOOLS.values()])
def test_filled_template_reads_back(tmp_path, tool_type):
    path = tmp_path / "setup.xml"
    path.write_text(filled(template(tool_type), tool_type, tmp_path))
    tool = read_setup(path, {tool_type.__name__: tool_type})
    read = [prop for prop in properties_of(tool_type) if prop.is_required and prop.value_type is Path]
    assert read or any(prop.is_required and prop.is_object_list for prop in properties_of(tool_type))
    for prop in read:
        if prop.is_path:
            value = getattr(tool, prop.name)
            assert (value[0] if prop.is_sequence else value) == tmp_path / "input.file"
    for prop in properties_of(tool_type):
        if not prop.is_required and not isinstance(prop.default, Path):
            assert getattr(tool, prop.name) == prop.default


@pytest.mark.parametrize("tool_type", TOOLS.values())
def test_written_setup_reads_back_as_the_same_tool(tmp_path, tool_type):
    path = tmp_path / "setup.xml"
    path.write_text(filled(template(tool_type), tool_type, tmp_path))
    tool = read_setup(path, TOOLS)
    (tmp_path / "copies").mkdir()
    write_setup(tool, tmp_path / "copies" / "copy.xml")
    assert read_setup(tmp_path / "copies" / "copy.xml", TOOLS) == tool


def test_values_survive_writing_and_reading(tmp_path):
    (tmp_path / "leg.osim").touch()
    tool = Tool(
        name='"left" & <right>',
        model_file=tmp_path / "leg.osim",
        mode="hybrid",
        use_prior=False,
        time_range=(float("-inf"), 0.1 + 0.2),
        n_synergies=4,
        channels=(Channel(name="a", muscles=("soleus", "recfem")), Channel(name="b", muscles=("psoas",))),
    )
    text = write_setup(tool, tmp_path / "setup.xml")
    assert read_setup(tmp_path / "setup.xml", {"Tool": Tool}) == tool
    assert (tmp_path / "setup.xml").read_text(encoding="utf-8") == text
    assert "<model_file>leg.osim</model_file>" in text


def test_without_a_path_paths_are_written_as_they_are():
    tool = Tool(model_file=Path("a/leg.osim"), time_range=(0.0, 1.0), channels=())
    assert "<model_file>a/leg.osim</model_file>" in write_setup(tool)


def test_word_with_a_space_cannot_be_written_in_a_sequence():
    channel = Channel(name="a", muscles=("rectus femoris",))
    tool = Tool(model_file=Path("leg.osim"), time_range=(0.0, 1.0), channels=(channel,))
    message = (
        "<muscles> holds 'rectus femoris'; its values are separated by spaces, so none may be empty "
        "or contain one. Rename it."
    )
    with pytest.raises(SetupFileError, match=f"^{message}$"):
        write_setup(tool)
