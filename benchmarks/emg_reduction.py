"""How many electrodes are needed? The virtual leg and arm, electrodes taken off one by one.

    python benchmarks/emg_reduction.py [--results DIR] [--write]

Runs EMGReductionTool on both (some ten minutes on two processors; with --results an interrupted
run goes on). --write makes the section of docs/validation.md and its figures again.
"""

import argparse
import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon
from virtual_subjects import machine, renew

from opensim_difcal import EMGReductionTool
from opensim_difcal.calibration.electrode_statistics import SIGNIFICANCE, Comparison, Step

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
BEGIN, END = "<!-- emg_reduction: begin -->", "<!-- emg_reduction: end -->"


def lines_of(subject: str, results: Path) -> list[str]:
    """Runs the tool and puts its numbers in words and a table."""
    tool = EMGReductionTool(
        name=f"{subject}_emg_reduction",
        calibration_setup_file=ROOT / "tools_setup" / f"{subject}_synergy_hybrid.xml",
        results_directory=results / subject,
        max_iterations=40,
    )
    outcome = tool.run(progress=True)
    shutil.copy(outcome.files[2], ROOT / "docs" / "figures" / f"{subject}_emg_reduction.png")
    rows = [
        f"#### Virtual {subject}",
        "",
        *(f"- {sentence}" for sentence in outcome.advice),
        "",
        "RMSE (N m) and R², means over trials and coordinates, EMG-driven → synergy-hybrid; **bold** where "
        "they differ significantly. *Paired*: Wilcoxon's signed-rank test on the ratio of the two errors "
        "of each "
        "trial and coordinate, and which is lower.",
        "",
        "| electrodes | taken off last | RMSE, calibration trials | RMSE, unseen | R², unseen | "
        "parameter difference | paired p, calibration trials | paired p, unseen |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for step in outcome.steps:
        cells = [
            cell([np.mean(s.calibration_rmse) for s in step.scores], step.calibration_rmse, 2),
            cell([np.mean(s.rmse) for s in step.scores], step.rmse, 2),
            cell([np.mean(s.r2) for s in step.scores], step.r2, 2),
            cell([np.mean(each) for each in step.differences], step.parameters, 3),
            paired([s.calibration_rmse for s in step.scores]),
            paired([s.rmse for s in step.scores]),
        ]
        rows.append(f"| {len(step.electrodes)} | {last(step)} | {' | '.join(cells)} |")
    return [*rows, "", f"![Virtual {subject}](figures/{subject}_emg_reduction.png)", ""]


def paired(errors: Sequence[Sequence[float]]) -> str:
    """Wilcoxon's signed-rank test on relative differences of the same trial and coordinate, two-sided."""
    driven, hybrid = np.asarray(errors)
    p = float(np.asarray(wilcoxon(np.log(hybrid / driven)))[1])
    if p >= SIGNIFICANCE:
        return f"{p:.3f}"
    return f"**{p:.3f}** {'synergy-hybrid' if np.median(hybrid / driven) < 1.0 else 'EMG-driven'}"


def last(step: Step) -> str:
    return f"`{step.removed}`" if step.removed else ""


def cell(values: list[np.floating], comparison: Comparison, digits: int) -> str:
    text = " → ".join(f"{value:.{digits}f}" for value in values)
    bold = "" if comparison.lower is None else "**"
    p = "" if comparison.lower is None else f" (p {comparison.p:.3f})"
    return f"{bold}{text}{bold}{p}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0] if __doc__ else None)
    parser.add_argument("--results", type=Path, help="folder that is kept")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        results = options.results or Path(folder)
        lines = [line for subject in ("leg", "arm") for line in lines_of(subject, results)]
    lines.append(f"Printed by `python benchmarks/emg_reduction.py` on {machine()}.")
    print(*lines, sep="\n")
    if options.write:
        renew(PAGE, "\n".join(lines), BEGIN, END)


if __name__ == "__main__":
    main()
