"""Machine code: made once, kept, and made anew where what was kept is of no use."""

import logging
import sys

import pytest
import torch

from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.compiled import engine as engine_module
from opensim_difcal.physics.compiled import kernels
from opensim_difcal.physics.compiled.engine import CompiledEngine
from opensim_difcal.physics.compiled.templates import recurrence_source
from opensim_difcal.physics.time_parallel import TorchEngine


def solve_source() -> str:
    return recurrence_source(adjoint=False)


def fail() -> str:
    raise AssertionError("the source is written again")


def solved(kernel: kernels.Kernel) -> list[float]:
    half = torch.full((1, 1, 1, 3, 1), 0.5, dtype=torch.float64)
    x = torch.empty_like(half)
    kernel(1, [half, 0.0 * half, torch.ones_like(half), x])
    return x.flatten().tolist()


def test_a_kernel_is_kept_and_found_again(tmp_path, caplog):
    assert solved(kernels.build("solve", solve_source, tmp_path)) == [1.0, 1.5, 1.75]
    assert solved(kernels.build("solve", fail, tmp_path)) == [1.0, 1.5, 1.75]
    assert not caplog.records


@pytest.mark.parametrize("content", ["", "def kernel(", "import nothing_of_that_name\n", "\0\1\2", None])
def test_a_damaged_kernel_is_made_anew_and_replaced(tmp_path, caplog, content):
    kernels.build("solve", solve_source, tmp_path)
    (file,) = tmp_path.glob("*.py")
    whole = file.read_text()
    file.write_text(whole[: whole.index("COMPLETE")] if content is None else content)
    with caplog.at_level(logging.WARNING, "opensim_difcal"):
        assert solved(kernels.build("solve", solve_source, tmp_path)) == [1.0, 1.5, 1.75]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{file}: the compiled code there cannot be used (")
    assert record.getMessage().endswith("); it is made anew.")
    assert solved(kernels.build("solve", fail, tmp_path)) == [1.0, 1.5, 1.75]


def test_damaged_machine_code_is_made_anew(tmp_path):
    kernels.build("solve", solve_source, tmp_path)
    damaged = [*tmp_path.rglob("*.nbc"), *tmp_path.rglob("*.nbi")]
    assert damaged
    for file in damaged:
        file.write_bytes(file.read_bytes()[:40])
    assert solved(kernels.build("solve", solve_source, tmp_path)) == [1.0, 1.5, 1.75]


def test_without_a_folder_that_can_be_written_nothing_is_kept(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with caplog.at_level(logging.WARNING, "opensim_difcal"):
        assert solved(kernels.build("solve", solve_source, blocked / "kernels")) == [1.0, 1.5, 1.75]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{blocked / 'kernels'}: compiled code cannot be kept there (")
    assert solved(kernels.build("solve", solve_source, None)) == [1.0, 1.5, 1.75]


def test_the_name_of_a_kernel_changes_with_the_physics(monkeypatch, tmp_path):
    before = kernels.fingerprint()
    kernels.fingerprint.cache_clear()
    monkeypatch.setattr(kernels, "_PHYSICS", tmp_path)
    assert kernels.fingerprint() != before
    kernels.fingerprint.cache_clear()


def test_without_numba_plain_torch_computes_and_says_so(pair, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "numba", None)
    with caplog.at_level(logging.WARNING, "opensim_difcal"):
        assert isinstance(best_engine(pair.muscles), TorchEngine)
    (record,) = caplog.records
    assert record.getMessage() == (
        "Machine code cannot be made (import of numba halted; None in sys.modules); calibrating in plain "
        "torch, which is slower."
    )


def test_machine_code_is_taken_where_it_can_be_made_and_is_wanted(pair, kernel_folder):
    assert isinstance(best_engine(pair.muscles, kernel_folder), CompiledEngine)
    assert isinstance(best_engine(pair.muscles, kernel_folder, compiled=False), TorchEngine)


def test_without_numba_what_is_kept_stays(pair, kernel_folder, monkeypatch):
    best_engine(pair.muscles, kernel_folder)
    kept = sorted(kernel_folder.glob("*.py"))
    monkeypatch.setitem(sys.modules, "numba", None)
    assert isinstance(best_engine(pair.muscles, kernel_folder), TorchEngine)
    assert sorted(kernel_folder.glob("*.py")) == kept


def test_a_kernel_that_cannot_be_made_leaves_plain_torch(pair, monkeypatch, tmp_path, caplog):
    original = kernels.build

    def build(name, source, folder):
        if name.startswith("root"):
            raise RuntimeError("no machine code today")
        return original(name, source, folder)

    monkeypatch.setattr(engine_module, "build", build)
    with caplog.at_level(logging.WARNING, "opensim_difcal"):
        assert isinstance(best_engine(pair.muscles, tmp_path), TorchEngine)
    assert caplog.records[-1].getMessage() == (
        "Machine code cannot be made (no machine code today); calibrating in plain torch, which is slower."
    )
