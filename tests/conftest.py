"""Fixtures for every test."""

import os
from pathlib import Path

import pytest


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
