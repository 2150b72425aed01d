"""Muscle geometry against OpenSim's computeMomentArm: how much faster, and how near.

A 150-frame walking trial, the 40 muscles of the right leg, hip, knee and ankle. The loop poses the
model and calls `computeMomentArm` for every muscle and coordinate in every frame.

    python benchmarks/geometry_speed.py [--data DIR]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from opensim_difcal.inputs.coordinates import coordinate_values
from opensim_difcal.inputs.crossing import crossing
from opensim_difcal.inputs.geometry_cache import GeometryCache
from opensim_difcal.inputs.moment_arms import opensim_moment_arms
from opensim_difcal.inputs.motion import Motion, independent_coordinate
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import find_muscles, load_model
from opensim_difcal.inputs.storage import read_storage

MODELS = ("rajagopal_walk/subject_walk_scaled.osim", "models/Rajagopal2016.osim")
COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
N_FRAMES = 150
N_REPEATS = 5


def measure(data: Path, model_file: str = MODELS[0]) -> dict[str, float]:
    """Returns times of both ways, and how far their moment arms differ.

    Args:
        data: Folder of the measurements.
        model_file: A model of the walking person, in that folder.
    """
    model = load_model(data / model_file)
    table = read_storage(data / "rajagopal_walk/ik.mot")
    first = int(np.searchsorted(table.time, 0.1 - 1e-9))
    frames = slice(first, first + N_FRAMES)
    motion = coordinate_values(table, model, COORDINATES)
    values = {name: series[frames] for name, series in motion.values.items()}
    times = table.time[frames]
    names = tuple(name for name in muscle_names(model) if name.endswith("_r"))
    posed = Motion(model, times, values)
    muscles = find_muscles(model, names)
    coordinates = [independent_coordinate(posed, name) for name in COORDINATES]
    pairs = list(np.ndindex(len(COORDINATES), len(names)))

    def uncached():
        return MusclePaths(model, names, COORDINATES).along(times, values)

    def loop():
        return opensim_moment_arms(posed, muscles, coordinates, pairs, np.arange(N_FRAMES))

    before = [_seconds(uncached) for _ in range(N_REPEATS)]
    loop_seconds = _seconds(loop)
    uncached_seconds = statistics.median(before + [_seconds(uncached) for _ in range(N_REPEATS)])
    with tempfile.TemporaryDirectory() as folder:
        paths = MusclePaths(model, names, COORDINATES, GeometryCache(Path(folder)), "benchmark")
        paths.along(times, values)
        cached_seconds = statistics.median(
            _seconds(lambda: paths.along(times, values)) for _ in range(N_REPEATS)
        )
    geometry = uncached()
    spans = crossing(model, names, COORDINATES)
    difference = np.abs(geometry.moment_arm - loop().reshape(geometry.moment_arm.shape)).max(axis=0)
    return {
        "n_frames": N_FRAMES,
        "n_muscles": len(names),
        "loop_seconds": loop_seconds,
        "uncached_seconds": uncached_seconds,
        "cached_seconds": cached_seconds,
        "times_faster": loop_seconds / uncached_seconds,
        "max_difference_mm": 1e3 * float(difference.max()),
        "max_difference_where_spanned_mm": 1e3 * float(difference[spans].max()),
        "n_pairs": int(spans.sum()),
        "n_guarded_pairs": len(geometry.exact_moment_arms),
    }


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=beside)
    data = parser.parse_args().data
    for model_file in MODELS:
        print(model_file)
        for name, value in measure(data, model_file).items():
            print(f"    {name:34}{value:.4g}")


if __name__ == "__main__":
    main()
