"""Reads texts as files of CEINMS."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opensim_difcal.ceinms.notes import Notes
from opensim_difcal.errors import CEINMSFileError, DifcalError, Problems


@pytest.fixture
def write(tmp_path) -> Callable[[str], Path]:
    """Writes a text as `file.xml`."""

    def writing(text: str) -> Path:
        path = tmp_path / "file.xml"
        path.write_text(text, encoding="utf-8")
        return path

    return writing


@pytest.fixture
def faults_of(write) -> Callable[..., list[str]]:
    """Everything that a reader refuses of a text, without the file's name."""

    def refusing(read: Callable[[Path, Notes], object], text: str) -> list[str]:
        with pytest.raises(DifcalError) as caught:
            read(write(text), Notes())
        errors = caught.value.errors if isinstance(caught.value, Problems) else (caught.value,)
        assert all(isinstance(error, CEINMSFileError) for error in errors)
        return [str(error).partition("file.xml: ")[2] for error in errors]

    return refusing
