"""Lets a tool be made from its setup file, as OpenSim's tools are: `Tool("setup.xml")`."""

from pathlib import Path
from typing import Any

from opensim_difcal.setup_file import read_setup


class FromSetupFile(type):
    """Metaclass: a single positional argument is the path of a setup file."""

    def __call__(cls, *arguments: Any, **properties: Any) -> Any:
        """Reads the setup file, or makes the tool from its properties.

        Raises:
            SetupFileError: If the setup file cannot be used.
        """
        if len(arguments) == 1 and not properties:
            return read_setup(Path(arguments[0]), {cls.__name__: cls})
        return super().__call__(*arguments, **properties)
