import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from opensim_difcal.ceinms.excitation_generator import ExcitationGenerator
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.trial import CEINMSTrial
from opensim_difcal.errors import CEINMSFileError, StorageFileError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.tables import write_storage
from opensim_difcal.tools.ceinms.trials import (
    ImportedTrial,
    TrialImport,
    excitation_map,
    is_mean,
    known_mixes,
)

FRAMES = np.arange(101) * 0.01  # 0 to 1 s
SAMPLES = np.arange(-100, 1101) * 0.001 + 0.05  # -0.05 to 1.15 s
EMG = {"SOL": 0.3 + 0.2 * np.sin(SAMPLES), "TA": 0.1 + 0.05 * np.cos(SAMPLES)}


@pytest.fixture
def trial(tmp_path) -> CEINMSTrial:
    write_storage(tmp_path / "ik.mot", "ik", FRAMES, {"ankle": 0.1 * FRAMES}, in_degrees=True)
    write_storage(tmp_path / "id.sto", "id", FRAMES, {"ankle_moment": FRAMES, "knee_moment": FRAMES})
    write_storage(tmp_path / "lmt.sto", "lmt", FRAMES[::2], {"soleus": FRAMES[::2]})
    write_storage(tmp_path / "emg.sto", "emg", SAMPLES, EMG)
    return CEINMSTrial(
        path=tmp_path / "walk.xml",
        name="walk",
        excitations_file=tmp_path / "emg.sto",
        external_torques_file=tmp_path / "id.sto",
        motion_file=tmp_path / "ik.mot",
        muscle_tendon_length_file=tmp_path / "lmt.sto",
        moment_arm_files={},
        time_range=(0.2, 0.6),
    )


def imported(
    trial: CEINMSTrial, delay: float = 0.03, mixes=None, coordinates: dict[str, Path] | None = None
) -> tuple[ImportedTrial, Notes]:
    output = trial.path.parent / "out"
    output.mkdir(exist_ok=True)
    notes = Notes()
    work = TrialImport(
        output=output,
        staging=output,
        dofs=("ankle",),
        delay=delay,
        mixes=mixes,
        coordinates_files=coordinates or {},
        notes=notes,
    )
    (found,) = work.read([trial])
    return found, notes


def test_files_are_referenced_as_they_are(trial):
    found, notes = imported(trial)
    assert found.coordinates_file == trial.motion_file
    assert found.generalized_forces_file == trial.external_torques_file
    assert found.excitations_file == trial.excitations_file
    assert found.time_range == (0.2, 0.6)
    assert found.frame_step == 0.02  # of the lengths
    assert found.columns == ("SOL", "TA")
    names = [Path(path).name for path in notes.of(Kind.READ)]
    assert names == ["ik.mot", "id.sto", "emg.sto", "lmt.sto"]
    assert [kind for kind, _ in notes] == [Kind.READ]


def test_without_lengths_the_step_is_that_of_the_coordinates(trial):
    assert imported(replace(trial, muscle_tendon_length_file=None))[0].frame_step == 0.01


def test_without_times_everything_that_all_files_have_is_scored(trial):
    found, notes = imported(replace(trial, time_range=None), delay=0.1)
    assert found.time_range == (pytest.approx(0.05), 1.0)
    assert notes.of(Kind.CHOSEN) == (
        "Trial 'walk' has no <startStopTime>; its files have 0.05 to 1 s in common, the delay of 0.1 s "
        "counted, and all of it is scored.",
    )


def test_times_beyond_the_files_are_cut_and_told(trial):
    found, notes = imported(replace(trial, time_range=(-1.0, 0.6)), delay=0.1)
    assert found.time_range == (pytest.approx(0.05), 0.6)
    assert notes.of(Kind.CLAMPED) == (
        "Trial 'walk': its times -1 to 0.6 s became 0.05 to 0.6 s, for which all its files have data, the "
        "delay of 0.1 s counted.",
    )


def test_times_from_zero_count_from_the_first_instant(trial):
    found, _ = imported(replace(trial, is_from_zero=True), delay=0.15)
    assert found.time_range == (0.2, 0.6)
    assert trial.motion_file is not None
    write_storage(trial.motion_file, "ik", FRAMES + 0.1, {"ankle": FRAMES})
    assert trial.external_torques_file is not None
    write_storage(trial.external_torques_file, "id", FRAMES + 0.1, {"ankle_moment": FRAMES})
    found, _ = imported(replace(trial, is_from_zero=True), delay=0.15)
    assert found.time_range == (pytest.approx(0.3), pytest.approx(0.7))


def test_a_trial_without_coordinates_gets_the_placeholder_and_says_what_to_do(trial):
    found, notes = imported(replace(trial, motion_file=None))
    assert found.coordinates_file.name == "FILL_IN"
    assert notes.of(Kind.MISSING) == (
        "Trial 'walk' names no coordinates (CEINMS 0.9 has no element for them), from which muscle lengths "
        "and moment arms are computed. Replace FILL_IN in its <coordinates_file>, or import again with "
        "--coordinates-file walk.xml=IK.mot.",
    )


@pytest.mark.parametrize("key", ["walk.xml", "walk", "{folder}/walk.xml", "{folder}/../{name}/walk.xml"])
def test_coordinates_can_be_given_by_the_trials_file_or_name(trial, key):
    folder = trial.path.parent
    write_storage(folder / "other.mot", "ik", FRAMES, {"ankle": FRAMES})
    coordinates = {key.format(folder=folder, name=folder.name): folder / "other.mot"}
    found, _ = imported(replace(trial, motion_file=None), coordinates=coordinates)
    assert found.coordinates_file == folder / "other.mot"


def test_given_coordinates_that_fit_nothing_are_refused(trial):
    expected = re.escape(
        "--coordinates-file: 'run.xml' is none of the trials, which are 'walk'. Give the name or the file of "
        "a trial, as in TRIAL.xml=IK.mot."
    )
    with pytest.raises(CEINMSFileError, match=expected):
        imported(trial, coordinates={"run.xml": trial.path})
    expected = re.escape("--coordinates-file: no.mot of trial 'walk' does not exist. Correct the path.")
    with pytest.raises(CEINMSFileError, match=expected):
        imported(trial, coordinates={"walk": Path("no.mot")})


def test_what_a_trial_lacks_and_what_cannot_be_read_is_told(trial):
    found, notes = imported(
        replace(trial, external_torques_file=None, excitations_file=None, time_range=None)
    )
    assert found.time_range == (0.0, 1.0)
    assert notes.of(Kind.MISSING) == (
        "Trial 'walk' has no <externalTorquesFile>, so no joint moments.",
        "Trial 'walk' has no <excitationsFile>, so no EMG.",
    )
    absent = trial.path.parent / "absent.sto"
    found, notes = imported(replace(trial, excitations_file=absent))
    assert found.excitations_file == absent
    assert notes.of(Kind.MISSING) == (
        f"Trial 'walk': the excitations cannot be read. {absent}: the file does not exist. Check the path in "
        "the setup file.",
    )


def test_files_without_common_time_are_told(trial):
    found, notes = imported(replace(trial, time_range=None), delay=5.0)
    assert all(np.isnan(found.time_range))
    assert notes.of(Kind.MISSING) == (
        "Trial 'walk': its files have no time in common, the delay of 5 s counted.",
    )


def test_moments_named_after_degrees_of_freedom_alone_are_rewritten(trial):
    assert trial.external_torques_file is not None
    write_storage(trial.external_torques_file, "id", FRAMES, {"ankle": FRAMES, "knee": FRAMES})
    found, notes = imported(trial)
    assert found.generalized_forces_file == trial.path.parent / "out" / "walk_moments.sto"
    table = read_storage(trial.path.parent / "out" / "walk_moments.sto")
    assert table.labels == ("ankle_moment", "knee")
    np.testing.assert_array_equal(table.column("ankle_moment"), FRAMES)
    assert notes.of(Kind.CONVERTED) == (
        "Trial 'walk': columns ankle of id.sto have no '_moment' at the end; walk_moments.sto has.",
    )


def test_weighted_sums_are_written_exactly(trial):
    mixes = {"soleus": {"SOL": 0.7, "TA": -0.1}, "tibialis": {"TA": 1.3}}
    found, _ = imported(trial, mixes=mixes)
    assert found.excitations_file == trial.path.parent / "out" / "walk_excitations.sto"
    table = read_storage(trial.path.parent / "out" / "walk_excitations.sto")
    np.testing.assert_array_equal(table.time, SAMPLES)
    np.testing.assert_array_equal(table.column("soleus"), 0.7 * EMG["SOL"] + -0.1 * EMG["TA"])
    np.testing.assert_array_equal(table.column("tibialis"), 1.3 * EMG["TA"])
    assert found.columns == ("soleus", "tibialis")


def test_a_channel_that_the_file_lacks_is_refused(trial):
    with pytest.raises(StorageFileError, match="no column 'GAS'"):
        imported(trial, mixes={"soleus": {"GAS": 0.5}})


def test_mixes_of_unknown_muscles_and_muscles_without_an_excitation_are_told():
    generator = ExcitationGenerator(
        Path("generator.xml"), ("SOL",), {"soleus": {"SOL": 1.0}, "psoas": {}, "other": {"SOL": 1.0}}
    )
    notes = Notes()
    assert known_mixes(generator, ("soleus", "psoas", "tibialis"), notes) == {"soleus": {"SOL": 1.0}}
    assert notes.of(Kind.DROPPED) == (
        "generator.xml: excitations of 'other', which the subject does not have.",
    )
    assert notes.of(Kind.CHOSEN) == (
        "Without an excitation are psoas, tibialis. They are left as they are; with mode synergy_hybrid "
        "instead of emg_driven, synergies drive them and they are calibrated too.",
    )


def test_equal_weights_become_a_map_and_others_do_not():
    assert is_mean({"A": 1.0})
    assert is_mean({"A": 0.333333333, "B": 0.333333333, "C": 0.333333333})
    assert not is_mean({"A": 0.8})
    assert not is_mean({"A": 1.0, "B": 1.0})
    mixes = {"soleus": {"A": 0.5, "B": 0.5}, "tibialis": {"A": 1.0}}
    assert excitation_map(mixes, ("B", "C", "A")) == (
        ExcitationChannel(name="B", muscles=("soleus",)),
        ExcitationChannel(name="A", muscles=("soleus", "tibialis")),
    )
