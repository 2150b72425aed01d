import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "opensim_difcal"
PHYSICS = {"physics", "shapes", "errors"}
INPUTS = PHYSICS | {"inputs", "settings", "wording", "atomic", "cache", "user_file", "workers", "xml_file"}
SYNERGIES = {"synergies", "shapes", "errors"}
PREPROCESSING = {"preprocessing", "shapes", "errors"}
CEINMS = {"ceinms", "wording", "errors", "user_file", "xml_file"}
INITIALIZATION = PHYSICS | {"initialization"}
CALIBRATION = INPUTS | SYNERGIES | INITIALIZATION | {"calibration"}
EXECUTION = CALIBRATION | {"execution"}
OUTPUTS = EXECUTION | PREPROCESSING | {"outputs"}
TOOLS = OUTPUTS | CEINMS | {"tools", "properties", "setup_file", "setup_template"}
MAY_IMPORT = {
    "physics": PHYSICS,
    "inputs": INPUTS,
    "ceinms": CEINMS,
    "synergies": SYNERGIES,
    "preprocessing": PREPROCESSING,
    "initialization": INITIALIZATION,
    "calibration": CALIBRATION,
    "execution": EXECUTION,
    "outputs": OUTPUTS,
    "tools": TOOLS,
}
MAY_IMPORT_OPENSIM = {"inputs", "outputs", "tools"}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported_names(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_parts(source: str, package: str = "opensim_difcal") -> set[str]:
    names = imported_names(source)
    return {name.split(".")[1] for name in names if name.startswith(package + ".")}


def stage_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0]


@pytest.mark.parametrize("stage", MAY_IMPORT)
def test_stages_import_only_what_they_may(stage):
    for file in (PACKAGE / stage).rglob("*.py"):
        assert imported_parts(file.read_text()) <= MAY_IMPORT[stage], file


def test_opensim_is_imported_only_where_files_meet_the_program():
    for file in FILES:
        if "opensim" in {name.split(".")[0] for name in imported_names(file.read_text())}:
            assert stage_of(file) in MAY_IMPORT_OPENSIM, file


def test_the_check_sees_both_forms_of_import():
    source = (
        "import opensim_difcal.inputs.trial\nfrom opensim_difcal import physics\nfrom opensim import Model"
    )
    assert imported_parts(source) == {"inputs", "physics"}
    assert "opensim" in {name.split(".")[0] for name in imported_names(source)}
