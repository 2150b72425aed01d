"""How far can calibrated numbers be trusted, and what does the prior do to them? Every number of the docs.

    python benchmarks/confidence.py [--data DIR] [--realisations 50] [--write]

Three parts: whether 95 % intervals contain the truth of the virtual leg, with noise drawn many
times; what weights of the prior do to parameters, and to unseen trials of virtual and real
subjects; and which share of a job's time the intervals take. With --write the section of
docs/validation.md and its figure are made again. Ends with an error where a requirement is
not met.
"""

import argparse
import os
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from confidence_cases import ROOT, Subject
from confidence_coverage import OTHERS, CoverageFigures, coverage_figures, coverage_text, percent
from confidence_prior import PriorFigures, draw_prior, prior_figures, prior_text
from virtual_subjects import machine, renew

import opensim_difcal.calibration.calibrate as calibrate_module
from opensim_difcal import NMSCalibrationTool
from opensim_difcal.outputs.figures.style import png

PAGE = ROOT / "docs" / "validation.md"
FIGURE = ROOT / "docs" / "figures" / "prior_weight.png"
BEGIN, END = "<!-- confidence: begin -->", "<!-- confidence: end -->"
COVERAGE = (0.90, 0.99)
LARGEST_SHARE = 0.2
N_JOBS = 5


@dataclass(frozen=True)
class Times:
    """Runs of the whole tool on the virtual leg, s.

    Attributes:
        confidence: Of `identifiability` in every run.
        job: Of the run, from setup to the last file.
    """

    confidence: tuple[float, ...]
    job: tuple[float, ...]

    @property
    def share(self) -> float:
        """Median share of a job that the intervals take."""
        return float(np.median(np.divide(self.confidence, self.job)))


@dataclass(frozen=True)
class Requirement:
    """Something that must hold.

    Attributes:
        sentence: What, with the numbers found.
        is_met: Whether it does.
    """

    sentence: str
    is_met: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    parser.add_argument("--realisations", type=int, default=50, help="of the noise, for the coverage")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    subjects = [Subject.read(name) for name in ("leg", "arm")]
    coverage = coverage_figures(subjects[0], options.realisations)
    print(coverage_text(coverage), flush=True)
    prior = prior_figures(subjects, options.data)
    print(prior_text(prior), flush=True)
    times = job_times()
    print(time_text(times), flush=True)
    requirements = all_requirements(coverage, prior, times)
    print(requirement_text(requirements))
    if options.write:
        FIGURE.write_bytes(png(draw_prior(prior)))
        parts = (
            INTRODUCTION,
            requirement_text(requirements),
            coverage_text(coverage),
            prior_text(prior),
            time_text(times),
        )
        renew(PAGE, wrapped("\n\n".join(parts)), BEGIN, END)
    if not all(each.is_met for each in requirements):
        raise SystemExit("Not every requirement is met.")


INTRODUCTION = """\
## Confidence

Made by `python benchmarks/confidence.py --write`; do not edit. A calibration says for every number how large
its standard error is, which 95 % interval follows, and whether the trials determine it: *informed* is a value
whose interval is narrower than its bounds. Here this is held against virtual subjects whose parameters are
known."""


def wrapped(text: str) -> str:
    """Breaks the lines of paragraphs; tables, lists, headings and figures stay as they are."""
    parts = (
        part
        if part.startswith(("|", "#", "-", "!["))
        else textwrap.fill(part, 118, break_long_words=False, break_on_hyphens=False)
        for part in text.split("\n\n")
    )
    return "\n\n".join(parts)


def job_times() -> Times:
    """Runs the tool several times in this process; the first run is not counted."""
    spent: list[float] = []
    original = calibrate_module.identifiability

    def timed(*arguments: Any) -> Any:
        started = time.perf_counter()
        found = original(*arguments)
        spent.append(time.perf_counter() - started)
        return found

    jobs = []
    with patch.object(calibrate_module, "identifiability", timed):
        for _ in range(N_JOBS + 1):
            jobs.append(_job_seconds())
    return Times(confidence=tuple(spent[1:]), job=tuple(jobs[1:]))


def _job_seconds() -> float:
    """Seconds that the tool needs for the virtual leg as shipped."""
    with tempfile.TemporaryDirectory() as folder:
        tool = NMSCalibrationTool(ROOT / "tools_setup" / "leg_emg_driven.xml")
        tool.results_directory = Path(folder)
        started = time.perf_counter()
        tool.run()
        return time.perf_counter() - started


def time_text(times: Times) -> str:
    return (
        "### Time\n\n"
        f"`leg_emg_driven.xml`, the whole tool from setup to the last file, {len(times.job)} runs in one "
        f"process after a first one: the intervals take {1e3 * np.median(times.confidence):.0f} ms of "
        f"{np.median(times.job):.2f} s (medians), {100 * times.share:.1f} % of a job's time (median of "
        f"the runs' ratios, {100 * min(np.divide(times.confidence, times.job)):.1f} to "
        f"{100 * max(np.divide(times.confidence, times.job)):.1f} %).\n\n"
        f"Printed by `python benchmarks/confidence.py` on {machine()}, one thread."
    )


def all_requirements(coverage: CoverageFigures, prior: PriorFigures, times: Times) -> list[Requirement]:
    """What must hold, with what was found."""
    others = coverage.without_prior.judged.of_parameters(OTHERS)
    covered = float(coverage.without_prior.judged.by_trials.mean())
    (one_free, one_held), (five_free, five_held) = (
        [prior.row("leg", n, weight).error for weight in (0.0, prior.default)] for n in (1, 5)
    )
    return [
        Requirement(
            f"{100 * COVERAGE[0]:.0f} to {100 * COVERAGE[1]:.0f} % of the 95 % intervals of informed values "
            f"contain the truth, without the prior: {100 * covered:.1f} %, "
            f"without C1 and C2 {percent(others.by_trials)}",
            COVERAGE[0] <= covered <= COVERAGE[1],
        ),
        Requirement(
            "the default prior lowers the median parameter error with one trial of the leg: "
            f"{one_free:.3f} to {one_held:.3f}",
            one_held < one_free,
        ),
        Requirement(
            f"it does not raise it with five trials: {five_free:.3f} to {five_held:.3f}",
            five_held <= five_free,
        ),
        Requirement(
            f"the intervals take at most {100 * LARGEST_SHARE:.0f} % of a job's time: "
            f"{100 * times.share:.1f} %",
            times.share <= LARGEST_SHARE,
        ),
    ]


def requirement_text(requirements: list[Requirement]) -> str:
    lines = [f"- {each.sentence} ({'met' if each.is_met else '**not met**'})" for each in requirements]
    return "\n".join(["Required, and found:", "", *lines])


if __name__ == "__main__":
    main()
