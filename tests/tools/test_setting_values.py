"""Whatever stands in an element of a setup file, the checks before a run end without a traceback."""

import re
from pathlib import Path
from typing import Any

import pytest
from elbow_trial import elbow_files, elbow_model
from example_setups import example_setup
from mutations import check_refusal
from xml_mutations import NAMES, TEXTS

from opensim_difcal.errors import raise_problems
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.setup_file import read_what_can_be_read
from opensim_difcal.setup_template import setup_text
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool
from opensim_difcal.tools.registry import TOOLS

EXTREME = ("nearly too large", "nearly too negative", "nearly zero", "infinity", "above 64 bits", "zero")
_LEAF = re.compile(rb"<(\w+)>([^<]*)</\1>")
_NAME = re.compile(rb'name="([^"]*)()"')
_STRANGE = ("NaN", "infinity", "negative infinity", "too large for a float", "nearly too large", "zero")
_STRANGER = ("too small for a float", "above 64 bits", "a million million", "negative", "5000 digits")
_PATHS = ("a device", "a folder", "a name that is too long", "a path that is too long", "an absolute path")
VALUES = {name: TEXTS[name] for name in (*_STRANGE, *_STRANGER, *_PATHS)}


def validate(path):
    """What `opensim-difcal validate` does."""
    tool, faults = read_what_can_be_read(path, TOOLS)
    raise_problems([*faults, *(tool.problems() if tool is not None else ())])


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("value", VALUES)
def test_a_strange_value_of_any_setting_is_accepted_or_refused(tmp_path, value, tool):
    setup, path = example_setup(TOOLS[tool], tmp_path), tmp_path / "setup.xml"
    for leaf in _LEAF.finditer(setup):
        path.write_bytes(setup[: leaf.start(2)] + VALUES[value] + setup[leaf.end(2) :])
        check_refusal(validate, path, names_file=False)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_strange_name_of_anything_is_accepted_or_refused(tmp_path, name, tool):
    setup, path = example_setup(TOOLS[tool], tmp_path), tmp_path / "setup.xml"
    for named in _NAME.finditer(setup):
        path.write_bytes(setup[: named.start(1)] + NAMES[name] + setup[named.end(1) :])
        check_refusal(validate, path, names_file=False)


def whole_tools(folder: Path) -> list[Any]:
    """A calibration and an execution in which nothing is wrong."""
    files, model_file = elbow_files(folder), folder / "arm.osim"
    elbow_model().printToXML(str(model_file))
    results = folder / "results"
    calibration = NMSCalibrationTool(
        model_file=model_file, results_directory=results, coordinates=("elbow",), trials=(files,)
    )
    trial = ExecutionTrialFiles(
        name="curl",
        coordinates_file=files.coordinates_file,
        generalized_forces_file=files.generalized_forces_file,
        time_range=files.time_range,
    )
    execution = NMSExecutionTool(
        model_file=model_file,
        results_directory=results,
        coordinates=("elbow",),
        mode="static_optimization",
        trials=(trial,),
    )
    return [calibration, execution]


@pytest.mark.slow
@pytest.mark.opensim
@pytest.mark.parametrize("value", EXTREME)
def test_an_extreme_number_in_a_run_without_fault_is_accepted_or_refused(tmp_path, value):
    path = tmp_path / "setup.xml"
    for tool in whole_tools(tmp_path):
        assert tool.problems() == []
        setup = setup_text(tool, tmp_path).encode()
        for leaf in _LEAF.finditer(setup):
            words = leaf[2].split() or [b""]
            for i in range(min(len(words), 2)):
                changed = b" ".join([*words[:i], TEXTS[value], *words[i + 1 :]])
                path.write_bytes(setup[: leaf.start(2)] + changed + setup[leaf.end(2) :])
                check_refusal(validate, path, names_file=False)
