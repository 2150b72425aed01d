"""report.html: one page that shows whether to believe a calibration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.confidence import Identifiability
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.outputs import report_sentences as sentences
from opensim_difcal.outputs.confidence_sentences import (
    HYBRID_CAUTION,
    TRADE_OFFS,
    confidence_sentences,
    trade_off_sentences,
)
from opensim_difcal.outputs.report_page import (
    Html,
    box,
    bullets,
    collapsible,
    joined,
    links,
    marked,
    page,
    paragraph,
    preformatted,
    section,
    text,
)
from opensim_difcal.outputs.report_pictures import ReportPictures
from opensim_difcal.outputs.report_tables import (
    agreement_table,
    parameter_table,
    strength_table,
    synergy_table,
    verdict_table,
)
from opensim_difcal.outputs.summary import pooled_summary
from opensim_difcal.outputs.verdict import Trust, verdict
from opensim_difcal.wording import counted

VERDICT_MARKS = {Trust.GOOD: ("✓", "good"), Trust.CARE: ("!", "care"), Trust.NONE: ("✗", "none")}
CONTENTS = (
    ("moments", "Joint moments"),
    ("parameters", "Parameters"),
    ("muscles", "Fibers and tendons"),
    ("activations", "Excitations"),
    ("closed-loop", "Check by OpenSim"),
    ("convergence", "Convergence"),
    ("warnings", "Warnings"),
    ("continue", "How to continue"),
    ("settings", "Settings"),
)
SYNERGIES = ("synergies", "Synergies")
CONFIDENCE = ("confidence", "What the trials determine")


def write_report(
    path: Path,
    result: CalibrationResult,
    *,
    summary: Mapping[str, Any],
    pictures: ReportPictures,
    closed_loop: Mapping[str, float],
    settings_text: str,
    least_vaf: float | None = None,
) -> None:
    """Writes the report, atomically. The same arguments give the same bytes.

    The page holds its figures and needs no network and no JavaScript.

    Args:
        path: The file, usually report.html.
        result: The calibration; has at least one trial.
        summary: What `outputs.summary.summary` returned for the result.
        pictures: The figures of the result.
        closed_loop: OpenSim's largest disagreement by check, fraction of
            max_isometric_force.
        settings_text: The setup file as it was used, with its defaults.
        least_vaf: Variance to account for by which the number of synergies was chosen;
            None where it was asked for, or there are none.
    """
    contents = contents_of(result)
    bodies = {
        "moments": [agreement_table(summary["trials"], summary["pooled"]), *pictures.moments],
        "parameters": _parameters(result, summary, pictures),
        "muscles": [pictures.fibers, pictures.strains],
        "activations": [pictures.activations],
        "closed-loop": _closed_loop(closed_loop),
        "convergence": [pictures.convergence, *_starts(result)],
        "warnings": _warnings(result),
        "continue": [bullets(text(step) for step in sentences.how_to_continue(result, closed_loop))],
        "settings": [collapsible("Settings that were used", preformatted(settings_text))],
    }
    if result.synergies is not None:
        bodies["synergies"] = _synergies(result.synergies, pictures, least_vaf)
    if result.identifiability is not None:
        bodies["confidence"] = _confidence(result, result.identifiability, pictures)
    sections = [section(anchor, title, bodies[anchor]) for anchor, title in contents]
    top = [*_in_short(result, summary, closed_loop), links(contents)]
    document = page(f"Calibration of {result.name}", sentences.introduction(result), [*top, *sections])
    write_atomically(path, document.encode())


def contents_of(result: CalibrationResult) -> tuple[tuple[str, str], ...]:
    """Returns anchor and title of the page's sections.

    Synergies stand after excitations, what the trials determine after parameters, where
    there are any.
    """
    contents = list(CONTENTS)
    for before, optional, is_there in (
        ("activations", SYNERGIES, result.synergies is not None),
        ("parameters", CONFIDENCE, result.identifiability is not None),
    ):
        if is_there:
            contents.insert([anchor for anchor, _ in contents].index(before) + 1, optional)
    return tuple(contents)


def _in_short(
    result: CalibrationResult, summary: Mapping[str, Any], closed_loop: Mapping[str, float]
) -> list[Html]:
    unseen = bool(summary["pooled"])
    agreement = summary["pooled"] or pooled_summary(result, role="calibration")
    lines = [text(sentences.headline_coordinate(name, both)) for name, both in agreement.items()]
    conclusion = verdict(summary, closed_loop)
    findings = [marked(*VERDICT_MARKS[finding.trust], finding.sentence) for finding in conclusion.findings]
    warnings = result.warnings
    pointer = (
        [paragraph(f"{counted(len(warnings), 'warning')}: see the section Warnings.")] if warnings else []
    )
    return [
        box(VERDICT_MARKS[conclusion.trust][1], f"Verdict: {conclusion.trust.value}", [bullets(findings)]),
        paragraph(sentences.headline(agreement, unseen=unseen), css="headline"),
        bullets(lines, css="headline"),
        paragraph(sentences.HOW_TO_READ_NUMBERS, css="quiet"),
        *pointer,
    ]


def _parameters(
    result: CalibrationResult, summary: Mapping[str, Any], pictures: ReportPictures
) -> list[Html]:
    words = [
        sentences.values_at_bounds(summary["parameters"]),
        sentences.elastic_tendons(result.made_elastic),
        *(repair.sentence for repair in result.repairs),
    ]
    tables = [parameter_table(result)]
    if result.strength_coefficients:
        tables.append(strength_table(result))
    return [
        *(paragraph(sentence) for sentence in words if sentence),
        pictures.parameters,
        collapsible("All values", joined(tables)),
    ]


def _confidence(result: CalibrationResult, known: Identifiability, pictures: ReportPictures) -> list[Html]:
    synthesized = bool(result.synergies and result.synergies.synthesized_muscles)
    pairs = trade_off_sentences(known)
    return [
        *(paragraph(sentence) for sentence in confidence_sentences(known)),
        *_care([HYBRID_CAUTION] if synthesized else []),
        verdict_table(known),
        *([paragraph(TRADE_OFFS), bullets(map(text, pairs))] if pairs else []),
        *([pictures.correlations] if pictures.correlations else []),
    ]


def _synergies(outcome: SynergyOutcome, pictures: ReportPictures, least_vaf: float | None) -> list[Html]:
    return [
        *(paragraph(sentence) for sentence in sentences.synergy_sentences(outcome, least_vaf)),
        *_care(sentences.synergy_cautions(outcome)),
        *pictures.synergies,
        collapsible("All weights", synergy_table(outcome)),
    ]


def _care(cautions: Sequence[str]) -> list[Html]:
    """A box of cautions; nothing without any."""
    lines = [marked(*VERDICT_MARKS[Trust.CARE], line) for line in cautions]
    return [box("care", "Take care", [bullets(lines)])] if lines else []


def _starts(result: CalibrationResult) -> list[Html]:
    sentence = sentences.starts_sentence(result)
    return [paragraph(sentence)] if sentence else []


def _closed_loop(closed_loop: Mapping[str, float]) -> list[Html]:
    purpose = (
        "The calibration uses its own copy of OpenSim's muscle. So that the calibrated model does in OpenSim "
        "what this page shows, OpenSim itself was asked to compute the same muscles:"
    )
    return [paragraph(purpose), bullets(text(line) for line in sentences.closed_loop_sentences(closed_loop))]


def _warnings(result: CalibrationResult) -> list[Html]:
    lines = [text(line) for line in result.warnings]
    return [bullets(lines)] if lines else [paragraph("None.")]
