"""Makes raw recordings of the virtual leg: markers, forces and raw EMG, and the unscaled model.

Usage: python models/leg_raw.py [--base DIR] [TRIAL ...]

What they are made of lies in `models/leg`: the scaled model's geometry, the true joint angles,
the clean joint moments and the clean excitations. `check_leg_raw.py` says how well OpenSim finds these again.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import raw_emg
import raw_forces
import raw_markers
from leg_subject import LEG
from movements import TAIL, Trial
from raw_dynamics import moments_without_loads, read_columns
from raw_kinematics import body_motions
from raw_setups import write_setups
from scipy.interpolate import CubicSpline
from simulate import silence
from storage import write_csv, write_storage

HERE = Path(__file__).resolve().parent
MODEL = HERE / "leg" / "leg_scaled.osim"
TRIALS = HERE / "leg" / "trials"
SEED = 20240611
RECORDED = (
    "walk_slow_1", "walk_normal_1", "walk_fast_1", "squat_1", "heel_raise_1",
    "walk_normal_2", "walk_fast_2", "squat_2",
)  # fmt: skip
STATIC_POSE = (3.0, 5.0, 2.0)  # degrees: hip, knee, ankle
STATIC_END = 1.0  # s
MASS = 23.88  # kg, of the modelled bodies
FORCE_NOISE = 1.0  # N, standard deviation of every component while the foot is on the plate
MUSCLES = [muscle.name for muscle in LEG.muscles]
MOMENTS = [f"{name}_moment" for name in LEG.coordinates]


def random(*key: int) -> np.random.Generator:
    """Returns the generator that belongs to one file."""
    return np.random.default_rng([SEED, *key])


def instants(end: float, rate: float) -> np.ndarray:
    """Returns the sampled instants from 0 to the end, s."""
    return np.arange(round(end * rate) + 1) / rate


def write_model_and_static(folder: Path) -> None:
    """Writes the unscaled model and the static trial."""
    raw_markers.write_generic_model(MODEL, folder / "leg_generic.osim", random(0))
    time = instants(STATIC_END, raw_markers.RATE)
    posture = np.tile(np.radians(STATIC_POSE), (len(time), 1))
    motion = body_motions(MODEL, LEG.coordinates, posture)
    raw_markers.write_trc(folder / "static.trc", time, raw_markers.seen_markers(motion, random(1)))


def write_markers(folder: Path, trial: Trial, index: int) -> None:
    """Writes a trial's markers."""
    time, angle = read_columns(TRIALS / f"{trial.name}_ik.mot", list(LEG.coordinates))
    motion = body_motions(MODEL, LEG.coordinates, np.radians(angle))
    markers = raw_markers.seen_markers(motion, random(2, index))
    raw_markers.write_trc(folder / f"{trial.name}.trc", time, markers)


def write_forces(folder: Path, trial: Trial, index: int) -> dict[str, float]:
    """Writes a trial's forces; returns the root mean square of what the motors do at each joint, N m."""
    motion_file = TRIALS / f"{trial.name}_ik.mot"
    coarse, angle = read_columns(motion_file, list(LEG.coordinates))
    _, clean = read_columns(TRIALS / f"{trial.name}_id_clean.sto", MOMENTS)
    _, without = moments_without_loads(MODEL, motion_file, MOMENTS)
    time = instants(trial.end + TAIL, raw_forces.RATE)
    motion = body_motions(MODEL, LEG.coordinates, CubicSpline(coarse, np.radians(angle))(time))
    wanted = CubicSpline(coarse, without - clean)(time)
    stances = raw_forces.contacts(trial.name, time, trial.start, trial.cycle)
    plate = raw_forces.plate(trial.name, time, stances, motion["foot_r"], wanted)
    left = wanted - motion["foot_r"].force_share(plate.point, plate.force)
    motors = raw_forces.motor_torques(motion, left)
    noise = FORCE_NOISE * random(3, index).standard_normal(plate.force.shape)
    plate.force[:] += np.where(plate.force[:, 1:2] > 0, noise, 0.0)
    write_storage(
        folder / f"{trial.name}_forces.mot",
        time,
        raw_forces.force_columns(plate, motors),
        degrees=False,
        digits=6,
    )
    return dict(zip(LEG.coordinates, np.sqrt((left**2).mean(axis=0)), strict=True))


def write_emg(folder: Path, trial: Trial, index: int, channels: dict[str, tuple[int, int]]) -> None:
    """Writes a trial's raw EMG."""
    coarse, clean = read_columns(TRIALS / f"{trial.name}_emg_clean.sto", MUSCLES)
    time = instants(trial.end + TAIL, raw_emg.RATE)
    excitation = {name: np.interp(time, coarse, row) for name, row in zip(MUSCLES, clean.T, strict=True)}
    signals = raw_emg.raw_signals(excitation, channels, random(4, index))
    write_storage(folder / f"{trial.name}_emg_raw.sto", time, signals, degrees=False, digits=6)


def write_mvc(folder: Path, channels: dict[str, tuple[int, int]]) -> None:
    """Writes the trial of maximal contractions, strength group by strength group."""
    groups: dict[str, list[str]] = {}
    for muscle in LEG.muscles:
        groups.setdefault(muscle.group, []).append(muscle.name)
    time, excitation = raw_emg.mvc_excitations(groups)
    excitation = {name: excitation[name] for name in MUSCLES}
    signals = raw_emg.raw_signals(excitation, channels, random(5))
    write_storage(folder / "mvc_emg_raw.sto", time, signals, degrees=False, digits=6)


def make(folder: Path, setups: Path, names: Sequence[str]) -> None:
    """Writes everything into a folder, and the setup files into another; of the trials only those named."""
    folder.mkdir(parents=True, exist_ok=True)
    channels = raw_emg.channel_table(MUSCLES, random(6))
    write_csv(
        folder / "emg_channels.csv", ("muscle", "gain", "offset"), ((m, *channels[m]) for m in channels)
    )
    write_model_and_static(folder)
    write_mvc(folder, channels)
    trials = [trial for trial in LEG.trials if trial.name in names]
    for trial in trials:
        index = RECORDED.index(trial.name)
        write_markers(folder, trial, index)
        motors = write_forces(folder, trial, index)
        write_emg(folder, trial, index, channels)
        print(trial.name, *(f"motor {name} {value:.0f} N m" for name, value in motors.items()), sep="  ")
    ends = [(trial.name, trial.end + TAIL) for trial in trials]
    write_setups(setups, folder, MASS, STATIC_END, ends)


def main() -> None:
    """Makes all recordings, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="*", default=RECORDED, help=f"of {', '.join(RECORDED)}")
    parser.add_argument(
        "--base", type=Path, default=HERE.parent, help="gets models/leg/raw and tools_setup/leg_raw"
    )
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.trials) - set(RECORDED)):
        parser.error(f"unknown trials {', '.join(unknown)}; there are {', '.join(RECORDED)}")
    silence()
    make(
        arguments.base / "models" / "leg" / "raw",
        arguments.base / "tools_setup" / "leg_raw",
        arguments.trials,
    )


if __name__ == "__main__":
    main()
