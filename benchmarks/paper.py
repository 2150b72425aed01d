"""The paper's comparison of calibrations, and the older road beside it: every number of the docs.

    python benchmarks/paper.py [--data DIR] [--only SUBJECT ...] [--budget EVALUATIONS] [--write]

Subjects: leg and arm (virtual, truth known) and lopes_subj06 (a person). On each, with the same
electrodes and trials: simulated annealing as CEINMS does it, the paper's AdamW, the default,
synergy-hybrid, and the three-stage road: calibrate recorded muscles, find the others'
excitations by EMG-hybrid execution, calibrate all. Annealing runs twice: with CEINMS's documented
settings, whose limit ends it at the first temperature beyond 200 000 evaluations, still hot; and
with the faster cooling of its tutorial, until it settles by its own rule. With --write the section
of docs/validation.md and its figures are made again; that needs all subjects, and half an hour.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from paper_figures import draw_accuracy, draw_costs, draw_times
from real_data_setups import lopes
from virtual_subjects import machine, read_truth, renew

from opensim_difcal import NMSCalibrationTool
from opensim_difcal.cache import cache_subfolder
from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.electrode_statistics import compare
from opensim_difcal.calibration.metrics import pooled_agreement, trial_agreement
from opensim_difcal.calibration.problem import CalibrationProblem
from opensim_difcal.calibration.result import CalibrationResult, Prediction
from opensim_difcal.calibration.unknowns import make_unknowns
from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.execution.excitation_problem import Weights
from opensim_difcal.execution.execute import ExecutionSettings, execute
from opensim_difcal.inputs.batch import batch_trials
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.outputs.figures.style import png
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.physics.simulation import ActivationParameters
from opensim_difcal.tools.calibration.inputs import CalibrationInputs, read_inputs
from opensim_difcal.tools.calibration.run import calibration_settings, chosen_muscles

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
FIGURES = ROOT / "docs" / "figures"
BEGIN, END = "<!-- paper: begin -->", "<!-- paper: end -->"
N_CALIBRATION, LONGEST = 3, 1.2  # trials that calibrate, and what is used of each, s
LENGTHS = ("optimal_fiber_length", "tendon_slack_length")
REACH = 1.0 / 100.0
TUTORIAL: dict[str, Any] = {
    "temperature_reduction_factor": 0.3,
    "sweeps_per_adjustment": 15,
    "adjustments_per_temperature": 5,
}
ANNEALING, SETTLED, ADAMW, DEFAULT, HYBRID, STAGES = (
    "annealing",
    "annealing, tutorial's cooling",
    "AdamW",
    "default",
    "synergy-hybrid",
    "three stages*",
)
SAME_PROBLEM = "Levenberg-Marquardt on annealing's problem"
SMOOTH: dict[str, Any] = {
    "optimizer": "levenberg_marquardt",
    "max_iterations": 300,
    "normalized_fiber_length_penalty": "excess",
    "normalized_fiber_length_range": (0.505, 1.495),
    "normalized_fiber_length_weight": 1000.0,
    "n_starts": 5,
}
"""CEINMS's penalty jumps by 25 where a fiber leaves 0.5 to 1.5, which no gradient sees: a steep one keeps
fibers inside, where both costs are the same. Five starts, because one may end in a minor minimum."""


@dataclass(frozen=True)
class Run:
    """One method on one subject.

    Attributes:
        method: Its name.
        result: Parameters and predictions.
        cpu_seconds: Of the optimization, without predictions and compilation.
        n_evaluations: Of the cost.
        note: What it optimized.
        ends: Cost of its parameters by whose cost it is, CEINMS's and the default's; none
            for methods with other excitations.
    """

    method: str
    result: CalibrationResult
    cpu_seconds: float
    n_evaluations: int
    note: str
    ends: Mapping[str, float]

    def predictions(self, role: str) -> list[Prediction]:
        """Of the trials of a role."""
        return [p for p in self.result.calibrated if p.trial.role == role]

    def errors(self, coordinate: str, measure: str) -> list[float]:
        """Of every unseen trial."""
        return [getattr(trial_agreement(p)[coordinate], measure) for p in self.predictions("validation")]

    @property
    def misfit(self) -> float:
        """Mean of 1 - R2 over calibration trials and coordinates: the variance-scaled moment error."""
        found = [a.r2 for p in self.predictions("calibration") for a in trial_agreement(p).values()]
        return 1.0 - float(np.mean(found))

    @property
    def course(self) -> tuple[list[float], list[float]]:
        """CPU seconds, and the best moment error until then, the mean over trials."""
        n_trials = len(self.predictions("calibration"))
        seconds = [effort.cpu_seconds for effort in self.result.efforts]
        costs = [cost["moment_error"] / n_trials for cost in self.result.cost_history]
        return seconds, np.minimum.accumulate(costs).tolist()

    @property
    def totals(self) -> list[float]:
        """Best total cost until every iteration."""
        return np.minimum.accumulate([cost["total"] for cost in self.result.cost_history]).tolist()

    def seconds_to(self, total: float) -> float | None:
        """CPU seconds until the cost was as low; None where it never was."""
        for effort, cost in zip(self.result.efforts, self.totals, strict=True):
            if cost <= total:
                return effort.cpu_seconds
        return None


def subjects(data: Path) -> Mapping[str, Callable[[], NMSCalibrationTool]]:
    """The three data sets; tools in mode synergy_hybrid."""
    return {
        "leg": lambda: NMSCalibrationTool(ROOT / "tools_setup" / "leg_synergy_hybrid.xml"),
        "arm": lambda: NMSCalibrationTool(ROOT / "tools_setup" / "arm_synergy_hybrid.xml"),
        "lopes_subj06": lambda: lopes(data, Path("results"), mode="synergy_hybrid"),
    }


def shortened(tool: NMSCalibrationTool) -> NMSCalibrationTool:
    """Three short calibration trials, so that annealing ends within minutes; unseen trials stay whole."""
    trials, n_calibration = [], 0
    for files in tool.trials:
        if files.role == "calibration":
            n_calibration += 1
            if n_calibration > N_CALIBRATION:
                continue
            first, last = files.time_range
            files = replace(files, time_range=(first, min(last, first + LONGEST)))
        trials.append(files)
    return replace(tool, trials=tuple(trials))


def run_methods(tool: NMSCalibrationTool, budget: int, longest: int) -> list[Run]:
    """Every method on one subject; hybrid inputs hold the muscles without electrodes too."""
    driven = replace(tool, mode="emg_driven")
    plain = replace(driven, prior_weight=None)  # as the preset says
    ceinms = replace(plain, preset="ceinms", max_evaluations=budget, max_seconds=1e9)
    inputs = read_inputs(driven)
    every = read_inputs(tool)
    default = run_one(DEFAULT, replace(driven, preset="default"), inputs, "variance-scaled error, weak prior")
    judges = {"CEINMS": (ceinms, inputs), "default": (replace(driven, preset="default"), inputs)}
    runs = [
        run_one(ANNEALING, ceinms, inputs, "CEINMS cost, equilibrium tendon"),
        run_one(SETTLED, replace(ceinms, max_evaluations=longest, **TUTORIAL), inputs, "the same"),
        run_one(SAME_PROBLEM, replace(ceinms, **SMOOTH), inputs, "CEINMS cost, equilibrium tendon"),
        run_one(ADAMW, replace(plain, preset="hambly2024"), inputs, "raw error, as the paper"),
        default,
        run_one(HYBRID, tool, every, "Eq. 5"),
        three_stages(driven, every, default),
    ]
    return [
        run
        if run.method in (HYBRID, STAGES)
        else replace(run, ends={name: cost_of(run.result, *judge) for name, judge in judges.items()})
        for run in runs
    ]


def cost_of(result: CalibrationResult, tool: NMSCalibrationTool, inputs: CalibrationInputs) -> float:
    """What one tool's cost says of another's parameters."""
    settings, muscles = calibration_settings(tool), chosen_muscles(tool, inputs)
    first = ActivationParameters(*(torch.full_like(muscles.max_isometric_force, v) for v in settings.start))
    unknowns = make_unknowns(muscles, first, settings.strength_groups, settings.bounds)
    final = {kind: torch.tensor(change.final) for kind, change in result.parameters.items()}
    final["optimal_fiber_length"] = final["optimal_fiber_length"] / muscles.optimal_fiber_length
    final["tendon_slack_length"] = final["tendon_slack_length"] / muscles.tendon_slack_length
    strengths = [result.strength_coefficients[group] for group in unknowns.strength_groups]
    position = unknowns.position({**final, "strength_coefficient": torch.tensor(strengths)})
    trials = batch_trials([trial for trial in inputs.trials if trial.role == "calibration"])
    engine = best_engine(muscles, cache_subfolder("kernels"))
    terms = CalibrationProblem(trials, unknowns, settings.cost, engine).cost(position)
    return float(torch.stack(list(terms.values())).sum())


def run_one(method: str, tool: NMSCalibrationTool, inputs: CalibrationInputs, note: str) -> Run:
    """Calibrates once to compile, in a few iterations, and then counts."""
    settings = calibration_settings(tool)
    engine = best_engine(inputs.muscles, cache_subfolder("kernels"))
    muscles = chosen_muscles(tool, inputs)
    calibrate(tool.name, inputs.trials, muscles, few(settings), engine=engine)
    started = time.process_time()
    result = calibrate(tool.name, inputs.trials, muscles, settings, engine=engine)
    seconds, n_evaluations = result.efforts[-1].cpu_seconds, result.efforts[-1].n_evaluations
    if settings.n_starts > 1:  # efforts are those of the best start; here predictions are counted in
        seconds = time.process_time() - started
        n_evaluations = sum(start.n_iterations + 1 for start in result.starts)
    print(f"  {method}: {seconds:.2f} s, {result.status.name}", flush=True)
    return Run(method, result, seconds, n_evaluations, note, {})


def few(settings: CalibrationSettings) -> CalibrationSettings:
    return replace(settings, optimization=replace(settings.optimization, max_iterations=1))


def three_stages(driven: NMSCalibrationTool, every: CalibrationInputs, first: Run) -> Run:
    """The older road; excitations that unseen trials need are found from their moments too.

    Its seconds are those of all stages, of the second on the calibration trials alone.
    """
    parameters = first.result.parameters
    names, of_recorded = every.muscles.names, first.result.muscle_names

    def known(kind: str, otherwise: Sequence[float]) -> torch.Tensor:
        found = dict(zip(of_recorded, parameters[kind].final.tolist(), strict=True))
        return torch.tensor(
            [found.get(m, x) for m, x in zip(names, otherwise, strict=True)], dtype=torch.float64
        )

    muscles = every.muscles.with_parameters(
        optimal_fiber_length=known("optimal_fiber_length", every.muscles.optimal_fiber_length.tolist()),
        tendon_slack_length=known("tendon_slack_length", every.muscles.tendon_slack_length.tolist()),
        max_isometric_force=known("max_isometric_force", every.muscles.max_isometric_force.tolist()),
    )
    starts = {
        kind: [float(parameters[kind].initial[0])] * len(names) for kind in ("c1", "c2", "shape_factor")
    }
    calibrated = CalibratedMuscles(
        muscles,
        ActivationParameters(*(known(kind, start) for kind, start in starts.items())),
        driven.time_step,
        driven.electromechanical_delay,
        torch.zeros(len(names), dtype=torch.float64),
    )
    engine = best_engine(muscles, cache_subfolder("kernels"))
    settings = ExecutionSettings(
        adjusted=(),
        synthesized=tuple(name for name in names if name not in of_recorded),
        weights=Weights(alpha=1.0, beta=1.0, gamma=1.0),
        max_iterations=200,
        tolerance=1e-4,
    )
    trials: list[Trial] = []
    seconds = 0.0
    for trial in every.trials:
        started = cpu_seconds()
        (done,) = execute([trial], calibrated, settings, engine)
        seconds += (cpu_seconds() - started) * (trial.role == "calibration")
        trials.append(done.trial)
    last = run_one(
        STAGES, replace(driven, preset="default"), replace(every, trials=tuple(trials)), "as default"
    )
    return replace(
        last,
        cpu_seconds=first.cpu_seconds + seconds + last.cpu_seconds,
        n_evaluations=first.n_evaluations + last.n_evaluations,
    )


def cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


# --- what is written


def table(subject: str, runs: Sequence[Run]) -> list[str]:
    """Time, evaluations, agreement on unseen trials, and distance from annealing's parameters."""
    coordinates = runs[0].result.calibrated[0].trial.coordinate_names
    head = "".join(f" {name}: RMSE, N m | R² |" for name in coordinates)
    lines = [
        f"| method | CPU s | evaluations | 1 - R² where calibrated | CEINMS's cost | default's cost "
        f"|{head} parameters from annealing's |" + (" from the truth |" if subject in ("leg", "arm") else ""),
        "|---" * (7 + 2 * len(coordinates) + (subject in ("leg", "arm"))) + "|",
    ]
    for run in runs:
        pooled = pooled_agreement(run.predictions("validation"))
        cells = "".join(f" {pooled[name].rmse:.2f} | {pooled[name].r2:.3f} |" for name in coordinates)
        line = (
            f"| {run.method} | {run.cpu_seconds:.2f} | {run.n_evaluations} | {run.misfit:.4f} | "
            f"{' | '.join(f'{run.ends[n]:.4f}' if run.ends else '' for n in ('CEINMS', 'default'))} |{cells} "
            f"{distance(run, runs[0]):.3f} |"
        )
        lines.append(line + (f" {from_truth(run, subject):.3f} |" if subject in ("leg", "arm") else ""))
    lines += [
        "",
        "\\* Excitations of muscles without electrodes are found from the moments of unseen trials too.",
    ]
    return lines


def values(run: Run, muscles: Sequence[str]) -> np.ndarray:
    """The three calibrated parameters in start values, of some muscles."""
    index = [run.result.muscle_names.index(name) for name in muscles]
    kinds = (run.result.parameters[kind] for kind in (*LENGTHS, "max_isometric_force"))
    return np.array([(kind.final / kind.initial)[index] for kind in kinds])


def ranges(run: Run) -> np.ndarray:
    """The allowed range of each kind of parameter, in start values."""
    kinds = (run.result.parameters[kind] for kind in (*LENGTHS, "max_isometric_force"))
    return np.array([[np.mean((kind.upper - kind.lower) / kind.initial)] for kind in kinds])


def distance(run: Run, other: Run) -> float:
    """Mean difference of parameters that both have, as a part of their allowed range."""
    shared = [name for name in other.result.muscle_names if name in run.result.muscle_names]
    return float((np.abs(values(run, shared) - values(other, shared)) / ranges(other)).mean())


def from_truth(run: Run, subject: str) -> float:
    """Mean error of the recorded muscles' parameters, as a part of their allowed range."""
    truth, result = read_truth(subject), run.result
    shared = [n for n in result.muscle_names if n in truth and n in recorded_names(result)]
    kinds = (*LENGTHS, "max_isometric_force")
    initial = np.array(
        [[result.parameters[k].initial[result.muscle_names.index(n)] for n in shared] for k in kinds]
    )
    true = np.array([[truth[name][kind] for name in shared] for kind in kinds]) / initial
    return float((np.abs(values(run, shared) - true) / ranges(run)).mean())


def recorded_names(result: CalibrationResult) -> tuple[str, ...]:
    recording = result.calibrated[0].trial.recording
    return tuple(recording.drivers) if recording is not None else result.muscle_names


def tests(runs: Sequence[Run]) -> list[str]:
    """Every method against annealing, and hybrid against default, on unseen trials."""
    by_name = {run.method: run for run in runs}
    pairs = [
        (ADAMW, SETTLED),
        (DEFAULT, SETTLED),
        (DEFAULT, ANNEALING),
        (HYBRID, SETTLED),
        (HYBRID, DEFAULT),
        (STAGES, HYBRID),
    ]
    coordinates = runs[0].result.calibrated[0].trial.coordinate_names
    lines = ["| | " + " | ".join(f"{c}: RMSE | R²" for c in coordinates) + " |"]
    lines.append("|---" * (1 + 2 * len(coordinates)) + "|")
    for first, second in pairs:
        cells = []
        for coordinate in coordinates:
            for measure in ("rmse", "r2"):
                groups = [by_name[name].errors(coordinate, measure) for name in (first, second)]
                found = compare(*groups)
                word = "same" if found.lower is None else ("lower" if found.lower == 0 else "higher")
                cells.append(f"{word} (p {found.p:.2g}, {'t' if found.test == 't-test' else 'U'})")
        lines.append(f"| {first} against {second} | {' | '.join(cells)} |")
    return lines


def reach_lines(runs: Sequence[Run]) -> list[str]:
    """How soon others are where annealing ends."""
    by_name = {run.method: run for run in runs}
    lines = []
    for name in (ANNEALING, SETTLED):
        lines += reach_of(by_name[name], by_name[SAME_PROBLEM], by_name[DEFAULT])
    return lines


def reach_of(annealing: Run, same: Run, default: Run) -> list[str]:
    """How soon Levenberg-Marquardt is as low: in the default's own cost, and in CEINMS's."""
    what = f"{annealing.method} ({annealing.result.status.name.lower().replace('_', ' ')})"
    total = annealing.cpu_seconds
    mine, theirs = annealing.ends["default"], annealing.ends["CEINMS"]
    above = same.ends["CEINMS"] / theirs - 1.0
    return [
        f"- Default calibration, in its own cost: where {what} ends after {total:.1f} CPU s is {mine:.4f}; "
        f"{reached(default.seconds_to(mine), total)}, and ends at {default.ends['default']:.4f}.",
        f"- {SAME_PROBLEM}, five starts, in CEINMS's cost: {what} ends at {theirs:.4f}; it ends at "
        f"{same.ends['CEINMS']:.4f}, {100 * abs(above):.1f} % {'above' if above > 0 else 'below'} that, "
        f"after {same.cpu_seconds:.2f} CPU s, **1/{total / same.cpu_seconds:.0f}** of the time.",
    ]


def reached(seconds: float | None, of: float) -> str:
    if seconds is None:
        return "it is never as low"
    ok = "" if seconds <= REACH * of else ", which is more than 1/100"
    return f"it is as low after {seconds:.3f} CPU s, **1/{of / max(seconds, 1e-9):.0f}** of that{ok}"


def findings(all_runs: Mapping[str, Sequence[Run]]) -> list[str]:
    """The paper's findings, and whether they hold here."""
    lines = []
    for subject, runs in all_runs.items():
        by_name = {run.method: run for run in runs}
        names = ANNEALING, SETTLED, ADAMW, DEFAULT, HYBRID
        slow, settled, adam, default, hybrid = (by_name[n] for n in names)
        coordinates = runs[0].result.calibrated[0].trial.coordinate_names
        faster = slow.cpu_seconds / adam.cpu_seconds, slow.cpu_seconds / default.cpu_seconds
        lines.append(
            f'- {subject}: "13 to 26 times faster than annealing": AdamW {faster[0]:.1f} times, default '
            f"{faster[1]:.0f} times."
        )
        for first, second, claim in (
            (adam, settled, '"accuracy comparable to annealing" (AdamW)'),
            (default, settled, "the same of the default"),
            (hybrid, default, '"synergy-hybrid is superior to EMG-driven"'),
        ):
            worse = [
                c
                for c in coordinates
                if compare(first.errors(c, "rmse"), second.errors(c, "rmse")).lower == 1
            ]
            better = [
                c
                for c in coordinates
                if compare(first.errors(c, "rmse"), second.errors(c, "rmse")).lower == 0
            ]
            lines.append(
                f"- {subject}: {claim}: RMSE significantly lower at {', '.join(better) or 'no coordinate'}, "
                f"higher at {', '.join(worse) or 'none'}."
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    names = ("leg", "arm", "lopes_subj06")
    parser.add_argument("--only", nargs="*", choices=names, default=names)
    parser.add_argument("--budget", type=int, default=200_000, help="evaluations of annealing")
    parser.add_argument("--longest", type=int, default=3_000_000, help="evaluations until it settles")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    made = subjects(options.data)
    all_runs: dict[str, Sequence[Run]] = {}
    lines: list[str] = []
    for subject in options.only:
        print(subject, flush=True)
        runs = run_methods(shortened(made[subject]()), options.budget, options.longest)
        all_runs[subject] = runs
        found = [f"#### {subject}", "", *table(subject, runs), "", *tests(runs), "", *reach_lines(runs), ""]
        print(*found, sep="\n", flush=True)
        lines += found
    lines += ["#### The paper's findings here", "", *findings(all_runs), ""]
    lines.append(f"Printed by `python benchmarks/paper.py` on {machine()}, one thread.")
    print(*lines, sep="\n")
    pictures: Sequence[tuple[str, Any]] = (
        ("paper_times.png", draw_times),
        ("paper_accuracy.png", draw_accuracy),
        ("paper_costs.png", draw_costs),
    )
    if options.write:
        assert set(options.only) == set(names), "--write needs all subjects"
        for name, draw in pictures:
            (FIGURES / name).write_bytes(png(draw(all_runs)))
        renew(PAGE, "\n".join(lines), BEGIN, END)


if __name__ == "__main__":
    main()
