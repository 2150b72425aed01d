"""How fast is it? Everything that is promised about time, measured in one process.

    python benchmarks/speed.py [--data DIR] [--write]

Prints a table; --write puts it into README.md and docs/validation.md, and draws
docs/figures/speed.png. Absolute times depend on the machine; ratios less.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from combined_problem import read_subjects
from geometry_speed import measure as measure_geometry
from speed_engines import C_PLUS_PLUS, EngineTimes, Growth, measure_engines, measure_growth
from speed_optimizers import Race, engine_of, races

ROOT = Path(__file__).resolve().parents[1]
SETUP = ROOT / "tools_setup" / "leg_emg_driven.xml"
FIGURE = ROOT / "docs" / "figures" / "speed.png"
PAGES = (ROOT / "README.md", ROOT / "docs" / "validation.md")
BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"


@dataclass(frozen=True)
class Job:
    """One `run-tool` of the leg in a process of its own.

    Attributes:
        seconds: Wall time of the process.
        calibration_seconds: Of the calibration.
        compilation_seconds: Of making machine code, or finding it in the cache.
        gigabytes: Peak memory, worker processes not counted.
    """

    seconds: float
    calibration_seconds: float
    compilation_seconds: float
    gigabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    start_up = {words[0]: start_up_seconds(words) for words in (["--help"], ["print-xml", "calibration"])}
    cold, warm = jobs()
    subjects = read_subjects()
    engine = engine_of(subjects[0])
    engines, growth = measure_engines(subjects, engine), measure_growth(subjects, engine)
    geometry = measure_geometry(options.data)
    contests = races(options.data)
    text = as_markdown(engines, growth, geometry, contests, (cold, warm), start_up)
    print(text)
    if options.write:
        for page in PAGES:
            renew(page, text)
        draw(contests, growth)


def start_up_seconds(words: list[str]) -> float:
    """Median wall time of the command line, in a process of its own."""
    times = []
    for _ in range(7):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            command = [sys.executable, "-m", "opensim_difcal", *words]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, env=_environment())
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def jobs() -> tuple[Job, Job]:
    """The whole job, first with an empty cache, then with what the first run left there."""
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as results:
        return _job(Path(cache), Path(results)), _job(Path(cache), Path(results))


def _job(cache: Path, results: Path) -> Job:
    words = ["run-tool", str(SETUP), "--results-directory", str(results), "--no-progress", "--log", "error"]
    peak = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    code = f"from opensim_difcal.cli import main; main({words!r}); {peak}"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=_environment() | {"XDG_CACHE_HOME": str(cache)},
    )
    seconds = time.perf_counter() - started
    stages = json.loads((results / "summary.json").read_text())["seconds"]
    return Job(seconds, stages["calibration"], stages["compilation"], int(done.stdout.split()[-1]) / 1024**2)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def as_markdown(
    engines: EngineTimes,
    growth: list[Growth],
    geometry: dict[str, float],
    contests: list[Race],
    whole: tuple[Job, Job],
    start_up: dict[str, float],
) -> str:
    """The table, with what was asked beside what was measured."""
    ms = {name: f"{1e3 * seconds:.1f} ms" for name, seconds in engines.seconds.items()}
    jacobian = engines.seconds["compiled_jacobian"] / engines.seconds["compiled"]
    of_c = {
        "cost": engines.seconds["compiled_cost"] / C_PLUS_PLUS["cost"],
        "jacobian": engines.seconds["compiled_jacobian"] / C_PLUS_PLUS["jacobian"],
    }
    at_points = "gradients at the points that AdamW visits in iterations 100 to 120"
    lines = [
        "| what | asked | measured |",
        "|---|---|---|",
        *_whole_job(*whole),
        f"| cost and gradient, plain torch, step by step | | {ms['plain']} |",
        f"| the same, torch engine | 10 × faster | {engines.ratio['torch']:.0f} × ({ms['torch']}) |",
        f"| the same, machine code | 30 × faster | {engines.ratio['compiled']:.0f} × ({ms['compiled']}) |",
        f"| cost and full Jacobian, machine code | 1.5 × the gradient | {jacobian:.2f} × "
        f"({ms['compiled_jacobian']}; with normal equations {ms['compiled_normal_equations']}) |",
        f"| cost alone, machine code | | {ms['compiled_cost']} |",
        "| largest relative difference to plain autograd | 1e-8 | "
        f"torch {engines.difference['torch']:.0e}, machine code {engines.difference['compiled']:.0e} |",
        f"| distance from C++ by hand (0.7 ms cost, 4.4 ms Jacobian) | | {of_c['cost']:.0f} ×, "
        f"{of_c['jacobian']:.1f} × |",
        *(_race_line(race) for race in contests),
        f"| geometry, 150 frames, 40 muscles, 3 coordinates | 15 × faster than `computeMomentArm` | "
        f"{geometry['times_faster']:.0f} × ({1e3 * geometry['uncached_seconds']:.0f} ms; from the cache "
        f"{1e3 * geometry['cached_seconds']:.1f} ms), within {geometry['max_difference_mm']:.2f} mm |",
        f"| `--help`, `print-xml` | 0.5 s | {start_up['--help']:.2f} s, {start_up['print-xml']:.2f} s |",
        "",
        *_growth_table(growth),
        "",
        f"Printed by `python benchmarks/speed.py` on {machine()}. 34 muscles, 3 trials, 200 steps "
        f"unless said; {at_points}.",
    ]
    return "\n".join(lines)


def _whole_job(cold: Job, warm: Job) -> list[str]:
    return [
        f"| whole job, `run-tool` of the leg, cold process, empty cache | 30 s, 1.5 GB | "
        f"{cold.seconds:.0f} s, {cold.gigabytes:.2f} GB |",
        f"| the same with the cache of an earlier run | 15 s | {warm.seconds:.0f} s |",
        f"| its calibration | 8 s | {cold.calibration_seconds:.1f} s, and once "
        f"{cold.compilation_seconds:.1f} s for machine code, which the cache keeps |",
    ]


def _growth_table(growth: list[Growth]) -> list[str]:
    iterations, gradients = (
        " | ".join(f"{1e3 * getattr(each, name):.0f}" for each in growth)
        for name in ("iteration_seconds", "gradient_seconds")
    )
    return [
        "| trials | " + " | ".join(str(each.n_trials) for each in growth) + " |",
        "|---" * (len(growth) + 1) + "|",
        f"| iteration, ms | {iterations} |",
        f"| cost and gradient, ms | {gradients} |",
        "| memory of an iteration, MB | " + " | ".join(f"{each.megabytes:.0f}" for each in growth) + " |",
    ]


def _race_line(race: Race) -> str:
    adamw, ours = race.adamw, race.levenberg_marquardt
    return (
        f"| Levenberg-Marquardt to AdamW's last cost (`hambly2024`, 1,000 iterations), {race.subject} | "
        f"a tenth of its time, and lower in the end | {100 * race.share_of_time:.1f} % of "
        f"{adamw.seconds[-1]:.0f} s; "
        f"cost {min(ours.costs):.4g} against {min(adamw.costs):.4g} |"
    )


def machine() -> str:
    """Processor, system and versions."""
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (
        f"{len(names)} cores of {names[0]}, {platform.system()}, Python {platform.python_version()}, torch "
        f"{torch.__version__}, one thread"
    )


def draw(contests: list[Race], growth: list[Growth]) -> None:
    """Cost against time of both optimizers, and growth with the trials."""
    figure, panels = plt.subplots(1, len(contests) + 1, figsize=(15, 3.6), layout="constrained")
    for panel, race in zip(panels, contests, strict=False):
        for course, label in ((race.adamw, "AdamW"), (race.levenberg_marquardt, "Levenberg-Marquardt")):
            panel.loglog([max(t, 1e-2) for t in course.seconds], course.costs, label=label)
        panel.set(title=race.subject, xlabel="time (s)", ylabel="cost, Eq. 4 ((N m)²)")
    panels[0].legend(frameon=False)
    n_trials = [each.n_trials for each in growth]
    panels[-1].loglog(
        n_trials, [1e3 * each.iteration_seconds for each in growth], "o-", label="iteration (ms)"
    )
    panels[-1].loglog(n_trials, [each.megabytes for each in growth], "s-", label="memory (MB)")
    first = 1e3 * growth[0].iteration_seconds
    panels[-1].loglog(n_trials, [first * n for n in n_trials], ":", color="gray", label="in proportion")
    panels[-1].set(title="34 muscles, 200 steps", xlabel="trials")
    panels[-1].legend(frameon=False)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(FIGURE, dpi=110)


def renew(page: Path, text: str) -> None:
    """Replaces what stands between the marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
