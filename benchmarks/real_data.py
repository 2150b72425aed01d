"""Calibrates on real walking and running, and scores gait cycles the calibration never saw.

    python benchmarks/real_data.py [--data DIR] [--variants] [--write]

Runs the tool on both data sets, closed loop included, and prints every cycle. With
--variants also what happens when one thing is changed. With --write the section
"Real measurements" of docs/validation.md and its figure are made again.
"""

import argparse
import os
import tempfile
from pathlib import Path

import torch
from real_data_setups import LOPES_CALIBRATION, SEMITENDINOSUS, Variant, lopes, rajagopal
from real_data_text import (
    CycleScores,
    cycle_table,
    draw_moments,
    mean_table,
    run_sentences,
    section,
    variant_row,
    variant_table,
)

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.tools.calibration.inputs import read_inputs
from opensim_difcal.tools.calibration.run import calibrate_inputs

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
FIGURES = ROOT / "docs" / "figures"
BEGIN, END = "<!-- real_data: begin -->", "<!-- real_data: end -->"
SETUPS = {"lopes_subj06": lopes, "rajagopal_walk": rajagopal}

_WEIGHTS = {"moment_error": "raw", "prior_weight": 10.0, "tendon_strain_weight": 3e3}
_COMMON = (
    Variant("as above", {}),
    *(Variant(f"prior weight {weight:g}", {"prior_weight": weight}) for weight in (0.005, 0.02, 0.1, 0.3)),
    *(Variant(f"tendon strain weight {w:g}", {"tendon_strain_weight": w}) for w in (1.0, 100.0, 1e4)),
    Variant("raw moment error*", _WEIGHTS | {"normalized_fiber_length_weight": 1e3}),
    Variant("strength bounds 0.5 to 2.5", {"strength_coefficient_bounds": (0.5, 2.5)}),
    Variant("no strength groups", {"strength_groups": ()}),
    Variant("strains of curves, one for all muscles", {"calibrated_curve_strains": CURVE_STRAINS}),
)
VARIANTS = {
    "lopes_subj06": (
        *_COMMON,
        Variant(
            "length bounds 0.85 to 1.15",
            {"optimal_fiber_length_bounds": (0.85, 1.15), "tendon_slack_length_bounds": (0.85, 1.15)},
        ),
        *(Variant(f"delay {d:g} s", {"electromechanical_delay": d}) for d in (0.035, 0.075, 0.125)),
        Variant("coordinates low-passed at 6 Hz", {"lowpass_cutoff_frequency_for_coordinates": 6.0}),
        Variant("semiten_r driven by semimem_r", {}, channels=SEMITENDINOSUS),
        Variant("calibrated on 2 walking cycles", {}, calibration=LOPES_CALIBRATION[:2]),
        Variant("calibrated on 1 running cycle", {}, calibration=LOPES_CALIBRATION[2:]),
        Variant(
            "calibrated on 4 walking, 2 running",
            {},
            calibration=(*LOPES_CALIBRATION, "walk36_03", "walk36_04", "run81_a_02"),
        ),
        Variant("AdamW, 200 iterations", {"optimizer": "adamw", "max_iterations": 200}),
    ),
    "rajagopal_walk": (
        *_COMMON,
        *(Variant(f"delay {d:g} s", {"electromechanical_delay": d}) for d in (0.01, 0.06)),
        Variant("all tendons elastic", {"tendon": "elastic"}),
        Variant("AdamW, 200 iterations", {"optimizer": "adamw", "max_iterations": 200}),
    ),
}


def run_data_set(name: str, data: Path) -> tuple[CalibrationResult, list[str]]:
    """Runs the tool with all checks; the result and the lines about it."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = SETUPS[name](data, Path(folder)).run()
    scores = CycleScores.of(outcome.result)
    lines = [*run_sentences(outcome), "", *mean_table(scores), "", *cycle_table(scores)]
    return outcome.result, lines


def run_variants(name: str, data: Path) -> list[str]:
    """Calibrates again with one thing changed at a time; no closed loop."""
    rows = []
    for variant in VARIANTS[name]:
        changed = dict(variant.properties)
        if variant.channels is not None:
            changed["channels"] = variant.channels
        if variant.calibration is not None:
            changed["calibration"] = variant.calibration
        tool = SETUPS[name](data, Path("unused"), **changed)
        result = calibrate_inputs(tool, read_inputs(tool))
        rows.append(variant_row(variant.label, result))
        print(rows[-1], flush=True)
    return variant_table(name, rows)


def write_page(text: str) -> None:
    """Puts the section between its markers; the rest of the page is others'."""
    page = PAGE.read_text() if PAGE.exists() else "# Validation\n"
    block = f"{BEGIN}\n{text}{END}\n"
    if BEGIN in page:
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1].removeprefix("\n")
    else:
        before, after = page.rstrip("\n") + "\n\n", ""
    PAGE.write_text(before + block + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    parser.add_argument("--variants", action="store_true", help="also change one thing at a time")
    parser.add_argument("--write", action="store_true", help="write the page's section; implies --variants")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results, lines = {}, {}
    for name in SETUPS:
        if not (arguments.data / name).is_dir():
            parser.error(f"{arguments.data / name} is no folder; set --data or OPENSIM_DIFCAL_DATA")
        results[name], lines[name] = run_data_set(name, arguments.data)
        print(name, *lines[name], sep="\n", flush=True)
        if arguments.variants or arguments.write:
            lines[name] += ["", *run_variants(name, arguments.data)]
    if arguments.write:
        FIGURES.mkdir(parents=True, exist_ok=True)
        draw_moments(results, FIGURES / "real_data.png")
        write_page(section(lines))


if __name__ == "__main__":
    main()
