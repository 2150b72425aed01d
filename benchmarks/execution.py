"""What running a calibrated model keeps, gains and costs: every number of the docs.

    python benchmarks/execution.py [--data DIR] [--write]

Reproduction of the calibration's moments and other sampling rates on the virtual leg; the
EMG-assisted mode on unseen cycles of lopes_subj06; time per frame of a stream; static
optimization beside OpenSim's own. With --write the section of docs/validation.md and its
figure are made again.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from real_data_setups import execution_of, lopes
from virtual_subjects import machine, renew

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from static_optimization import static_optimization_case, static_optimization_tool

from opensim_difcal import NMSCalibrationTool, NMSExecutionTool, open_stream
from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.execution.result import ExecutedTrial
from opensim_difcal.inputs.signals import resample
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.figures.style import png
from opensim_difcal.tools.execution.inputs import read_inputs
from opensim_difcal.tools.execution.run import execute_inputs

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
FIGURE = ROOT / "docs" / "figures" / "emg_assisted.png"
BEGIN, END = "<!-- execution: begin -->", "<!-- execution: end -->"
GAMMAS = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
SHOWN_CYCLES, SHOWN_GAMMA = ("walk36_05", "run81_b_02"), 10.0
N_STREAMED = 34


def run(tool: NMSExecutionTool) -> tuple[ExecutedTrial, ...]:
    return execute_inputs(tool, read_inputs(tool)).trials


# --- the virtual leg


def rate_lines(tool: NMSCalibrationTool) -> list[str]:
    """Reproduction, and other sampling rates."""
    known = {each.trial.name: each.prediction for each in run(execution_of(tool))}
    difference = 0.0
    for name, prediction in known.items():
        table = read_storage(tool.results_directory / f"{name}_joint_moments.sto")
        written = np.column_stack([table.column(label) for label in table.labels])
        difference = max(difference, float(np.abs(written - prediction.joint_moment).max()))
    lines = [
        f"Virtual leg, {len(known)} trials: the calibration's own moments are reproduced to "
        f"{difference:.1e} N m.",
        "",
        "Calibrated at 200 Hz; worst muscle and worst coordinate over all trials, scored samples:",
        "",
        "| executed at | activation, RMS | moment, RMS over its own RMS | over its range |",
        "|---|---|---|---|",
    ]
    for rate in (100, 500, 1000):
        activation, moment, nrmse = [], [], []
        for each in run(execution_of(tool, time_step=1.0 / rate)):
            other, at_200 = each.prediction, known[each.trial.name]
            scored = at_200.trial.scored
            instants = at_200.trial.time[scored]
            common = instants <= other.trial.time[-1] + 1e-9
            common &= np.arange(len(instants)) % max(1, 200 // rate) == 0
            time_ = other.trial.time
            a = resample(time_, other.activation, instants[common]) - at_200.activation[scored][common]
            expected = at_200.joint_moment[scored][common]
            m = resample(time_, other.joint_moment, instants[common]) - expected
            activation.append(rms(a).max())
            moment.append((rms(m) / rms(expected)).max())
            nrmse.append((rms(m) / np.ptp(expected, axis=0)).max())
        worst = (100 * max(found) for found in (activation, moment, nrmse))
        lines.append(f"| {rate} Hz | " + " | ".join(f"{value:.2f} %" for value in worst) + " |")
    return [*lines, ""]


def rms(series: np.ndarray) -> np.ndarray:
    return np.sqrt((series**2).mean(axis=0))


# --- a person


def assisted_lines(tool: NMSCalibrationTool) -> tuple[list[str], Figure]:
    """Error against change of the EMG, on cycles that the calibration never saw."""
    unseen = {files.name for files in tool.trials if files.role == "validation"}
    whole = execution_of(tool, mode="emg_assisted")
    whole = replace(whole, trials=tuple(files for files in whole.trials if files.name in unseen))
    lines = [
        f"lopes_subj06, EMG-driven calibration, {len(unseen)} unseen cycles, {whole.moment_error} moment "
        f"error, alpha 1. RMSE in N m, pooled; in brackets on how many cycles it is lower than open loop:",
        "",
    ]
    rows, curve = [], []
    shown: tuple[ExecutedTrial, ...] = ()
    names = tool.coordinates
    for gamma in GAMMAS:
        started = time.perf_counter()
        trials = run(replace(whole, gamma=gamma))
        seconds = (time.perf_counter() - started) / len(trials)
        if gamma == SHOWN_GAMMA:
            shown = trials
        after = pooled_agreement([each.prediction for each in trials])
        lower = {
            name: sum(
                trial_agreement(each.prediction)[name].rmse < trial_agreement(each.open_loop)[name].rmse
                for each in trials
            )
            for name in names
        }
        change = float(np.mean([rms(each.trial.excitation - each.given_excitation) for each in trials]))
        curve.append((change, [after[name].rmse for name in names]))
        cells = " | ".join(f"{after[n].rmse:.2f} ({lower[n]})" for n in names)
        iterations = np.mean([each.search.n_iterations for each in trials if each.search is not None])
        rows.append(f"| {gamma:g} | {cells} | {change:.4f} | {iterations:.0f} | {seconds:.2f} |")
    before = pooled_agreement([each.open_loop for each in shown])
    lines += [
        f"| gamma | {' | '.join(names)} | excitations changed, RMS | iterations | s per cycle |",
        "|---" * (4 + len(names)) + "|",
        f"| open loop | {' | '.join(f'{before[n].rmse:.2f}' for n in names)} | 0 | | |",
        *rows,
        "",
    ]
    curve.insert(0, (0.0, [before[name].rmse for name in names]))
    return lines, draw(shown, curve, names)


def draw(
    trials: Sequence[ExecutedTrial], curve: Sequence[tuple[float, list[float]]], names: Sequence[str]
) -> Figure:
    """Error against change, and two cycles: moments and the excitations behind them."""
    chosen = [each for name in SHOWN_CYCLES for each in trials if each.trial.name == name]
    figure = Figure(figsize=(12, 10), layout="constrained")
    grid = figure.add_gridspec(5, 4, height_ratios=[1.2, 1, 1, 1, 1])
    axes = figure.add_subplot(grid[0, :2])
    changes = [change for change, _ in curve]
    for i, name in enumerate(names):
        axes.plot(changes, [errors[i] for _, errors in curve], "o-", label=name)
    axes.set(xlabel="RMS change of the excitations", ylabel="RMSE on unseen cycles (N m)", ylim=(0, None))
    axes.legend(frameon=False, fontsize=8)
    axes.set_title("EMG-assisted: from open loop (left) to ever smaller gamma", fontsize=9, loc="left")
    shown = (*names[:2], names[2])
    for column, each in enumerate(chosen):
        trial = each.trial
        seconds = trial.time[trial.scored] - trial.time[trial.n_lead_in]
        for c, name in enumerate(shown):
            panel = figure.add_subplot(grid[0, 2 + column]) if c == 2 else None
            if panel is None:
                continue
            panel.plot(seconds, trial.joint_moment[trial.scored, c], "k", label="inverse dynamics")
            panel.plot(
                seconds,
                each.open_loop.joint_moment[trial.scored, c],
                "--",
                color="#8c8c8c",
                label="open loop",
            )
            panel.plot(
                seconds, each.prediction.joint_moment[trial.scored, c], color="#0072b2", label="EMG-assisted"
            )
            panel.set_title(f"{trial.name}: {name}, N m", fontsize=9, loc="left")
            panel.legend(frameon=False, fontsize=7)
    for column, each in enumerate(chosen):
        trial = each.trial
        seconds = trial.time[trial.scored] - trial.time[trial.n_lead_in]
        for m, muscle in enumerate(trial.muscle_names[:8]):
            panel = figure.add_subplot(grid[1 + m // 2, 2 * column + m % 2])
            panel.plot(seconds, each.given_excitation[trial.scored, m], "--", color="#8c8c8c")
            panel.plot(seconds, trial.excitation[trial.scored, m], color="#0072b2")
            panel.set_title(f"{trial.name}: {muscle}", fontsize=8, loc="left")
            panel.set_ylim(-0.02, 1.02)
    for panel in figure.axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=7)
    return figure


def stream_lines(tool: NMSCalibrationTool) -> list[str]:
    """Time per frame."""
    executed = run(replace(execution_of(tool), trials=execution_of(tool).trials[:1]))[0]
    names = executed.trial.muscle_names[:N_STREAMED]
    folder = tool.results_directory
    stream = open_stream(folder / f"{tool.name}.osim", folder / f"{tool.name}_subject.xml", muscles=names)
    trial = executed.trial.of_muscles(names)
    milliseconds, difference = [], 0.0
    for _ in range(5):
        stream.reset()
        for i in range(len(trial.time)):
            started = time.perf_counter()
            frame = stream.step(trial.excitation[i], trial.muscle_tendon_length[i], trial.moment_arm[i])
            milliseconds.append(1e3 * (time.perf_counter() - started))
            expected = executed.prediction.tendon_force[i, : len(names)]
            difference = max(difference, float(np.abs(frame.tendon_force - expected).max()))
    low, median, high = np.percentile(milliseconds, [5, 50, 99])
    return [
        f"A stream of {len(names)} muscles with elastic tendons, one core: {median:.2f} ms per frame "
        f"(median of "
        f"{len(milliseconds)}; 5 to 99 %: {low:.2f} to {high:.2f}), forces within {difference:.1e} N of "
        f"the whole trial's.",
        "",
    ]


def static_lines(folder: Path) -> list[str]:
    """Static optimization beside OpenSim's tool."""
    lines = [
        "Static optimization beside OpenSim's StaticOptimization: virtual leg, 21 muscles, rigid tendons, "
        "fibers without passive force and damping, alpha 1 (raw, as the tool's reserve actuators of 1 N m), "
        "beta 1.",
        "",
        "| muscles | moments up to, N m | activations, RMS difference | worst muscle | s, ours "
        "| s, OpenSim |",
        "|---|---|---|---|---|---|",
    ]
    for pennate, label in ((True, "as they are"), (False, "pennation angles set to 0")):
        own = folder / f"static_{pennate}"
        own.mkdir()
        started = time.perf_counter()
        case = static_optimization_case(own, pennate=pennate)
        theirs = time.perf_counter() - started
        tool = static_optimization_tool(case, own)
        inputs = read_inputs(tool)
        execute_inputs(tool, inputs)  # compiles
        started = time.perf_counter()
        (found,) = execute_inputs(tool, inputs).trials
        ours = time.perf_counter() - started
        trial = found.trial
        expected = [np.interp(trial.time, case.time, case.activations[name]) for name in trial.muscle_names]
        difference = found.prediction.activation - np.column_stack(expected)
        worst = rms(difference)
        moments = ", ".join(f"{moment:.0f}" for moment in np.abs(trial.joint_moment).max(axis=0))
        lines.append(
            f"| {label} | {moments} | **{np.sqrt((difference**2).mean()):.5f}** | {worst.max():.5f} "
            f"(`{trial.muscle_names[int(worst.argmax())]}`) | {ours:.2f} | {theirs:.2f} |"
        )
    return [
        *lines,
        "",
        "What is left with pennation is OpenSim's: its Millard muscle's `calcActiveFiberForceAlongTendon`, "
        "from which the tool takes a muscle's strength, computes the pennation angle of the normalized fiber "
        "length instead of the fiber length (OpenSim 4.6; found by reproducing its value to the last digit).",
        "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        leg = NMSCalibrationTool(ROOT / "tools_setup" / "leg_emg_driven.xml")
        leg = replace(leg, results_directory=Path(folder) / "leg")
        person = lopes(options.data, Path(folder) / "lopes")
        hybrid = lopes(options.data, Path(folder) / "lopes_hybrid", mode="synergy_hybrid")
        for tool in (leg, person, hybrid):
            tool.run()
        lines = rate_lines(leg)
        found, figure = assisted_lines(person)
        lines += [*found, *stream_lines(hybrid)]
        lines += static_lines(Path(folder))
    lines.append(f"Printed by `python benchmarks/execution.py` on {machine()}, one thread.")
    print(*lines, sep="\n")
    if options.write:
        FIGURE.write_bytes(png(figure))
        renew(PAGE, "\n".join(lines), BEGIN, END)


if __name__ == "__main__":
    main()
