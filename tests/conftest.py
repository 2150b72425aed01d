"""Fixtures for every test."""

import os
from pathlib import Path

import pytest
import torch

from opensim_difcal.physics.compiled.engine import CompiledEngine
from opensim_difcal.physics.engine import Engine


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real measurements; required in CI, optional elsewhere."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("OPENSIM_DIFCAL_DATA", beside))
    if folder.is_dir():
        return folder
    reason = f"the real measurements are not in {folder}; set OPENSIM_DIFCAL_DATA to their folder"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def kernel_folder(tmp_path_factory) -> Path:
    """Where machine code is kept during a test run, shared by all its processes."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kernels"


@pytest.fixture(scope="session")
def engine(kernel_folder) -> Engine:
    """The engine that users get."""
    return CompiledEngine(kernel_folder)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)
