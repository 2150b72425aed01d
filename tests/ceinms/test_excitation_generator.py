import pytest
from ceinms_files import GENERATOR

from opensim_difcal.ceinms.excitation_generator import read_excitation_generator
from opensim_difcal.ceinms.notes import Kind, Notes


def test_an_excitation_generator_is_read(write):
    generator = read_excitation_generator(write(GENERATOR), Notes())
    assert generator.input_signals == ("SOL", "TA", "GAS")
    assert generator.mapping == {
        "soleus_r": {"SOL": 1.0},
        "tib_ant_r": {"TA": 0.5, "SOL": 0.5},
        "psoas_r": {},
    }


def test_the_manuals_spelling_of_weight_is_read_and_told(write):
    notes = Notes()
    generator = read_excitation_generator(write(GENERATOR.replace("weight", "weigth")), notes)
    assert generator.mapping["tib_ant_r"] == {"TA": 0.5, "SOL": 0.5}
    assert notes.of(Kind.SPELLING) == ("file.xml: 'weigth' was read as 'weight'.",)


def test_an_input_that_stands_twice_is_added(write):
    text = GENERATOR.replace('<input weight="0.5">SOL', '<input weight="0.25">TA')
    assert read_excitation_generator(write(text), Notes()).mapping["tib_ant_r"] == {"TA": 0.75}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            'weight="1">SOL',
            ">SOL",
            "<excitation 'soleus_r'>/<input> lacks the attribute 'weight'. Add it, such as weight=\"1\".",
        ),
        (
            'weight="1"',
            'weight="one"',
            "<excitation 'soleus_r'>/<input> attribute 'weight' holds 'one'; expected one finite number. "
            "Correct it.",
        ),
        (
            'weight="1">SOL',
            'weight="1">SOLEUS',
            "<excitation 'soleus_r'>/<input> is 'SOLEUS', which is none of the <inputSignals>. Correct it.",
        ),
        ('id="psoas_r"', "", "<excitation> lacks the attribute 'id'. Add it: the name of the muscle."),
        (
            'id="psoas_r"',
            'id="soleus_r"',
            "2 <excitation> elements have the id 'soleus_r'; expected one. Remove all but one.",
        ),
        ("SOL TA GAS", "SOL TA SOL", "2 <inputSignals> are named 'SOL'; expected one. Remove all but one."),
    ],
)
def test_faults_say_where_what_and_the_remedy(faults_of, before, after, expected):
    assert before in GENERATOR
    assert expected in faults_of(read_excitation_generator, GENERATOR.replace(before, after, 1))


def test_a_generator_without_excitations_is_refused(faults_of):
    text = "<excitationGenerator><inputSignals>A</inputSignals><mapping/></excitationGenerator>"
    assert faults_of(read_excitation_generator, text) == [
        "<mapping> holds no <excitation>; expected one for each muscle. Add them."
    ]
