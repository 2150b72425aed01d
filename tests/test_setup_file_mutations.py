"""A setup file that is broken in any way is read or refused: no traceback, no hang."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from example_setups import example_setup
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import FILES, XML, check_refusal, edited, in_the_way, mutated

from opensim_difcal.setup_file import read_setup, read_what_can_be_read
from opensim_difcal.tools.registry import TOOLS

REPOSITORY = Path(__file__).parents[1]


def read(path):
    return read_setup(path, TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_unbroken_file_is_read(tmp_path, tool):
    path = tmp_path / "setup.xml"
    path.write_bytes(example_setup(TOOLS[tool], tmp_path))
    assert check_refusal(read, path) is None
    assert read_what_can_be_read(path, TOOLS) == (read(path), [])


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("mutation", XML)
def test_a_mutated_file_is_read_or_refused(tmp_path, mutation, tool):
    path = mutated(tmp_path / "setup.xml", example_setup(TOOLS[tool], tmp_path), mutation)
    error = check_refusal(read, path)
    readable = check_refusal(lambda path: read_what_can_be_read(path, TOOLS), path)
    assert error or not readable


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_readable_file_is_refused(tmp_path, obstacle):
    assert check_refusal(read, in_the_way(tmp_path / "setup.xml", obstacle))


READ = """
import sys, time
from opensim_difcal.setup_file import read_setup
from opensim_difcal.tools.registry import TOOLS
read_setup(sys.argv[1], TOOLS)
start = time.process_time()
n_trials = len(read_setup(sys.argv[2], TOOLS).trials)
print(n_trials, time.process_time() - start)
"""


@pytest.mark.slow
def test_a_hundred_thousand_trials_are_read(tmp_path):
    """In a process of its own, for the checks of types in this one take ten times as long as the reading."""
    small, large = tmp_path / "small.xml", tmp_path / "large.xml"
    setup = example_setup(TOOLS["NMSCalibrationTool"], tmp_path).decode()
    (trial,) = re.findall("<Trial .*</Trial>", setup, re.DOTALL)
    trials = "".join(trial.replace('name="knee"', f'name="{i}"') for i in range(100_000))
    small.write_text(setup)
    large.write_text(setup.replace(trial, trials))
    done = subprocess.run(
        [sys.executable, "-c", READ, small, large],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    n_trials, seconds = done.stdout.split()
    assert n_trials == "100000"
    assert float(seconds) < 60.0  # of CPU; were it quadratic, an hour


@given(st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_edit_is_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    path, tool = folder / "edited.xml", data.draw(st.sampled_from([*TOOLS]))
    path.write_bytes(data.draw(edited(example_setup(TOOLS[tool], folder))))
    check_refusal(read, path)
