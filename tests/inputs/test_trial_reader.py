"""Trials: a synthetic elbow whose every fault is named, and the real measurements."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import opensim
import pytest

from opensim_difcal.errors import DifcalError, Problems, TrialError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial import Trial, TrialFiles
from opensim_difcal.inputs.trial_reader import driven_muscles, read_trial, trial_problems

OPTIONS: dict[str, Any] = {
    "time_step": 0.005,
    "lead_in": 0.1,
    "electromechanical_delay": 0.035,
    "lowpass_cutoff_frequency_for_coordinates": -1.0,
    "allow_extra_columns": False,
}
TIME = np.linspace(0.0, 2.0, 201)
ELBOW = 50 + 30 * np.sin(np.pi * TIME)  # deg
MOMENT = 5 * np.sin(2 * np.pi * TIME)
FLEXION = 0.3 + 0.3 * np.sin(2 * np.pi * TIME)
EXTENSION = 0.3 - 0.3 * np.sin(2 * np.pi * TIME)
BOTH = ("flexor", "extensor")


@pytest.fixture(scope="module")
def arm() -> opensim.Model:
    """An elbow with a flexor and an extensor, and a wrist without muscles."""
    model = opensim.Model()
    model.setName("arm")
    zero = opensim.Vec3(0)
    parent = model.getGround()
    for name, at in (("elbow", zero), ("wrist", opensim.Vec3(0.3, 0, 0))):
        body = opensim.Body(f"{name}_body", 1.0, zero, opensim.Inertia(0.1, 0.1, 0.1))
        hinge = opensim.PinJoint(f"{name}_joint", parent, at, zero, body, zero, zero)
        hinge.updCoordinate().setName(name)
        hinge.updCoordinate().setRangeMin(0.0)
        hinge.updCoordinate().setRangeMax(2.5)
        model.addBody(body)
        model.addJoint(hinge)
        parent = body
    forearm = model.getBodySet().get("elbow_body")
    for name, x in (("flexor", 0.1), ("extensor", -0.05)):
        muscle = opensim.Millard2012EquilibriumMuscle(name, 100.0, 0.1, 0.2, 0.0)
        muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0, 0.5, 0))
        muscle.addNewPathPoint("insertion", forearm, opensim.Vec3(x, 0, 0))
        model.addForce(muscle)
    model.finalizeConnections()
    model.initSystem()
    return model


def write(path: Path, time: np.ndarray, in_degrees: str = "no", **columns: np.ndarray) -> None:
    rows = np.column_stack([time, *columns.values()])
    lines = ["table", "version=1", f"nRows={len(rows)}", f"nColumns={rows.shape[1]}"]
    lines += [f"inDegrees={in_degrees}", "endheader", "\t".join(["time", *columns])]
    lines += ["\t".join(f"{value:.10g}" for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def files(tmp_path) -> TrialFiles:
    """Files without a fault; tests write one of them anew."""
    ik, torques, emg = tmp_path / "ik.mot", tmp_path / "id.sto", tmp_path / "emg.sto"
    write(ik, TIME, "yes", elbow=ELBOW, wrist=0 * TIME)
    write(torques, TIME, elbow_moment=MOMENT, wrist_moment=MOMENT)
    write(emg, TIME, flexor=FLEXION, extensor=EXTENSION)
    return TrialFiles(
        name="curl",
        coordinates_file=ik,
        generalized_forces_file=torques,
        excitations_file=emg,
        time_range=(0.5, 1.5),
    )


def read(files: TrialFiles, model: opensim.Model, **changes) -> Trial:
    options = OPTIONS | {"muscle_names": BOTH, "coordinate_names": ["elbow"], "excitation_map": ()} | changes
    return read_trial(files, model, **options)


def refused(files: TrialFiles, model: opensim.Model, **changes) -> str:
    """The error, with the folder cut off; `trial_problems` must find the same."""
    with pytest.raises(DifcalError) as caught:
        read(files, model, **changes)
    options = OPTIONS | {"muscle_names": BOTH, "coordinate_names": ["elbow"], "excitation_map": ()} | changes
    found = trial_problems(files, model, **options)
    errors = caught.value.errors if isinstance(caught.value, Problems) else [caught.value]
    if "% of the measured" not in str(caught.value):  # a share depends on the instants
        assert [str(error) for error in found] == [str(error) for error in errors]
    return str(caught.value).replace(f"{files.coordinates_file.parent}/", "")


def test_the_grid_runs_over_the_time_range_after_a_lead_in(files, arm):
    trial = read(files, arm)
    assert (len(trial.time), trial.n_lead_in, trial.time_step) == (221, 20, pytest.approx(0.005))
    assert trial.time[trial.scored][[0, -1]] == pytest.approx([0.5, 1.5])
    assert (trial.name, trial.role, trial.notes) == ("curl", "calibration", ())
    assert (trial.muscle_names, trial.coordinate_names) == (BOTH, ("elbow",))


def test_measurements_are_interpolated_onto_the_grid(files, arm):
    trial = read(files, arm)
    assert trial.joint_moment[:, 0] == pytest.approx(5 * np.sin(2 * np.pi * trial.time), abs=1e-4)
    elbow = np.deg2rad(50 + 30 * np.sin(np.pi * trial.time))
    length = np.sqrt(0.5**2 + 0.1**2 - 2 * 0.5 * 0.1 * np.sin(elbow))
    assert trial.muscle_tendon_length[:, 0] == pytest.approx(length, abs=1e-6)
    assert trial.moment_arm[:, 0, 0] == pytest.approx(0.05 * np.cos(elbow) / length, abs=1e-6)


def test_excitations_act_after_the_delay(files, arm):
    trial = read(files, arm)
    late = 0.3 + 0.3 * np.sin(2 * np.pi * (trial.time - 0.035))
    assert trial.excitation[:, 0] == pytest.approx(late, abs=1e-3)


def test_a_time_range_between_samples_of_the_step_ends_before_its_end(files, arm):
    trial = read(replace(files, time_range=(0.5, 1.0049)), arm)
    assert trial.time[-1] == pytest.approx(1.0)


def test_the_lead_in_is_as_long_as_the_files_allow(files, arm):
    trial = read(replace(files, time_range=(0.055, 1.5)), arm)
    assert trial.n_lead_in == 4
    assert trial.time[0] == pytest.approx(0.035)
    assert trial.notes == (
        "Trial 'curl': the lead-in lasts 0.02 s instead of 0.1 s, because a file begins later.",
    )


def test_coordinates_are_low_passed(files, arm):
    shaky = ELBOW + 2 * np.sin(2 * np.pi * 25 * TIME + 0.3)
    write(files.coordinates_file, TIME, "yes", elbow=shaky, wrist=0 * TIME)
    smooth = read(files, arm, lowpass_cutoff_frequency_for_coordinates=6.0)
    elbow = np.deg2rad(50 + 30 * np.sin(np.pi * smooth.time))
    length = np.sqrt(0.5**2 + 0.1**2 - 2 * 0.5 * 0.1 * np.sin(elbow))
    assert smooth.muscle_tendon_length[:, 0] == pytest.approx(length, abs=2e-4)


def test_a_channel_drives_several_muscles_and_a_muscle_takes_the_mean_of_its_channels(files, arm):
    write(files.excitations_file, TIME, a=0 * TIME + 0.2, b=0 * TIME + 0.6)
    both = [
        ExcitationChannel(name="a", muscles=BOTH),
        ExcitationChannel(name="b", muscles=("extensor",)),
    ]
    trial = read(files, arm, excitation_map=both)
    assert trial.excitation[:, 0] == pytest.approx(0.2)
    assert trial.excitation[:, 1] == pytest.approx(0.4)


def test_excitations_are_clipped_and_counted(files, arm):
    write(files.excitations_file, TIME, flexor=FLEXION - 0.04, extensor=0.001 + 0 * TIME)
    trial = read(files, arm)
    assert trial.excitation.min() == 0.0
    assert trial.notes == (
        f"{files.excitations_file}: 33 of 442 excitation samples lay outside 0 to 1 and were clipped; "
        "the worst is -0.04 in column 'flexor'.",
        f"{files.excitations_file}: extensor: never above 0.01 in this trial.",
    )


def test_muscles_without_an_excitation_have_zero_and_a_note(files, arm):
    write(files.excitations_file, TIME, flexor=FLEXION)
    trial = read(files, arm)
    assert np.all(trial.excitation[:, 1] == 0)
    assert trial.notes == (f"{files.excitations_file}: no excitation for extensor; zero was taken.",)


def test_excitations_against_the_moment_are_noted(files, arm):
    write(files.generalized_forces_file, TIME, elbow_moment=-MOMENT)
    assert read(files, arm).notes == (
        "Trial 'curl': coordinate 'elbow': excitations times strength and moment arm run against the "
        "measured moment (correlation -0.95). Check sign, side and time base.",
    )


def test_a_small_part_of_the_moment_that_no_muscle_can_produce_is_noted(files, arm):
    write(files.excitations_file, TIME, flexor=FLEXION)
    write(files.generalized_forces_file, TIME, elbow_moment=MOMENT + 2)
    trial = read(files, arm, muscle_names=["flexor"])
    assert trial.notes == (
        "Trial 'curl': coordinate 'elbow': 21 % of the measured moment is negative, where no muscle has a "
        "negative moment arm; it cannot be tracked.",
    )


def test_a_moment_that_no_muscle_can_produce_is_refused(files, arm):
    write(files.excitations_file, TIME, flexor=FLEXION)
    write(files.generalized_forces_file, TIME, elbow_moment=-5 + 0 * TIME)
    assert refused(files, arm, muscle_names=["flexor"]) == (
        "Trial 'curl': coordinate 'elbow': 100 % of the measured moment is negative, where no muscle has a "
        "negative moment arm. Check the sign of column 'elbow_moment' of id.sto, that both belong to the "
        "same leg and model, or add excitations of the missing muscles."
    )


def test_the_sign_of_a_moment_is_among_the_problems(files, arm):
    write(files.generalized_forces_file, TIME, elbow_moment=-5 + 0 * TIME)
    write(files.excitations_file, TIME, flexor=FLEXION)
    (problem,) = trial_problems(files, arm, ["flexor"], ["elbow"], (), **OPTIONS)
    assert str(problem).startswith(
        "Trial 'curl': coordinate 'elbow': 100 % of the measured moment is negative"
    )


def test_a_trial_without_fault_has_no_problems(files, arm):
    assert trial_problems(files, arm, BOTH, ["elbow"], (), **OPTIONS) == []


def test_files_that_miss_the_time_range_are_refused_with_what_they_hold(files, arm):
    write(files.excitations_file, TIME + 0.5, flexor=FLEXION, extensor=EXTENSION)
    assert refused(files, arm) == (
        "Trial 'curl': <time_range> is 0.5 to 1.5 s, which not every file covers: ik.mot holds 0 to 2 s, "
        "needed are 0.5 to 1.5 s; id.sto holds 0 to 2 s, needed are 0.5 to 1.5 s; emg.sto holds 0.5 to 2.5 "
        "s, needed are 0.465 to 1.465 s. Excitations act 0.035 s late. All files hold 0.535 to 2 s; "
        "change <time_range>, or the files."
    )


def test_files_without_common_time_are_refused(files, arm):
    write(files.excitations_file, TIME + 5, flexor=FLEXION, extensor=EXTENSION)
    assert refused(files, arm).endswith("The files share no time; change <time_range>, or the files.")


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


def test_excitations_that_are_not_normalized_are_refused(files, arm):
    write(files.excitations_file, TIME, flexor=100 * FLEXION, extensor=EXTENSION)
    assert refused(files, arm) == (
        "emg.sto: column 'flexor' is not normalized: it reaches 60, and 92 % of its samples lie outside 0 to "
        "1. Divide every envelope by its largest value over all trials, or process the raw EMG with "
        "EMGProcessingTool."
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


SOL = ExcitationChannel(name="SOL", muscles=("soleus",))


def test_without_a_map_columns_named_after_muscles_drive_them():
    driven = driven_muscles("emg.sto", ["tibant", "soleus"], (), ["soleus", "gasmed", "tibant"])
    assert driven == {"soleus": ("soleus",), "tibant": ("tibant",)}
    assert list(driven) == ["soleus", "tibant"]


def test_extra_columns_are_ignored_on_request():
    driven = driven_muscles("emg.sto", ["soleus", "trigger"], (), ["soleus"], allow_extra_columns=True)
    assert driven == {"soleus": ("soleus",)}


def test_a_channel_named_twice_counts_once():
    assert driven_muscles("emg.sto", ["SOL"], (SOL, SOL), ["soleus"]) == {"soleus": ("SOL",)}


UNDRIVEN = {
    "unknown column": (
        (["SO"], (SOL,), ["soleus"]),
        "emg.sto: no column 'SOL', which an <ExcitationChannel> names. Did you mean 'SO'? "
        "The columns are: SO.",
    ),
    "unknown muscle": (
        (["SOL"], (SOL,), ["soleus_r", "gasmed_r"]),
        "<ExcitationChannel> 'SOL': the model has no muscle 'soleus'. Did you mean 'soleus_r'? "
        "The muscles are: soleus_r, gasmed_r.",
    ),
    "extra column": (
        (["soleus", "gasme"], (), ["soleus", "gasmed"]),
        "emg.sto: no muscle is driven by 1 column: gasme. Did you mean 'gasmed'? Name it after a muscle, or "
        "set <allow_extra_columns> to true to ignore such columns.",
    ),
    "unmapped column": (
        (["SOL", "GAS"], (SOL,), ["soleus"]),
        "emg.sto: no muscle is driven by 1 column: GAS. Map it with an <ExcitationChannel>, or set "
        "<allow_extra_columns> to true to ignore such columns.",
    ),
}


@pytest.mark.parametrize("fault", UNDRIVEN)
def test_columns_and_muscles_that_do_not_match_are_refused(fault):
    arguments, expected = UNDRIVEN[fault]
    with pytest.raises(TrialError) as caught:
        driven_muscles("emg.sto", *arguments)
    assert str(caught.value) == expected


def test_no_driven_muscle_at_all_is_refused():
    with pytest.raises(TrialError) as caught:
        driven_muscles("emg.sto", ["SOL"], (), ["soleus"], allow_extra_columns=True)
    assert str(caught.value) == (
        "emg.sto: no column drives a muscle. Name columns after muscles, or write an <ExcitationChannel> "
        "for each. The columns are: SOL."
    )


def mapped(path: Path) -> list[ExcitationChannel]:
    with path.open() as rows:
        return [
            ExcitationChannel(name=row["channel"], muscles=tuple(row["muscles"].split()))
            for row in csv.DictReader(rows)
        ]


def measured(folder: Path, excitations: str, time_range: tuple[float, float], **others: str) -> TrialFiles:
    return TrialFiles(
        name=folder.name,
        coordinates_file=folder / others.get("coordinates", "ik.mot"),
        generalized_forces_file=folder / others.get("forces", "id.sto"),
        excitations_file=folder / excitations,
        time_range=time_range,
    )


def driven(model: opensim.Model, files: TrialFiles, channels) -> list[str]:
    muscles = model.getMuscles()
    names = [muscles.get(i).getName() for i in range(muscles.getSize())]
    return list(driven_muscles("emg", read_storage(files.excitations_file).labels, channels, names))


def leg(side: str) -> list[str]:
    return [f"hip_flexion_{side}", f"knee_angle_{side}", f"ankle_angle_{side}"]


def test_a_stride_of_treadmill_walking_is_read(shared_data):
    model = load_model(shared_data / "lopes_subj06/gait2392_subj06_scaled_est.osim")
    folder = shared_data / "lopes_subj06/walk36"
    files = measured(folder, "emg.sto", (7.45, 8.59), coordinates="ik.sto", forces="id_lp.sto")
    options: dict[str, Any] = OPTIONS | {"lowpass_cutoff_frequency_for_coordinates": 6.0}
    trial = read_trial(files, model, driven(model, files, ()), leg("r"), (), **options)
    assert (len(trial.time), trial.n_lead_in, len(trial.muscle_names)) == (249, 20, 9)
    # The README of the data: ankle -1.36 +- 0.02 N m/kg at 56 kg.
    assert trial.joint_moment[:, 2].min() / 56 == pytest.approx(-1.36, abs=0.06)
    assert trial.excitation.min() >= 0
    assert len(trial.notes) == 1


def test_excitations_of_the_wrong_leg_are_noted(shared_data):
    folder = shared_data / "moco_walk18"
    model = load_model(folder / "subject_walk_armless_18musc.osim")
    files = measured(folder, "emg_channels.sto", (0.9, 1.9))
    left = mapped(folder / "emg_map.csv")
    right = [
        ExcitationChannel(name=c.name, muscles=tuple(m.replace("_l", "_r") for m in c.muscles)) for c in left
    ]
    read_left = read_trial(files, model, driven(model, files, left), leg("l"), left, **OPTIONS)
    read_right = read_trial(files, model, driven(model, files, right), leg("r"), right, **OPTIONS)
    assert not any("run against" in note for note in read_left.notes)
    assert any("'ankle_angle_r'" in note and "run against" in note for note in read_right.notes)


def test_a_motion_with_patellas_in_degrees_gives_the_same_trial(shared_data):
    folder = shared_data / "moco_walk3d"
    model = load_model(folder / "subject_walk_scaled.osim")
    channels = mapped(folder / "emg_map.csv")
    trials = []
    for name in ("ik.sto", "ik_original_beta_in_degrees.sto"):
        files = measured(folder, "emg_channels.sto", (0.6, 0.7), coordinates=name)
        muscles = driven(model, files, channels)
        trials.append(read_trial(files, model, muscles, leg("r"), channels, **OPTIONS))
    assert np.array_equal(trials[0].muscle_tendon_length, trials[1].muscle_tendon_length)
    assert len(trials[1].notes) == len(trials[0].notes) + 2
