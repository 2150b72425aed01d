"""Thelen muscles as Millard muscles: by how much forces change along measured walking and running.

One clean gait cycle each of walk36 and run81_a, with both kinds of curves; muscles without an
electrode have the activation 0.3 all the time. Prints the tables of docs/theory.md.

    python benchmarks/conversion.py [--data DIR]
"""

import argparse
import csv
import os
import tempfile
from pathlib import Path

import numpy as np

from opensim_difcal import MotionFiles, MuscleConversionTool
from opensim_difcal.outputs.conversion_report import Conversion
from opensim_difcal.physics.bezier import evaluate
from opensim_difcal.physics.thelen_curves import ACTIVE_LENGTHS, ThelenCurves, closest_millard_curves

ROOT = Path(__file__).resolve().parents[1]
TRIALS = ("walk36", "run81_a")
COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
GAIT2392 = ThelenCurves(FmaxTendonStrain=0.033, KshapeActive=0.5, KshapePassive=4.0, Af=0.3, Flen=1.8)


def converted(data: Path, results: Path, curves: str) -> Conversion:
    """Converts the scaled gait2392 and compares all its muscles along both trials."""
    folder = data / "lopes_subj06"
    tool = MuscleConversionTool(
        name="lopes_subj06",
        model_file=folder / "gait2392_subj06_scaled_est.osim",
        results_directory=results,
        curves=curves,
        trials=tuple(_trial(folder / name) for name in TRIALS),
        coordinates=COORDINATES,
        lowpass_cutoff_frequency_for_coordinates=12.0,
    )
    return tool.run().conversion


def force_rows(conversion: Conversion) -> list[str]:
    """One row per trial: change of tendon forces, and of moments."""
    rows = []
    for trial in conversion.trials:
        changes = trial.force_changes(conversion.max_isometric_force)
        relative = 100.0 * np.array([change.relative_rms for change in changes])
        own = [100.0 * change.rms / change.thelen_rms for change in changes]
        worst = ", ".join(f"{each.muscle} {100 * each.relative_rms:.1f}" for each in changes[:3])
        moments = ", ".join(f"{each.rms:.1f} of {each.thelen_rms:.0f}" for each in trial.moment_changes())
        rows.append(
            f"| {conversion.curves} | {trial.name} | {len(changes)} | {np.median(relative):.1f} | "
            f"{np.median(own):.0f} | {worst} | {moments} |"
        )
    return rows


def curve_rows(thelen: ThelenCurves) -> list[str]:
    """One row per curve: largest and RMS distance of the fitted Millard curve."""
    millard = closest_millard_curves(thelen)
    spans = {
        "active force-length": (millard.active_force_length, thelen.active_force_length, ACTIVE_LENGTHS),
        "passive force-length": (
            millard.fiber_force_length,
            thelen.passive_force_length,
            (1.0, 1.0 + thelen.FmaxMuscleStrain),
        ),
        "force-velocity": (millard.force_velocity, thelen.force_velocity, (-1.0, 1.0)),
        "tendon": (millard.tendon_force_length, thelen.tendon_force_length, (1.0, 1.0 + thelen.toe_strain)),
    }
    rows = []
    for name, (curve, wanted, (first, last)) in spans.items():
        corners = curve.corners()
        x = np.linspace(first, min(last, corners[-1].last), 401)
        away = evaluate(corners, x) - wanted(x)
        worst = int(np.argmax(np.abs(away)))
        rows.append(
            f"| {name} | {np.abs(away[worst]):.3f} at {x[worst]:.2f} | {np.sqrt(np.mean(away**2)):.3f} |"
        )
    return rows


def _trial(folder: Path) -> MotionFiles:
    """The first clean gait cycle."""
    with (folder / "cycles.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["clean"] == "1")
    return MotionFiles(
        name=folder.name,
        coordinates_file=folder / "ik.sto",
        excitations_file=folder / "emg.sto",
        time_range=(float(row["t_heel_strike_r"]), float(row["t_next_heel_strike_r"])),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    data = parser.parse_args().data
    print("| curve | largest distance | RMS |\n|---|---|---|")
    print(*curve_rows(GAIT2392), sep="\n")
    print(
        "\n| curves | trial | muscles | change of tendon force, RMS, median, % of max_isometric_force | "
        "% of the muscle's own RMS force, median | most, % | moments hip, knee, ankle: change of, RMS, N m |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for curves in ("thelen", "millard"):
            print(*force_rows(converted(data, Path(folder) / curves, curves)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
