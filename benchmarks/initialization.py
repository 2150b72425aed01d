"""Start values: how fast and how good they are, and what they change in calibrations.

    python benchmarks/initialization.py [--data DIR] [--write]

Maps the lengths of two really scaled models, compares forces from volumes with the model that was made
so, and calibrates with and without repairs and start values. With --write the section "Start values" of
docs/validation.md is made again.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from confidence import wrapped
from real_data_setups import lopes, rajagopal
from real_data_text import CycleScores, variant_row
from virtual_subjects import renew

from opensim_difcal import MuscleInitializationTool, NMSCalibrationTool
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.initialization.feasibility import repaired
from opensim_difcal.initialization.muscle_volumes import forces_from_volumes
from opensim_difcal.initialization.result import InitializationResult
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, read_inputs
from opensim_difcal.tools.calibration.run import calibrate_inputs

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
BEGIN, END = "<!-- initialization: begin -->", "<!-- initialization: end -->"
PAIRS = {
    "Rajagopal2016 to rajagopal_walk": (
        "models/Rajagopal2016.osim",
        "rajagopal_walk/subject_walk_scaled.osim",
    ),
    "gait2392 to lopes_subj06": (
        "lopes_subj06/gait2392_generic.osim",
        "lopes_subj06/gait2392_subj06_scaled_est.osim",
    ),
}
SAMPLING = ({}, {"samples_per_coordinate": 5}, {"max_poses": 1000})
RAJAGOPAL = {"height": 1.70, "mass": 75.337}  # of its authors' generic person
WALKER = {"height": 1.83, "mass": 85.07}
NARROW = {"optimal_fiber_length_bounds": (0.85, 1.15), "tendon_slack_length_bounds": (0.85, 1.15)}
SETTINGS: dict[str, dict[str, Any]] = {
    "as in Real measurements": {},
    "length bounds 0.85 to 1.15": NARROW,
    "prior weight 0.1": {"prior_weight": 0.1},
    "tendons in equilibrium": {"elastic_tendon": "equilibrium"},
    "calibrated on 2 walking cycles": {"calibration": ("walk36_01", "walk36_02")},
    "AdamW, 200 iterations": {"optimizer": "adamw", "max_iterations": 200},
    "preset hambly2024": {"preset": "hambly2024", "prior_weight": 0.0},
}
SHORTEST = (None, 0.25, 0.5, 0.7)
N_SETS = 14
COLUMNS = "| walk36 | run81_a | run81_b | seen | at a bound | iterations | seconds |\n|---|---|"


Seconds = tuple[float, float]
"""Of the clock, and of the processor."""


def initialized(
    data: Path, folder: Path, pair: str, **properties: Any
) -> tuple[InitializationResult, Seconds]:
    """Runs the tool on a pair of models; the result and the seconds it took."""
    reference, scaled = (data / path for path in PAIRS[pair])
    settings: dict[str, Any] = {
        "model_file": scaled,
        "reference_model_file": reference,
        "convert_thelen_muscles": True,
        "results_directory": folder,
    }
    started, worked = time.perf_counter(), time.process_time()
    outcome = MuscleInitializationTool(**(settings | properties)).run()
    return outcome.result, (time.perf_counter() - started, time.process_time() - worked)


def mapping_lines(data: Path) -> Iterator[str]:
    """Time, remaining differences, and what fewer poses change."""
    yield (
        "| models | muscles | samples | poses at most | poses, all muscles | RMS before | after | largest "
        "after | muscles worse | optimal_fiber_length, largest change | tendon_slack_length | "
        "seconds, of the processor |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for pair in PAIRS:
        full: InitializationResult | None = None
        for properties in SAMPLING:
            with tempfile.TemporaryDirectory() as folder:
                result, seconds = initialized(data, Path(folder), pair, **properties)
            full = full or result
            yield _mapping_row(pair, properties, result, full, seconds)


def _mapping_row(
    pair: str,
    properties: dict[str, int],
    result: InitializationResult,
    full: InitializationResult,
    seconds: Seconds,
) -> str:
    rms = np.array([each.fiber_difference for each in result.muscles if each.fiber_difference is not None])
    n_poses = sum(each.mapping.n_poses for each in result.muscles if each.mapping is not None)
    changes = [
        max(
            abs(getattr(ours, name)[1] / getattr(theirs, name)[1] - 1.0)
            for ours, theirs in zip(result.muscles, full.muscles, strict=True)
        )
        for name in ("optimal_fiber_length", "tendon_slack_length")
    ]
    shown = ["", ""] if result is full else [f"{100.0 * change:.1f} %" for change in changes]
    samples, most = properties.get("samples_per_coordinate", 10), properties.get("max_poses", 10_000)
    return (
        f"| {pair} | {len(rms)} | {samples} | {most} | {n_poses} | {np.median(rms[:, 0]):.4f} | "
        f"{np.median(rms[:, 1]):.4f} | {rms[:, 1].max():.3f} | {int((rms[:, 1] > rms[:, 0] + 1e-4).sum())} | "
        f"{' | '.join(shown)} | {seconds[0]:.1f}, {seconds[1]:.1f} |"
    )


def volume_line(data: Path) -> str:
    """Forces of Rajagopal2016 against those from volumes."""
    model = load_model(data / "models/Rajagopal2016.osim")
    muscles = read_muscles(model, muscle_names(model))
    own, optimal = muscles.max_isometric_force.numpy(), muscles.optimal_fiber_length.numpy()
    found = forces_from_volumes(muscles.names, optimal, model_volume=own * optimal, **RAJAGOPAL)
    ratio = np.array([found.max_isometric_force[name] for name in muscles.names]) / own
    total = sum(found.max_isometric_force.values()) / own.sum()
    return (
        f"Forces of the 80 muscles of Rajagopal2016, whose authors took these volumes and 60 N/cm², from "
        f"{RAJAGOPAL['height']:g} m and {RAJAGOPAL['mass']:g} kg: {ratio.min():.3f} to {ratio.max():.3f} of "
        f"the model's own, together {total:.4f}."
    )


def repair_lines(data: Path) -> Iterator[str]:
    """Calibrations of lopes_subj06 with and without repair."""
    yield f"| setting | repair {COLUMNS}---|---|---|---|---|---|---|"
    for label, properties in SETTINGS.items():
        for repair in (False, True):
            tool = replace(lopes(data, Path("unused"), **properties), repair_infeasible_muscles=repair)
            row = variant_row(
                f"{label} | {'on' if repair else 'off'}", calibrate_inputs(tool, read_inputs(tool))
            )
            yield row


def shortest_lines(data: Path) -> Iterator[str]:
    """Means over random calibration sets, for repairs that leave the fiber shorter or longer."""
    yield "| calibrated on | shortest normalized fiber length | walk36 | run81 | final cost | iterations |"
    yield "|---|---|---|---|---|---|"
    for what, n_runs in (("2 walking cycles", 0), ("2 walking, 1 running cycle", 1)):
        rows: dict[float | None, list[list[float]]] = {shortest: [] for shortest in SHORTEST}
        for calibration in _random_sets(n_runs):
            tool = lopes(data, Path("unused"), calibration=calibration, repair_infeasible_muscles=False)
            inputs = read_inputs(tool)
            for shortest, found in rows.items():
                changed = inputs if shortest is None else _with_shortest(tool, inputs, shortest)
                found.append(_scores(calibrate_inputs(tool, changed)))
        for shortest, found in rows.items():
            means = np.mean(found, axis=0)
            walk, run = (" / ".join(f"{value:.2f}" for value in means[i : i + 3]) for i in (0, 3))
            label = "no repair" if shortest is None else f"{max(shortest, 0.44):g}"
            yield f"| {what} | {label} | {walk} | {run} | {means[6]:.3f} | {means[7]:.0f} |"


def _random_sets(n_runs: int) -> Iterator[tuple[str, ...]]:
    """Two random walking cycles, and perhaps a running one."""
    generator = np.random.default_rng(1)
    runs = [f"run81_{part}_{i:02d}" for part in "ab" for i in range(1, 5)]
    for k in range(N_SETS):
        walks = sorted(generator.choice(13, 2, replace=False) + 1)
        yield (*(f"walk36_{i:02d}" for i in walks), *(runs[k % len(runs)],) * n_runs)


def _scores(result: CalibrationResult) -> list[float]:
    """R² of unseen walking and running by coordinate, final cost and iterations."""
    scores = CycleScores.of(result)
    unseen = scores.unseen()
    run = [i for name, rows in unseen.items() if name.startswith("run") for i in rows]
    r2 = [scores.r2["calibrated"][rows].mean(axis=0) for rows in (unseen["walk36"], run)]
    return [*np.concatenate(r2), result.final_cost, float(result.n_iterations)]


def _with_shortest(tool: NMSCalibrationTool, inputs: CalibrationInputs, shortest: float) -> CalibrationInputs:
    muscles, repairs = repaired(
        inputs.muscles,
        {trial.name: trial.muscle_tendon_length[trial.scored] for trial in inputs.trials},
        shortest=shortest,
        tendon_slack_length_bounds=tool.tendon_slack_length_bounds,
        optimal_fiber_length_bounds=tool.optimal_fiber_length_bounds,
    )
    return replace(inputs, muscles=muscles, repairs=repairs)


def start_lines(data: Path) -> Iterator[str]:
    """Calibrations from the scaled model and from its start values."""
    yield "| data | start values | uncalibrated, unseen | calibrated, unseen | seen | at a bound |"
    yield "|---|---|---|---|---|---|"
    cases: dict[str, tuple[Callable[..., NMSCalibrationTool], str, dict[str, dict[str, Any]]]] = {
        "rajagopal_walk": (
            rajagopal,
            "Rajagopal2016 to rajagopal_walk",
            {
                "lengths": {},
                "forces": {**WALKER, "reference_model_file": None},
                "both": WALKER,
            },
        ),
        "lopes_subj06": (lopes, "gait2392 to lopes_subj06", {"lengths": {}}),
    }
    for name, (setup, pair, variants) in cases.items():
        yield _start_row(name, "scaled model", setup(data, Path("unused")))
        for label, properties in variants.items():
            with tempfile.TemporaryDirectory() as folder:
                initialized(data, Path(folder), pair, name="start", **properties)
                tool = setup(data, Path("unused"), model_file=Path(folder) / "start.osim")
                yield _start_row(name, label, tool)


def _start_row(name: str, label: str, tool: NMSCalibrationTool) -> str:
    result = calibrate_inputs(tool, read_inputs(tool))
    scores = CycleScores.of(result)
    rows = {role: [i for i, each in enumerate(scores.roles) if each == role] for role in scores.roles}

    def means(state: str, role: str) -> str:
        return " / ".join(f"{value:.2f}" for value in scores.r2[state][rows[role]].mean(axis=0))

    at_bound = sum(int(change.at_bound.sum()) for change in result.parameters.values())
    return (
        f"| {name} | {label} | {means('uncalibrated', 'validation')} | {means('calibrated', 'validation')} | "
        f"{means('calibrated', 'calibration')} | {at_bound} |"
    )


def virtual_line() -> str:
    """Whether the repair changes anything for the virtual subjects."""
    same = []
    for name in ("leg", "arm"):
        tool = NMSCalibrationTool(ROOT / "tools_setup" / f"{name}_emg_driven.xml")
        results = []
        for repair in (False, True):
            changed = replace(tool, repair_infeasible_muscles=repair)
            results.append(calibrate_inputs(changed, read_inputs(changed)))
        same.append(f"{name} {'identical' if _identical(*results) else 'DIFFERENT'}")
    return (
        f"Virtual subjects, calibrated with and without repair: {', '.join(same)} (every parameter, bit by "
        "bit)."
    )


def _identical(one: CalibrationResult, other: CalibrationResult) -> bool:
    pairs = zip(one.parameters.values(), other.parameters.values(), strict=True)
    return not other.repairs and all(a.final.tobytes() == b.final.tobytes() for a, b in pairs)


def section(data: Path) -> str:
    """The page's section."""
    parts = [
        "### Lengths from a reference model",
        "Root mean squared difference of normalized fiber length to the unscaled model over all poses in "
        "which its fibers are active, median over muscles. *Before* is the model as OpenSim's ScaleTool "
        "leaves it. The last columns say how much fewer poses change the lengths, and the time of the whole "
        "tool on one core (both models, every muscle, table and report): seconds of the clock, which other "
        "work on the machine lengthens, and of the processor.",
        "\n".join(mapping_lines(data)),
        "### Forces from muscle volumes",
        volume_line(data),
        "### Muscles without room for their fibers",
        "`lopes_subj06`: with the tendon at slack length, semimem_r has less than zero left for its fiber in "
        "running. Mean R² of unseen cycles, hip / knee / ankle, with the muscle as it is and repaired; every "
        "calibration sees the same cycles. *Seen* is the mean R² of the calibration cycles over all "
        "coordinates.",
        "\n".join(repair_lines(data)),
        f"Means over {N_SETS} random sets of calibration cycles, setting as in Real measurements, by the "
        "shortest fiber that the repair leaves. The tool takes OpenSim's shortest, 0.44:",
        "\n".join(shortest_lines(data)),
        virtual_line(),
        "### Calibrations from start values",
        "R² of cycles, mean over cycles, hip / knee / ankle; settings as in Real measurements. *Lengths* are "
        "mapped from the unscaled model, *forces* from volumes (1.83 m and 85.07 kg; the height of "
        "lopes_subj06 is not published).",
        "\n".join(start_lines(data)),
    ]
    return wrapped("\n\n".join(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    parser.add_argument("--write", action="store_true", help="write the page's section")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    text = section(arguments.data)
    print(text)
    if arguments.write:
        renew(PAGE, text, BEGIN, END)


if __name__ == "__main__":
    main()
