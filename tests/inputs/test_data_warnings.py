"""Each suspicion is told when a good trial is spoiled, and none when it is not."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest
from ankle_tool import LEG, trial
from elbow_trial import BOTH, ELBOW, EXTENSION, FLEXION, MOMENT, SETTINGS, TIME, refused, write

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial_checks import check_excitations
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles, TrialFiles
from opensim_difcal.inputs.trial_reader import read_trial, trial_findings
from opensim_difcal.inputs.trial_source import TrialSource

ROOT = Path(__file__).parents[2]
RIGHT_LEG = "hip_flexion_r", "knee_angle_r", "ankle_angle_r"
LOPES = (
    "soleus_r",
    "med_gas_r",
    "lat_gas_r",
    "tib_ant_r",
    "semimem_r",
    "bifemlh_r",
    "vas_lat_r",
    "rect_fem_r",
    "vas_med_r",
)
pytestmark = pytest.mark.opensim


def warnings_of(files, model, muscles=BOTH, coordinates=("elbow",), **settings):
    """Warnings of `validate`, with the folder cut off; a run must note the same."""
    paths = MusclePaths(model, tuple(muscles), tuple(coordinates))
    problems, warnings = trial_findings(files, paths, replace(SETTINGS, **settings))
    assert problems == []
    notes = read_trial(files, paths, replace(SETTINGS, **settings)).notes
    assert [note for note in notes if note in warnings] == warnings
    return [warning.replace(f"{files.excitations_file.parent}/", "") for warning in warnings]


def test_a_good_trial_raises_no_suspicion(files, arm):
    assert warnings_of(files, arm) == []


def test_emg_that_comes_too_late_is_told(files, arm):
    late = 2 * np.pi * (TIME - 0.25)
    write(files.excitations_file, TIME, flexor=0.3 + 0.3 * np.sin(late), extensor=0.3 - 0.3 * np.sin(late))
    (warning,) = warnings_of(files, arm)
    assert warning.startswith(
        "Trial 'curl': the EMG does not fit the joint moments in time: at elbow it lags by "
    )
    assert warning.endswith(
        "Expected are leads of -50 to 200 ms. Check the trigger, and that the times of emg.sto and id.sto "
        "begin at the same instant."
    )
    assert re.search(
        r"lags by 2[3-7]0 ms \(correlation 0\.9\d, within the expected leads 0\.[0-6]\d\)", warning
    )


def test_emg_that_comes_too_early_is_told(files, arm):
    early = 2 * np.pi * (TIME + 0.35)
    write(files.excitations_file, TIME, flexor=0.3 + 0.3 * np.sin(early), extensor=0.3 - 0.3 * np.sin(early))
    (warning,) = warnings_of(files, arm)
    assert re.search(r"at elbow it leads by 3[3-7]0 ms \(correlation", warning)


def test_leads_that_muscles_have_are_not_told(files, arm):
    for lead in (-0.015, 0.125):  # the extremes of the README of the measurements
        phase = 2 * np.pi * (TIME + lead)
        write(
            files.excitations_file, TIME, flexor=0.3 + 0.3 * np.sin(phase), extensor=0.3 - 0.3 * np.sin(phase)
        )
        assert warnings_of(files, arm) == []


def test_a_moment_of_the_wrong_sign_is_told(files, arm):
    write(files.generalized_forces_file, TIME, elbow_moment=-MOMENT)
    assert warnings_of(files, arm) == [
        "Trial 'curl': coordinate 'elbow': excitations times strength and moment arm run against the "
        "measured moment (correlation -0.98). Check the sign of column 'elbow_moment' of id.sto (knee "
        "extension is positive in some models and negative in others), the side, the channels and the time "
        "base."
    ]


def test_moments_in_newton_millimeters_are_told(files, arm):
    write(files.generalized_forces_file, TIME, elbow_moment=1000 * MOMENT)
    (warning,) = warnings_of(files, arm)
    assert warning.startswith("id.sto: Trial 'curl': the moment of 'elbow' reaches 4998 N m, ")
    assert warning.endswith(" N m). Moments are N m; if the file holds N mm, divide by 1000.")


def test_moments_somewhat_beyond_the_muscles_are_told(files, arm):
    write(files.generalized_forces_file, TIME, elbow_moment=20 * MOMENT)
    (warning,) = warnings_of(files, arm)
    assert warning.endswith(
        " N m). Check the unit (N m, not N mm), the model's max_isometric_force, and for missing muscles."
    )


def test_moments_by_body_mass_are_told(files, arm):
    write(files.generalized_forces_file, TIME, elbow_moment=MOMENT / 75)
    (warning,) = warnings_of(files, arm)
    assert warning.startswith(
        "id.sto: Trial 'curl': all joint moments are below 1.5 % of what the muscles can make: 'elbow' "
        "reaches 0.0666 of "
    )
    assert warning.endswith(" N m. Moments are N m. If the file holds N m/kg, multiply by the body mass.")


def test_emg_in_volts_is_told(files, arm):
    write(files.excitations_file, TIME, flexor=1e-3 * FLEXION, extensor=1e-3 * EXTENSION)
    assert warnings_of(files, arm)[-1] == (
        "emg.sto: no excitation that drives a muscle exceeds 0.0006 in the whole file; expected are parts of "
        "the largest contraction, 0 to 1. If the file holds volts, divide every envelope by its largest "
        "value over all trials."
    )


def test_a_column_that_names_the_other_side_is_told(files, arm):
    write(files.excitations_file, TIME, flexor_l=FLEXION, extensor_r=EXTENSION)
    muscles = {"flexor": "flexor_r", "extensor": "extensor_r"}
    model = opensim.Model(arm)
    for old, new in muscles.items():
        model.getMuscles().get(old).setName(new)
    model.finalizeConnections()
    model.initSystem()
    channels = (
        ExcitationChannel(name="flexor_l", muscles=("flexor_r",)),
        ExcitationChannel(name="extensor_r", muscles=("extensor_r",)),
    )
    assert warnings_of(files, model, tuple(muscles.values()), excitation_map=channels) == [
        "emg.sto: column 'flexor_l' is of the left side by its name, but drives flexor_r. Check "
        "<excitation_map>."
    ]


def test_too_few_samples_are_told(files, arm):
    write(files.excitations_file, TIME[::10], flexor=FLEXION[::10], extensor=EXTENSION[::10])
    assert warnings_of(files, arm) == [
        "emg.sto: 10 samples a second are too few for EMG envelopes, which change up to some 10 times a "
        "second; expected are 20 or more. Export the file at its full rate."
    ]


def test_raw_emg_is_refused(files, arm):
    raw = 0.4 * np.sin(2 * np.pi * 7.3 * TIME)
    write(files.excitations_file, TIME, flexor=raw, extensor=EXTENSION)
    message = refused(files, arm)
    assert message.startswith("emg.sto: column 'flexor' looks like raw EMG: its mean is about zero, and ")
    assert message.endswith(
        " % of its samples are negative. Excitations are envelopes, 0 to 1; process the EMG with "
        "EMGProcessingTool."
    )


def test_emg_in_percent_is_refused_with_that_hint(files, arm):
    write(files.excitations_file, TIME, flexor=100 * FLEXION, extensor=EXTENSION)
    assert "it reaches 60, and" in refused(files, arm)
    assert "If the file holds percent, divide by 100. " in refused(files, arm)


def test_times_in_milliseconds_are_refused(files, arm):
    write(files.excitations_file, 1000 * TIME, flexor=FLEXION, extensor=EXTENSION)
    assert refused(files, arm) == (
        "emg.sto: time runs in steps of 10, from 0 to 2000. Times are seconds, and steps below 0.75 s are "
        "expected. If the file holds milliseconds, divide its times by 1000."
    )


def test_degrees_without_a_word_in_the_header_are_refused(files, arm):
    write(files.coordinates_file, TIME, "no", elbow=ELBOW, wrist=0 * TIME)
    assert (
        "the header does not say degrees, so angles are radians, but coordinate 'elbow' reaches"
        in refused(files, arm)
    )


@pytest.fixture(scope="module")
def leg():
    return load_model(LEG / "leg_scaled.osim")


def leg_files(folder, name="walk_slow_1", **changed):
    """A trial of the virtual leg with columns of one file changed: (file, function of the columns)."""
    files = trial(name, time_range=time_range(name))
    for element, change in changed.items():
        table = read_storage(getattr(files, element))
        columns = dict(zip(table.labels, table.values.T, strict=True))
        path = folder / getattr(files, element).name
        write(path, table.time, "yes" if table.in_degrees else "no", **change(columns))
        files = replace(files, **{element: path})
    return files


def time_range(name):
    with (LEG / "trials/trials.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["name"] == name)
    return float(row["start"]), float(row["end"])


def leg_warnings(files, model):
    names = tuple(name for name in muscle_names(model) if name in read_storage(files.excitations_file).labels)
    return trial_findings(files, MusclePaths(model, names, RIGHT_LEG), SETTINGS)


def swapped(one, two):
    return lambda columns: columns | {one: columns[two], two: columns[one]}


def test_swapped_channels_are_told(leg, tmp_path):
    files = leg_files(tmp_path, excitations_file=swapped("soleus_r", "tib_ant_r"))
    problems, (warning,) = leg_warnings(files, leg)
    assert problems == []
    assert warning.startswith(
        f"{files.excitations_file}: Trial 'walk_slow_1': columns 'soleus_r' and 'tib_ant_r' seem to be "
        "swapped: the other way round the moment of 'ankle_angle_r' fits with a correlation of 0."
    )
    assert warning.endswith(". Check the electrodes' channels.")


def test_a_leg_as_it_is_raises_no_suspicion(leg, tmp_path):
    assert leg_warnings(leg_files(tmp_path), leg) == ([], [])


def test_a_knee_of_the_other_convention_is_told(leg, tmp_path):
    def flipped(columns):
        return columns | {"knee_angle_r_moment": -columns["knee_angle_r_moment"]}

    files = leg_files(tmp_path, "squat_1", generalized_forces_file=flipped)
    _, (warning,) = leg_warnings(files, leg)
    assert "coordinate 'knee_angle_r': excitations times strength and moment arm run against" in warning


def lopes_cycle(folder, name="walk36", number=0):
    with (folder / name / "cycles.csv").open() as file:
        clean = [row for row in csv.DictReader(file) if row["clean"] == "1"]
    times = float(clean[number]["t_heel_strike_r"]), float(clean[number]["t_next_heel_strike_r"])
    return TrialFiles(
        name=f"{name}_{number}",
        coordinates_file=folder / name / "ik.sto",
        generalized_forces_file=folder / name / "id_lp.sto",
        excitations_file=folder / name / "emg.sto",
        time_range=times,
    )


@pytest.fixture(scope="module")
def lopes(shared_data):
    folder = shared_data / "lopes_subj06"
    return folder, load_model(folder / "gait2392_subj06_scaled_est.osim")


def test_the_other_legs_moments_are_told(lopes, tmp_path):
    folder, model = lopes
    files = lopes_cycle(folder)
    table = read_storage(files.generalized_forces_file)
    columns = dict(zip(table.labels, table.values.T, strict=True))
    crossed = {
        label: columns[label.replace("_r_", "_#_").replace("_l_", "_r_").replace("_#_", "_l_")]
        for label in columns
    }
    files = replace(files, generalized_forces_file=tmp_path / "id.sto")
    write(files.generalized_forces_file, table.time, **crossed)
    _, (warning,) = trial_findings(files, MusclePaths(model, LOPES, RIGHT_LEG), SETTINGS)
    assert warning.startswith(
        "Trial 'walk36_0': excitations times strength and moment arm fit the joint moments of the other side "
        "(mean correlation 0."
    )
    assert warning.endswith(
        f"Left and right seem to be swapped in {files.excitations_file} or {files.generalized_forces_file}; "
        "or the EMG is off by half a cycle."
    )


def test_the_other_legs_coordinates_are_refused_with_the_reason(lopes):
    folder, model = lopes
    paths = MusclePaths(model, LOPES, (*RIGHT_LEG, "ankle_angle_l"))
    problems, _ = trial_findings(lopes_cycle(folder), paths, SETTINGS)
    assert "no muscle with an excitation crosses coordinate 'ankle_angle_l'" in str(problems[0])
    assert str(problems[0]).endswith(" These are of the right side, the coordinate is of the other.")


def test_translations_in_millimeters_are_told(lopes, tmp_path):
    folder, model = lopes
    files = lopes_cycle(folder)
    table = read_storage(files.coordinates_file)
    columns = dict(zip(table.labels, table.values.T, strict=True))
    millimeters = {
        label: 1000 * values if label.startswith("pelvis_t") and label != "pelvis_tilt" else values
        for label, values in columns.items()
    }
    files = replace(files, coordinates_file=tmp_path / "ik.mot")
    write(files.coordinates_file, table.time, "yes", **millimeters)
    _, warnings = trial_findings(files, MusclePaths(model, LOPES, RIGHT_LEG), SETTINGS)
    assert warnings
    assert all("If the file holds millimeters, divide its translations by 1000." in each for each in warnings)
    assert any(f"{files.coordinates_file}: coordinate 'pelvis_ty' reaches " in each for each in warnings)


@pytest.mark.parametrize("shift", [-0.3, 0.3])
def test_a_shifted_trigger_is_told_on_measured_walking(lopes, tmp_path, shift):
    folder, model = lopes
    files = lopes_cycle(folder, "walk36", 1)
    table = read_storage(files.excitations_file)
    files = replace(files, excitations_file=tmp_path / "emg.sto")
    write(files.excitations_file, table.time + shift, **dict(zip(table.labels, table.values.T, strict=True)))
    _, warnings = trial_findings(files, MusclePaths(model, LOPES, RIGHT_LEG), SETTINGS)
    assert any("the EMG does not fit the joint moments in time" in each for each in warnings)


@pytest.mark.parametrize("setup", ["leg_emg_driven", "arm_emg_driven"])
def test_no_shipped_trial_raises_a_suspicion(setup):
    findings = NMSCalibrationTool(ROOT / "tools_setup" / f"{setup}.xml").findings()
    assert (list(findings.problems), list(findings.warnings)) == ([], [])


@pytest.mark.parametrize("setup", ["leg_synergy_hybrid", "arm_synergy_hybrid"])
def test_no_short_trial_with_few_electrodes_raises_a_suspicion(setup):
    tool = NMSCalibrationTool(ROOT / "tools_setup" / f"{setup}.xml")
    cut = [
        replace(files, time_range=(files.time_range[0], files.time_range[0] + 1.2)) for files in tool.trials
    ]
    findings = replace(tool, mode="emg_driven", trials=tuple(cut)).findings()
    assert (list(findings.problems), list(findings.warnings)) == ([], [])


@pytest.mark.slow
def test_no_measured_cycle_raises_a_suspicion(lopes, shared_data):
    folder, model = lopes
    paths = MusclePaths(model, LOPES, RIGHT_LEG)
    settings = replace(SETTINGS, electromechanical_delay=0.1)
    for name, n_cycles in (("walk36", 13), ("run81_a", 4), ("run81_b", 4)):
        for number in range(n_cycles):
            assert trial_findings(lopes_cycle(folder, name, number), paths, settings) == ([], [])
    for name, model_file, ik, side, times in (
        ("rajagopal_walk", "subject_walk_scaled.osim", "ik.mot", "r", (0.268, 1.412)),
        ("rajagopal_walk", "subject_walk_scaled.osim", "ik.mot", "r", (1.412, 2.1675)),
        ("moco_walk3d", "subject_walk_scaled.osim", "ik.sto", "r", (0.56, 1.6)),
        ("moco_walk18", "subject_walk_armless_18musc.osim", "ik.mot", "l", (0.95, 1.88)),
    ):
        place = shared_data / name
        files = TrialFiles(
            name=name,
            coordinates_file=place / ik,
            generalized_forces_file=place / "id.sto",
            excitations_file=place / "emg.sto",
            time_range=times,
        )
        model = load_model(place / model_file)
        labels = read_storage(files.excitations_file).labels
        muscles = tuple(muscle for muscle in muscle_names(model) if muscle in labels)
        coordinates = tuple(each[:-1] + side for each in RIGHT_LEG)
        found = trial_findings(files, MusclePaths(model, muscles, coordinates), SETTINGS)
        assert found == ([], []), (name, found)


def test_an_envelope_with_a_little_ripple_below_zero_passes(files, arm):
    ripple = np.clip(FLEXION - 0.3, 0.0, 1.0) - 0.004
    write(files.excitations_file, TIME, flexor=ripple, extensor=EXTENSION)
    source = TrialSource(files, MusclePaths(arm, BOTH, ("elbow",)), SETTINGS)
    check_excitations(source)


def test_a_run_logs_its_warnings(files, arm, caplog):
    write(files.generalized_forces_file, TIME, elbow_moment=-MOMENT)
    with caplog.at_level("WARNING", logger="opensim_difcal"):
        read_trial(files, MusclePaths(arm, BOTH, ("elbow",)), SETTINGS)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "run against the measured moment" in caplog.text


def test_a_trial_without_inverse_dynamics_is_checked_as_far_as_it_goes(files, arm):
    write(files.excitations_file, TIME, flexor=1e-3 * FLEXION, extensor=1e-3 * EXTENSION)
    bare = ExecutionTrialFiles(
        name="curl",
        coordinates_file=files.coordinates_file,
        excitations_file=files.excitations_file,
        time_range=files.time_range,
    )
    (warning,) = warnings_of(bare, arm)
    assert "If the file holds volts" in warning
