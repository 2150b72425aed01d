"""The virtual subjects in `models/`: their files agree with each other and with what their README says."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import Table, read_storage

MODELS = Path(__file__).resolve().parents[1] / "models"
CALIBRATED = ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")
ACTIVATION = ("c1", "c2", "shape_factor")
KINDS = ("ik.mot", "id.sto", "id_clean.sto", "emg.sto", "emg_clean.sto")
COORDINATES = {
    "leg": ("hip_flexion_r", "knee_angle_r", "ankle_angle_r"),
    "arm": ("shoulder_elevation", "shoulder_rotation", "elbow_flexion"),
}
LEAST_MUSCLES = {"leg": 20, "arm": 12}
BEFORE = 0.25  # s that a reader may want before the scored window
EMG_NOISE = 0.1  # of the excitation itself
MOMENT_NOISE = 0.05  # of the moment's standard deviation
MUSCLE_TAG = re.compile(r'<Millard2012EquilibriumMuscle name="(\w+)">')
NUMBER_LINE = re.compile(r"\s*<(\w+)>\s*(\S+)\s*</\1>")


@dataclass(frozen=True)
class TrialFiles:
    """One row of `trials.csv` with the files that belong to it."""

    name: str
    role: str
    start: float
    end: float
    tables: dict[str, Table]


@dataclass(frozen=True)
class SubjectFiles:
    """What a folder of `models/` holds."""

    name: str
    truth: list[dict[str, str]]
    trials: list[TrialFiles]

    def model(self, kind: str) -> Path:
        return MODELS / self.name / f"{self.name}_{kind}.osim"

    @property
    def muscles(self) -> tuple[str, ...]:
        return tuple(row["muscle"] for row in self.truth)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def trial_files(folder: Path, row: dict[str, str]) -> TrialFiles:
    tables = {kind: read_storage(folder / f"{row['name']}_{kind}") for kind in KINDS}
    return TrialFiles(row["name"], row["role"], float(row["start"]), float(row["end"]), tables)


@pytest.fixture(scope="module", params=["leg", "arm"])
def subject(request) -> SubjectFiles:
    folder = MODELS / request.param
    trials = [trial_files(folder / "trials", row) for row in rows(folder / "trials" / "trials.csv")]
    return SubjectFiles(request.param, rows(folder / f"{request.param}_truth.csv"), trials)


def muscle_numbers(model: Path) -> dict[tuple[str, str], str]:
    """Reads the three numbers of every muscle as they are written."""
    muscle, found = "", {}
    for line in model.read_text().splitlines():
        opened, number = MUSCLE_TAG.search(line), NUMBER_LINE.fullmatch(line)
        if opened:
            muscle = opened.group(1)
        elif number and number.group(1) in CALIBRATED:
            found[muscle, number.group(1)] = number.group(2)
    return found


@pytest.mark.opensim
@pytest.mark.parametrize("kind", ["scaled", "truth"])
def test_opensim_loads_the_model(subject, kind):
    model = load_model(subject.model(kind))
    model.initSystem()
    coordinates = [coordinate.getName() for coordinate in model.getCoordinateSet()]
    assert sorted(coordinates) == sorted(COORDINATES[subject.name])
    assert tuple(muscle.getName() for muscle in model.getMuscles()) == subject.muscles


def test_truth_differs_from_scaled_in_three_numbers_of_every_muscle_and_nothing_else(subject):
    scaled, truth = (subject.model(kind).read_text().splitlines() for kind in ("scaled", "truth"))
    muscle, changed = "", []
    for before, after in zip(scaled, truth, strict=True):
        opened = MUSCLE_TAG.search(before)
        muscle = opened.group(1) if opened else muscle
        if before != after:
            old, new = NUMBER_LINE.fullmatch(before), NUMBER_LINE.fullmatch(after)
            assert old is not None, before
            assert new is not None, after
            assert old.group(1) == new.group(1)
            changed.append((muscle, old.group(1)))
    assert sorted(changed) == sorted((name, key) for name in subject.muscles for key in CALIBRATED)


def test_the_table_of_the_truth_is_what_the_true_model_says(subject):
    written = muscle_numbers(subject.model("truth"))
    told = {(row["muscle"], key): float(row[key]) for row in subject.truth for key in CALIBRATED}
    assert {key: float(value) for key, value in written.items()} == pytest.approx(told, rel=1e-9)


def test_the_start_is_wrong_by_the_stated_amounts(subject):
    scaled, truth = (muscle_numbers(subject.model(kind)) for kind in ("scaled", "truth"))
    for row in subject.truth:
        name = row["muscle"]
        start = {key: float(scaled[name, key]) for key in CALIBRATED}
        error = {key: float(truth[name, key]) - start[key] for key in CALIBRATED}
        assert 0.05 <= abs(error["optimal_fiber_length"] / start["optimal_fiber_length"]) <= 0.11, name
        assert 0 < abs(error["tendon_slack_length"] / start["tendon_slack_length"]) <= 0.05, name
        assert abs(error["tendon_slack_length"] / start["optimal_fiber_length"]) <= 0.15 + 1e-4, name


def test_every_strength_group_has_one_coefficient(subject):
    scaled = muscle_numbers(subject.model("scaled"))
    of_group = {}
    for row in subject.truth:
        coefficient = float(row["strength_coefficient"])
        assert of_group.setdefault(row["strength_group"], coefficient) == coefficient
        start = float(scaled[row["muscle"], "max_isometric_force"])
        assert float(row["max_isometric_force"]) == pytest.approx(coefficient * start, rel=1e-6)
    assert all(0.8 <= coefficient <= 1.45 for coefficient in of_group.values())


def test_activation_dynamics_lie_in_the_drawn_ranges(subject):
    values = {key: np.array([float(row[key]) for row in subject.truth]) for key in ACTIVATION}
    for key, (low, high) in {
        "c1": (-0.75, -0.35),
        "c2": (-0.75, -0.35),
        "shape_factor": (-2.2, -0.3),
    }.items():
        assert low <= values[key].min() < values[key].max() <= high


def test_the_subject_has_the_muscles_that_it_is_for(subject):
    assert len(subject.muscles) >= LEAST_MUSCLES[subject.name]
    if subject.name == "leg":  # deep muscles, whose EMG nobody measures on the skin
        assert {"iliacus_r", "psoas_r", "tib_post_r", "vas_int_r"} <= set(subject.muscles)


def test_five_trials_calibrate_and_five_validate(subject):
    assert [trial.role for trial in subject.trials] == ["calibration"] * 5 + ["validation"] * 5
    expected = {f"{trial.name}_{kind}" for trial in subject.trials for kind in KINDS} | {"trials.csv"}
    assert {path.name for path in (MODELS / subject.name / "trials").iterdir()} == expected


def test_columns_are_coordinates_moments_and_muscles(subject):
    coordinates = COORDINATES[subject.name]
    moments = tuple(f"{name}_moment" for name in coordinates)
    labels = (coordinates, moments, moments, subject.muscles, subject.muscles)
    for trial in subject.trials:
        assert {kind: table.labels for kind, table in trial.tables.items()} == dict(
            zip(KINDS, labels, strict=True)
        )
        assert [kind for kind, table in trial.tables.items() if table.in_degrees] == ["ik.mot"]


def test_files_are_evenly_sampled_and_cover_the_scored_window(subject):
    for trial in subject.trials:
        assert trial.end - trial.start > 2
        for kind, table in trial.tables.items():
            step = 0.005 if kind.startswith("emg") else 0.01
            np.testing.assert_allclose(np.diff(table.time), step, atol=1e-6)
            assert table.time[0] <= trial.start - BEFORE
            assert table.time[-1] >= trial.end


def test_joint_angles_repeat_without_a_jump(subject):
    for trial in subject.trials:
        angles = trial.tables["ik.mot"]
        cycles = 3 if trial.name.startswith("walk") else 2
        shift = (trial.end - trial.start) / cycles
        one = angles.time <= trial.end - shift
        for values in angles.values.T:
            later = np.interp(angles.time[one] + shift, angles.time, values)
            np.testing.assert_allclose(later, values[one], atol=1e-6)
        bend = np.abs(np.diff(angles.values, 3, axis=0))
        border = np.min(
            [np.abs(angles.time[2:-1] - trial.start - i * shift) for i in range(cycles + 1)], axis=0
        )
        assert np.all(bend[border < 0.02].max(axis=0) < 2 * bend[border >= 0.02].max(axis=0))


def test_emg_noise_is_a_tenth_of_the_excitation_and_independent_in_every_sample(subject):
    noise = []
    for trial in subject.trials:
        clean, noisy = trial.tables["emg_clean.sto"].values, trial.tables["emg.sto"].values
        assert clean.min() > 0
        assert noisy.min() >= 0
        assert noisy.max() <= 1
        noise.append(noisy / clean - 1)
    share = np.concatenate(noise)
    assert share.mean() == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(share.std(axis=0), EMG_NOISE, rtol=0.05)
    after_one_sample = np.concatenate([part[1:] * part[:-1] for part in noise]).mean(axis=0)
    np.testing.assert_allclose(after_one_sample, 0, atol=0.06 * EMG_NOISE**2)


def test_moment_noise_is_a_twentieth_of_the_moments_spread_and_slow(subject):
    for trial in subject.trials:
        clean = trial.tables["id_clean.sto"].values
        noise = trial.tables["id.sto"].values - clean
        np.testing.assert_allclose(noise.std(axis=0), MOMENT_NOISE * clean.std(axis=0), rtol=1e-4)
        power = np.abs(np.fft.rfft(noise * np.hanning(len(noise))[:, None], axis=0)) ** 2
        slow = np.fft.rfftfreq(len(noise), 0.01) < 12
        assert power[slow].sum() > 0.97 * power.sum()


def test_every_muscle_works_in_calibration(subject):
    excitations = [trial.tables["emg_clean.sto"] for trial in subject.trials if trial.role == "calibration"]
    most = np.max([table.values.max(axis=0) for table in excitations], axis=0)
    assert dict(zip(subject.muscles, most >= 0.2, strict=True)) == dict.fromkeys(subject.muscles, True)
