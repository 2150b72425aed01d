from pathlib import Path

import pytest

from opensim_difcal.tools.common.staging import move_into_place, staging_folder


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def stage(directory):
    """Moves two new files, one of which replaces an earlier one."""
    with staging_folder(directory, "run") as staging:
        for name in ("a", "b"):
            (staging / name).write_text("new")
        return move_into_place(staging, directory, last="a")


def test_files_are_moved_and_the_last_one_comes_last(tmp_path):
    directory = tmp_path / "results"
    assert stage(directory) == (directory / "b", directory / "a")
    assert content(directory) == {"a": "new", "b": "new"}
    assert not [path for path in directory.iterdir() if path.is_dir()]


def test_the_folder_is_hidden_beside_the_results(tmp_path):
    with staging_folder(tmp_path, "run") as staging:
        assert staging.parent == tmp_path
        assert staging.name.startswith(".run_")
        (staging / "a").touch()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_goes_when_the_run_fails(tmp_path):
    with pytest.raises(ValueError, match="^stop$"), staging_folder(tmp_path, "run"):
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_moved_leaves_everything_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    (tmp_path / "c").write_text("other")
    replace = Path.replace

    def full_for_the_last(source, target):
        if target == tmp_path / "a" and source.parent.name != "earlier":
            raise OSError("No space left on device")
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", full_for_the_last)
    with pytest.raises(OSError, match="^No space left on device$"):
        stage(tmp_path)
    assert content(tmp_path) == {"a": "old", "c": "other"}


def test_an_interruption_while_files_are_moved_comes_too_late(tmp_path, monkeypatch):
    replace, moved = Path.replace, []

    def once_interrupted(source, target):
        moved.append(target.name)
        if len(moved) == 1:
            raise KeyboardInterrupt
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", once_interrupted)
    stage(tmp_path)
    assert content(tmp_path) == {"a": "new", "b": "new"}
