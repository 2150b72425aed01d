"""The page of a pipeline: its stages, and links to what they wrote."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.outputs.report_page import (
    Html,
    bullets,
    cell,
    link,
    linking_cell,
    page,
    section,
    table,
    text,
)


@dataclass(frozen=True)
class StageLine:
    """What the page says of a stage.

    Attributes:
        setup_file: Name of its setup file.
        tool: Name of its tool.
        was_kept: Whether results of an earlier run were kept.
        seconds: It took when it ran.
        files: What it wrote.
        notes: What a user should know.
    """

    setup_file: str
    tool: str
    was_kept: bool
    seconds: float
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def write_pipeline_report(path: Path, name: str, stages: Sequence[StageLine]) -> None:
    """Writes the page, atomically.

    Args:
        path: The .html file; its folder exists.
        name: Of the run.
        stages: In their order.
    """
    rows = [
        (
            stage.setup_file,
            [
                cell(stage.tool),
                cell("kept" if stage.was_kept else "run"),
                cell(f"{stage.seconds:.1f}"),
                _results(path.parent, stage.files),
            ],
        )
        for stage in stages
    ]
    caption = "In their order; a stage is kept when nothing that it reads has changed"
    header = ("setup file", "tool", "this time", "seconds", "results")
    notes = [text(f"{stage.setup_file}: {note}") for stage in stages for note in stage.notes]
    body = [
        section("stages", "Stages", [table(caption, header, rows, words=("tool", "this time", "results"))]),
        *([section("notes", "What the stages say", [bullets(notes)])] if notes else []),
    ]
    document = page(f"Pipeline {name}", "From raw recordings to the personalised model.", body)
    write_atomically(path, document.encode())


def _results(folder: Path, files: Sequence[Path]) -> Html:
    """Links to reports and models, else to the first file; and how many more there are."""
    shown = [each for each in files if each.suffix in (".html", ".osim")] or list(files[:1])
    more = len(files) - len(shown)
    links = [link(Path(os.path.relpath(each, folder)).as_posix(), each.name) for each in shown]
    return linking_cell(links, below=(f"and {more} more",) if more else ())
