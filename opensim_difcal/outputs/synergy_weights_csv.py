"""synergy_weights.csv: how strongly every synergy drives every channel and muscle."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.outputs.wording import synergy_names


def header(n_synergies: int) -> list[str]:
    """Returns the titles of the columns."""
    names = synergy_names(n_synergies)
    initial = [f"initial_{name}" for name in names]
    return ["trial", "name", "kind", *initial, *names, "variance_accounted_for"]


def write_synergy_weights(path: Path, outcome: SynergyOutcome) -> None:
    """Writes one row per recorded channel and per synthesized muscle, atomically and without rounding.

    Weights by trial stand below each other; the column trial is empty where all trials
    share them. A synthesized muscle has no initial weights, because these come from
    recordings, and no variance accounted for.

    Args:
        path: The file, usually synergy_weights.csv.
        outcome: The synergies.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header(outcome.n_synergies))
    for trial in outcome.weights:
        writer.writerows(_rows(outcome, trial))
    write_atomically(path, text.getvalue().encode())


def _rows(outcome: SynergyOutcome, trial: str) -> Iterator[list[str | float]]:
    weights = outcome.weights[trial].tolist()
    n_channels = len(outcome.channel_names)
    by_channel = outcome.variance_accounted_for.by_channel
    for i, name in enumerate(outcome.channel_names):
        initial = outcome.extracted.weights[i].tolist()
        yield [trial, name, "recorded", *initial, *weights[i], by_channel[name]]
    for name, own in zip(outcome.synthesized_muscles, weights[n_channels:], strict=True):
        yield [trial, name, "synthesized", *[""] * outcome.n_synergies, *own, ""]
