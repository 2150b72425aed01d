"""Electrodes of five ankle muscles, taken off one by one."""

import csv
import json
from dataclasses import replace

import pytest
from ankle_tool import ankle_tool

from opensim_difcal.errors import CalibrationError, DifcalError, SetupFileError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.setup_template import write_setup
from opensim_difcal.tools.emg_reduction import run as emg_reduction_run
from opensim_difcal.tools.emg_reduction.run import FinishedSteps, removed_sets
from opensim_difcal.tools.emg_reduction_tool import EMGReductionTool

ELECTRODES = ("soleus_r", "med_gas_r", "tib_ant_r")
SWAPPED = {"soleus_r": "med_gas_r", "med_gas_r": "soleus_r", "tib_ant_r": "tib_ant_r"}


@pytest.fixture
def tool(tmp_path):
    channels = tuple(ExcitationChannel(name=name, muscles=(name,)) for name in ELECTRODES)
    calibration = ankle_tool(
        tmp_path / "calibration",
        excitation_map=channels,
        mode="synergy_hybrid",
        n_synergies=2,
        max_iterations=2,
    )
    setup = tmp_path / "calibration.xml"
    write_setup(calibration, setup)
    return EMGReductionTool(calibration_setup_file=setup, results_directory=tmp_path / "out", n_workers=1)


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_electrodes_are_ranked_removed_compared_and_kept_for_the_next_run(tool, monkeypatch):
    outcome = tool.run()
    assert set(outcome.order) == set(ELECTRODES)
    assert [len(step.electrodes) for step in outcome.steps] == [3, 2, 1]
    assert [step.removed for step in outcome.steps] == ["", *outcome.order[:2]]
    assert outcome.steps[0].differences[0].max() == 0.0
    ranking = rows(tool.results_directory / "electrode_ranking.csv")
    assert [row["electrode"] for row in ranking] == list(outcome.order)
    errors = [float(row["calibration_rmse"]) for row in ranking]
    assert errors == sorted(errors)
    table = rows(tool.results_directory / "electrode_reduction.csv")
    assert [(row["n_electrodes"], row["method"]) for row in table[:3]] == [
        ("3", "emg_driven"),
        ("3", "synergy_hybrid"),
        ("2", "emg_driven"),
    ]
    summary = json.loads((tool.results_directory / "summary.json").read_text())
    assert summary["removal_order"] == list(outcome.order)
    assert summary["advice"] == list(outcome.advice)
    assert (tool.results_directory / "electrode_reduction.png").read_bytes()[1:4] == b"PNG"

    def again(*_):
        raise AssertionError("a finished calibration was done again")

    monkeypatch.setattr(emg_reduction_run, "calibrate_set", again)
    repeated = tool.run()
    assert repeated.advice == outcome.advice


def test_an_interrupted_run_keeps_what_is_finished(tool, monkeypatch):
    real, calls = emg_reduction_run.calibrate_set, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(emg_reduction_run, "calibrate_set", interrupted)
    with pytest.raises(CalibrationError) as caught:
        tool.run()
    assert str(caught.value) == (
        "Interrupted by the user after 2 of 3 calibrations. They are kept; the same call goes on from there."
    )
    assert len(list((tool.results_directory / "steps").iterdir())) == 2
    calls.clear()
    monkeypatch.setattr(emg_reduction_run, "calibrate_set", lambda *a: (calls.append(a), real(*a))[1])
    tool.run()
    assert len(calls) == 1 + 5  # the first removal, EMG-driven, is known from the ranking


@pytest.mark.parametrize(
    "changes",
    [
        {"electromechanical_delay": 0.05},
        {"lowpass_cutoff_frequency_for_coordinates": 12.0},
        {"lead_in": 0.05},
        {"excitation_map": tuple(ExcitationChannel(name=n, muscles=(m,)) for n, m in SWAPPED.items())},
    ],
)
def test_steps_of_other_data_are_not_reused(tool, changes):
    before = emg_reduction_run.problem_key(emg_reduction_run.read_problem(tool))
    assert emg_reduction_run.problem_key(emg_reduction_run.read_problem(tool)) == before
    calibration = replace(tool.calibration_tool(), **changes)
    write_setup(calibration, tool.calibration_setup_file)
    assert emg_reduction_run.problem_key(emg_reduction_run.read_problem(tool)) != before


def test_steps_of_other_muscles_or_settings_are_not_reused(tool):
    problem = emg_reduction_run.read_problem(tool)
    key = emg_reduction_run.problem_key(problem)
    rigid = problem.muscles.with_rigid_tendon(~problem.muscles.rigid_tendon)
    assert emg_reduction_run.problem_key(replace(problem, muscles=rigid)) != key
    other = replace(problem.settings, seed=2)
    assert emg_reduction_run.problem_key(replace(problem, settings=other)) != key


@pytest.mark.slow
def test_processes_give_the_numbers_of_one(tool, tmp_path):
    alone = tool.run()
    together = replace(tool, n_workers=2, results_directory=tmp_path / "other").run()
    assert together.order == alone.order
    for ours, theirs in zip(together.steps, alone.steps, strict=True):
        assert ours.scores[1].rmse == pytest.approx(theirs.scores[1].rmse, rel=1e-9)


def test_a_finished_step_that_cannot_be_read_is_done_again(tmp_path):
    store = FinishedSteps(tmp_path, "key", use=True)
    job = (("a",), "emg_driven")
    assert store.find(job) is None
    path = store._path(job)
    for text in ('{"removed": ["a"]', "", "[]", "3", "[" * 100_000, "\0"):
        path.write_text(text)
        assert store.find(job) is None


def test_the_removal_ends_with_the_fewest_electrodes():
    assert removed_sets(("a", "b", "c"), 2) == [(), ("a",)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"fewest_electrodes": 0},
            "<fewest_electrodes> is 0; expected a whole number above 0. Correct it, or leave it out for the "
            "default.",
        ),
        (
            {"tolerance": -0.1},
            "<tolerance> is -0.1; expected a part of the error, such as 0.1 for 10 %. Correct it, or "
            "leave it "
            "out for the default.",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(tool, changes, sentence):
    for name, value in changes.items():
        setattr(tool, name, value)
    assert [str(problem) for problem in tool.problems()] == [sentence]
    with pytest.raises(SetupFileError) as caught:
        tool.run()
    assert str(caught.value) == sentence


def test_a_results_directory_that_is_a_file_is_refused(tool, tmp_path):
    tool.results_directory = tmp_path / "calibration.xml"
    (problem,) = tool.problems()
    assert str(problem) == (
        f"<results_directory> is '{tmp_path}/calibration.xml', but {tmp_path}/calibration.xml is no folder. "
        "Choose a folder that exists or can be made."
    )


def test_more_electrodes_to_keep_than_there_are_is_refused(tool):
    tool.fewest_electrodes = 3
    with pytest.raises(SetupFileError) as caught:
        tool.run()
    assert [str(problem) for problem in tool.problems()] == [str(caught.value)]
    assert str(caught.value) == (
        f"<fewest_electrodes> is 3, but {tool.calibration_setup_file} has 3 excitation channels: med_gas_r, "
        "soleus_r, tib_ant_r. At least one has to be removed; ask for fewer, or record more."
    )


def test_a_calibration_setup_that_is_missing_is_a_problem(tool, tmp_path):
    tool.calibration_setup_file = tmp_path / "none.xml"
    (problem,) = tool.problems()
    assert isinstance(problem, DifcalError)
    assert str(problem).startswith(f"{tmp_path}/none.xml")
