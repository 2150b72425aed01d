import re
from dataclasses import replace

import pytest
from executions import MUSCLES, TASKS, make_execution
from page_outline import Outline

from opensim_difcal.outputs.execution_figures import draw_execution_pictures
from opensim_difcal.outputs.execution_report import CONTENTS, write_execution_report

CALIBRATED = dict.fromkeys(MUSCLES, (0.7, 1.3))


@pytest.fixture(scope="module")
def written(tmp_path_factory, active_force_length):
    path = tmp_path_factory.mktemp("report") / "report.html"

    def write(result, calibrated=CALIBRATED):
        pictures = draw_execution_pictures(
            result, active_force_length=active_force_length, calibrated=calibrated
        )
        write_execution_report(path, result, pictures=pictures, settings_text="<OpenSimDocument>")
        return path.read_text(encoding="utf-8")

    return write


@pytest.fixture(scope="module")
def assisted(written):
    return written(make_execution("emg_assisted"))


@pytest.mark.parametrize("mode", ["open_loop", "emg_assisted", "emg_hybrid", "static_optimization"])
def test_the_page_is_well_formed_and_asks_for_nothing(written, mode):
    page = written(make_execution(mode))
    outline = Outline(page)
    assert outline.open == []
    assert outline.ids == [anchor for anchor, _ in CONTENTS]
    assert {link[1:] for link in outline.links if link.startswith("#")} == set(outline.ids)
    assert all(link.startswith(("#", "data:")) for link in outline.links)
    assert "script" not in outline.tags
    assert page.count("<figure>") == page.count("<figcaption>How to read: ") == 3


def test_names_warnings_and_settings_are_escaped(assisted):
    assert "Trial &#x27;walk_1&#x27; moves &lt;b&gt;soleus_r&lt;/b&gt; &amp; more." in assisted
    assert "jump $x_{ &lt;i&gt;high&lt;/i&gt;" in assisted
    assert "<pre>&lt;OpenSimDocument&gt;</pre>" in assisted
    assert not {"b", "i"} & set(Outline(assisted).tags)


def test_the_page_opens_with_the_errors_and_what_they_do_not_show(assisted):
    start, _, _ = assisted.partition("<nav")
    assert "On all 3 trials:" in start
    assert re.search(
        r"Knee angle \(right\): the moment&#x27;s error fell from [\d.]+ N m in open loop", start
    )
    assert "only the open loop shows that." in start
    assert "1 warning: see the section Warnings." in start


def test_tables_hold_tasks_and_trials(assisted):
    rows = re.findall(r'<th scope="row">([^<]*)</th>', assisted)
    assert rows[:6] == ["All trials of walking"] * 2 + ["All trials of jumping"] * 2 + ["All trials"] * 2
    assert rows[6:10] == ["walk_1", "walk_1", "walk_2", "walk_2"]
    assert rows[12:14] == ["tibpost_r", "soleus_r"]
    assert "<td>max iterations</td><td>7</td><td>4 → 1</td><td>4 → 0.5</td>" in assisted


def test_a_low_r2_stands_out(written):
    result = make_execution("open_loop", tasks={"walk_1": ""})
    first = result.trials[0]
    wrong = replace(first.prediction, joint_moment=-first.prediction.joint_moment)
    page = written(replace(result, trials=(replace(first, prediction=wrong, open_loop=wrong),)))
    assert page.count('<td class="low">') == 4
    assert "All trials of" not in page


def test_an_open_loop_without_measured_moments_has_no_errors(written):
    page = written(make_execution("open_loop", unmeasured=tuple(TASKS)), calibrated={})
    assert "No trial has measured joint moments, so nothing here shows" in page
    assert "<table>" not in page
    assert "RMSE" not in page
    assert "Black is" not in page
    assert "Grey is what the calibration trials reached" not in page


def test_the_same_execution_gives_the_same_bytes(written, assisted):
    assert written(make_execution("emg_assisted")) == assisted
