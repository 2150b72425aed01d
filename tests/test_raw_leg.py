"""The raw recordings of the leg: what the script makes, and OpenSim finds in them what was hidden there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import Table, read_storage

ROOT = Path(__file__).resolve().parents[1]
RAW = ROOT / "models" / "leg" / "raw"
TRIALS = ROOT / "models" / "leg" / "trials"
SETUPS = ROOT / "tools_setup" / "leg_raw"
TRIAL = "walk_fast_1"
RECORDED = (
    "walk_slow_1",
    "walk_normal_1",
    "walk_fast_1",
    "squat_1",
    "heel_raise_1",
    "walk_normal_2",
    "walk_fast_2",
    "squat_2",
)
OF_A_TRIAL = (".trc", "_forces.mot", "_external_loads.xml", "_emg_raw.sto")
CYCLE = {
    "walk_slow_1": 1.3,
    "walk_normal_1": 1.12,
    "walk_fast_1": 1.0,
    "walk_normal_2": 1.16,
    "walk_fast_2": 1.04,
}
BODY_WEIGHT = 75 * 9.80665  # N
CONTACT = 20.0  # N
LAST_DIGIT = {".trc": 0.011, ".sto": 1.0, ".mot": 2e-3, ".osim": 1e-9, ".xml": 0.0, ".csv": 0.0}


def run_script(name: str, base: Path) -> str:
    """Runs a script of `models/` on one trial; its base gets or holds the recordings."""
    command = [sys.executable, str(ROOT / "models" / name), "--base", str(base), TRIAL]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=base, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def solved(tmp_path_factory) -> Path:
    """Where OpenSim's tools ran on a copy of the recordings of one trial."""
    base = tmp_path_factory.mktemp("raw_leg")
    shutil.copytree(RAW, base / "models" / "leg" / "raw")
    shutil.copytree(SETUPS, base / "tools_setup" / "leg_raw", ignore=shutil.ignore_patterns("*.log"))
    (base / "printed.txt").write_text(run_script("check_leg_raw.py", base))
    return base


def scored(found: Table, wanted: Table) -> tuple[np.ndarray, np.ndarray]:
    """Returns both tables' values in the scored window of three cycles of 1 s."""
    assert found.labels == wanted.labels
    np.testing.assert_allclose(found.time, wanted.time, atol=1e-6)
    inside = (found.time > 0.4 - 1e-9) & (found.time < 3.4 + 1e-9)
    return found.values[inside], wanted.values[inside]


def envelope(signals: np.ndarray) -> np.ndarray:
    """The usual linear envelope of signals at 1000 Hz."""
    band = butter(3, (30, 300), "bandpass", fs=1000, output="sos")
    low = butter(2, 6, fs=1000, output="sos")
    return sosfiltfilt(low, np.abs(sosfiltfilt(band, signals, axis=0)), axis=0)


def test_every_trial_has_markers_forces_loads_and_emg():
    expected = {f"{trial}{end}" for trial in RECORDED for end in OF_A_TRIAL}
    shared = {"leg_generic.osim", "static.trc", "mvc_emg_raw.sto", "emg_channels.csv"}
    assert {path.name for path in RAW.iterdir()} == expected | shared
    setups = {f"{tool}_{trial}.xml" for tool in ("ik", "id") for trial in RECORDED}
    setups |= {"scale.xml", "emg.xml", "calibration.xml", "pipeline.xml"}
    assert {path.name for path in SETUPS.glob("*.xml")} == setups
    assert sum(path.stat().st_size for path in RAW.iterdir()) < 8e6


@pytest.mark.opensim
def test_the_script_makes_the_committed_files_again(tmp_path):
    run_script("leg_raw.py", tmp_path)
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == len(OF_A_TRIAL) + 4 + 3
    for path in made:
        old = (ROOT / path.relative_to(tmp_path)).read_text()
        before, after = (re.split(r"[\s<>,]+", text) for text in (old, path.read_text()))
        assert len(before) == len(after), path.name
        for one, other in zip(before, after, strict=True):
            if one != other:  # rounding differs from one machine to another
                assert float(one) == pytest.approx(float(other), abs=LAST_DIGIT[path.suffix]), path.name


@pytest.mark.opensim
def test_scale_tool_makes_the_scaled_model_of_the_generic_one(solved):
    generic, made, wanted = (
        load_model(path)
        for path in (
            RAW / "leg_generic.osim",
            solved / "results" / "leg_raw" / "leg_scaled_by_tool.osim",
            ROOT / "models" / "leg" / "leg_scaled.osim",
        )
    )
    lengths = np.array(
        [
            [(m.getOptimalFiberLength(), m.getTendonSlackLength()) for m in model.getMuscles()]
            for model in (generic, made, wanted)
        ]
    )
    start, end = (np.abs(lengths[i] / lengths[2] - 1).max() for i in (0, 1))
    assert start > 0.05
    assert end < 0.005
    masses = [[body.getMass() for body in model.getBodySet()] for model in (made, wanted)]
    np.testing.assert_allclose(masses[0], masses[1], rtol=1e-6)


@pytest.mark.opensim
def test_inverse_kinematics_finds_the_joint_angles(solved):
    found, wanted = scored(
        read_storage(solved / "results" / "leg_raw" / f"{TRIAL}_ik.mot"),
        read_storage(TRIALS / f"{TRIAL}_ik.mot"),
    )
    error = np.sqrt(((found - wanted) ** 2).mean(axis=0))
    assert np.all(error > 0.02)  # markers are noisy
    assert np.all(error < 1)


@pytest.mark.opensim
def test_inverse_dynamics_finds_the_clean_joint_moments(solved):
    found, wanted = scored(
        read_storage(solved / "results" / "leg_raw" / f"{TRIAL}_id.sto"),
        read_storage(TRIALS / f"{TRIAL}_id_clean.sto"),
    )
    fit = 1 - ((found - wanted) ** 2).mean(axis=0) / wanted.var(axis=0)
    assert np.all(fit > 0.99)


@pytest.mark.opensim
def test_the_check_prints_a_line_for_every_comparison(solved):
    printed = (solved / "printed.txt").read_text()
    for what in ("OptimalFiberLength", "muscle-tendon length", "R2 0.99", "active muscles", "half second"):
        assert what in printed


@pytest.mark.parametrize("trial", CYCLE)
def test_plate_force_looks_like_walking(trial):
    table = read_storage(RAW / f"{trial}_forces.mot")
    up = table.column("ground_force_vy")
    loaded = up > CONTACT
    strikes = table.time[1:][loaded[1:] & ~loaded[:-1]]
    np.testing.assert_allclose(strikes, 0.4 + CYCLE[trial] * np.arange(4), atol=0.015)
    for begin, end in zip(strikes[:-1], strikes[1:], strict=True):
        cycle = (table.time >= begin) & (table.time < end)
        assert 0.55 < loaded[cycle].mean() < 0.62
        assert np.all(np.abs(up[cycle][~loaded[cycle]]) < CONTACT)
        stance = up[cycle & loaded] / BODY_WEIGHT
        thirds = np.array_split(stance, 3)
        assert thirds[0].max() > 1
        assert thirds[2].max() > 1
        assert thirds[1].min() < 0.85
        along = table.column("ground_force_vx")[cycle & loaded]
        assert along[: len(along) // 2].min() < -0.1 * BODY_WEIGHT
        assert along[len(along) // 2 :].max() > 0.03 * BODY_WEIGHT


@pytest.mark.parametrize(("trial", "share"), [("squat_1", 0.5), ("squat_2", 0.5), ("heel_raise_1", 0.9)])
def test_standing_keeps_the_foot_on_the_plate(trial, share):
    up = read_storage(RAW / f"{trial}_forces.mot").column("ground_force_vy") / BODY_WEIGHT
    assert up.mean() == pytest.approx(share, abs=0.05)
    assert np.ptp(up) < 0.3


def test_envelopes_follow_the_excitations_of_active_muscles():
    raw, clean = read_storage(RAW / f"{TRIAL}_emg_raw.sto"), read_storage(TRIALS / f"{TRIAL}_emg_clean.sto")
    assert raw.labels == clean.labels
    assert np.all(raw.values == np.round(raw.values))
    assert np.abs(raw.values).max() < 2**15
    mvc = read_storage(RAW / "mvc_emg_raw.sto")
    assert mvc.labels == raw.labels
    inside = (raw.time > 0.4) & (raw.time < 3.4)
    found = (envelope(raw.values) / envelope(mvc.values).max(axis=0))[inside]
    wanted = np.stack([np.interp(raw.time[inside], clean.time, one) for one in clean.values.T], axis=1)
    active = wanted.std(axis=0) >= 0.08
    assert active.sum() >= 5
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(found.T, wanted.T, strict=True)]
    assert np.all(np.array(correlation)[active] >= 0.95)
    share = (found * wanted).sum(axis=0) / (wanted**2).sum(axis=0)
    assert np.all((share > 0.65) & (share < 1))


def test_raw_emg_has_what_processing_must_take_away():
    mvc = read_storage(RAW / "mvc_emg_raw.sto")
    rest = mvc.values[mvc.time >= 2.2]
    rest = rest[: len(rest) // 1000 * 1000, mvc.labels.index("glut_max1_r")]
    assert abs(rest.mean()) > 100
    power = np.abs(np.fft.rfft(rest - rest.mean())) ** 2
    frequency = np.fft.rfftfreq(len(rest), 1e-3)
    near = (frequency > 40) & (frequency < 60)
    assert power[near].max() > 20 * np.median(power[near])
    assert frequency[near][power[near].argmax()] == pytest.approx(50)
    wander, baseline = ((low < frequency) & (frequency < high) for low, high in ((0.2, 4), (30, 300)))
    assert power[wander].mean() > 20 * np.median(power[baseline])
    assert np.median(power[baseline]) > 0


def test_raw_emg_has_the_spectrum_of_surface_electrodes():
    mvc = read_storage(RAW / "mvc_emg_raw.sto")
    effort = mvc.values[(mvc.time >= 0.5) & (mvc.time < 1.5), :3]
    power = (np.abs(np.fft.rfft(effort - effort.mean(axis=0), axis=0)) ** 2).sum(axis=1)
    share = np.cumsum(power) / power.sum()
    frequency = np.fft.rfftfreq(len(effort), 1e-3)
    assert 100 < frequency[np.searchsorted(share, 0.5)] < 180
    assert frequency[np.searchsorted(share, 0.02)] > 20
    assert frequency[np.searchsorted(share, 0.99)] < 420
