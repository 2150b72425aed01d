"""What an execution writes, from results made by hand; and one small run with everything."""

import json
from dataclasses import replace
from pathlib import Path

import opensim
import pytest
from ankle_tool import LEG
from calibrated_ankle import execution_trial
from executions import make_execution

from opensim_difcal.outputs.report_page import Html
from opensim_difcal.outputs.report_pictures import ExecutionPictures
from opensim_difcal.tools.common.stopwatch import Stopwatch
from opensim_difcal.tools.execution import outputs as execution_outputs
from opensim_difcal.tools.execution.checks import output_names
from opensim_difcal.tools.execution.inputs import ExecutionInputs, read_inputs
from opensim_difcal.tools.execution.outputs import ExecutionOutcome, write_outputs
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

pytestmark = pytest.mark.opensim
TASKS = {"walk_slow_1": "walking", "walk_slow_2": ""}
MODES = ["open_loop", "emg_assisted", "emg_hybrid", "static_optimization"]


def static_tool(results: Path, names=("walk_slow_1",)) -> NMSExecutionTool:
    """Needs no calibration."""
    short = {"time_range": (0.4, 0.5), "excitations_file": None}
    return NMSExecutionTool(
        name="ankle_execution",
        model_file=LEG / "leg_scaled.osim",
        results_directory=results,
        mode="static_optimization",
        coordinates=("ankle_angle_r",),
        trials=tuple(execution_trial(name, **short) for name in names),
        compiled=False,
    )


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> ExecutionInputs:
    return read_inputs(static_tool(tmp_path_factory.mktemp("unused")))


@pytest.fixture
def write(tmp_path, inputs, monkeypatch):
    nothing = Html("")
    pictures = ExecutionPictures((nothing,), nothing, nothing)
    monkeypatch.setattr(execution_outputs, "_pictures", lambda *_: pictures)

    def write(mode: str, tasks=TASKS, **how) -> tuple[NMSExecutionTool, ExecutionOutcome]:
        tool = replace(static_tool(tmp_path, tuple(tasks)), mode=mode)
        return tool, write_outputs(tool, inputs, make_execution(mode, tasks=tasks, **how), Stopwatch())

    return write


@pytest.mark.parametrize("mode", MODES)
def test_exactly_the_announced_files_are_written_and_the_summary_comes_last(tmp_path, write, mode):
    tool, outcome = write(mode)
    names = {path.name for path in outcome.files}
    assert names == set(output_names(tool)) == {path.name for path in tmp_path.iterdir()}
    assert outcome.files[-1] == tmp_path / "summary.json"
    assert json.loads(outcome.files[-1].read_text(encoding="utf-8")) == outcome.summary
    assert outcome.summary["tool"] == "NMSExecutionTool"


def test_an_open_loop_needs_no_measured_moments(tmp_path, write):
    _, outcome = write("open_loop", unmeasured=tuple(TASKS))
    assert outcome.summary["pooled"] == {"tasks": {"walking": {}}, "all": {}}
    assert (tmp_path / "agreement.csv").read_text().count("\n") == 1


def test_the_report_holds_the_settings_with_paths_relative_to_it(tmp_path, write):
    write("emg_assisted")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "&lt;mode&gt;emg_assisted&lt;/mode&gt;" in page
    assert "leg_scaled.osim&lt;/model_file&gt;" in page


def test_a_file_that_cannot_be_written_leaves_earlier_results_as_they_were(tmp_path, write, monkeypatch):
    write("open_loop")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(execution_outputs, "write_agreement", full)
    with pytest.raises(OSError, match="^No space left on device$"):
        write("emg_assisted")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_run_writes_tables_summary_and_a_report_with_pictures(tmp_path):
    tool = static_tool(tmp_path)
    outcome = tool.run()
    assert {path.name for path in outcome.files} == set(output_names(tool))
    seconds = json.loads(outcome.files[-1].read_text(encoding="utf-8"))["seconds"]
    assert list(seconds) == ["total", "geometry", "execution", "report"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("<figure>") == 3
    table = opensim.TimeSeriesTable(str(tmp_path / "walk_slow_1_excitations.sto"))
    assert table.getTableMetaDataAsString("synthesized").split() == list(table.getColumnLabels())
