from opensim_difcal.outputs import report_page
from opensim_difcal.outputs.report_page import Html

HOSTILE = '<b>"x" & y</b>'
ESCAPED = "&lt;b&gt;&quot;x&quot; &amp; y&lt;/b&gt;"


def test_every_element_escapes_its_text():
    elements = [
        report_page.text(HOSTILE),
        report_page.paragraph(HOSTILE),
        report_page.marked("!", "care", HOSTILE),
        report_page.section("a", HOSTILE, []),
        report_page.box("good", HOSTILE, []),
        report_page.links([("a", HOSTILE)]),
        report_page.collapsible(HOSTILE, Html("")),
        report_page.preformatted(HOSTILE),
        report_page.cell(HOSTILE),
        report_page.table(HOSTILE, [HOSTILE], [(HOSTILE, [])]),
        report_page.picture(b"", "image/png", alt=HOSTILE, caption=HOSTILE),
        report_page.page(HOSTILE, HOSTILE, []),
    ]
    for element in elements:
        assert ESCAPED in element
        assert HOSTILE not in element


def test_elements_keep_html_as_it_is():
    inner = report_page.bullets([report_page.text("a"), report_page.text("b")], css="headline")
    assert inner == '<ul class="headline">\n<li>a</li>\n<li>b</li>\n</ul>'
    assert inner in report_page.section("x", "X", [inner])


def test_tables_name_the_scope_of_their_headers():
    table = report_page.table("c", ["Trial", "R²"], [("walk", [report_page.cell("0.9", css="low")])])
    assert '<th scope="col">R²</th>' in table
    assert '<tr><th scope="row">walk</th><td class="low">0.9</td></tr>' in table


def test_columns_of_words_and_lines_below_a_number_are_marked():
    cell = report_page.cell("1", css="low", below=["0 to 2", HOSTILE])
    assert cell == f'<td class="low">1<small>0 to 2</small><small>{ESCAPED}</small></td>'
    table = report_page.table("c", ["Muscle", "Verdict"], [], words=["Verdict"])
    assert '<th scope="col">Muscle</th><th scope="col" class="words">Verdict</th>' in table


def test_pictures_stand_inside_the_page():
    picture = report_page.picture(b"abc", "image/png", alt="An image", caption="How to read")
    assert '<img src="data:image/png;base64,YWJj" alt="An image">' in picture
