import re

import pytest
from page_outline import Outline

from opensim_difcal.outputs.confidence_sentences import HYBRID_CAUTION
from opensim_difcal.outputs.report import CONTENTS, contents_of, write_report
from opensim_difcal.outputs.report_figures import draw_pictures
from opensim_difcal.outputs.summary import summary


def written(path, result, active_force_length, closed_loop, settings_text="<OpenSimDocument>"):
    write_report(
        path,
        result,
        summary=summary(result, tool="NMSCalibrationTool", seconds={}, closed_loop=closed_loop),
        pictures=draw_pictures(result, active_force_length=active_force_length),
        closed_loop=closed_loop,
        settings_text=settings_text,
    )
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory, result, active_force_length, closed_loop):
    path = tmp_path_factory.mktemp("report") / "report.html"
    return written(path, result, active_force_length, closed_loop)


def test_report_is_one_small_page_that_asks_for_nothing(page):
    outline = Outline(page)
    assert len(page) < 5_000_000
    assert "script" not in outline.tags
    assert all(link.startswith(("#", "data:")) for link in outline.links)
    assert "@import" not in page
    assert "url(" not in page


def test_report_is_well_formed_and_its_links_lead_somewhere(page):
    outline = Outline(page)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert {link[1:] for link in outline.links if link.startswith("#")} == set(outline.ids)
    assert set(outline.ids) == {anchor for anchor, _ in CONTENTS}


def test_report_opens_with_the_verdict_and_the_gain_on_unseen_trials(page):
    assert "Verdict: good" in page
    assert "On trials the calibration never saw:" in page
    assert re.search(r"Knee angle \(right\): the moment&#x27;s error fell from [\d.]+ to [\d.]+ N m", page)
    assert "1 warning: see the section Warnings." in page


def test_report_escapes_names_warnings_and_settings(page):
    assert "Excitation &lt;b&gt;soleus&lt;/b&gt; exceeded 1 in 3 samples &amp; was clipped." in page
    assert "run $x_{ &lt;i&gt;fast&lt;/i&gt; &amp; last" in page
    assert "<pre>&lt;OpenSimDocument&gt;</pre>" in page
    assert not {"b", "i"} & set(Outline(page).tags)


def test_every_figure_has_an_alternative_text_and_says_how_to_read_it(page):
    assert page.count("<figure>") == 7
    assert page.count("<figcaption>How to read: ") == 6
    assert page.count("<figcaption>The same for the next trials.") == 1
    assert len(re.findall(r'<img [^>]* alt="[^"]{20,}"', page)) == 7


def test_a_failed_calibration_gets_its_report_twice_with_the_same_bytes(
    tmp_path, result_without_numbers, active_force_length
):
    failed = {"reintegration_rms_max": float("inf")}
    page = written(tmp_path / "a.html", result_without_numbers, active_force_length, failed)
    assert page == written(tmp_path / "b.html", result_without_numbers, active_force_length, failed)
    assert "Verdict: do not trust" in page
    assert "On the trials the model was fitted to" in page
    assert "No calibrated model was written." in page


@pytest.fixture(scope="module")
def hybrid_page(tmp_path_factory, hybrid_result, active_force_length, closed_loop):
    path = tmp_path_factory.mktemp("report") / "report.html"
    return written(path, hybrid_result, active_force_length, closed_loop)


def test_a_hybrid_calibration_has_a_section_on_synergies(hybrid_page):
    outline = Outline(hybrid_page)
    assert outline.open == []
    assert {link[1:] for link in outline.links if link.startswith("#")} == set(outline.ids)
    anchors = [anchor for anchor, _ in CONTENTS]
    assert outline.ids == [*anchors[:4], "synergies", *anchors[4:]]
    assert hybrid_page.count("<figure>") == 6 + 3
    assert (
        "come from the recorded EMG alone: it is projected onto the synergies, and no moment" in hybrid_page
    )
    assert "In a panel marked (synthesized) nothing was recorded" in hybrid_page
    assert "synergy_weights.csv" in hybrid_page


def test_a_report_without_synergies_does_not_speak_of_them(page):
    assert "synerg" not in re.sub(r'src="[^"]*"', "", page).lower()
    assert "synthesized" not in page


def test_what_the_trials_determine_has_a_section_of_its_own(
    tmp_path, confident, active_force_length, closed_loop
):
    page = written(tmp_path / "report.html", confident, active_force_length, closed_loop)
    outline = Outline(page)
    assert outline.open == []
    anchors = [anchor for anchor, _ in contents_of(confident)]
    assert anchors.index("confidence") == anchors.index("parameters") + 1
    assert set(outline.ids) == set(anchors)
    assert "Informed: what &lt;soleus_r&gt; has." in page
    assert "only their combination is determined." in page
    assert "The trials determine 33 of the 66 values that go into the model" in page
    assert "Below it the 95 % interval" in page
    assert page.count("<figure>") == 8
    assert "fitted to the same moments" not in page


def test_without_it_the_section_is_left_out(page, result):
    assert "confidence" not in [anchor for anchor, _ in contents_of(result)]
    assert "What the trials determine" not in page


def test_a_hybrid_calibration_warns_that_intervals_are_too_narrow(
    tmp_path, confident_hybrid_result, active_force_length, closed_loop
):
    page = written(tmp_path / "report.html", confident_hybrid_result, active_force_length, closed_loop)
    anchors = [anchor for anchor, _ in contents_of(confident_hybrid_result)]
    assert anchors[1:6] == ["parameters", "confidence", "muscles", "activations", "synergies"]
    assert Outline(page).ids == anchors
    assert page.count("Take care") == 2
    assert HYBRID_CAUTION in page


def test_repaired_muscles_are_told_with_the_parameters(
    tmp_path, repaired_result, active_force_length, closed_loop
):
    page = written(tmp_path / "report.html", repaired_result, active_force_length, closed_loop)
    assert "The model leaves semimem_r no room for its fiber in trial &#x27;run&#x27;" in page
    assert "It still has none: widen &lt;tendon_slack_length_bounds&gt;" in page
    assert "The model leaves no room for the fibers of semimem_r, bflh_r" in page
