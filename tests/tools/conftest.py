"""Runs without pictures, which take longest and are tested elsewhere."""

import pytest

from opensim_difcal.tools import calibration_outputs


@pytest.fixture
def without_pictures(monkeypatch):
    def write_words(path, result, **_):
        path.write_text(f"Calibration of {result.name}.")

    monkeypatch.setattr(calibration_outputs, "write_report", write_words)
