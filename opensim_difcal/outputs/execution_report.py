"""report.html of an execution: what was run, and how well its moments agree."""

from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.execution.result import ExecutionResult
from opensim_difcal.outputs import execution_sentences as sentences
from opensim_difcal.outputs.execution_changes import change_by_muscle, overall_change
from opensim_difcal.outputs.execution_scores import pooled_scores
from opensim_difcal.outputs.execution_tables import change_table, pooled_table, search_table, trial_table
from opensim_difcal.outputs.report_page import (
    Html,
    bullets,
    collapsible,
    links,
    page,
    paragraph,
    preformatted,
    section,
    text,
)
from opensim_difcal.outputs.report_pictures import ExecutionPictures
from opensim_difcal.wording import counted

CONTENTS = (
    ("moments", "Joint moments"),
    ("excitations", "Excitations"),
    ("muscles", "Fibers"),
    ("warnings", "Warnings"),
    ("continue", "How to continue"),
    ("settings", "Settings"),
)


def write_execution_report(
    path: Path, result: ExecutionResult, *, pictures: ExecutionPictures, settings_text: str
) -> None:
    """Writes the report, atomically. The same arguments give the same bytes.

    The page holds its figures and needs no network and no JavaScript.

    Args:
        path: The file, usually report.html.
        result: The execution; has at least one trial.
        pictures: The figures of the result.
        settings_text: The setup file as it was used, with its defaults.
    """
    bodies = {
        "moments": [*_agreement(result), *pictures.moments],
        "excitations": [*_excitations(result), pictures.excitations, *_searches(result)],
        "muscles": [pictures.fibers],
        "warnings": [
            bullets(text(line) for line in result.warnings) if result.warnings else paragraph("None.")
        ],
        "continue": [bullets(text(step) for step in sentences.how_to_go_on(result))],
        "settings": [collapsible("Settings that were used", preformatted(settings_text))],
    }
    sections = [section(anchor, title, bodies[anchor]) for anchor, title in CONTENTS]
    body = [*_in_short(result), links(CONTENTS), *sections]
    document = page(f"Execution {result.name}", sentences.execution_introduction(result), body)
    write_atomically(path, document.encode())


def _in_short(result: ExecutionResult) -> list[Html]:
    lines = [
        text(sentences.execution_coordinate(coordinate, by_mode))
        for coordinate, by_mode in pooled_scores(result).coordinates.items()
    ]
    found = [paragraph(sentences.execution_headline(result), css="headline")]
    if lines:
        found += [
            bullets(lines, css="headline"),
            *_paragraphs([sentences.tracking_caution(result)]),
            paragraph(sentences.HOW_TO_READ_AGREEMENT, css="quiet"),
        ]
    if result.warnings:
        found.append(paragraph(f"{counted(len(result.warnings), 'warning')}: see the section Warnings."))
    return found


def _agreement(result: ExecutionResult) -> list[Html]:
    unmeasured = _paragraphs([sentences.unmeasured_trials(result)])
    if not pooled_scores(result).coordinates:
        return unmeasured
    return [pooled_table(result), *unmeasured, collapsible("Every trial", trial_table(result))]


def _excitations(result: ExecutionResult) -> list[Html]:
    changes = change_by_muscle(result.trials)
    words = sentences.search_sentences(result, changes, overall_change(changes))
    return _paragraphs([sentences.projected_sentence(result), " ".join(words)])


def _searches(result: ExecutionResult) -> list[Html]:
    if all(each.search is None for each in result.trials):
        return []
    changes = change_by_muscle(result.trials)
    by_muscle = [collapsible("Change by muscle", change_table(changes))] if changes else []
    return [*by_muscle, collapsible("Search by trial", search_table(result))]


def _paragraphs(words: list[str]) -> list[Html]:
    """One paragraph for each text that is not empty."""
    return [paragraph(sentence) for sentence in words if sentence]
