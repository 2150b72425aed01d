"""Opens .osim files through the OpenSim API, quietly, and finds their parts by name."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import opensim

from opensim_difcal.errors import ModelError
from opensim_difcal.user_file import read_user_file
from opensim_difcal.wording import did_you_mean, shortened
from opensim_difcal.xml_file import check_xml, model_encoding


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
    content = read_user_file(path, ModelError, what="the model file", remedy="Check <model_file>.")
    # OpenSim's parser does not say what is wrong with a file that is no XML, and may crash.
    remedy = "The file may be cut short. Save it again from OpenSim."
    check_xml(content, ModelError, where=str(path), remedy=remedy, encoding=model_encoding(content))
    with quiet_opensim():
        try:
            model = opensim.Model(str(path))
            model.initSystem()
        except RuntimeError as error:
            first_line = str(error).strip().partition("\n")[0]
            reason = shortened(" ".join(first_line.split()), 500)
            raise ModelError(
                f"{path}: OpenSim cannot load the model: {reason} "
                "Open it in the OpenSim GUI to see which component is wrong."
            ) from error
    return model


def find_coordinate(model: opensim.Model, name: str) -> opensim.Coordinate:
    """Returns a coordinate by name.

    Args:
        model: An initialized model.
        name: Name of the coordinate.

    Raises:
        ModelError: If the model has no such coordinate; the closest name is suggested.
    """
    coordinates = model.getCoordinateSet()
    names = [coordinates.get(i).getName() for i in range(coordinates.getSize())]
    if name not in names:
        raise ModelError(
            f"{model.getName()}: the model has no coordinate {name!r}.{did_you_mean(name, names)} "
            f"The coordinates are: {', '.join(names)}."
        )
    return coordinates.get(name)


def find_muscles(model: opensim.Model, names: Sequence[str]) -> list[opensim.Muscle]:
    """Returns muscles by name.

    Args:
        model: An initialized model.
        names: Names of the muscles.

    Raises:
        ModelError: If the model has no such muscle; the closest name is suggested.
    """
    muscles = model.getMuscles()
    known = [muscles.get(i).getName() for i in range(muscles.getSize())]
    for name in names:
        if name not in known:
            raise ModelError(
                f"{model.getName()}: the model has no muscle {name!r}.{did_you_mean(name, known)} "
                f"The muscles are: {', '.join(known)}."
            )
    return [muscles.get(name) for name in names]
