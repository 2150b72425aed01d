"""Every reader of recordings meets every fault: a message, never a traceback or a hang."""

from pathlib import Path

import numpy as np
import pytest
from byte_mutations import BYTES
from c3d_files import write_c3d
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import FILES, TABLE, check_refusal, edited, in_the_way, mutated

from opensim_difcal.inputs.cycles_file import read_cycles
from opensim_difcal.inputs.raw_emg import read_raw_emg

EMG = "time,SOL,TA\n" + "".join(f"{i / 1000},{i * 7 % 5 - 2},{i * 3 % 4 - 1.5}\n" for i in range(12))
CYCLES = "cycle,start,toe_off,end,good,reasons\n" + "".join(
    f'{i},{i},{i + 0.6},{i + 1},{i % 2},"one, two"\n' for i in range(1, 5)
)


def read_c3d(path: Path) -> np.ndarray:
    return read_raw_emg(path).values


@pytest.mark.parametrize("mutation", TABLE)
def test_raw_emg_in_text(tmp_path, mutation):
    check_refusal(read_raw_emg, mutated(tmp_path / "emg.csv", EMG.encode(), mutation))


@pytest.mark.parametrize("mutation", TABLE)
def test_cycles(tmp_path, mutation):
    check_refusal(read_cycles, mutated(tmp_path / "cycles.csv", CYCLES.encode(), mutation))


@pytest.mark.parametrize("mutation", BYTES)
def test_raw_emg_in_c3d(tmp_path, mutation):
    valid = write_c3d(tmp_path / "valid.c3d", np.ones((40, 2))).read_bytes()
    check_refusal(read_c3d, mutated(tmp_path / "emg.c3d", valid, mutation))


@pytest.mark.parametrize("obstacle", FILES)
@pytest.mark.parametrize("name", ["emg.csv", "emg.sto", "emg.c3d"])
def test_what_is_no_recording(tmp_path, name, obstacle):
    assert check_refusal(read_raw_emg, in_the_way(tmp_path / name, obstacle)) is not None


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_file_of_cycles(tmp_path, obstacle):
    assert check_refusal(read_cycles, in_the_way(tmp_path / "cycles.csv", obstacle)) is not None


_MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_MANY
@given(content=edited(EMG.encode()))
def test_edited_raw_emg(tmp_path, content):
    path = tmp_path / "emg.csv"
    path.write_bytes(content)
    check_refusal(read_raw_emg, path)


@_MANY
@given(content=edited(CYCLES.encode()))
def test_edited_cycles(tmp_path, content):
    path = tmp_path / "cycles.csv"
    path.write_bytes(content)
    check_refusal(read_cycles, path)


@given(values=st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=20))
@_MANY
def test_any_numbers_in_text_are_read_exactly(tmp_path, values):
    lines = ["time,SOL,TA", *(f"{i / 1000},{a!r},{b!r}" for i, (a, b) in enumerate(values))]
    path = tmp_path / "emg.csv"
    path.write_text("\n".join(lines))
    assert read_raw_emg(path).values.tolist() == [list(pair) for pair in values]
