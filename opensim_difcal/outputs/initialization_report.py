"""report.html of an initialization: what changed, and why."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from opensim_difcal.atomic import write_atomically
from opensim_difcal.initialization.normalized_lengths import KEPT, LEAST_SQUARES
from opensim_difcal.initialization.result import Change, InitializationResult, InitializedMuscle
from opensim_difcal.outputs.initial_values_csv import force_source, length_source
from opensim_difcal.outputs.report_page import (
    Html,
    bullets,
    cell,
    collapsible,
    links,
    page,
    paragraph,
    preformatted,
    section,
    table,
    text,
)
from opensim_difcal.outputs.wording import parameter_text
from opensim_difcal.wording import counted

CONTENTS = (("values", "Start values"), ("notes", "Notes"), ("settings", "Settings"))


def write_initialization_report(
    path: Path, result: InitializationResult, *, picture: Html, settings_text: str
) -> None:
    """Writes the report, atomically. The same arguments give the same bytes.

    Args:
        path: The file, usually report.html.
        result: The start values.
        picture: Its figure.
        settings_text: The setup file as it was used, with its defaults.
    """
    notes = [*result.notes, *kept_sentences(result)]
    bodies = {
        "values": [picture, collapsible("All values", value_table(result.muscles))],
        "notes": [bullets(text(note) for note in notes) if notes else paragraph("None.")],
        "settings": [collapsible("Settings that were used", preformatted(settings_text))],
    }
    sections = [section(anchor, title, bodies[anchor]) for anchor, title in CONTENTS]
    lines = bullets([text(line) for line in result_sentences(result)], css="headline")
    introduction = f"{counted(len(result.muscles), 'muscle')}, before any calibration."
    document = page(f"Start values of {result.name}", introduction, [lines, links(CONTENTS), *sections])
    write_atomically(path, document.encode())


def result_sentences(result: InitializationResult) -> list[str]:
    """Says what was done, and how much it changed."""
    sentences = []
    if result.has_reference:
        compared = [each.fiber_difference for each in result.muscles if each.fiber_difference is not None]
        n_mapped = sum(each.mapping is not None and each.mapping.method != KEPT for each in result.muscles)
        sentences.append(
            f"Lengths of {counted(n_mapped, 'muscle')} were mapped from the reference model. Over all poses "
            "their normalized fiber lengths differ from the reference's by "
            f"{_median(compared, 0):.3f} before and {_median(compared, 1):.3f} after (root mean square, "
            "median over muscles)."
        )
    if result.leg_volume is not None:
        with_volume = [each for each in result.muscles if each.volume is not None]
        before, after = (sum(each.max_isometric_force[i] for each in with_volume) for i in (0, 1))
        sentences.append(
            f"Forces of {counted(len(with_volume), 'muscle')} follow from their volumes and a specific "
            f"tension of {result.specific_tension:g} N/cm². By height and mass one leg has "
            f"{result.leg_volume:.0f} cm³ of muscle. The sum of max_isometric_force went from {before:.0f} "
            f"to {after:.0f} N ({100.0 * (after / before - 1.0):+.0f} %)."
        )
    return sentences


def kept_sentences(result: InitializationResult) -> list[str]:
    """Names muscles that were not mapped, or mapped in another way, and those without volume."""
    sentences = []
    if result.has_reference:
        kept = [each.name for each in result.muscles if each.mapping is None or each.mapping.method == KEPT]
        if kept:
            sentences.append(
                "Lengths kept, because the reference does not have them or no pose decides: "
                f"{', '.join(kept)}."
            )
        otherwise = [
            f"{each.name} ({length_source(each)})"
            for each in result.muscles
            if each.mapping is not None and each.mapping.method not in (KEPT, LEAST_SQUARES)
        ]
        if otherwise:
            sentences.append(
                f"Least squares gave no positive lengths, or no single ones, for: {', '.join(otherwise)}."
            )
    if result.leg_volume is not None:
        unknown = [each.name for each in result.muscles if each.volume is None]
        if unknown:
            sentences.append(f"Forces kept, because no volume is known: {', '.join(unknown)}.")
    return sentences


def value_table(muscles: Sequence[InitializedMuscle]) -> Html:
    """Returns all values before and after, one row per muscle."""
    header = [
        "Muscle",
        "optimal_fiber_length (m)",
        "tendon_slack_length (m)",
        "Lengths from",
        "max_isometric_force (N)",
        "Force from",
        "Volume (cm³)",
    ]
    rows = [
        (
            each.name,
            [
                cell(_change_text(each.optimal_fiber_length)),
                cell(_change_text(each.tendon_slack_length)),
                cell(length_source(each), css="words"),
                cell(_change_text(each.max_isometric_force)),
                cell(force_source(each), css="words"),
                cell("" if each.volume is None else f"{each.volume:.0f}"),
            ],
        )
        for each in muscles
    ]
    return table("Scaled model → start value.", header, rows, words=["Lengths from", "Force from"])


def _change_text(change: Change) -> str:
    before, after = change
    if before == after:
        return parameter_text(before)
    percent = 100.0 * (after / before - 1.0)
    return f"{parameter_text(before)} → {parameter_text(after)} ({percent:+.1f} %)"


def _median(differences: Sequence[Change], which: int) -> float:
    return float(np.median([each[which] for each in differences])) if differences else float("nan")
