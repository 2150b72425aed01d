"""The README shows what is there, and its commands are the ones that are checked."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/theory.md",
    "docs/validation.md",
    "docs/settings.md",
    "docs/raw_recordings.md",
    "docs/ceinms.md",
    "models/README.md",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not target.startswith("http")]
    missing = [target for target in local if not (ROOT / page).parent.joinpath(target).exists()]
    assert missing == []


def test_the_tables_made_by_benchmarks_are_filled():
    for page, block in (
        ("README.md", "virtual_subjects"),
        ("docs/validation.md", "real_data"),
        ("docs/validation.md", "synergy_hybrid"),
        ("docs/validation.md", "emg_reduction"),
        ("docs/validation.md", "paper"),
        ("docs/validation.md", "execution"),
        ("docs/raw_recordings.md", "raw_recordings"),
    ):
        text = (ROOT / page).read_text(encoding="utf-8")
        filled = re.search(rf"<!-- {block}: begin -->(.*)<!-- {block}: end -->", text, re.DOTALL)
        assert filled is not None
        assert "|---|" in filled.group(1), f"renew {page} with python benchmarks/{block}.py --write"


def test_the_readme_has_one_command_for_the_job_and_one_for_the_tests():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = dict(re.findall(r"<!-- ([a-z ]+) -->\n```sh\n(.+)\n```", text))
    assert set(commands) == {"main job", "tests"}
    assert "run-tool tools_setup/leg_emg_driven.xml" in commands["main job"]
    assert "pytest" in commands["tests"]
    assert all("-c constraints.txt" in command for command in commands.values())
