"""What is in the way of reading a file is said."""

import os
from pathlib import Path

import pytest
from mutations import in_the_way

from opensim_difcal.errors import ModelError
from opensim_difcal.user_file import file_fault, read_user_file

FAULTS = {
    "no file": "does not exist",
    "a folder": "is a folder",
    "a pipe": "is a pipe or a device",
    "an endless device": "is a pipe or a device",
    "a link to nothing": "does not exist",
    "a link to itself": "cannot be read: Too many levels of symbolic links",
}


def message(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_user_file(path, ModelError, what="the model", remedy="Check <model_file>.")
    return str(caught.value)


@pytest.mark.parametrize("obstacle", FAULTS)
def test_an_obstacle_is_named(tmp_path, obstacle):
    path = in_the_way(tmp_path / "a.osim", obstacle)
    assert message(path) == f"{path}: the model {FAULTS[obstacle]}. Check <model_file>."


def test_a_file_that_may_not_be_read_gives_the_systems_reason(tmp_path):
    path = in_the_way(tmp_path / "a.osim", "a file that may not be read")
    assert message(path).startswith(f"{path}: the model cannot be read: ")


def test_a_relative_path_is_completed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message(Path("a.osim")) == (
        f"a.osim: the model does not exist ({tmp_path}/a.osim). Check <model_file>."
    )


def test_a_name_that_no_file_can_have_is_a_fault(tmp_path):
    assert file_fault(tmp_path / "a\0b") == (
        "cannot be read: no file can have that name (embedded null byte)"
    )
    assert file_fault(tmp_path / ("a" * 300)) == "cannot be read: File name too long"


def test_a_file_without_fault_is_read(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.osim")
    path.write_bytes(b"content")
    assert file_fault(path) is None
    assert read_user_file(path, ModelError, remedy="") == b"content"
