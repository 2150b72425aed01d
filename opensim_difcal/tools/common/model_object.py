"""An OpenSim model in the settings of a tool."""

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class ModelObject(Protocol):
    """An `opensim.Model`, named without importing OpenSim."""

    def getInputFileName(self) -> str:
        """The file the model was loaded from; empty for a model built in code."""
        ...

    def initSystem(self) -> Any:
        """Makes the model ready."""
        ...
