"""The report and the table of start values."""

import csv
from dataclasses import replace

import pytest
from page_outline import Outline

from opensim_difcal.initialization.normalized_lengths import KEPT, LEAST_SQUARES, TENDON_SHARE, MappedLengths
from opensim_difcal.initialization.result import InitializationResult, InitializedMuscle
from opensim_difcal.outputs.figures.initialization import initialization_figure, initialization_picture
from opensim_difcal.outputs.initial_values_csv import HEADER, write_initial_values
from opensim_difcal.outputs.initialization_report import (
    kept_sentences,
    result_sentences,
    write_initialization_report,
)
from opensim_difcal.outputs.report_page import Html


def muscle(
    name: str,
    method: str = LEAST_SQUARES,
    volume: float | None = 450.0,
    difference: tuple[float, float] | None = (0.03, 0.01),
) -> InitializedMuscle:
    return InitializedMuscle(
        name=name,
        optimal_fiber_length=(0.05, 0.055),
        tendon_slack_length=(0.25, 0.25),
        max_isometric_force=(4000.0, 5000.0 if volume else 4000.0),
        mapping=MappedLengths(0.055, 0.25, method, 10, 8),
        fiber_difference=difference,
        volume=volume,
        volume_rows=("soleus",),
    )


@pytest.fixture(scope="module")
def result() -> InitializationResult:
    muscles = (
        muscle("soleus_r"),
        muscle("a<b", TENDON_SHARE, None, (0.05, 0.02)),
        muscle("psoas_r", KEPT, 300.0, None),
    )
    return InitializationResult("leg", muscles, True, 7289.4, 60.0, ("A & note.",))


def test_the_report_says_what_was_done_and_how_much_it_changed(result):
    assert result_sentences(result) == [
        "Lengths of 2 muscles were mapped from the reference model. Over all poses their normalized fiber "
        "lengths differ from the reference's by 0.040 before and 0.015 after (root mean square, median over "
        "muscles).",
        "Forces of 2 muscles follow from their volumes and a specific tension of 60 N/cm². By height and "
        "mass one leg has 7289 cm³ of muscle. The sum of max_isometric_force went from 8000 to 10000 N "
        "(+25 %).",
    ]


def test_the_report_says_what_was_kept_or_found_in_another_way(result):
    assert kept_sentences(result) == [
        "Lengths kept, because the reference does not have them or no pose decides: psoas_r.",
        "Least squares gave no positive lengths, or no single ones, for: a<b (reference model, by its share "
        "of tendon).",
        "Forces kept, because no volume is known: a<b.",
    ]


def test_nothing_is_said_of_what_was_not_asked_for(result):
    alone = replace(result, has_reference=False, leg_volume=None)
    assert (result_sentences(alone), kept_sentences(alone)) == ([], [])


def test_the_page_is_well_formed_escapes_names_and_is_the_same_every_time(result, tmp_path):
    picture = initialization_picture(result)
    for name in ("a.html", "b.html"):
        write_initialization_report(tmp_path / name, result, picture=picture, settings_text="<x>")
    page = (tmp_path / "a.html").read_text()
    assert page == (tmp_path / "b.html").read_text()
    assert "a<b" not in page
    assert "a&lt;b" in page
    assert "A &amp; note." in page
    assert "0.05 → 0.055 (+10.0 %)" in page
    outline = Outline(page)
    assert outline.open == []
    assert {link[1:] for link in outline.links if link.startswith("#")} == {"values", "notes", "settings"}


def test_a_report_without_notes_says_so(result, tmp_path):
    good = replace(result, muscles=result.muscles[:1], notes=())
    write_initialization_report(tmp_path / "a.html", good, picture=Html(""), settings_text="")
    assert "None." in (tmp_path / "a.html").read_text()


def test_the_table_has_a_row_for_every_number(result, tmp_path):
    write_initial_values(tmp_path / "initial_values.csv", result)
    with (tmp_path / "initial_values.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HEADER
    assert [row["source"] for row in rows] == [
        *("reference model", "reference model", "muscle volume"),
        *("reference model, by its share of tendon", "reference model, by its share of tendon", "kept"),
        *("kept", "kept", "muscle volume"),
    ]
    assert (rows[0]["before"], rows[0]["after"], rows[0]["unit"]) == ("0.05", "0.055", "m")
    assert float(rows[0]["change_percent"]) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("has_reference", "leg_volume", "titles"),
    [
        (True, 7000.0, 4),
        (True, None, 3),
        (False, 7000.0, 1),
    ],
)
def test_the_figure_has_a_panel_for_everything_that_was_looked_at(result, has_reference, leg_volume, titles):
    figure = initialization_figure(replace(result, has_reference=has_reference, leg_volume=leg_volume))
    assert len(figure.axes) == titles
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["soleus_r", "a<b", "psoas_r"]
