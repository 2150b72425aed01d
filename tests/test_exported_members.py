import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import opensim_difcal

REPOSITORY = Path(__file__).parents[1]


def test_every_exported_name_can_be_imported():
    for name in opensim_difcal.__all__:
        assert getattr(opensim_difcal, name) is not None


def test_exported_names_are_sorted_and_listed_once():
    assert sorted(set(opensim_difcal.__all__)) == opensim_difcal.__all__


def test_public_names_of_the_package_are_exactly_all():
    assert dir(opensim_difcal) == sorted(opensim_difcal.__all__)


def test_exported_classes_document_themselves():
    for name in opensim_difcal.__all__:
        assert name == "__version__" or getattr(opensim_difcal, name).__doc__


def test_unknown_attribute_says_so():
    with pytest.raises(AttributeError, match="^module 'opensim_difcal' has no attribute 'Calibrate'$"):
        opensim_difcal.Calibrate  # noqa: B018


def test_importing_the_package_imports_neither_torch_nor_opensim():
    code = "import sys, opensim_difcal; print(sorted({'torch', 'opensim', 'numpy'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_version_is_that_of_the_project_and_its_citation():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert opensim_difcal.__version__ in (project["version"], "0+unknown")
    assert f"\nversion: {project['version']}\n" in (REPOSITORY / "CITATION.cff").read_text()
    assert f"\n## [{project['version']}]" in (REPOSITORY / "CHANGELOG.md").read_text()
