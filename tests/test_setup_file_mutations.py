"""A setup file that is broken in any way is read or refused: no traceback, no hang."""

import pytest
from example_setups import example_setup
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import FILES, XML, check_refusal, edited, in_the_way, mutated

from opensim_difcal.setup_file import read_setup, read_what_can_be_read
from opensim_difcal.tools.registry import TOOLS


def read(path):
    return read_setup(path, TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_unbroken_file_is_read(tmp_path, tool):
    path = tmp_path / "setup.xml"
    path.write_bytes(example_setup(TOOLS[tool], tmp_path))
    assert check_refusal(read, path) is None
    assert read_what_can_be_read(path, TOOLS) == (read(path), [])


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("mutation", XML)
def test_a_mutated_file_is_read_or_refused(tmp_path, mutation, tool):
    path = mutated(tmp_path / "setup.xml", example_setup(TOOLS[tool], tmp_path), mutation)
    error = check_refusal(read, path)
    readable = check_refusal(lambda path: read_what_can_be_read(path, TOOLS), path)
    assert error or not readable


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_readable_file_is_refused(tmp_path, obstacle):
    assert check_refusal(read, in_the_way(tmp_path / "setup.xml", obstacle))


@given(st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_edit_is_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    path, tool = folder / "edited.xml", data.draw(st.sampled_from([*TOOLS]))
    path.write_bytes(data.draw(edited(example_setup(TOOLS[tool], folder))))
    check_refusal(read, path)
