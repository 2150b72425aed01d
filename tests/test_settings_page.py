from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.settings import setting
from opensim_difcal.settings_page import COMMAND, settings_page
from opensim_difcal.tools.registry import TOOLS

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry."""

    name: str = setting("Name of the <Entry>.")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A small tool.

    More about it.
    """

    step: float = setting("a | b.", unit="s", default=0.5)
    entries: tuple[Entry, ...] = setting("Entries.")


def test_settings_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == settings_page(TOOLS), f"Stale. Run: {COMMAND}"


def test_page_has_a_table_for_each_tool_and_its_entries():
    assert settings_page({"Tool": Tool}).partition("\n## ")[2] == (
        "Tool\n\nA small tool.\n\n"
        "| element | value | default | unit | meaning |\n|---|---|---|---|---|\n"
        "| `step` | a number | `0.5` | s | a \\| b. |\n"
        "| `entries` | `<Entry>` elements | required |  | Entries. |\n\n"
        "### Entry\n\nOne entry.\n\n"
        "| element | value | default | unit | meaning |\n|---|---|---|---|---|\n"
        "| name (attribute) | text | required |  | Name of the \\<Entry>. |\n"
    )
