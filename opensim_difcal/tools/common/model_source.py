"""The model of a calibration, and the .osim content that its values go into."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import opensim

from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim
from opensim_difcal.inputs.thelen_conversion import convert_thelen_muscles
from opensim_difcal.tools.common.model_object import ModelObject


@runtime_checkable
class ModelTool(Protocol):
    """A tool whose settings name a model."""

    model_file: Path | ModelObject
    convert_thelen_muscles: bool


@dataclass(frozen=True)
class ModelSource:
    """A model and where it comes from.

    Attributes:
        model: The scaled model, muscles converted where that was asked for.
        content: The model as an .osim file's content.
        path: Its file; for an `opensim.Model` the file it was loaded from, or its name.
        notes: Sentences for the report.
    """

    model: opensim.Model
    content: bytes
    path: Path
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content).hexdigest()


def open_model(tool: ModelTool) -> ModelSource:
    """Opens `<model_file>`, and converts its muscles where that is asked for.

    Raises:
        ModelError: If the model cannot be used.
    """
    source = open_source(tool.model_file)
    return _converted(source) if tool.convert_thelen_muscles else source


def open_source(model_file: Path | ModelObject) -> ModelSource:
    """Opens a model as it is.

    Raises:
        ModelError: If the model cannot be used.
    """
    if isinstance(model_file, Path):
        return ModelSource(load_model(model_file), model_file.read_bytes(), model_file)
    with quiet_opensim():
        model = opensim.Model(model_file)
        model.initSystem()
    path = Path(model_file.getInputFileName() or f"{model.getName()}.osim")
    return ModelSource(model, printed(model), path)


def _converted(source: ModelSource) -> ModelSource:
    converted = convert_thelen_muscles(source.model)
    if not converted:
        return source
    note = (
        f"{len(converted)} Thelen2003Muscle were replaced by Millard2012EquilibriumMuscle with the same "
        "parameters; the calibrated .osim is the converted model. By how much forces changed, muscle by "
        "muscle, tells MuscleConversionTool with <curves>millard</curves>."
    )
    return ModelSource(source.model, printed(source.model), source.path, (note,))


def printed(model: opensim.Model) -> bytes:
    """The model as OpenSim writes it."""
    with tempfile.TemporaryDirectory() as folder, quiet_opensim():
        path = Path(folder) / "model.osim"
        model.printToXML(str(path))
        return path.read_bytes()
