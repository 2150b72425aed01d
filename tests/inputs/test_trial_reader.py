"""Trials on their time grid: a synthetic elbow, and the real measurements."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest
from elbow_trial import BOTH, ELBOW, FLEXION, MOMENT, SETTINGS, TIME, read, write

from opensim_difcal.inputs import muscle_paths
from opensim_difcal.inputs.excitations import ExcitationChannel, driven_muscles
from opensim_difcal.inputs.geometry import muscle_geometry
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial_files import TrialFiles
from opensim_difcal.inputs.trial_reader import read_trial
from opensim_difcal.inputs.trial_source import TrialSettings


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
    trial = read(files, arm, excitation_map=tuple(both))
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
        f"measured moment (correlation -0.98). Check the sign of column 'elbow_moment' of "
        f"{files.generalized_forces_file} (knee extension is positive in some models and negative in "
        "others), the side, the channels and the time base.",
    )


def test_a_small_part_of_the_moment_that_no_muscle_can_produce_is_noted(files, arm):
    write(files.excitations_file, TIME, flexor=FLEXION)
    write(files.generalized_forces_file, TIME, elbow_moment=MOMENT + 2)
    trial = read(files, arm, muscle_names=["flexor"])
    assert trial.notes == (
        "Trial 'curl': coordinate 'elbow': 21 % of the measured moment is negative, where no muscle has a "
        "negative moment arm; it cannot be tracked.",
    )


def test_moment_arms_by_the_slower_method_are_noted(files, arm, monkeypatch):
    def slower(*arguments, crosses):
        return replace(muscle_geometry(*arguments), exact_moment_arms=(("elbow", "flexor"),))

    monkeypatch.setattr(muscle_paths, "muscle_geometry", slower)
    assert read(files, arm).notes == (
        "Trial 'curl': moment arms by OpenSim's slower method: flexor at elbow.",
    )


def mapped(path: Path) -> list[ExcitationChannel]:
    with path.open() as rows:
        return [
            ExcitationChannel(name=row["channel"], muscles=tuple(row["muscles"].split()))
            for row in csv.DictReader(rows)
        ]


def mapped_by(channels: list[ExcitationChannel]) -> TrialSettings:
    return replace(SETTINGS, excitation_map=tuple(channels))


def measured(folder: Path, excitations: str, time_range: tuple[float, float], **others: str) -> TrialFiles:
    return TrialFiles(
        name=folder.name,
        coordinates_file=folder / others.get("coordinates", "ik.mot"),
        generalized_forces_file=folder / others.get("forces", "id.sto"),
        excitations_file=folder / excitations,
        time_range=time_range,
    )


def driven(model: opensim.Model, files: TrialFiles, channels) -> tuple[str, ...]:
    labels = read_storage(files.excitations_file).labels
    return tuple(driven_muscles("emg", labels, channels, muscle_names(model)))


def leg(side: str) -> tuple[str, ...]:
    return f"hip_flexion_{side}", f"knee_angle_{side}", f"ankle_angle_{side}"


def test_a_stride_of_treadmill_walking_is_read(shared_data):
    model = load_model(shared_data / "lopes_subj06/gait2392_subj06_scaled_est.osim")
    folder = shared_data / "lopes_subj06/walk36"
    files = measured(folder, "emg.sto", (7.45, 8.59), coordinates="ik.sto", forces="id_lp.sto")
    settings = replace(SETTINGS, lowpass_cutoff_frequency_for_coordinates=6.0)
    trial = read_trial(files, MusclePaths(model, driven(model, files, ()), leg("r")), settings)
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
    read_left, read_right = (
        read_trial(files, MusclePaths(model, driven(model, files, channels), leg(side)), mapped_by(channels))
        for side, channels in (("l", left), ("r", right))
    )
    assert not any("other side" in note for note in read_left.notes)
    assert any("fit the joint moments of the other side" in note for note in read_right.notes)


def test_a_motion_with_patellas_in_degrees_gives_the_same_trial(shared_data):
    folder = shared_data / "moco_walk3d"
    model = load_model(folder / "subject_walk_scaled.osim")
    channels = mapped(folder / "emg_map.csv")
    trials = []
    for name in ("ik.sto", "ik_original_beta_in_degrees.sto"):
        files = measured(folder, "emg_channels.sto", (0.6, 0.7), coordinates=name)
        muscles = driven(model, files, channels)
        trials.append(read_trial(files, MusclePaths(model, muscles, leg("r")), mapped_by(channels)))
    assert np.array_equal(trials[0].muscle_tendon_length, trials[1].muscle_tendon_length)
    assert len(trials[1].notes) == len(trials[0].notes) + 2
