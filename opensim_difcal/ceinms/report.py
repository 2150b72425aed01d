"""The page that an import leaves behind: what was read, changed, and left out."""

from pathlib import Path

from opensim_difcal.ceinms.notes import Notes


def report_text(source: Path, notes: Notes) -> str:
    """Returns the report of an import, in Markdown.

    Args:
        source: The file that was imported.
        notes: What came up.
    """
    lines = [
        "# Import from CEINMS",
        "",
        f"Of `{source}`. Everything that is not as it stands in the files of CEINMS is listed here.",
    ]
    for kind, sentences in notes:
        lines += ["", f"## {kind.value}", ""]
        lines += [f"- {' '.join(sentence.split())}" for sentence in sentences]
    return "\n".join([*lines, ""])
