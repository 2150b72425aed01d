"""Fixtures for every test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from opensim_difcal.physics.compiled.engine import CompiledEngine
from opensim_difcal.physics.engine import Engine


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory) -> Iterator[Path]:
    """Keeps tests away from the cache of the user who runs them; shared by all test processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "user_cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


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
def kernel_folder(user_cache) -> Path:
    """Where the tool keeps machine code."""
    return user_cache / "opensim_difcal" / "kernels"


@pytest.fixture(scope="session")
def engine(kernel_folder) -> Engine:
    """The engine that users get."""
    return CompiledEngine(kernel_folder)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


@pytest.fixture(scope="session")
def calibrated_ankle(tmp_path_factory) -> Path:
    """Folder of a small calibration's results."""
    from calibrated_ankle import calibrate_ankle

    folder = tmp_path_factory.mktemp("calibrated_ankle")
    calibrate_ankle(folder)
    return folder
