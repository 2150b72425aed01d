"""Does synergy-hybrid calibration help where muscles were not recorded? Every number of the docs.

    python benchmarks/synergy_hybrid.py [--data DIR] [--only PART ...] [--write]

Parts: virtual (leg and arm without electrodes on their deep muscles), real (unseen cycles of
two people, and one setting changed at a time), seeds (ten random starts), optimizers, and
trials (time against the number of trials). With --write the section of docs/validation.md
and its figure are made again; that needs all parts.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from real_data_setups import lopes, rajagopal
from virtual_subjects import machine, read_truth, renew

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.cache import cache_subfolder
from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.hybrid_equations import HybridEquations, HybridGaussNewton
from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.calibration.starts import OPTIMIZERS
from opensim_difcal.calibration.synergy_hybrid import extract_synergies
from opensim_difcal.calibration.unknowns import make_unknowns
from opensim_difcal.inputs.batch import batch_trials
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.outputs.figures.style import png
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.simulation import ActivationParameters
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, read_inputs
from opensim_difcal.tools.calibration.run import calibration_settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
FIGURE = ROOT / "docs" / "figures" / "synergy_hybrid.png"
BEGIN, END = "<!-- synergy_hybrid: begin -->", "<!-- synergy_hybrid: end -->"
KINDS = {"optimal_fiber_length": 0.3, "tendon_slack_length": 0.3, "max_isometric_force": 2.0}
"""Compared parameters, and the range that the bounds allow, in start values."""

VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("as shipped", {}),
    ("w_e 100", {"excitation_tracking_weight": 100.0}),
    ("w_e 10", {"excitation_tracking_weight": 10.0}),
    ("w_s 1", {"synthesized_excitation_weight": 1.0}),
    ("w_s 0", {"synthesized_excitation_weight": 0.0}),
    ("w_s 100", {"synthesized_excitation_weight": 100.0}),
    ("VAF above 85 %", {"minimum_variance_accounted_for": 0.85}),
    ("VAF above 98 %", {"minimum_variance_accounted_for": 0.98}),
    ("prior 0.02", {"prior_weight": 0.02}),
    ("prior 0.3", {"prior_weight": 0.3}),
    ("unrecorded muscles held 10 times more", {"unrecorded_prior_factor": 10.0}),
    ("weights by trial", {"weights_by_trial": True}),
    ("Gaussian primitives", {"primitives": "gaussian"}),
    ("stopped after 20 iterations", {"max_iterations": 20}),
    (
        "w_e 1, w_s 0.01 (moments first)",
        {"excitation_tracking_weight": 1.0, "synthesized_excitation_weight": 0.01},
    ),
)


def run(
    tool: NMSCalibrationTool, inputs: CalibrationInputs, **changes: Any
) -> tuple[CalibrationResult, float]:
    """Calibrates; the result and the seconds."""
    settings = replace(calibration_settings(tool), **changes)
    engine = best_engine(inputs.muscles, cache_subfolder("kernels"))
    started = time.perf_counter()
    result = calibrate(tool.name, inputs.trials, inputs.muscles, settings, engine=engine)
    return result, time.perf_counter() - started


def r2(result: CalibrationResult, role: str = "validation") -> list[float]:
    """Pooled by coordinate."""
    return [a.r2 for a in pooled_agreement([p for p in result.calibrated if p.trial.role == role]).values()]


def slashed(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values)


# --- virtual subjects


def virtual_lines(subject: str) -> list[str]:
    """Truth known: excitations, moments and parameters of muscles nobody recorded."""
    tool = NMSCalibrationTool(ROOT / "tools_setup" / f"{subject}_synergy_hybrid.xml")
    inputs = read_inputs(tool)
    hybrid, seconds = run(tool, inputs)
    emg_tool = replace(tool, mode="emg_driven")
    driven, _ = run(emg_tool, read_inputs(emg_tool))
    assert hybrid.synergies is not None
    deep = hybrid.synergies.synthesized_muscles
    rows = [
        f"#### Virtual {subject}",
        "",
        f"{len(hybrid.synergies.channel_names)} electrodes, none on {', '.join(f'`{m}`' for m in deep)}; "
        f"{hybrid.synergies.n_synergies} synergies, {hybrid.n_iterations} iterations, {seconds:.0f} s for "
        f"{sum(trial.role == 'calibration' for trial in inputs.trials)} trials. "
        "R² by coordinate, pooled over trials:",
        "",
        "| | calibration trials | unseen trials, no moments used |",
        "|---|---|---|",
        f"| synergy-hybrid | {slashed(r2(hybrid, 'calibration'))} | **{slashed(r2(hybrid))}** |",
        f"| EMG-driven, same electrodes | {slashed(r2(driven, 'calibration'))} | {slashed(r2(driven))} |",
        "",
        "Synthesized excitation against the true one (correlation), and parameters of the unrecorded muscles "
        "(error, start → found, in start values):",
        "",
        "| muscle | r, calibration trials | r, unseen trials | optimal fiber length | tendon slack length "
        "| max isometric force |",
        "|---|---|---|---|---|---|",
    ]
    truth, names = read_truth(subject), hybrid.muscle_names
    by_role: dict[str, list[float]] = {"calibration": [], "validation": []}
    sums = np.zeros((2, len(KINDS)))
    for muscle in deep:
        i, cells = names.index(muscle), []
        for role, found in by_role.items():
            found.append(correlation(hybrid, subject, muscle, role))
            cells.append(f"{found[-1]:.2f}")
        for k, kind in enumerate(KINDS):
            change, true = hybrid.parameters[kind], float(truth[muscle][kind])
            errors = abs(np.array([change.initial[i], change.final[i]]) - true) / change.initial[i]
            sums[:, k] += errors / len(deep)
            cells.append(f"{errors[0]:.3f} → {errors[1]:.3f}")
        rows.append(f"| `{muscle}` | {' | '.join(cells)} |")
    medians = [f"**{np.median(found):.2f}**" for found in by_role.values()]
    means = [f"{a:.3f} → {b:.3f}" for a, b in sums.T]
    rows.append(f"| median r, mean error | {' | '.join([*medians, *means])} |")
    before, after = (sums / list(KINDS.values())).mean(axis=1)
    rows += [
        "",
        "Mean over the three parameters, each in its allowed range (the paper's measure): "
        f"{before:.3f} → **{after:.3f}**.",
        "",
    ]
    return rows


def correlation(result: CalibrationResult, subject: str, muscle: str, role: str) -> float:
    """Between synthesized and true excitation over the scored samples of all trials of a role."""
    ours, true = [], []
    for trial in (p.trial for p in result.calibrated if p.trial.role == role):
        table = read_storage(ROOT / "models" / subject / "trials" / f"{trial.name}_emg_clean.sto")
        delayed = np.interp(trial.time - 0.035, table.time, table.column(muscle))
        ours.append(trial.excitation[trial.scored, trial.muscle_names.index(muscle)])
        true.append(delayed[trial.scored])
    return float(np.corrcoef(np.concatenate(ours), np.concatenate(true))[0, 1])


# --- real measurements


def recordings_of(result: CalibrationResult) -> dict[str, list[float]]:
    """Mean R² over the unseen cycles of every recording, by coordinate."""
    cycles: dict[str, list[list[float]]] = {}
    for p in result.calibrated:
        if p.trial.role == "validation":
            name = p.trial.name.rsplit("_", 1)[0]
            cycles.setdefault(name, []).append([a.r2 for a in trial_agreement(p).values()])
    return {name: np.mean(values, axis=0).tolist() for name, values in cycles.items()}


def real_lines(name: str, make: Callable[..., NMSCalibrationTool], data: Path) -> list[str]:
    """EMG-driven and synergy-hybrid on the same cycles, then one setting changed at a time."""
    folder = Path("unused")
    tool = make(data, folder)
    driven, _ = run(tool, read_inputs(tool))
    rows = [f"#### {name}", ""]
    hybrid_rows = []
    inputs = None
    for label, changes in VARIANTS:
        tool = make(data, folder, **({"mode": "synergy_hybrid", "prior_weight": None} | changes))
        inputs = inputs or read_inputs(tool)
        result, seconds = run(tool, inputs)
        assert result.synergies is not None
        at_bound = sum(int(change.at_bound.sum()) for change in result.parameters.values())
        by_recording = " | ".join(slashed_short(each) for each in recordings_of(result).values())
        bold = "**" if label == "as shipped" else ""
        hybrid_rows.append(
            f"| {label} | {bold}{slashed(r2(result))}{bold} | {by_recording} | "
            f"{slashed_short(r2(result, 'calibration'))} | {result.synergies.n_synergies} | {at_bound} | "
            f"{result.n_iterations} | {seconds:.0f} |"
        )
        print(name, hybrid_rows[-1], flush=True)
        if label == "as shipped":
            channels = len(result.synergies.channel_names)
            rows += [
                f"{channels} channels recorded; all {len(result.muscle_names)} muscles that cross hip "
                f"flexion, knee and ankle are calibrated, {len(result.synergies.synthesized_muscles)} of "
                f"them "
                "on synthesized excitations. R² of unseen cycles, hip / knee / ankle.",
                "",
            ]
    columns = " | ".join(recordings_of(driven))
    n_columns = 7 + len(recordings_of(driven))
    by_recording = " | ".join(slashed_short(each) for each in recordings_of(driven).values())
    rows += [
        f"| | unseen, pooled | {columns} | seen, pooled | synergies | at a bound | iterations | seconds |",
        "|" + "---|" * n_columns,
        f"| EMG-driven | {slashed(r2(driven))} | {by_recording} | {slashed_short(r2(driven, 'calibration'))} "
        f"| | | {driven.n_iterations} | {driven.seconds:.0f} |",
        *hybrid_rows,
        "",
    ]
    return rows


def slashed_short(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


# --- seeds, optimizers, number of trials


def seed_lines(data: Path) -> list[str]:
    """Ten random starts: of the factorization and of the unrecorded muscles' weights."""
    tool = lopes(data, Path("unused"), mode="synergy_hybrid", prior_weight=None)
    inputs = read_inputs(tool)
    results = [run(tool, inputs, seed=seed)[0] for seed in range(1, 11)]
    again = run(tool, inputs, seed=1)[0]
    same = all(
        np.array_equal(a.final, b.final)
        for a, b in zip(results[0].parameters.values(), again.parameters.values(), strict=True)
    )
    assert same
    assert again.final_cost == results[0].final_cost
    costs = np.array([result.final_cost for result in results])
    scores = np.array([r2(result) for result in results])
    rows = [
        "#### Ten seeds (lopes_subj06)",
        "",
        "The seed decides the random starts of the factorization and the first weights of unrecorded "
        "muscles. Two runs with one seed agree to the last digit (checked here).",
        "",
        "| | least | median | most |",
        "|---|---|---|---|",
        f"| cost | {costs.min():.4f} | {np.median(costs):.4f} | {costs.max():.4f} |",
    ]
    for name, column in zip(("hip", "knee", "ankle"), scores.T, strict=True):
        values = f"{column.min():.3f} | {np.median(column):.3f} | {column.max():.3f}"
        rows.append(f"| R² of unseen cycles, {name} | {values} |")
    recorded = results[0].synergies.synthesized_muscles if results[0].synergies else ()
    for kind in (*KINDS, "c1", "c2", "shape_factor"):
        change = results[0].parameters[kind]
        values = np.array([result.parameters[kind].final for result in results])
        spread = values.std(axis=0) / (change.upper - change.lower)
        is_recorded = np.array([name not in recorded for name in results[0].muscle_names])
        rows.append(
            f"| SD of {kind} over the seeds, in its allowed range: recorded muscles "
            f"| {spread[is_recorded].min():.3f} | {np.median(spread[is_recorded]):.3f} | "
            f"{spread[is_recorded].max():.3f} |"
        )
        rows.append(
            f"| the same of unrecorded muscles | {spread[~is_recorded].min():.3f} | "
            f"{np.median(spread[~is_recorded]):.3f} | {spread[~is_recorded].max():.3f} |"
        )
    return [*rows, ""]


def problem_of(
    inputs: CalibrationInputs, settings: CalibrationSettings, trials: Sequence[Trial]
) -> tuple[CalibrationProblem, torch.Tensor]:
    """The hybrid problem on some trials, and where its search starts."""
    muscles = inputs.muscles
    first = (torch.full_like(muscles.optimal_fiber_length, value) for value in settings.start)
    assert settings.synergies is not None
    batch = batch_trials(trials)
    synergies = extract_synergies(batch, settings.synergies, settings.seed)
    unknowns = make_unknowns(
        muscles,
        ActivationParameters(*first),
        settings.strength_groups,
        settings.bounds,
        unrecorded=synergies.synthesized,
        unrecorded_prior_factor=settings.unrecorded_prior_factor,
    )
    engine = best_engine(muscles, cache_subfolder("kernels"))
    problem = CalibrationProblem(batch, unknowns, settings.cost, engine, {}, synergies.drive)
    start = torch.cat([unknowns.start(), synergies.positions(1, settings.seed)[0]])
    return problem, start


def leg_inputs() -> tuple[CalibrationInputs, CalibrationSettings]:
    tool = NMSCalibrationTool(ROOT / "tools_setup" / "leg_synergy_hybrid.xml")
    return read_inputs(tool), calibration_settings(tool)


def optimizer_lines() -> tuple[list[str], dict[str, list[tuple[float, float]]]]:
    """Cost against time from one start, three optimizers; and the price of matrix-free products."""
    inputs, settings = leg_inputs()
    problem, start = problem_of(inputs, settings, [t for t in inputs.trials if t.role == "calibration"][:3])
    curves: dict[str, list[tuple[float, float]]] = {}
    budget = {"levenberg_marquardt": 100, "lbfgs": 3000, "adamw": 3000}
    rows = [
        "#### Which optimizer",
        "",
        f"Virtual leg, all muscles, three walking trials, {problem.drive.n_unknowns} unknowns of the "
        f"synergies beside {len(problem.unknowns.initial)} of the muscles; every optimizer from the same "
        "start, at most 60 s.",
        "",
        "| optimizer | iterations | seconds | cost at the end | seconds to within 1 % of the least cost |",
        "|---|---|---|---|---|",
    ]
    ends = {}
    for name, iterations in budget.items():
        curve = curves.setdefault(name, [])
        began = time.perf_counter()

        def note(_: int, terms: dict[str, float], curve=curve, began=began) -> None:
            curve.append((time.perf_counter() - began, terms["total"]))

        limits = replace(settings.optimization, max_iterations=iterations, max_seconds=60.0, patience=200)
        (found,) = OPTIMIZERS[name](problem, start[None], limits, note)
        ends[name] = (found, time.perf_counter() - began)
        print(name, found.n_iterations, found.cost, f"{ends[name][1]:.1f} s", flush=True)
    least = min(found.cost for found, _ in ends.values())
    for name, (found, seconds) in ends.items():
        near = [when for when, cost in curves[name] if cost < 1.01 * least]
        reached = f"{near[0]:.1f}" if near else "not reached"
        rows.append(f"| {name} | {found.n_iterations} | {seconds:.0f} | {found.cost:.4f} | {reached} |")
    return [*rows, "", *matrix_free_lines(problem, ends["levenberg_marquardt"][0].position), ""], curves


def matrix_free_lines(problem: CalibrationProblem, position: torch.Tensor) -> list[str]:
    """What a step by conjugate gradients would need, against the direct one."""
    equations_at = HybridGaussNewton(problem)
    equations = equations_at(position[None])
    build = median_seconds(lambda: equations_at(position[None]))
    solve = median_seconds(lambda: equations.step(0, position, problem.limits, 1e-3))

    def gradient() -> None:
        variable = position.detach().requires_grad_(True)
        torch.stack(list(problem.cost(variable).values())).sum().backward()

    product = 2.0 * median_seconds(gradient)
    counts = [conjugate_gradients(full_hessian(equations), equations.gradient, d) for d in (1e-1, 1e-3)]
    return [
        f"A Gauss-Newton step by blocks takes {1e3 * build:.0f} ms for J^T J and {1e3 * solve:.0f} ms to "
        "solve. "
        "Matrix-free, by conjugate gradients with the diagonal as preconditioner, it would need "
        f"{counts[0]} and {counts[1]} products (damping 0.1 and 0.001, residual 1e-3) of at least "
        f"{1e3 * product:.0f} ms each, two gradients' price: "
        f"{counts[0] * product:.1f} and {counts[1] * product:.1f} s."
    ]


def full_hessian(equations: HybridEquations) -> torch.Tensor:
    """J^T J, dense."""
    n_border = len(equations.border)
    whole = torch.zeros(len(equations.gradient), len(equations.gradient), dtype=torch.float64)
    whole[:n_border, :n_border] = equations.border
    at = n_border
    for own, cross in equations.trials:
        to = at + len(own)
        whole[at:to, at:to] = own
        whole[:n_border, at:to], whole[at:to, :n_border] = cross, cross.mT
        at = to
    return whole


def conjugate_gradients(hessian: torch.Tensor, gradient: torch.Tensor, damping: float) -> int:
    """Products until the residual has fallen to a thousandth."""
    diagonal = hessian.diagonal()
    matrix = hessian + torch.diag(damping * diagonal + 1e-9 * diagonal.max())
    scale = matrix.diagonal().rsqrt()
    matrix, residual = scale[:, None] * matrix * scale, -scale * gradient
    direction, size = residual.clone(), residual @ residual
    goal = 1e-6 * size
    for count in range(1, 2000):
        along = matrix @ direction
        residual = residual - size / (direction @ along) * along
        new = residual @ residual
        if new < goal:
            return count
        direction, size = residual + new / size * direction, new
    return 2000


def median_seconds(work: Callable[[], Any], n: int = 5) -> float:
    times = []
    for _ in range(n):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def trial_lines() -> tuple[list[str], dict[int, float]]:
    """Time of an iteration against the number of trials (the paper's Fig. S2), and of three trials."""
    inputs, settings = leg_inputs()
    trials = [t for t in inputs.trials if t.role == "calibration"]
    iteration = {}
    for n in (1, 2, 3, 5, 10):
        chosen = [replace(t, name=f"{t.name}_{i}") for i, t in enumerate((trials * 2)[:n])]
        problem, start = problem_of(inputs, settings, chosen)
        equations_at = HybridGaussNewton(problem)
        step = lambda p=problem, s=start, e=equations_at: e(s[None]).step(0, s, p.limits, 0.01)  # noqa: E731
        iteration[n] = median_seconds(step, 3)
        print(n, "trials", f"{1e3 * iteration[n]:.0f} ms", flush=True)
    three = replace(inputs, trials=tuple(trials[:3]))
    tool = NMSCalibrationTool(ROOT / "tools_setup" / "leg_synergy_hybrid.xml")
    result, seconds = run(tool, three)
    cells = [f"{1e3 * value:.0f}" for value in iteration.values()]
    return [
        "#### Time",
        "",
        f"Leg with all {len(result.muscle_names)} muscles, three walking trials: **{seconds:.0f} s** "
        f"({result.n_iterations} iterations) on one core. An iteration against the number of trials of four "
        "seconds:",
        "",
        f"| trials | {' | '.join(map(str, iteration))} |",
        "|---" * (len(iteration) + 1) + "|",
        f"| iteration, ms | {' | '.join(cells)} |",
        "",
    ], iteration


def draw(curves: dict[str, list[tuple[float, float]]], iteration: dict[int, float]) -> Figure:
    """Cost against time, and an iteration against the number of trials."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curve in curves.items():
        when, cost = np.array(curve).T
        left.plot(when, np.minimum.accumulate(cost), label=name)
    left.set(xlabel="seconds", ylabel="cost", yscale="log", title="Virtual leg, three trials")
    left.legend(frameon=False)
    right.plot(list(iteration), [1e3 * value for value in iteration.values()], "o-")
    right.set(xlabel="trials of 4 s", ylabel="iteration, ms", title="Levenberg-Marquardt", ylim=(0, None))
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    parts = ("virtual", "real", "seeds", "optimizers", "trials")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines: list[str] = []
    if "virtual" in options.only:
        lines += [*virtual_lines("leg"), *virtual_lines("arm")]
        print(*lines, sep="\n", flush=True)
    if "real" in options.only:
        lines += real_lines("lopes_subj06", lopes, options.data)
        lines += real_lines("rajagopal_walk", rajagopal, options.data)
    if "seeds" in options.only:
        lines += seed_lines(options.data)
    curves, iteration = {}, {}
    if "optimizers" in options.only:
        found, curves = optimizer_lines()
        lines += found
    if "trials" in options.only:
        found, iteration = trial_lines()
        lines += found
    lines.append(f"Printed by `python benchmarks/synergy_hybrid.py` on {machine()}, one thread.")
    print(*lines, sep="\n")
    if options.write:
        assert set(options.only) == set(parts), "--write needs all parts"
        FIGURE.write_bytes(png(draw(curves, iteration)))
        renew(PAGE, "\n".join(lines), BEGIN, END)


if __name__ == "__main__":
    main()
