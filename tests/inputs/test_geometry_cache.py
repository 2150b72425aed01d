"""Files of muscle geometry: the same numbers again, or none."""

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from opensim_difcal.inputs import geometry_cache
from opensim_difcal.inputs.geometry import MuscleGeometry
from opensim_difcal.inputs.geometry_cache import GeometryCache, geometry_key

REPOSITORY = Path(__file__).parents[2]
KEY, OTHER_KEY = "a" * 64, "b" * 64
DAMAGED = (
    "{path}: muscle geometry that was kept here is computed again: its checksum is wrong, so it was cut "
    "short or changed."
)
NUMBERS = np.random.default_rng(1)
GEOMETRY = MuscleGeometry(
    NUMBERS.random((5, 3)), NUMBERS.random((5, 2, 3)) * [1.0, -1.0, 0.0], (("knee", "calf"), ("hip", "psoas"))
)


@pytest.fixture
def cache(tmp_path) -> GeometryCache:
    return GeometryCache(tmp_path / "kept" / "geometry")


@pytest.fixture
def entry(cache) -> Path:
    """The file of a geometry that is kept."""
    cache.keep(KEY, GEOMETRY)
    (path,) = cache.directory.iterdir()
    return path


def assert_same(one: MuscleGeometry | None, other: MuscleGeometry) -> None:
    assert one is not None
    assert one.muscle_tendon_length.tobytes() == other.muscle_tendon_length.tobytes()
    assert one.moment_arm.tobytes() == other.moment_arm.tobytes()
    assert one.moment_arm.shape == other.moment_arm.shape
    assert one.exact_moment_arms == other.exact_moment_arms


@pytest.mark.parametrize("pairs", [GEOMETRY.exact_moment_arms, ()])
def test_what_is_kept_is_found_bit_by_bit(cache, pairs):
    geometry = replace(GEOMETRY, exact_moment_arms=pairs)
    cache.keep(KEY, geometry)
    assert_same(cache.find(KEY), geometry)
    assert [path.name for path in cache.directory.iterdir()] == [f"{KEY}.npz"]


def test_what_is_not_kept_is_not_found(cache, entry, caplog):
    assert cache.find(OTHER_KEY) is None
    assert GeometryCache(entry / "a file is no folder").find(KEY) is None
    assert caplog.messages == []


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: b"foreign" * 40,
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"\0",
        *[
            lambda content, share=share: flipped(content, int(share * len(content)))
            for share in NUMBERS.random(20)
        ],
    ],
)
def test_a_damaged_file_is_noticed_and_written_anew(cache, entry, caplog, spoil):
    entry.write_bytes(spoil(entry.read_bytes()))
    assert cache.find(KEY) is None
    assert caplog.messages == [DAMAGED.format(path=entry)]
    cache.keep(KEY, GEOMETRY)
    assert_same(cache.find(KEY), GEOMETRY)


def test_a_file_under_the_name_of_another_is_not_believed(cache, entry, caplog):
    entry.rename(entry.with_name(f"{OTHER_KEY}.npz"))
    assert cache.find(OTHER_KEY) is None
    assert caplog.messages == [
        f"{entry.with_name(f'{OTHER_KEY}.npz')}: muscle geometry that was kept here is computed again: it "
        "belongs to another motion."
    ]


def test_a_file_that_cannot_be_read_is_computed_again(cache, entry, caplog):
    entry.unlink()
    entry.mkdir()
    assert cache.find(KEY) is None
    assert caplog.messages == [
        f"{entry}: muscle geometry that was kept here is computed again: [Errno 21] Is a directory: "
        f"'{entry}'."
    ]


def test_a_folder_that_cannot_be_used_is_said_once(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    cache = GeometryCache(tmp_path / "file" / "geometry")
    cache.keep(KEY, GEOMETRY)
    cache.keep(OTHER_KEY, GEOMETRY)
    assert caplog.messages == [
        f"{tmp_path}/file/geometry: muscle geometry cannot be kept here for later runs: Not a directory. "
        "The run goes on. Name a folder that you may write into in <cache_directory>, or set <use_cache> to "
        "false."
    ]
    assert caplog.records[0].levelno == logging.WARNING


def test_a_full_disk_leaves_no_half_written_file(cache, caplog, monkeypatch):
    def disk_full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", disk_full)
    cache.keep(KEY, GEOMETRY)
    assert ": No space left on device. The run goes on." in caplog.text
    assert list(cache.directory.iterdir()) == []


def test_the_longest_unused_files_make_room(cache, entry):
    small = replace(cache, max_bytes=2 * entry.stat().st_size)
    small.keep(OTHER_KEY, GEOMETRY)
    os.utime(entry, (1, 1))
    os.utime(entry.with_name(f"{OTHER_KEY}.npz"), (2, 2))
    assert small.find(KEY) is not None  # and so lately used
    small.keep("c" * 64, GEOMETRY)
    assert {path.stem[0] for path in cache.directory.iterdir()} == {"a", "c"}


def test_other_files_of_the_folder_are_left_alone(cache, entry):
    stranger = entry.with_name("notes.txt")
    stranger.write_text("mine" * 1000)
    replace(cache, max_bytes=0).keep(OTHER_KEY, GEOMETRY)
    assert list(cache.directory.iterdir()) == [stranger]


def test_the_key_changes_with_everything_that_the_geometry_depends_on(monkeypatch):
    time, values = np.arange(3.0), {"hip": np.zeros(3), "knee": np.ones(3)}
    given = ("digest", ("soleus",), ("knee",), time, values)
    later = np.nextafter(values["knee"], 2)
    others = [
        ("another", *given[1:]),
        ("digest", ("soleus", "psoas"), *given[2:]),
        ("digest", ("soleus",), ("hip",), time, values),
        ("digest", ("soleus",), ("knee",), time + 1e-9, values),
        ("digest", ("soleus",), ("knee",), time, {"hip": np.zeros(3), "knee": later}),
        ("digest", ("soleus",), ("knee",), time, {"hip": np.ones(3), "knee": np.zeros(3)}),
        ("digest", ("soleus",), ("knee",), time, {"hip": np.zeros(3)}),
    ]
    keys = [geometry_key(*given), *(geometry_key(*other) for other in others)]
    monkeypatch.setattr(geometry_cache, "METHOD", geometry_cache.METHOD + 1)
    keys.append(geometry_key(*given))
    monkeypatch.undo()
    monkeypatch.setattr(geometry_cache.opensim, "GetVersion", lambda: "5.0")
    keys.append(geometry_key(*given))
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)


def test_the_key_is_that_of_the_numbers_whatever_their_order_and_memory():
    time, knee = np.arange(3.0), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    one = geometry_key("digest", ("soleus",), ("knee",), time, {"hip": time, "knee": knee[:, 0]})
    two = geometry_key("digest", ["soleus"], ["knee"], time, {"knee": knee[:, 0].copy(), "hip": time})
    assert one == two


def test_two_processes_may_keep_the_same_geometry_at_once(cache):
    code = (
        "import sys, pathlib; sys.path[:0] = ['.', 'tests/inputs'];"
        "from test_geometry_cache import *;"
        "cache = GeometryCache(pathlib.Path(sys.argv[1]));"
        "[(cache.keep(KEY, GEOMETRY), assert_same(cache.find(KEY), GEOMETRY)) for _ in range(50)]"
    )
    command = [sys.executable, "-c", code, str(cache.directory)]
    runs = [subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [run.communicate()[1] for run in runs] == ["", ""]
    assert_same(cache.find(KEY), GEOMETRY)
    assert len(list(cache.directory.iterdir())) == 1
