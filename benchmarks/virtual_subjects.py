"""Do calibrations find parameters that are known? The virtual leg and arm, in one table.

    python benchmarks/virtual_subjects.py [leg] [arm] [--write]

Every row calibrates the scaled model on five trials and compares with the truth that the
trials were simulated from, and with five trials that the calibration never sees. `--write`
renews the table in README.md and docs/validation.md.
"""

import argparse
import csv
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.signal import butter, sosfiltfilt

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.cache import cache_subfolder
from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.outputs.figures.overview import overview
from opensim_difcal.outputs.figures.style import png
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.simulation import ActivationParameters
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, read_inputs
from opensim_difcal.tools.calibration.outputs import active_force_length
from opensim_difcal.tools.calibration.run import calibration_settings

ROOT = Path(__file__).resolve().parents[1]
LENGTHS = ("tendon_slack_length", "optimal_fiber_length")
NOISE_CUTOFF = 6.0  # Hz
BEGIN, END = "<!-- virtual_subjects: begin -->", "<!-- virtual_subjects: end -->"


@dataclass(frozen=True)
class Row:
    """One calibration in the table.

    Attributes:
        subject: leg or arm.
        label: What was different.
        seconds: Of the optimization.
        r2: Pooled over validation trials, by coordinate.
        worst_r2: Of a single validation trial and coordinate.
        start_error: Median absolute error before, m, by parameter.
        error: After.
        strength_error: Median relative error of max_isometric_force before and after.
    """

    subject: str
    label: str
    seconds: float
    r2: Mapping[str, float]
    worst_r2: float
    start_error: Mapping[str, float]
    error: Mapping[str, float]
    strength_error: tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=["leg", "arm"])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for subject in options.subjects for row in subject_rows(subject)]
    table = as_markdown(rows)
    print(table)
    if options.write:
        draw_overview()
        for page in (ROOT / "README.md", ROOT / "docs" / "validation.md"):
            renew(page, table)


def draw_overview() -> None:
    """Draws the README's figure from the leg as shipped."""
    tool = NMSCalibrationTool(ROOT / "tools_setup" / "leg_emg_driven.xml")
    inputs = read_inputs(tool)
    result = calibrate(tool.name, inputs.trials, inputs.muscles, calibration_settings(tool))
    (ROOT / "docs" / "figures" / "overview.png").write_bytes(png(overview(result, active_force_length())))


def subject_rows(subject: str) -> list[Row]:
    """Calibrates one subject in every way of the table."""
    tool = NMSCalibrationTool(ROOT / "tools_setup" / f"{subject}_emg_driven.xml")
    inputs = read_inputs(tool)
    best_engine(inputs.muscles, cache_subfolder("kernels"))  # machine code is made before the clock runs
    settings = calibration_settings(tool)
    paper = calibration_settings(replace(tool, preset="hambly2024"))
    raw = replace(settings, cost=replace(paper.cost, prior_weight=0.0))
    no_prior = replace(settings, cost=replace(settings.cost, prior_weight=0.0))
    slow_noise = tuple(
        with_slow_emg_noise(trial, clean, i)
        for i, (trial, clean) in enumerate(zip(inputs.trials, clean_trials(tool), strict=True))
    )
    rows = []
    for label, trials, chosen in (
        ("as shipped", inputs.trials, settings),
        ("without the prior", inputs.trials, no_prior),
        ("raw moment error (Eq. 4), no prior", inputs.trials, raw),
        ("the paper's way (`hambly2024`)", inputs.trials, paper),
        ("slow EMG noise (6 Hz, 10 % of the SD)", slow_noise, settings),
    ):
        rows.append(calibrated_row(subject, label, inputs, trials, chosen))
        print(rows[-1], flush=True)
    rows.append(from_the_truth(subject, tool, inputs, settings))
    print(rows[-1], flush=True)
    return rows


def calibrated_row(
    subject: str,
    label: str,
    inputs: CalibrationInputs,
    trials: tuple[Trial, ...],
    settings: CalibrationSettings,
) -> Row:
    started = time.perf_counter()
    result = calibrate(label, trials, inputs.muscles, settings)
    return as_row(subject, label, result, time.perf_counter() - started)


def from_the_truth(
    subject: str, tool: NMSCalibrationTool, inputs: CalibrationInputs, settings: CalibrationSettings
) -> Row:
    """Clean EMG, 2 % moment noise, started at the truth: does the cost have its minimum there?

    The prior would pull to the start, here the truth, so it is left out. Errors are
    compared with those of the usual start.
    """
    truth = read_truth(subject)
    names = inputs.muscles.names
    trials = tuple(with_moment_noise(trial, 0.02, i) for i, trial in enumerate(clean_trials(tool)))
    optimal, slack, force = (
        torch.from_numpy(true_values(truth, names, key))
        for key in ("optimal_fiber_length", "tendon_slack_length", "max_isometric_force")
    )
    true_muscles = inputs.muscles.with_parameters(
        optimal_fiber_length=optimal, tendon_slack_length=slack, max_isometric_force=force
    )
    start = ActivationParameters(
        *(torch.from_numpy(true_values(truth, names, key)) for key in ("c1", "c2", "shape_factor"))
    )
    started = time.perf_counter()
    result = calibrate(
        "from the truth",
        trials,
        true_muscles,
        replace(settings, cost=replace(settings.cost, prior_weight=0.0)),
        start=start,
    )
    label = "clean EMG, 2 % moment noise, from the truth, no prior"
    row = as_row(subject, label, result, time.perf_counter() - started)
    usual = {
        key: float(np.median(np.abs(getattr(inputs.muscles, key).numpy() - true_values(truth, names, key))))
        for key in LENGTHS
    }
    return replace(row, start_error=usual)


def clean_trials(tool: NMSCalibrationTool) -> tuple[Trial, ...]:
    """The trials before noise was added."""
    files = tuple(
        replace(
            one,
            excitations_file=_sibling(one.excitations_file, "emg", "emg_clean"),
            generalized_forces_file=_sibling(one.generalized_forces_file, "id", "id_clean"),
        )
        for one in tool.trials
    )
    return read_inputs(replace(tool, trials=files)).trials


def _sibling(path: Path, kind: str, other: str) -> Path:
    return path.with_name(path.name.replace(f"_{kind}.", f"_{other}."))


def with_moment_noise(trial: Trial, share: float, seed: int) -> Trial:
    noise = band_limited_noise(trial.joint_moment, share, trial.time_step, [7, seed])
    return replace(trial, joint_moment=trial.joint_moment + noise)


def with_slow_emg_noise(trial: Trial, clean: Trial, seed: int) -> Trial:
    """EMG noise that no filter removes: as slow as the envelope itself."""
    noise = band_limited_noise(clean.excitation, 0.1, trial.time_step, [8, seed])
    return replace(trial, excitation=np.clip(clean.excitation + noise, 0.0, 1.0))


def band_limited_noise(series: np.ndarray, share: float, step: float, seed: list[int]) -> np.ndarray:
    """Noise with a share of each column's standard deviation, low-passed."""
    white = np.random.default_rng(seed).standard_normal((len(series) + 400, series.shape[1]))
    noise = sosfiltfilt(butter(2, NOISE_CUTOFF, fs=1 / step, output="sos"), white, axis=0)[200:-200]
    return noise / noise.std(axis=0) * share * series.std(axis=0)


def read_truth(subject: str) -> dict[str, dict[str, float]]:
    with (ROOT / "models" / subject / f"{subject}_truth.csv").open() as file:
        return {
            row["muscle"]: {
                key: float(row[key]) for key in (*LENGTHS, "max_isometric_force", "c1", "c2", "shape_factor")
            }
            for row in csv.DictReader(file)
        }


def true_values(truth: Mapping[str, Mapping[str, float]], names: tuple[str, ...], key: str) -> np.ndarray:
    return np.array([truth[name][key] for name in names])


def as_row(subject: str, label: str, result: CalibrationResult, seconds: float) -> Row:
    truth = read_truth(subject)
    validation = [p for p in result.calibrated if p.trial.role == "validation"]
    start_error, error = {}, {}
    for key in LENGTHS:
        true, change = true_values(truth, result.muscle_names, key), result.parameters[key]
        start_error[key] = float(np.median(np.abs(change.initial - true)))
        error[key] = float(np.median(np.abs(change.final - true)))
    true = true_values(truth, result.muscle_names, "max_isometric_force")
    force = result.parameters["max_isometric_force"]
    return Row(
        subject=subject,
        label=label,
        seconds=seconds,
        r2={name: a.r2 for name, a in pooled_agreement(validation).items()},
        worst_r2=min(a.r2 for p in validation for a in trial_agreement(p).values()),
        start_error=start_error,
        error=error,
        strength_error=(
            float(np.median(np.abs(force.initial / true - 1))),
            float(np.median(np.abs(force.final / true - 1))),
        ),
    )


def as_markdown(rows: list[Row]) -> str:
    lines = [
        "| subject | calibration | validation R², pooled, by coordinate | worst trial | tendon slack length: "
        "median error, mm | optimal fiber length: median error, mm | strength: median error | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lengths = [
            f"{1e3 * row.start_error[key]:.1f} → {1e3 * row.error[key]:.1f} "
            f"(× {row.error[key] / row.start_error[key]:.2f})"
            for key in LENGTHS
        ]
        strength = " → ".join(f"{100 * error:.0f} %" for error in row.strength_error)
        lines.append(
            f"| {row.subject} | {row.label} | {', '.join(f'{v:.3f}' for v in row.r2.values())} "
            f"| {row.worst_r2:.3f} | {' | '.join(lengths)} | {strength} | {row.seconds:.0f} |"
        )
    lines += ["", f"Printed by `python benchmarks/virtual_subjects.py` on {machine()}, one thread."]
    return "\n".join(lines)


def machine() -> str:
    """The machine in words."""
    name = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text())
        name = found.group(1).strip() if found else name
    return f"{name}, {platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"


def renew(page: Path, block: str, begin: str = BEGIN, end: str = END) -> None:
    """Replaces what stands between the markers."""
    text = page.read_text(encoding="utf-8")
    if begin not in text:
        return
    before, rest = text.split(begin, 1)
    _, after = rest.split(end, 1)
    page.write_text(f"{before}{begin}\n\n{block}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
