import pytest
from ceinms_files import execution_xml

from opensim_difcal.ceinms.execution import read_execution
from opensim_difcal.ceinms.notes import Kind, Notes


def test_a_hybrid_execution_is_read(write):
    notes = Notes()
    execution = read_execution(write(execution_xml()), notes)
    assert execution.tendon == "stiff"
    assert execution.dofs == ("ankle_angle_r",)
    hybrid = execution.hybrid
    assert hybrid is not None
    assert (hybrid.alpha, hybrid.beta, hybrid.gamma) == (1.0, 5.0, 10.0)
    assert (hybrid.synthesized, hybrid.adjusted) == (("tib_post_r",), ("soleus_r", "tib_ant_r"))
    assert notes.of(Kind.DROPPED) == (
        "file.xml: <algorithm>; excitations are found by gradients, not by annealing.",
    )


def test_the_manuals_names_are_read_and_told(write):
    notes = Notes()
    text = execution_xml().replace("synthMTUs", "predictedMuscles").replace("adjustMTUs", "trackedMuscles")
    hybrid = read_execution(write(text), notes).hybrid
    assert hybrid is not None
    assert (hybrid.synthesized, hybrid.adjusted) == (("tib_post_r",), ("soleus_r", "tib_ant_r"))
    assert set(notes.of(Kind.SPELLING)) == {
        "file.xml: 'predictedMuscles' was read as 'synthMTUs'.",
        "file.xml: 'trackedMuscles' was read as 'adjustMTUs'.",
    }


def test_an_open_loop_needs_no_end_and_may_be_online(write):
    assert read_execution(write(execution_xml("<openLoop/>", end="")), Notes()).hybrid is None
    notes = Notes()
    text = execution_xml("<openLoop/>", end="<online/><elaboratedDoFs>knee ankle</elaboratedDoFs>")
    assert read_execution(write(text), notes).dofs == ("knee", "ankle")
    assert notes.of(Kind.DROPPED) == ("file.xml: <online>; the trials are run from their files.",)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("<beta>5</beta>", "<beta>-5</beta>", "<hybrid>/<beta> is -5; expected 0 or more. Correct it."),
        ("<beta>5</beta>", "", "<hybrid>/<beta> is missing. Add it."),
        (
            "<stiff/>",
            "<stiff/><integrationElastic/>",
            "<NMSmodel>/<tendon> holds <integrationElastic>, <stiff>; expected one of <equilibriumElastic>, "
            "<integrationElastic>, <stiff>. Correct it.",
        ),
    ],
)
def test_faults_say_where_what_and_the_remedy(faults_of, before, after, expected):
    text = execution_xml()
    assert before in text
    assert faults_of(read_execution, text.replace(before, after, 1)) == [expected]
