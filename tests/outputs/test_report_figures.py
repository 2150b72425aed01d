import re

from opensim_difcal.outputs import report_figures


def media_types(html):
    return re.findall(r'src="data:([^;]+);', html)


def test_simple_figures_are_drawings_and_crowded_ones_bitmaps(monkeypatch, result_without_validation):
    assert media_types(report_figures.convergence_picture(result_without_validation)) == ["image/svg+xml"]
    monkeypatch.setattr(report_figures, "MOST_SVG_POINTS", 10)
    assert media_types(report_figures.convergence_picture(result_without_validation)) == ["image/png"]
