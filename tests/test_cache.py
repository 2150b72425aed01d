from pathlib import Path

import pytest

from opensim_difcal import cache
from opensim_difcal.cache import default_cache_directory


def test_the_cache_is_where_xdg_cache_home_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_directory() == tmp_path / "opensim_difcal"


@pytest.mark.parametrize(
    ("system", "place"), [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "local")]
)
@pytest.mark.parametrize("ignored", ["", "relative"])
def test_the_cache_is_where_the_system_keeps_such_files(monkeypatch, tmp_path, system, place, ignored):
    monkeypatch.setenv("XDG_CACHE_HOME", ignored)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setattr(cache.sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert default_cache_directory() == tmp_path / place / "opensim_difcal"


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert default_cache_directory() is None
