"""Runs without pictures, which take longest and are tested elsewhere."""

import pytest

from opensim_difcal.outputs.report_page import Html
from opensim_difcal.outputs.report_pictures import ReportPictures
from opensim_difcal.tools.calibration import outputs as calibration_outputs

NONE = Html("")


@pytest.fixture
def without_pictures(monkeypatch):
    pictures = ReportPictures((NONE,), NONE, NONE, NONE, NONE, NONE)
    monkeypatch.setattr(calibration_outputs, "_pictures", lambda *_: pictures)
