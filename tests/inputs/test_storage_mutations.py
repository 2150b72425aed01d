"""A storage file that is broken in any way is read or refused: no traceback, no hang."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import FILES, TABLE, check_refusal, edited, in_the_way, mutated

from opensim_difcal.errors import StorageFileError
from opensim_difcal.inputs.storage import read_storage

VERSION_1 = b"""Coordinates
version=1
nRows=6
nColumns=4
inDegrees=yes

Units are S.I. units (second, meters, Newtons, ...)
endheader
time\tknee\thip\tankle
0.0\t1\t2\t-3.5
0.1\t3\t4\t1e-3
0.2\t5\t6\t+0.25
0.3\t7\t8\t-1E2
0.4\t9\t1\t0.5
0.5\t2\t3\t0.125
"""
LEGACY = b"""name walk.mot
datacolumns 3
datarows 4
range 0.0 0.3
Angles are in degrees.
endheader
  time   knee  hip
  0.0    1e0   1
  0.1   -2.5   2
  0.2    0.25  3
  0.3    0.5   4
"""
DIALECTS = {"version 1": VERSION_1, "legacy": LEGACY}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("mutation", TABLE)
def test_a_mutated_file_is_read_or_refused(tmp_path, mutation, dialect):
    path = mutated(tmp_path / "table.sto", DIALECTS[dialect], mutation)
    check_refusal(read_storage, path, (StorageFileError,))


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_readable_file_is_refused(tmp_path, obstacle):
    assert check_refusal(read_storage, in_the_way(tmp_path / "table.sto", obstacle), (StorageFileError,))


@given(st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_edit_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "edited.sto"
    path.write_bytes(data.draw(edited(data.draw(st.sampled_from([*DIALECTS.values()])))))
    check_refusal(read_storage, path, (StorageFileError,))


def wide_table(n_rows: int, n_columns: int) -> bytes:
    labels = "\t".join(["time", *(f"c{i}" for i in range(n_columns - 1))])
    cells = "\t".join(["0.12345678"] * (n_columns - 1))
    rows = "\n".join(f"{i / 100}\t{cells}" for i in range(n_rows))
    return f"run\nnRows={n_rows}\nnColumns={n_columns}\nendheader\n{labels}\n{rows}\n".encode()


@pytest.mark.parametrize("shape", [(10_000, 100), (100, 10_000), (500_000, 2)])
def test_a_million_cells_are_read(tmp_path, shape):
    path = tmp_path / "table.sto"
    path.write_bytes(wide_table(*shape))
    shapes = []
    check_refusal(lambda path: shapes.append(read_storage(path).values.shape), path, seconds=10.0)
    assert shapes[-1] == (shape[0], shape[1] - 1)


@pytest.mark.parametrize("count", ["nRows=1000000000000", "nColumns=1000000000000"])
def test_a_count_in_the_header_reserves_no_memory(tmp_path, count):
    path = tmp_path / "table.sto"
    path.write_bytes(f"run\n{count}\nendheader\ntime\tknee\n0\t1\n".encode())
    tracemalloc.start()
    try:
        error = check_refusal(read_storage, path, (StorageFileError,))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "the header says" in str(error)
    assert most < 1_000_000  # bytes
