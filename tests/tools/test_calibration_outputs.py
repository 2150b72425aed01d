"""Runs that fail or are interrupted leave earlier results as they were."""

import re
from pathlib import Path

import numpy as np
import opensim
import pytest
from ankle_tool import MUSCLES, TRIALS, ankle_tool, tiny_tool, trial

from opensim_difcal import cli
from opensim_difcal.calibration.result import Status
from opensim_difcal.errors import ClosedLoopError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.closed_loop import MuscleTrajectory
from opensim_difcal.outputs.quantities import SYNERGY_QUANTITIES
from opensim_difcal.outputs.subject_file import read_subject
from opensim_difcal.setup_template import write_setup
from opensim_difcal.synergies.projection import project
from opensim_difcal.tools.calibration import outputs as calibration_outputs
from opensim_difcal.tools.calibration import run as calibration_run

pytestmark = pytest.mark.slow


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_failing_closed_loop_keeps_earlier_results_and_a_report_without_a_model(tmp_path, without_pictures):
    tiny_tool(tmp_path).run()
    before = content(tmp_path)
    with pytest.raises(ClosedLoopError) as caught:
        tiny_tool(tmp_path, closed_loop_limit=1e-9, max_iterations=2).run()
    assert content(tmp_path) == before
    message = re.sub(r"differs by [\d.e-]+ %", "differs by X %", str(caught.value))
    muscles = ["med_gas_r", "lat_gas_r", "soleus_r", "tib_post_r", "tib_ant_r"]
    differs = " ".join(f"{name}: the tendon force differs by X %." for name in muscles)
    assert message == (
        f"ankle.osim: OpenSim disagrees with the calibrated muscles. {differs} Expected an RMS difference of "
        "at most 1e-07 % of max_isometric_force. Use a smaller <time_step>. Where that does not help, look "
        "at the muscle's tendon strain and normalized fiber length, and narrow the bounds of its "
        "tendon_slack_length. No model was written, and earlier results are as they were. The report of the "
        f"failed run is in {tmp_path / 'failed_ankle'}."
    )
    failed = {path.name for path in (tmp_path / "failed_ankle").iterdir()}
    assert failed == set(before) - {"ankle.osim"}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["failed_ankle"]


class InterruptingBar(calibration_run.tqdm):
    """A progress bar during which the user presses Ctrl-C."""

    def update(self, n=1):
        super().update(n)
        if self.n == 3:
            raise KeyboardInterrupt


def test_an_interrupted_optimization_keeps_its_best_point_and_says_so(
    tmp_path, without_pictures, monkeypatch, capsys
):
    monkeypatch.setattr(calibration_run, "tqdm", InterruptingBar)
    write_setup(ankle_tool(tmp_path / "results"), tmp_path / "setup.xml")
    assert cli.main(["run-tool", str(tmp_path / "setup.xml"), "--log", "off"]) == 1
    printed = capsys.readouterr().err
    folder = tmp_path / "results"
    assert printed.endswith(
        f"[error] {Status.INTERRUPTED.value} All results were written for that point; they are in {folder}.\n"
    )
    assert '"status": "interrupted"' in (folder / "summary.json").read_text()
    assert '"iterations": 3' in (folder / "summary.json").read_text()
    assert (folder / "ankle.osim").is_file()


def test_an_interrupted_check_leaves_earlier_results_as_they_were(
    tmp_path, without_pictures, monkeypatch, capsys
):
    tiny_tool(tmp_path / "results").run()
    before = content(tmp_path / "results")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(calibration_outputs, "closing_loop", interrupted)
    write_setup(tiny_tool(tmp_path / "results", max_iterations=2), tmp_path / "setup.xml")
    assert cli.main(["run-tool", str(tmp_path / "setup.xml"), "--log", "off", "--no-progress"]) == 1
    assert capsys.readouterr().err == (
        "[error] Interrupted by the user; nothing was written, and earlier results are as they were.\n"
    )
    assert content(tmp_path / "results") == before
    assert not [path for path in (tmp_path / "results").iterdir() if path.is_dir()]


def test_an_interruption_while_the_files_are_moved_comes_too_late(tmp_path, without_pictures, monkeypatch):
    moved = []

    def once_interrupted(source, target):
        moved.append(target.name)
        if len(moved) == 3:
            raise KeyboardInterrupt
        source.rename(target)

    monkeypatch.setattr(Path, "replace", once_interrupted)
    outcome = tiny_tool(tmp_path).run()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in outcome.files}
    assert moved[-1] == "ankle.osim"


@pytest.mark.parametrize("removed", [(), ("report.html", "summary.json")])
def test_files_that_cannot_be_moved_leave_earlier_results_as_they_were(
    tmp_path, without_pictures, monkeypatch, removed
):
    outcome = tiny_tool(tmp_path).run()
    for name in removed:
        (tmp_path / name).unlink()
    before = content(tmp_path)
    replace = Path.replace

    def full_for_the_model(source, target):
        if target == tmp_path / "ankle.osim":
            raise OSError("No space left on device")
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", full_for_the_model)
    with pytest.raises(OSError, match="^No space left on device$"):
        tiny_tool(tmp_path, seed=2, max_iterations=2).run()
    assert content(tmp_path) == before
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(before) == len(outcome.files) - len(removed)


def test_a_success_removes_the_report_of_a_failed_run(tmp_path, without_pictures):
    failed = tmp_path / "failed_ankle"
    failed.mkdir()
    (failed / "report.html").touch()
    tiny_tool(tmp_path).run()
    assert not failed.exists()


def test_the_progress_bar_shows_the_cost_and_the_time_left(tmp_path, without_pictures, capsys):
    tiny_tool(tmp_path, max_iterations=2).run(progress=True)
    last = capsys.readouterr().err.strip().rpartition("\r")[2]
    assert re.search(r"^ankle: 100%.*2/2 \[\d\d:\d\d<\d\d:\d\d, .*, cost [\d.e-]+\]$", last)


@pytest.mark.parametrize(
    ("duration", "n_processors", "n_workers"),
    [(0.4, 8, 0), (4.0, 8, 3), (60.0, 8, 3), (60.0, 2, 1), (60.0, 1, 0), (60.0, None, 0), (1.5, 8, 1)],
)
def test_opensim_gets_a_process_for_each_second_of_work_but_one_processor_draws(
    monkeypatch, duration, n_processors, n_workers
):
    monkeypatch.setattr(calibration_outputs.os, "cpu_count", lambda: n_processors)
    series = np.zeros((2, 21))
    names = tuple(f"muscle{i}" for i in range(21))
    trajectory = MuscleTrajectory(names, np.array([1.0, 1.0 + duration]), 0, *[series] * 5)
    assert calibration_outputs._n_workers(trajectory) == n_workers


@pytest.mark.opensim
def test_a_synergy_hybrid_run_writes_what_new_trials_need(tmp_path, without_pictures):
    recorded = tuple(ExcitationChannel(name=name, muscles=(name,)) for name in MUSCLES[:4])
    trials = tuple(trial(name, role, (0.4, 0.55)) for name, role in TRIALS.items())
    hybrid = {"mode": "synergy_hybrid", "excitation_map": recorded, "synthesized_muscles": MUSCLES[4:]}
    tool = tiny_tool(tmp_path, trials=trials, n_synergies=2, n_factorizations=1, **hybrid)
    outcome = tool.run()
    written = {path.name for path in outcome.files}
    tables = {f"{name}_{quantity}.sto" for name in TRIALS for quantity in SYNERGY_QUANTITIES}
    assert tables | {"synergy_weights.csv"} <= written
    excitations = opensim.TimeSeriesTable(str(tmp_path / "walk_slow_2_excitations.sto"))
    assert excitations.getTableMetaDataAsString("synthesized") == "tib_ant_r"
    synergies = read_subject(tmp_path / "ankle_subject.xml").synergies
    assert synergies is not None
    # A validation trial's synergies follow from the sidecar and the recorded excitations alone.
    muscles = read_storage(tmp_path / "walk_slow_2_excitations.sto")
    electrodes = np.stack([muscles.column(name) for name in synergies.recorded], axis=-1)
    weights, n_channels = synergies.weights, len(synergies.recorded)
    found = project(electrodes, weights[:n_channels], others=weights[n_channels:], ratio=synergies.ratio)
    expected = read_storage(tmp_path / "walk_slow_2_primitives.sto").values
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert "2 synergies were extracted" in (tmp_path / "report.html").read_text(encoding="utf-8")
