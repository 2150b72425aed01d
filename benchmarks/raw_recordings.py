"""From raw recordings: envelopes against published ones, cycles against a person's judgement, the pipeline.

    python benchmarks/raw_recordings.py [--data DIR] [--write]

With --write the table of docs/raw_recordings.md is made again.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from virtual_subjects import machine, renew

from opensim_difcal import EMGProcessingTool, EMGRecording, NMSCalibrationTool, NMSPipelineTool
from opensim_difcal.calibration.metrics import pooled_agreement
from opensim_difcal.inputs.storage import Table, read_storage
from opensim_difcal.preprocessing.cycle_quality import JudgedCycle, QualityLimits, judged_cycles
from opensim_difcal.preprocessing.cycles import contact_cycles, contacts
from opensim_difcal.tools.calibration.inputs import read_inputs
from opensim_difcal.tools.calibration.run import calibrate_inputs
from opensim_difcal.tools.emg_processing.run import process_session, read_session

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "raw_recordings.md"
BEGIN, END = "<!-- raw_recordings: begin -->", "<!-- raw_recordings: end -->"
COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
TRIALS = ("walk36", "run81_a", "run81_b", "run81_bad")


def envelope_rows(data: Path) -> Iterator[str]:
    """Correlation of our envelopes with the published ones of Rajagopal et al.'s trial."""
    folder = data / "rajagopal_walk"
    published = read_storage(folder / "emg_channels.sto")
    usable = (published.time >= 0.1) & (published.time <= 2.3)
    for order, words in ((4, "4 in each pass"), (2, "2 in each pass, 4 in both")):
        tool = EMGProcessingTool(
            recordings=(EMGRecording(name="walk", emg_file=folder / "emg_raw.sto"),),
            band_pass_cutoff_frequencies=(30.0, 450.0),
            band_pass_order=order,
            low_pass_cutoff_frequency=6.0,
            low_pass_order=order,
        )
        _, ours = process_session(tool, read_session(tool)).trials[0].written(200.0)
        pairs = list(zip(ours[: len(usable)].T, published.values.T, strict=True))
        inside = [np.corrcoef(a[usable], b[usable])[0, 1] for a, b in pairs]
        whole = [np.corrcoef(a, b)[0, 1] for a, b in pairs]
        weakest = published.labels[int(np.argmin(whole))]
        second = sorted(whole)[1]
        yield (
            f"| published envelopes, correlation, filters of order {words} | 0.99 on every good channel | "
            f"{min(inside):.4f} to {max(inside):.4f} from 0.1 to 2.3 s; whole file {second:.4f} and above, "
            f"{weakest} {min(whole):.4f} |"
        )


def cycle_rows(data: Path) -> Iterator[str]:
    """Our judgement of cycles beside that of a person, and how far both are from the limits."""
    agree, total, bad_rejected = 0, 0, (0, 0)
    jumps: dict[bool, list[float]] = {True: [], False: []}
    postures: dict[bool, list[float]] = {True: [], False: []}
    for trial in TRIALS:
        forces, moments, motion = (
            read_storage(data / "lopes_subj06" / trial / name) for name in ("grf.mot", "id.sto", "ik.sto")
        )
        found = _judged(forces, moments, motion)
        with (data / "lopes_subj06" / trial / "cycles.csv").open() as file:
            clean = [row["clean"] == "1" for row in csv.DictReader(file)]
        agree += sum(each.is_good == flag for each, flag in zip(found, clean, strict=True))
        total += len(clean)
        if trial == "run81_bad":
            bad_rejected = sum(not each.is_good for each in found), len(found)
        for each, flag in zip(found, clean, strict=True):
            posture = _posture(each, motion)
            postures[posture < 0.3].append(posture)
            if posture < 0.3:
                jumps[flag].append(_jump(each, moments))
    yield f"| cycles judged as by a person | 9 of 10 | {agree} of {total} |"
    yield f"| cycles of `run81_bad` rejected | all | {bad_rejected[0]} of {bad_rejected[1]} |"
    yield (
        "| largest jump of a moment in its ranges, accepted; smallest, rejected (limit "
        f"{QualityLimits().moment_jump:g}) | | {max(jumps[True]):.2f}; {min(jumps[False]):.2f} |"
    )
    yield (
        "| largest difference of posture in ranges, accepted; smallest, rejected (limit "
        f"{QualityLimits().posture_difference:g}) | | {max(postures[True]):.2f}; {min(postures[False]):.2f} |"
    )


def pipeline_rows() -> Iterator[str]:
    """The virtual leg, from raw recordings to the .osim, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("tools_setup/leg_raw", "models/leg/raw"):
            shutil.copytree(ROOT / part, folder / part)
        setup = folder / "tools_setup" / "leg_raw" / "pipeline.xml"
        first, again = _seconds(setup, folder / "cache"), _seconds(setup, folder / "cache")
        assert (folder / "results" / "leg_raw" / "calibration" / "leg_personalised.osim").is_file()
        yield (
            f"| virtual leg, raw recordings to `.osim`: cold, empty cache; again, nothing changed | 90 s | "
            f"{first:.0f} s; {again:.0f} s |"
        )
        NMSPipelineTool(setup).run()
        yield from _accuracy_rows(folder)


def _accuracy_rows(folder: Path) -> Iterator[str]:
    setups = folder / "tools_setup" / "leg_raw"
    with (ROOT / "models" / "leg" / "leg_truth.csv").open() as file:
        truth = {row["muscle"]: row for row in csv.DictReader(file)}
    for span in (0.5, 0.0):
        emg = replace(EMGProcessingTool(setups / "emg.xml"), mvc_span=span)
        emg.run()
        tool = NMSCalibrationTool(setups / "calibration.xml").with_cycles()
        inputs = read_inputs(tool)
        result = calibrate_inputs(tool, inputs)
        unseen = [each for each in result.calibrated if each.trial.role == "validation"]
        r2 = ", ".join(f"{each.r2:.3f}" for each in pooled_agreement(unseen).values())
        errors = []
        for parameter, column in (
            ("max_isometric_force", "strength"),
            ("optimal_fiber_length", "fiber length"),
            ("tendon_slack_length", "slack length"),
        ):
            change = result.parameters[parameter]
            true = np.array([float(truth[muscle][parameter]) for muscle in inputs.muscles.names])
            before, after = (np.median(np.abs(v / true - 1)) for v in (change.initial, change.final))
            errors.append(f"{column} {100 * before:.1f} → {100 * after:.1f} %")
        how = "largest mean over 0.5 s" if span else "largest value"
        what = f"R² of unseen trials; median errors; contractions by their {how}"
        yield f"| {what} | | {r2}; {', '.join(errors)} |"


def _seconds(setup: Path, cache: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "opensim_difcal", "run-tool", str(setup), "--no-progress"],
        check=True,
        capture_output=True,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )
    return time.perf_counter() - begin


def _judged(forces: Table, moments: Table, motion: Table) -> tuple[JudgedCycle, ...]:
    own, other = (contacts(forces.time, forces.column(f"{side}ground_force_vy")) for side in ("", "l_"))
    return judged_cycles(
        contact_cycles(own),
        coordinates={name: (motion.time, motion.column(name)) for name in COORDINATES},
        moments={name: (moments.time, moments.column(f"{name}_moment")) for name in COORDINATES},
        recorded={},
        feet=(own, other),
    )


def _posture(each: JudgedCycle, motion: Table) -> float:
    """Largest difference between a cycle's end and its start, in the coordinate's range."""
    differences = []
    for name in COORDINATES:
        first, last = np.interp([each.cycle.start, each.cycle.end], motion.time, motion.column(name))
        differences.append(abs(last - first) / np.ptp(motion.column(name)))
    return float(max(differences))


def _jump(each: JudgedCycle, moments: Table) -> float:
    """Largest change of a moment between two samples, in its range."""
    inside = (moments.time >= each.cycle.start) & (moments.time <= each.cycle.end)
    found = []
    for name in COORDINATES:
        values = moments.column(f"{name}_moment")
        low, high = np.percentile(values, [2.5, 97.5])
        found.append(np.abs(np.diff(values[inside])).max() / (high - low))
    return float(max(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines = ["| what | asked | measured |", "|---|---|---|"]
    for row in (*envelope_rows(options.data), *cycle_rows(options.data), *pipeline_rows()):
        print(row, flush=True)
        lines.append(row)
    lines += ["", f"Printed by `python benchmarks/raw_recordings.py` on {machine()}, {os.cpu_count()} cores."]
    if options.write:
        renew(PAGE, "\n".join(lines), BEGIN, END)


if __name__ == "__main__":
    main()
