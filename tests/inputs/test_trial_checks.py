"""Every fault of a trial is named; each test spoils one file of a trial without fault."""

from dataclasses import replace

import numpy as np
import pytest
from elbow_trial import BOTH, EXTENSION, FLEXION, MOMENT, SETTINGS, TIME, read, refused, write
from mutations import check_refusal

from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.trial_reader import trial_problems


def test_a_moment_that_no_muscle_can_produce_is_refused(files, arm):
    write(files.excitations_file, TIME, flexor=FLEXION)
    write(files.generalized_forces_file, TIME, elbow_moment=-5 + 0.1 * TIME)
    assert refused(files, arm, muscle_names=["flexor"]) == (
        "Trial 'curl': coordinate 'elbow': 100 % of the measured moment is negative, where no muscle has a "
        "negative moment arm. Check the sign of column 'elbow_moment' of id.sto, that both belong to the "
        "same leg and model, or add excitations of the missing muscles."
    )


def test_the_sign_of_a_moment_is_among_the_problems(files, arm):
    write(files.generalized_forces_file, TIME, elbow_moment=-5 + 0.1 * TIME)
    write(files.excitations_file, TIME, flexor=FLEXION)
    (problem,) = trial_problems(files, MusclePaths(arm, ("flexor",), ("elbow",)), SETTINGS)
    assert str(problem).startswith(
        "Trial 'curl': coordinate 'elbow': 100 % of the measured moment is negative"
    )


def test_a_trial_without_fault_has_no_problems(files, arm):
    assert trial_problems(files, MusclePaths(arm, BOTH, ("elbow",)), SETTINGS) == []


def test_files_that_miss_the_time_range_are_refused_with_what_they_hold(files, arm):
    write(files.excitations_file, TIME + 0.5, flexor=FLEXION, extensor=EXTENSION)
    assert refused(files, arm) == (
        "Trial 'curl': <time_range> is 0.5 to 1.5 s, which not every file covers: ik.mot holds 0 to 2 s, "
        "needed are 0.5 to 1.5 s; id.sto holds 0 to 2 s, needed are 0.5 to 1.5 s; emg.sto holds 0.5 to 2.5 "
        "s, needed are 0.465 to 1.465 s. Excitations act 0.035 s late. All files hold 0.535 to 2 s; "
        "change <time_range>, the <cycles> of a <CycleTrial>, or the files."
    )


def test_files_without_common_time_are_refused(files, arm):
    write(files.excitations_file, TIME + 5, flexor=FLEXION, extensor=EXTENSION)
    assert refused(files, arm).endswith(
        "The files share no time; change <time_range>, the <cycles> of a <CycleTrial>, or the files."
    )


@pytest.mark.parametrize("time_range", [(1.5, 0.5), (0.5, 0.54)])
def test_a_time_range_that_falls_or_is_too_short_is_refused(files, arm, time_range):
    assert refused(replace(files, time_range=time_range), arm) == (
        f"Trial 'curl': <time_range> is {time_range[0]:g} to {time_range[1]:g} s. It must rise and last at "
        "least 0.045 s, 10 samples."
    )


def test_settings_without_sense_are_refused(files, arm):
    assert refused(files, arm, lead_in=-0.1) == (
        "<time_step> is 0.005 s, <lead_in> -0.1 s and <electromechanical_delay> 0.035 s. "
        "The first must be positive, the others not negative."
    )


def test_a_missing_moment_column_is_refused(files, arm):
    write(files.generalized_forces_file, TIME, elbow_force=MOMENT)
    assert refused(files, arm) == (
        "id.sto: no column 'elbow_moment' for the chosen coordinate 'elbow'. Did you mean 'elbow_force'? "
        "The columns are: elbow_force."
    )


@pytest.mark.parametrize("constant", [0, -5])
def test_a_moment_that_does_not_change_in_the_time_range_is_refused(files, arm, constant):
    moment = np.where((TIME > 0.45) & (TIME < 1.55), constant, MOMENT)
    write(files.generalized_forces_file, TIME, elbow_moment=moment)
    assert refused(files, arm) == (
        f"id.sto: column 'elbow_moment' is {constant} at every time of trial 'curl', 0.5 to 1.5 s, so it "
        "cannot be scored. Leave 'elbow' out of <coordinates>, or give another trial or <time_range>."
    )


def test_excitations_that_are_not_normalized_are_refused(files, arm):
    write(files.excitations_file, TIME, flexor=100 * FLEXION, extensor=EXTENSION)
    assert refused(files, arm) == (
        "emg.sto: column 'flexor' is not normalized: it reaches 60, and 92 % of its samples lie outside 0 to "
        "1. If the file holds percent, divide by 100. Divide every envelope by its largest value over all "
        "trials, or process the raw EMG with EMGProcessingTool."
    )


def test_muscles_that_cross_no_chosen_coordinate_are_refused(files, arm):
    assert refused(files, arm, coordinate_names=["wrist"]) == (
        "Trial 'curl': flexor, extensor cross none of the chosen coordinates (wrist). Add a coordinate that "
        "they cross to <coordinates>, or map the excitations without them by <ExcitationChannel> and set "
        "<allow_extra_columns> to true."
    )


def test_a_coordinate_without_a_driven_muscle_is_refused(files, arm):
    assert refused(files, arm, coordinate_names=["elbow", "wrist"]) == (
        "Trial 'curl': no muscle with an excitation crosses coordinate 'wrist'. Remove it from "
        "<coordinates>, or add excitations. With one are: extensor, flexor."
    )


def test_an_unknown_coordinate_is_refused_once(files, arm):
    assert refused(files, arm, coordinate_names=["elbo"]).count("the model has no coordinate 'elbo'") == 1


def test_unreadable_files_are_reported_together(files, arm):
    files.coordinates_file.unlink()
    files.excitations_file.unlink()
    assert refused(files, arm) == (
        "2 problems found:\n"
        "1. ik.mot: the file does not exist. Check the path in the setup file.\n"
        "2. emg.sto: the file does not exist. Check the path in the setup file."
    )


def test_several_problems_are_reported_together(files, arm):
    write(files.generalized_forces_file, np.delete(TIME, 50), elbow_moment=np.delete(MOMENT, 50))
    write(files.excitations_file, TIME, flexor=FLEXION, biceps=FLEXION)
    text = refused(replace(files, time_range=(0.5, 3.0)), arm)
    assert text.startswith("3 problems found:\n1. id.sto: the time steps differ: 0.01 s is usual")
    assert "\n2. emg.sto: no muscle is driven by 1 column: biceps." in text
    assert "\n3. Trial 'curl': <time_range> is 0.5 to 3 s, which not every file covers" in text


def test_times_that_would_fill_the_memory_are_refused(files, arm):
    message = refused(replace(files, time_range=(0.5, 1.5)), arm, time_step=5e-9, lead_in=0.1)
    assert (
        "Trial 'curl': <time_range> 0.5 to 1.5 s with a <lead_in> of 0.1 s holds 2.2e+08 samples; expected "
        "at most 10000000. Check that the files give times in s, and choose a shorter <time_range> or a "
        "longer <time_step>."
    ) in message


@pytest.mark.parametrize("change", [{"time_step": 1e-300}, {"lead_in": 1e308, "time_step": 0.005}])
def test_extreme_steps_and_lead_ins_are_read_or_refused(files, arm, change):
    check_refusal(lambda _: read(files, arm, **change), files.coordinates_file, names_file=False)
