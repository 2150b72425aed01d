"""Settings of an execution that make no sense are refused, each in words."""

from dataclasses import replace

import pytest
from calibrated_ankle import execution_tool, execution_trial

from opensim_difcal.tools.execution.checks import output_names, setting_problems


@pytest.fixture
def tool(tmp_path):
    return execution_tool(tmp_path, tmp_path / "results")


def refused(tool, **changes) -> list[str]:
    return [str(problem) for problem in setting_problems(replace(tool, **changes))]


def test_a_tool_without_fault_has_no_problems(tool):
    assert refused(tool) == []


@pytest.mark.parametrize("name", ["alpha", "beta", "gamma", "tolerance"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("inf")])
def test_weights_are_positive(tool, name, value):
    assert refused(tool, **{name: value}) == [
        f"<{name}> is {value!r}; expected a finite number above 0. Correct it, or leave it out for the "
        f"default."
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lead_in": -0.1}, "<lead_in> is -0.1; expected a number, 0 or more."),
        ({"max_iterations": 0}, "<max_iterations> is 0; expected a whole number above 0."),
        (
            {"time_step": 0.05},
            "<time_step> is 0.05; expected a number above 0 and at most 0.02 s, beyond which the tendon "
            "is not resolved.",
        ),
    ],
)
def test_numbers_are_in_their_range(tool, changes, expected):
    assert refused(tool, **changes) == [f"{expected} Correct it, or leave it out for the default."]


def test_an_unknown_word_is_refused(tool):
    assert refused(tool, moment_error="scaled")[0].startswith(
        "<moment_error> is 'scaled'; expected one of raw"
    )


def test_names_differ_and_fit_into_file_names(tool):
    trials = (execution_trial("walk_slow_1"), execution_trial("walk_slow_1"))
    assert refused(tool, trials=trials, name="a/b", coordinates=("x", "x")) == [
        "<trials>: several trials have the name 'walk_slow_1'. Rename all but one.",
        "<name>: the name 'a/b' cannot be part of a file name. Use letters, digits, '_' and '-'.",
        "<coordinates> holds 'x' more than once. Remove all but one.",
    ]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"mode": "open_loop"}, "mode open_loop"),
        ({"mode": "emg_hybrid"}, "mode emg_hybrid"),
        ({"mode": "static_optimization", "activation_dynamics": True}, "<activation_dynamics> true"),
    ],
)
def test_a_subject_is_needed_for_activation_dynamics(tool, changes, what):
    assert refused(tool, subject_file=None, **changes) == [
        f"<subject_file> is missing, but {what} needs the activation dynamics of a calibrated subject. "
        f"Give the file <name>_subject.xml that the calibration wrote beside the model."
    ]


def test_activation_dynamics_is_a_setting_of_static_optimization(tool):
    assert refused(tool, activation_dynamics=True) == [
        "<activation_dynamics> is true, but <mode> is open_loop, which always has activation dynamics. "
        "Remove the element, or set <mode> to static_optimization."
    ]


@pytest.mark.parametrize(
    ("element", "modes"),
    [("adjusted_muscles", "emg_assisted or emg_hybrid"), ("synthesized_muscles", "emg_hybrid")],
)
def test_muscles_are_named_only_where_they_are_used(tool, element, modes):
    assert refused(tool, **{element: ("soleus_r",)}) == [
        f"<{element}> names soleus_r, but <mode> is open_loop, which does not use it. Set <mode> to "
        f"{modes}, or remove the element."
    ]


def test_inputs_are_not_overwritten(tool):
    trial = execution_trial("a")
    coordinates = tool.results_directory / "a_activations.sto"
    (problem,) = refused(tool, trials=(replace(trial, coordinates_file=coordinates),))
    assert problem == (
        f"<results_directory>: the run would write its a_activations.sto over {coordinates}, a file of trial "
        "'a'. Choose another <results_directory>, or another name."
    )
    model = tool.results_directory / "report.html"
    assert "over" in refused(tool, model_file=model)[0]
    assert "over" in refused(tool, subject_file=model)[0]


def test_a_search_writes_the_recorded_excitations_too(tool):
    assert "walk_slow_1_recorded_excitations.sto" not in output_names(tool)
    assert "walk_slow_1_recorded_excitations.sto" in output_names(replace(tool, mode="emg_assisted"))
    static = output_names(replace(tool, mode="static_optimization"))
    assert "walk_slow_1_recorded_excitations.sto" not in static


def test_results_need_a_folder(tool, tmp_path):
    (tmp_path / "file").write_text("")
    (problem,) = refused(tool, results_directory=tmp_path / "file")
    assert "is no folder" in problem


def test_something_must_be_run_and_computed(tool):
    assert refused(tool, trials=(), coordinates=()) == [
        "<coordinates> is empty; expected at least one. Add one.",
        "<trials> is empty; expected at least one. Add one.",
    ]


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "\0", "3", "[1]"])
def test_a_summary_that_cannot_be_read_is_of_no_tool(tool, text):
    tool.results_directory.mkdir()
    (tool.results_directory / "summary.json").write_text(text)
    assert refused(tool) == []


def test_the_calibration_s_results_are_not_written_over(tool):
    tool.results_directory.mkdir()
    (tool.results_directory / "summary.json").write_text('{"tool": "NMSCalibrationTool"}')
    assert refused(tool) == [
        f"<results_directory> is '{tool.results_directory}', which holds results of NMSCalibrationTool; "
        f"the run "
        "would write its report.html and summary.json over them. Choose another folder."
    ]
    (tool.results_directory / "summary.json").write_text('{"tool": "NMSExecutionTool"}')
    assert refused(tool) == []


@pytest.mark.parametrize("changes", [{"time_step": float("nan")}, {"lead_in": float("inf")}])
def test_numbers_that_are_none_do_not_stop_the_checks(calibrated_ankle, tmp_path, changes):
    tool = execution_tool(calibrated_ankle, tmp_path / "results", **changes)
    (problem,) = tool.problems()
    assert next(iter(changes)) in str(problem)
