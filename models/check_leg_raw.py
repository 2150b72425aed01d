"""Runs OpenSim's tools on the raw recordings of the leg and says how well they find what was hidden in them.

Usage: python models/check_leg_raw.py [--base DIR] [TRIAL ...]

ScaleTool, InverseKinematicsTool and InverseDynamicsTool run from the setup files in
`tools_setup/leg_raw` and write to `results/leg_raw`. Their model, angles and moments are compared with
`leg_scaled.osim`, `_ik.mot` and `_id_clean.sto`; envelopes of the raw EMG with `_emg_clean.sto`.
"""

import argparse
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

import numpy as np
import opensim
from leg_raw import MODEL, MOMENTS, MUSCLES, RECORDED, TRIALS
from leg_subject import LEG
from movements import Trial
from raw_dynamics import quiet_output, read_columns
from raw_emg import RATE
from raw_setups import SCALED_MODEL
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt
from simulate import geometry, silence

HERE = Path(__file__).resolve().parent
MOST_ANGLE_ERROR = 1.0  # degrees, root mean square
LEAST_MOMENT_FIT = 0.99  # R2
MOST_LENGTH_ERROR = 2.0  # mm, root mean square of a muscle-tendon length
MOST_FIBER_ERROR = 0.02  # of optimal fiber length and tendon slack length
LEAST_CORRELATION = 0.95  # of envelope and clean excitation, where the muscle is active
ACTIVE = 0.08  # standard deviation of the clean excitation in the window of a muscle that counts as active
STEADY = 0.5  # s over which a contraction is averaged
EMG_BAND, ENVELOPE_CUTOFF = (30.0, 300.0), 6.0  # Hz


def run_tools(setups: Path, results: Path, trials: Sequence[Trial]) -> None:
    """Runs scaling once, then inverse kinematics and dynamics of every trial.

    OpenSim reads the model of IK and ID from where it is started, so this goes to the setup files.
    """
    results.mkdir(parents=True, exist_ok=True)
    with chdir(setups), quiet_output():
        assert opensim.ScaleTool("scale.xml").run()
        for trial in trials:
            assert opensim.InverseKinematicsTool(f"ik_{trial.name}.xml").run()
            assert opensim.InverseDynamicsTool(f"id_{trial.name}.xml").run()


def check_scaling(scaled: Path, trials: Sequence[Trial]) -> None:
    """Compares the model that ScaleTool made with the one that the recordings come from."""
    models = [opensim.Model(str(path)) for path in (MODEL, scaled)]
    wanted, found = (list(model.getMuscles()) for model in models)
    worst = 0.0
    for kind in ("OptimalFiberLength", "TendonSlackLength"):
        ratios = [
            getattr(b, f"get{kind}")() / getattr(a, f"get{kind}")() - 1
            for a, b in zip(wanted, found, strict=True)
        ]
        print(f"{kind}: {100 * min(ratios):+.2f} to {100 * max(ratios):+.2f} % off")
        worst = max(worst, *map(abs, ratios))
    errors = []
    for trial in trials:
        time, angle = read_columns(TRIALS / f"{trial.name}_ik.mot", list(LEG.coordinates))
        length = [
            geometry(m, LEG.coordinates, time[::5], np.radians(angle[::5])).length for m in (MODEL, scaled)
        ]
        errors.append(1e3 * np.sqrt(((length[1] - length[0]) ** 2).mean(axis=0)))
    most = np.max(errors, axis=0)
    print(
        f"muscle-tendon length: {most.min():.2f} to {most.max():.2f} mm off ({MUSCLES[int(most.argmax())]})"
    )
    assert worst < MOST_FIBER_ERROR
    assert most.max() < MOST_LENGTH_ERROR


def window(time: np.ndarray, trial: Trial) -> np.ndarray:
    """Returns which instants are scored."""
    return (time > trial.start - 1e-9) & (time < trial.end + 1e-9)


def check_angles_and_moments(results: Path, trial: Trial) -> None:
    """Compares inverse kinematics and inverse dynamics with what the subject did."""
    time, found = read_columns(results / f"{trial.name}_ik.mot", list(LEG.coordinates))
    _, wanted = read_columns(TRIALS / f"{trial.name}_ik.mot", list(LEG.coordinates))
    inside = window(time, trial)
    error = np.sqrt(((found - wanted)[inside] ** 2).mean(axis=0))
    time, found = read_columns(results / f"{trial.name}_id.sto", MOMENTS)
    _, wanted = read_columns(TRIALS / f"{trial.name}_id_clean.sto", MOMENTS)
    inside = window(time, trial)
    off = ((found - wanted)[inside] ** 2).mean(axis=0)
    fit = 1 - off / wanted[inside].var(axis=0)
    cells = zip(LEG.coordinates, error, fit, np.sqrt(off), strict=True)
    print(
        f"{trial.name:15s}", *(f"{c} {a:.2f} deg, R2 {r:.4f}, {m:.1f} N m" for c, a, r, m in cells), sep="  "
    )
    assert np.all(error < MOST_ANGLE_ERROR), trial.name
    assert np.all(fit > LEAST_MOMENT_FIT), trial.name


def envelope(raw: np.ndarray) -> np.ndarray:
    """Returns the linear envelope of raw signals, (time, channel)."""
    band = butter(3, EMG_BAND, "bandpass", fs=RATE, output="sos")
    low = butter(2, ENVELOPE_CUTOFF, fs=RATE, output="sos")
    return sosfiltfilt(low, np.abs(sosfiltfilt(band, raw, axis=0)), axis=0)


def check_emg(raw: Path, trials: Sequence[Trial]) -> None:
    """Compares envelopes, normalized by the maximal contractions, with clean excitations."""
    _, mvc = read_columns(raw / "mvc_emg_raw.sto", MUSCLES)
    most = envelope(mvc).max(axis=0)
    steady = uniform_filter1d(envelope(mvc), round(STEADY * RATE), axis=0).max(axis=0)
    share = []
    for trial in trials:
        time, signal = read_columns(raw / f"{trial.name}_emg_raw.sto", MUSCLES)
        coarse, clean = read_columns(TRIALS / f"{trial.name}_emg_clean.sto", MUSCLES)
        inside = window(time, trial)
        found = envelope(signal)[inside]
        wanted = np.stack([np.interp(time[inside], coarse, row) for row in clean.T], axis=1)
        correlation = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(found.T, wanted.T, strict=True)])
        share.append((found * wanted).sum(axis=0) / (wanted**2).sum(axis=0))
        active = wanted.std(axis=0) >= ACTIVE
        print(
            f"{trial.name:15s}  r {correlation[active].min():.3f} to {correlation[active].max():.3f} "
            f"in {active.sum()} active muscles; in all {correlation.min():.3f} to {correlation.max():.3f}, "
            f"{(correlation >= LEAST_CORRELATION).sum()} of {len(active)} at least {LEAST_CORRELATION}"
        )
        assert correlation[active].min() >= LEAST_CORRELATION, trial.name
    for what, level in (("greatest value", most), ("greatest half second", steady)):
        scale = np.array(share) / level
        print(
            f"envelope over excitation, by the contraction's {what}: {scale.min():.2f} to {scale.max():.2f}"
        )


def main() -> None:
    """Runs and checks all trials, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="*", default=RECORDED, help=f"of {', '.join(RECORDED)}")
    parser.add_argument(
        "--base", type=Path, default=HERE.parent, help="holds models/leg/raw and tools_setup/leg_raw"
    )
    arguments = parser.parse_args()
    silence()
    trials = [trial for trial in LEG.trials if trial.name in arguments.trials]
    results = arguments.base / "results" / "leg_raw"
    run_tools(arguments.base / "tools_setup" / "leg_raw", results, trials)
    check_scaling(results / SCALED_MODEL, trials)
    for trial in trials:
        check_angles_and_moments(results, trial)
    check_emg(arguments.base / "models" / "leg" / "raw", trials)


if __name__ == "__main__":
    main()
