"""Writes docs/settings.md from the settings that the tools declare.

python -m opensim_difcal.settings_page docs/settings.md
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from opensim_difcal.properties import NAME, Property, element_name, properties_of
from opensim_difcal.setup_template import default_text, summary
from opensim_difcal.tools.registry import TOOLS

COMMAND = "python -m opensim_difcal.settings_page docs/settings.md"

_INTRODUCTION = """# Settings

Generated from the declarations in the source; do not edit. To make it again:
`{command}`

Elements stand in a setup file under their tool, in any order. `name` is an attribute,
as OpenSim has it. Paths are relative to the setup file. The entries of a list stand inside
`<objects>`, or directly in the list's element."""


def settings_page(tool_types: Mapping[str, type]) -> str:
    """Returns the page that documents every setting of every tool.

    Args:
        tool_types: The tools by element name.
    """
    blocks = [_INTRODUCTION.format(command=COMMAND)]
    for tool_type in tool_types.values():
        blocks += [f"## {element_name(tool_type)}", summary(tool_type), _table(tool_type)]
        for owner in _entry_types(tool_type):
            blocks += [f"### {element_name(owner)}", summary(owner), _table(owner)]
    return "\n\n".join(blocks) + "\n"


def _entry_types(owner: type) -> Iterator[type]:
    for prop in properties_of(owner):
        if prop.is_object_list:
            yield prop.value_type
            yield from _entry_types(prop.value_type)


def _table(owner: type) -> str:
    rows = ["| element | value | default | unit | meaning |", "|---|---|---|---|---|"]
    return "\n".join(rows + [_row(prop) for prop in properties_of(owner)])


def _row(prop: Property) -> str:
    label = f"{NAME} (attribute)" if prop.name == NAME else f"`{prop.name}`"
    default = "required" if prop.is_required else f"`{default_text(prop)}`"
    expected = prop.expected.replace("<", "`<").replace(">", ">`")
    cells = [label, expected, default, prop.unit, prop.doc.replace("<", "\\<")]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings_page(TOOLS), encoding="utf-8")
