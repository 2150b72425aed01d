"""Opens .osim files through the OpenSim API, quietly."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import opensim

from opensim_difcal.errors import ModelError


@contextmanager
def quiet_opensim() -> Iterator[None]:
    """Keeps OpenSim from printing and from writing opensim.log while the block runs."""
    level = opensim.Logger.getLevelString()
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Off")
    try:
        yield
    finally:
        _restore_level(level)


def _restore_level(level: str) -> None:
    """Sets OpenSim's log level; OpenSim announces that on stdout, which is held back."""
    stdout = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            opensim.Logger.setLevelString(level)
        finally:
            os.dup2(stdout, 1)
            os.close(stdout)


def load_model(path: Path) -> opensim.Model:
    """Returns the model of an .osim file, finalized and connected.

    Args:
        path: The .osim file.

    Raises:
        ModelError: If the file is missing or OpenSim cannot load it.
    """
    if not path.is_file():
        raise ModelError(f"{path}: the model file does not exist. Check <model_file>.")
    with quiet_opensim():
        try:
            model = opensim.Model(str(path))
            model.initSystem()
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(
                f"{path}: OpenSim cannot load the model: {reason} "
                "Open it in the OpenSim GUI to see which component is wrong."
            ) from error
    return model
