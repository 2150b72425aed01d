"""The conversion tool: the model, the table, the report; and everything that can be wrong."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from elbow_trial import TIME, write
from thelen_elbow import elbow_motion, write_thelen_elbow

from opensim_difcal import MotionFiles, MuscleConversionTool
from opensim_difcal.errors import DifcalError, ModelError, SetupFileError, TrialError
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.conversion_report import sentences
from opensim_difcal.tools.conversion.checks import setting_problems

pytestmark = pytest.mark.opensim


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("conversion")


@pytest.fixture(scope="module")
def tool(folder):
    return MuscleConversionTool(
        model_file=write_thelen_elbow(folder),
        results_directory=folder / "results",
        trials=(elbow_motion(folder, time_range=(0.5, 1.5)),),
        coordinates=("elbow",),
        n_workers=0,
    )


@pytest.fixture(scope="module")
def original(tool):
    return tool.model_file.read_bytes()


@pytest.fixture(scope="module")
def outcome(tool, original):
    return tool.run()


@pytest.fixture(scope="module")
def rows(outcome):
    with outcome.files[0].open() as file:
        return list(csv.DictReader(file))


def test_the_converted_model_is_written_last_and_the_original_is_untouched(tool, original, outcome, folder):
    assert [path.name for path in outcome.files] == ["conversion.csv", "report.html", "arm_millard.osim"]
    assert sorted(path.name for path in (folder / "results").iterdir()) == sorted(
        p.name for p in outcome.files
    )
    assert tool.model_file.read_bytes() == original
    text = outcome.files[-1].read_text()
    assert "<Thelen2003Muscle" not in text
    assert text.count("<Millard2012EquilibriumMuscle") == 2
    assert load_model(outcome.files[-1]).getMuscles().getSize() == 2


def test_forces_of_both_models_are_integrated_from_the_same_activation(outcome):
    (trial,) = outcome.conversion.trials
    assert trial.failed == {}
    assert trial.time[0] == pytest.approx(0.5)
    assert trial.time[-1] == pytest.approx(1.5)
    for name in ("flexor", "extensor"):
        thelen, millard = trial.forces[name]
        # OpenSim's accuracy of 1e-6, over a hundred steps
        assert millard.activation == pytest.approx(thelen.activation, abs=1e-5)
        assert np.abs(millard.tendon_force - thelen.tendon_force).max() > 0.1  # N: other equations
    assert trial.forces["extensor"][0].activation == pytest.approx(0.3, abs=1e-6)
    assert np.ptp(trial.forces["flexor"][0].activation) > 0.3


def test_forces_stay_close_where_the_curves_are_thelens(tool, outcome, folder):
    changes = {change.muscle: change for change in outcome.conversion.force_changes}
    assert all(change.relative_rms < 0.05 for change in changes.values())
    other = replace(tool, curves="millard", results_directory=folder / "millard").run()
    as_default = sum(change.rms for change in other.conversion.force_changes)
    assert as_default > 1.5 * sum(change.rms for change in changes.values())


def test_the_table_holds_parameters_forces_and_moments(rows, outcome):
    strength = [row for row in rows if row["quantity"] == "max_isometric_force"]
    assert [(row["component"], row["thelen"], row["millard"]) for row in strength] == [
        ("flexor", "100.0", "100.0"),
        ("extensor", "100.0", "100.0"),
    ]
    change = next(each for each in outcome.conversion.force_changes if each.muscle == "flexor")
    forces = [row for row in rows if row["component"] == "flexor" and row["trial"] == "curl"]
    by_quantity = {(row["quantity"], row["unit"]): row for row in forces}
    assert float(by_quantity["tendon_force_rms", "N"]["difference"]) == change.rms
    percent = by_quantity["tendon_force_rms", "% of max_isometric_force"]
    assert float(percent["difference"]) == pytest.approx(100.0 * change.rms / 100.0)
    largest = by_quantity["tendon_force_at_largest_difference", "N"]
    assert float(largest["millard"]) - float(largest["thelen"]) == pytest.approx(float(largest["difference"]))
    assert float(by_quantity["time_of_largest_difference", "s"]["thelen"]) == change.time
    assert "normalized_fiber_length_at_largest_difference" in {row["quantity"] for row in forces}
    moments = [row for row in rows if row["component"] == "elbow"]
    assert [row["quantity"] for row in moments] == ["joint_moment_rms", "joint_moment_largest_difference"]


def test_the_moment_changes_by_moment_arms_times_forces(outcome):
    (trial,) = outcome.conversion.trials
    (change,) = outcome.conversion.moment_changes
    difference = sum(
        trial.moment_arms[name][:, 0] * (millard.tendon_force - thelen.tendon_force)
        for name, (thelen, millard) in trial.forces.items()
    )
    assert change.rms == pytest.approx(np.sqrt(np.mean(difference**2)))


def test_the_report_says_what_changed(outcome):
    lines = sentences(outcome.conversion)
    assert lines[0] == "2 Thelen2003Muscle became Millard2012EquilibriumMuscle; arm.osim is as it was."
    assert lines[1].startswith("Trial 'curl': tendon forces changed by ")
    page = outcome.files[1].read_text()
    assert "arm.osim → arm_millard.osim" in page
    assert page.count("<img") == 2
    assert (
        "Trial &#x27;curl&#x27;: no excitation drives 1 of 2 compared muscles; they have the constant "
        "activation 0.3." in page
    )


def test_without_trials_the_model_is_only_converted(tool, folder):
    alone = replace(
        tool, trials=(), coordinates=(), results_directory=folder / "alone", output_model_file="x.osim"
    )
    outcome = alone.run()
    assert outcome.files[-1] == folder / "alone" / "x.osim"
    assert "No trial was given, so no forces were compared." in outcome.files[1].read_text()


def test_a_model_object_is_converted_and_stays_as_it_was(tool, folder):
    model = load_model(tool.model_file)
    outcome = replace(tool, model_file=model, muscles=("flexor",), results_directory=folder / "object").run()
    assert model.getMuscles().get("flexor").getConcreteClassName() == "Thelen2003Muscle"
    assert outcome.model.getMuscles().get("flexor").getConcreteClassName() == "Millard2012EquilibriumMuscle"
    assert list(outcome.conversion.trials[0].forces) == ["flexor"]


def test_by_default_all_that_the_files_hold_is_compared_after_the_lead_in(tool, folder):
    files = replace(tool.trials[0], time_range=None, excitations_file=None)
    outcome = replace(tool, trials=(files,), results_directory=folder / "whole").run()
    (trial,) = outcome.conversion.trials
    assert (trial.time[0], trial.time[-1]) == pytest.approx((0.1, 2.0))
    assert trial.forces["flexor"][0].activation == pytest.approx(0.3, abs=1e-6)


@pytest.mark.slow
def test_workers_give_the_same_forces(tool, outcome, folder):
    again = replace(tool, n_workers=2, results_directory=folder / "workers").run()
    for name, (thelen, millard) in outcome.conversion.trials[0].forces.items():
        for before, after in zip((thelen, millard), again.conversion.trials[0].forces[name], strict=True):
            np.testing.assert_array_equal(after.tendon_force, before.tendon_force)


def test_a_muscle_that_opensim_cannot_integrate_is_named_with_the_reason(tool, folder, monkeypatch):
    from opensim_difcal.outputs import slider_model

    integrated = slider_model.integrated

    def broken(slider, *arguments):
        if slider.model.getName() == "flexor" and slider.muscle.getConcreteClassName() == "Thelen2003Muscle":
            raise RuntimeError("The fiber has a length of 0.")
        return integrated(slider, *arguments)

    monkeypatch.setattr(slider_model, "integrated", broken)
    outcome = replace(tool, results_directory=folder / "broken").run()
    (trial,) = outcome.conversion.trials
    assert list(trial.forces) == ["extensor"]
    assert trial.failed == {"flexor": "Thelen2003Muscle: The fiber has a length of 0"}
    assert (
        "Trial &#x27;curl&#x27;: flexor was not compared: Thelen2003Muscle: The fiber has a length of 0."
        in outcome.files[1].read_text()
    )
    assert "flexor,curl,not_compared,,,,,Thelen2003Muscle: The fiber" in outcome.files[0].read_text()


def test_a_model_without_thelen_muscles_is_refused(tool, outcome):
    with pytest.raises(ModelError) as caught:
        replace(tool, model_file=outcome.files[-1], output_model_file="other.osim").run()
    assert str(caught.value) == (
        f"{outcome.files[-1]}: the model has no Thelen2003Muscle, so there is nothing to convert. Its "
        "muscles: 2 Millard2012EquilibriumMuscle. Check <model_file>."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"output_model_file": "there/arm.osim"},
            "<output_model_file> is 'there/arm.osim'; expected the name of an .osim file without a folder, "
            "such as model_millard.osim. The file goes into <results_directory>.",
        ),
        (
            {"output_model_file": "arm.xml"},
            "<output_model_file> is 'arm.xml'; expected the name of an .osim file without a folder, such as "
            "model_millard.osim. The file goes into <results_directory>.",
        ),
        (
            {"constant_activation": 30.0},
            "<constant_activation> is 30.0; expected a number from 0 to 1. Correct it, or leave it out for "
            "the default.",
        ),
        (
            {"time_step": 0.0},
            "<time_step> is 0.0; expected a number above 0 and at most 0.02 s. Correct it, or leave it out "
            "for the default.",
        ),
        (
            {"lead_in": -1.0},
            "<lead_in> is -1.0; expected a number, 0 or more. Correct it, or leave it out for the default.",
        ),
        (
            {"n_workers": -1},
            "<n_workers> is -1; expected a whole number, 0 or more. Correct it, or leave it out for the "
            "default.",
        ),
        (
            {"trials": ()},
            "<coordinates> is given, but <trials> is empty, so that nothing is compared. Add a trial, or "
            "remove the element.",
        ),
        (
            {"muscles": ("flexor", "flexor")},
            "<muscles> holds 'flexor' more than once. Remove all but one.",
        ),
        (
            {"curves": "thelens"},
            "<curves> is 'thelens'; expected one of thelen, millard. Did you mean 'thelen'?",
        ),
    ],
)
def test_settings_without_sense_are_refused(tool, change, message):
    (problem,) = setting_problems(replace(tool, **change))
    assert str(problem) == message
    with pytest.raises(SetupFileError):
        replace(tool, **change).run()


def test_the_original_is_never_written_over(tool, folder):
    (problem,) = setting_problems(replace(tool, results_directory=folder, output_model_file="arm.osim"))
    assert str(problem) == (
        f"<results_directory>: the run would write its arm.osim over {tool.model_file}, its <model_file>. "
        "Choose another <results_directory>, or another name."
    )


def test_a_tool_without_fault_has_no_problems(tool):
    assert tool.problems() == []


def test_everything_wrong_is_found_at_once(tool, folder):
    broken = replace(tool, coordinates=("elbo",), muscles=("flexr",))
    assert [str(problem).partition(" The coordinates are")[0] for problem in broken.problems()] == [
        "arm: the model has no coordinate 'elbo'. Did you mean 'elbow'?",
        "<muscles>: the model has no Thelen2003Muscle 'flexr'. Did you mean 'flexor'? Correct the name, or "
        "remove it.",
    ]
    late = folder / "late.sto"
    write(late, TIME + 5.0, flexor=0.1 + 0 * TIME)
    files = MotionFiles(name="late", coordinates_file=tool.trials[0].coordinates_file, excitations_file=late)
    (problem,) = replace(tool, trials=(files,)).problems()
    assert isinstance(problem, TrialError)
    assert str(problem) == (
        "Trial 'late': coordinates_file and excitations_file share no time, or no more than <lead_in>, 0.1 "
        "s. Give files of the same recording."
    )


def test_a_missing_model_is_a_problem_beside_the_others(tool, folder):
    problems = replace(tool, model_file=folder / "absent.osim", time_step=-1.0).problems()
    assert len(problems) == 2
    assert all(isinstance(problem, DifcalError) for problem in problems)


@pytest.mark.slow
def test_forces_change_little_along_measured_walking(shared_data, tmp_path):
    data = shared_data / "lopes_subj06"
    tool = MuscleConversionTool(
        model_file=data / "gait2392_subj06_scaled_est.osim",
        results_directory=tmp_path,
        muscles=("soleus_r", "med_gas_r", "tib_ant_r", "vas_lat_r"),
        trials=(
            MotionFiles(
                name="walk36",
                coordinates_file=data / "walk36/ik.sto",
                excitations_file=data / "walk36/emg.sto",
                time_range=(7.45, 8.7),
            ),
        ),
        lowpass_cutoff_frequency_for_coordinates=12.0,
        allow_extra_columns=True,
        n_workers=0,
    )
    changes = {change.muscle: change.relative_rms for change in tool.run().conversion.force_changes}
    # Measured: 1.0 % soleus; docs/theory.md has all muscles.
    assert set(changes) == set(tool.muscles)
    assert all(change < 0.04 for change in changes.values())
