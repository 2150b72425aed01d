"""Whatever stands in an element of a setup file, the checks before a run end without a traceback."""

import re

import pytest
from example_setups import example_setup
from mutations import check_refusal
from xml_mutations import NAMES, TEXTS

from opensim_difcal.errors import raise_problems
from opensim_difcal.setup_file import read_what_can_be_read
from opensim_difcal.tools.registry import TOOLS

_LEAF = re.compile(rb"<(\w+)>([^<]*)</\1>")
_NAME = re.compile(rb'name="([^"]*)()"')
_STRANGE = ("NaN", "infinity", "negative infinity", "too large for a float", "nearly too large", "zero")
_STRANGER = ("too small for a float", "above 64 bits", "a million million", "negative", "5000 digits")
_PATHS = ("a device", "a folder", "a name that is too long", "a path that is too long", "an absolute path")
VALUES = {name: TEXTS[name] for name in (*_STRANGE, *_STRANGER, *_PATHS)}


def validate(path):
    """What `opensim-difcal validate` does."""
    tool, faults = read_what_can_be_read(path, TOOLS)
    raise_problems([*faults, *(tool.problems() if tool is not None else ())])


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("value", VALUES)
def test_a_strange_value_of_any_setting_is_accepted_or_refused(tmp_path, value, tool):
    setup, path = example_setup(TOOLS[tool], tmp_path), tmp_path / "setup.xml"
    for leaf in _LEAF.finditer(setup):
        path.write_bytes(setup[: leaf.start(2)] + VALUES[value] + setup[leaf.end(2) :])
        check_refusal(validate, path, names_file=False)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_strange_name_of_anything_is_accepted_or_refused(tmp_path, name, tool):
    setup, path = example_setup(TOOLS[tool], tmp_path), tmp_path / "setup.xml"
    for named in _NAME.finditer(setup):
        path.write_bytes(setup[: named.start(1)] + NAMES[name] + setup[named.end(1) :])
        check_refusal(validate, path, names_file=False)
