import re
from dataclasses import replace

from opensim_difcal.outputs import report_figures


def media_types(html):
    return re.findall(r'src="data:([^;]+);', html)


def test_simple_figures_are_drawings_and_crowded_ones_bitmaps(monkeypatch, result_without_validation):
    assert media_types(report_figures.convergence_picture(result_without_validation)) == ["image/svg+xml"]
    monkeypatch.setattr(report_figures, "MOST_SVG_POINTS", 10)
    assert media_types(report_figures.convergence_picture(result_without_validation)) == ["image/png"]


def test_the_caption_says_where_weights_are_means(hybrid_result, hybrid_result_by_trial):
    assert "are means" not in report_figures.synergy_pictures(hybrid_result.synergies)[0]
    assert "are means" in report_figures.synergy_pictures(hybrid_result_by_trial.synergies)[0]


def test_synthesized_excitations_have_a_picture_where_there_are_some(hybrid_result):
    outcome = hybrid_result.synergies
    assert len(report_figures.synergy_pictures(outcome)) == 3
    weights = {"": outcome.weights[""][:5]}
    all_recorded = replace(outcome, synthesized_muscles=(), weights=weights)
    pictures = report_figures.synergy_pictures(all_recorded)
    assert len(pictures) == 2
    assert all("<figcaption>How to read: " in picture for picture in pictures)


def test_correlations_have_a_picture_where_they_are_known(result, confident):
    assert report_figures.correlation_picture(result) is None
    picture = report_figures.correlation_picture(confident)
    assert picture is not None
    assert media_types(picture) == ["image/svg+xml"]
    assert len(picture) < 500_000


def test_the_caption_of_the_parameters_explains_where_repaired_muscles_start(result, repaired_result):
    sentence = "Of semimem_r, bflh_r the upright mark is the model&#x27;s value"
    assert sentence in report_figures.parameter_picture(repaired_result)
    assert "repaired" not in report_figures.parameter_picture(result)


def test_the_caption_of_the_parameters_explains_intervals_where_there_are_some(result, confident):
    assert "95 % interval" not in report_figures.parameter_picture(result)
    assert "95 % interval" in report_figures.parameter_picture(confident)


def test_the_caption_of_activations_speaks_of_synthesized_muscles_where_there_are_some(result, hybrid_result):
    assert "marked (synthesized)" in report_figures.activation_picture(hybrid_result)
    assert "synthesized" not in report_figures.activation_picture(result)
