"""A setup file of any tool in which every setting stands."""

from pathlib import Path
from typing import Any

from opensim_difcal.properties import Property, properties_of
from opensim_difcal.setup_template import setup_text

_SAMPLES: dict[type, Any] = {bool: True, int: 2, float: 0.5, str: "knee"}


def example_setup(tool_type: type, folder: Path) -> bytes:
    """Returns a setup file that can be read in a folder, and writes the input file it names.

    Args:
        tool_type: One of the tools.
        folder: Where the setup file will be.
    """
    (folder / "input.sto").write_text("endheader\n")
    return setup_text(_example(tool_type, folder), folder).encode()


def _example(owner: type, folder: Path) -> Any:
    return owner(**{prop.name: _value(prop, folder) for prop in properties_of(owner)})


def _value(prop: Property, folder: Path) -> Any:
    if prop.is_object_list:
        return (_example(prop.value_type, folder),)
    if not prop.is_required and prop.default not in (None, (), ""):
        return prop.default
    sample = folder / "input.sto" if prop.value_type is Path else _SAMPLES[prop.value_type]
    sample = prop.allowed[0] if prop.allowed else sample
    return (sample,) * (prop.n_values or 1) if prop.is_sequence else sample
