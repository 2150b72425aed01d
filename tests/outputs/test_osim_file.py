"""The personalised .osim differs from the input in the calibrated numbers only."""

import difflib
import math

import opensim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import XML, check_refusal, edited, mutated

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.osim_file import MuscleChange, calibrated_osim_text
from opensim_difcal.xml_file import check_xml, model_encoding

MUSCLE = """\
<?xml version="1.0" encoding="UTF-8" ?>
<OpenSimDocument Version="40600">
\t<Model name="soleus_r">
\t\t<defaults>
\t\t\t<Millard2012EquilibriumMuscle name="soleus_r">
\t\t\t\t<tendon_slack_length>9</tendon_slack_length>
\t\t\t</Millard2012EquilibriumMuscle>
\t\t</defaults>
\t\t<!--<Millard2012EquilibriumMuscle name="soleus_r">-->
\t\t<Millard2012EquilibriumMuscle name="soleus_r">
\t\t\t<!--A comment with <max_isometric_force>5</max_isometric_force>-->
\t\t\t<ForceVelocityCurve name="soleus_r"><max_isometric_force>7</max_isometric_force></ForceVelocityCurve>
%s\t\t</Millard2012EquilibriumMuscle>
\t\t<ObjectGroup name="soleus_r"><members>soleus_r</members></ObjectGroup>
\t</Model>
</OpenSimDocument>
"""
PROPERTIES = """\
\t\t\t<max_isometric_force>3000</max_isometric_force>
\t\t\t<optimal_fiber_length>0.050000000000000003</optimal_fiber_length>
\t\t\t<tendon_slack_length>0.25</tendon_slack_length>
"""


def document(properties=PROPERTIES):
    return (MUSCLE % properties).encode()


def changed_lines(before: bytes, after: bytes):
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line[0] + line[1:].strip() for line in lines if line[0] in "+-"]


def test_only_the_numbers_that_changed_are_replaced():
    change = MuscleChange(3100.5, 0.05, 0.26)
    assert changed_lines(document(), calibrated_osim_text(document(), {"soleus_r": change})) == [
        "-<max_isometric_force>3000</max_isometric_force>",
        "+<max_isometric_force>3100.5</max_isometric_force>",
        "-<tendon_slack_length>0.25</tendon_slack_length>",
        "+<tendon_slack_length>0.26</tendon_slack_length>",
    ]


def test_unchanged_numbers_leave_the_file_byte_for_byte():
    assert calibrated_osim_text(document(), {"soleus_r": MuscleChange(3000.0, 0.05, 0.25)}) == document()
    assert calibrated_osim_text(document(), {}) == document()


def test_numbers_are_read_back_exactly():
    value = math.pi / 1e3
    text = calibrated_osim_text(document(), {"soleus_r": MuscleChange(1 / 3, value, 2 / 3)}).decode()
    assert f"<optimal_fiber_length>{value!r}</optimal_fiber_length>" in text
    assert float(repr(value)) == value


def test_line_endings_byte_order_mark_and_latin_1_are_kept():
    before = b"\xef\xbb\xbf" + document().replace(b"\n", b"\r\n")
    after = calibrated_osim_text(before, {"soleus_r": MuscleChange(3100.0, 0.05, 0.25)})
    assert after == before.replace(b">3000<", b">3100.0<")
    latin = document().replace(b"A comment", b"Universit\xe4t")
    after = calibrated_osim_text(latin, {"soleus_r": MuscleChange(3100.0, 0.05, 0.25)})
    assert after == latin.replace(b">3000<", b">3100.0<")


def test_missing_properties_are_inserted_in_the_indentation_of_their_siblings():
    before = document("\t\t\t<max_isometric_force>3000</max_isometric_force>\n").replace(b"\n", b"\r\n")
    change = MuscleChange(3000.0, 0.05, 0.25, make_elastic=True)
    after = calibrated_osim_text(before, {"soleus_r": change})
    old = b"\t\t\t<max_isometric_force>3000</max_isometric_force>\r\n"
    new = (
        b"\t\t\t<optimal_fiber_length>0.05</optimal_fiber_length>\r\n"
        b"\t\t\t<tendon_slack_length>0.25</tendon_slack_length>\r\n"
        b"\t\t\t<ignore_tendon_compliance>false</ignore_tendon_compliance>\r\n"
    )
    assert after == before.replace(old, old + new)


def test_properties_of_a_muscle_without_numbers_are_inserted_first():
    after = calibrated_osim_text(document(""), {"soleus_r": MuscleChange(1.0, 2.0, 3.0)})
    assert (
        b'\t\t<Millard2012EquilibriumMuscle name="soleus_r">\n'
        b"\t\t\t<max_isometric_force>1.0</max_isometric_force>\n"
        b"\t\t\t<optimal_fiber_length>2.0</optimal_fiber_length>\n"
        b"\t\t\t<tendon_slack_length>3.0</tendon_slack_length>\n"
        b"\t\t\t<!--A comment"
    ) in after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<max_isometric_force/>", b"<max_isometric_force>8.5</max_isometric_force>"),
        (b"<max_isometric_force />", b"<max_isometric_force>8.5</max_isometric_force>"),
        (b"<max_isometric_force></max_isometric_force>", b"<max_isometric_force>8.5</max_isometric_force>"),
        (
            b"<max_isometric_force > \n 3e3 <!--N--></max_isometric_force >",
            b"<max_isometric_force > \n 8.5 <!--N--></max_isometric_force >",
        ),
        (
            b"<max_isometric_force>much</max_isometric_force>",
            b"<max_isometric_force>8.5</max_isometric_force>",
        ),
    ],
)
def test_every_way_to_write_a_property_is_edited(before, after):
    source = document(PROPERTIES).replace(b"<max_isometric_force>3000</max_isometric_force>", before)
    assert calibrated_osim_text(source, {"soleus_r": MuscleChange(8.5, 0.05, 0.25)}) == source.replace(
        before, after
    )


@pytest.mark.parametrize(
    ("text", "expected"), [(b"true", b"false"), (b"false", b"false"), (b"False", b"False")]
)
def test_ignore_tendon_compliance_becomes_false_only_where_asked(text, expected):
    line = b"\t\t\t<ignore_tendon_compliance>%s</ignore_tendon_compliance>\n"
    source = document(PROPERTIES + (line % text).decode())
    elastic = MuscleChange(3000.0, 0.05, 0.25, make_elastic=True)
    assert calibrated_osim_text(source, {"soleus_r": elastic}) == source.replace(line % text, line % expected)
    as_before = MuscleChange(3000.0, 0.05, 0.25)
    assert calibrated_osim_text(source, {"soleus_r": as_before}) == source


def test_an_unknown_muscle_is_refused_with_the_names_of_the_file():
    with pytest.raises(ModelError) as error:
        calibrated_osim_text(document(), {"soleus": MuscleChange(1.0, 1.0, 1.0)}, where="a.osim")
    assert str(error.value) == (
        "a.osim: there is no muscle 'soleus'. Did you mean 'soleus_r'? The muscles of the file are "
        "'soleus_r'. Calibrate the model that the trials belong to."
    )


def test_two_muscles_of_one_name_are_refused():
    muscle = b'<Thelen2003Muscle name="soleus_r"/>'
    source = document().replace(b"\t</Model>", muscle + b"\t</Model>")
    with pytest.raises(ModelError) as error:
        calibrated_osim_text(source, {"soleus_r": MuscleChange(1.0, 1.0, 1.0)}, where="a.osim")
    assert str(error.value) == (
        "a.osim: 2 muscles are named 'soleus_r'. Expected one. Rename or remove the others in the model."
    )


def test_a_muscle_of_another_class_is_refused():
    source = document().replace(b"Millard2012EquilibriumMuscle", b"Thelen2003Muscle")
    with pytest.raises(ModelError) as error:
        calibrated_osim_text(source, {"soleus_r": MuscleChange(1.0, 1.0, 1.0)}, where="a.osim")
    assert str(error.value) == (
        "a.osim: muscle 'soleus_r' is a <Thelen2003Muscle>. Expected a <Millard2012EquilibriumMuscle>. "
        "Convert the model's muscles first."
    )


def test_a_muscle_without_any_property_is_refused():
    source = b'<a><Millard2012EquilibriumMuscle name="soleus_r"/></a>'
    with pytest.raises(ModelError) as error:
        calibrated_osim_text(source, {"soleus_r": MuscleChange(1.0, 1.0, 1.0)}, where="a.osim")
    assert str(error.value) == (
        "a.osim: muscle 'soleus_r' lists no properties, not even its path. "
        "Open the model in the OpenSim GUI and save it again."
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0])
def test_a_value_that_is_not_a_positive_number_is_refused(value):
    with pytest.raises(ModelError) as error:
        calibrated_osim_text(document(), {"soleus_r": MuscleChange(1.0, 1.0, value)}, where="a.osim")
    assert str(error.value) == (
        f"a.osim: muscle 'soleus_r' would get <tendon_slack_length> {value!r}. Expected a positive, finite "
        "number. Check the bounds of the calibration."
    )


def test_a_file_that_is_not_xml_is_refused():
    with pytest.raises(ModelError) as error:
        calibrated_osim_text(b"<a>\n<b></a>", {}, where="a.osim")
    assert str(error.value) == (
        "a.osim: line 2, column 6: not well-formed XML, mismatched tag. "
        "Open the file in the OpenSim GUI and save it again."
    )


CHANGES = {
    "Rajagopal2016.osim": {
        "vaslat_r": MuscleChange(5148.7672131147601, 0.101, 0.25, make_elastic=True),
        "soleus_r": MuscleChange(6000.5, 0.044, 0.1 + 0.2),
        "iliacus_r": MuscleChange(1021.0, 0.1066, 0.1, make_elastic=True),
    },
    "gait2392_millard2012muscle.osim": {
        "soleus_r": MuscleChange(3500.0, 0.05, 0.25, make_elastic=True),
        "glut_med1_r": MuscleChange(819.0, 0.06, 0.078),
    },
}
EXPECTED = {
    "Rajagopal2016.osim": [
        "-<max_isometric_force>1021.14098360656</max_isometric_force>",
        "+<max_isometric_force>1021.0</max_isometric_force>",
        "-<tendon_slack_length>0.096120708398325802</tendon_slack_length>",
        "+<tendon_slack_length>0.1</tendon_slack_length>",
        "-<ignore_tendon_compliance>true</ignore_tendon_compliance>",
        "+<ignore_tendon_compliance>false</ignore_tendon_compliance>",
        "-<max_isometric_force>6194.8426229508204</max_isometric_force>",
        "+<max_isometric_force>6000.5</max_isometric_force>",
        "-<tendon_slack_length>0.27675587237597599</tendon_slack_length>",
        "+<tendon_slack_length>0.30000000000000004</tendon_slack_length>",
        "-<optimal_fiber_length>0.099400000000000002</optimal_fiber_length>",
        "+<optimal_fiber_length>0.101</optimal_fiber_length>",
        "-<tendon_slack_length>0.22060128483460301</tendon_slack_length>",
        "+<tendon_slack_length>0.25</tendon_slack_length>",
    ],
    "gait2392_millard2012muscle.osim": [
        "-<optimal_fiber_length>0.053499999999999999</optimal_fiber_length>",
        "+<optimal_fiber_length>0.06</optimal_fiber_length>",
        "-<max_isometric_force>3549</max_isometric_force>",
        "+<max_isometric_force>3500.0</max_isometric_force>",
        "+<ignore_tendon_compliance>false</ignore_tendon_compliance>",
    ],
}


@pytest.mark.opensim
@pytest.mark.parametrize("file_name", CHANGES)
def test_opensim_reads_the_calibrated_numbers_from_a_real_model(shared_data, tmp_path, file_name):
    source = (shared_data / "models" / file_name).read_bytes()
    path = tmp_path / file_name
    path.write_bytes(calibrated_osim_text(source, CHANGES[file_name]))
    model = load_model(path)
    muscles = model.getMuscles()
    for name, change in CHANGES[file_name].items():
        muscle = opensim.Millard2012EquilibriumMuscle.safeDownCast(muscles.get(name))
        assert muscle.get_max_isometric_force() == change.max_isometric_force
        assert muscle.get_optimal_fiber_length() == change.optimal_fiber_length
        assert muscle.get_tendon_slack_length() == change.tendon_slack_length
        assert not (change.make_elastic and muscle.get_ignore_tendon_compliance())


@pytest.mark.parametrize("file_name", CHANGES)
def test_a_diff_of_a_real_model_shows_the_calibration_and_nothing_else(shared_data, file_name):
    source = (shared_data / "models" / file_name).read_bytes()
    once = calibrated_osim_text(source, CHANGES[file_name])
    assert calibrated_osim_text(source, CHANGES[file_name]) == once
    assert calibrated_osim_text(once, CHANGES[file_name]) == once
    assert changed_lines(source, once) == EXPECTED[file_name]


CURVES = {"TendonForceLengthCurve": {"strain_at_one_norm_force": 0.07, "curviness": 0.5}}
INNER = "\n\t\t\t\t<strain_at_one_norm_force>0.07</strain_at_one_norm_force>\n\t\t\t"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<TendonForceLengthCurve name="a"/>', f'<TendonForceLengthCurve name="a">{INNER}</'),
        (
            '<TendonForceLengthCurve name="a">\n<!--Default.-->\n</TendonForceLengthCurve>',
            f'<TendonForceLengthCurve name="a">{INNER}</',
        ),
        (
            "<TendonForceLengthCurve><strain_at_one_norm_force>0.05</strain_at_one_norm_force></",
            "<TendonForceLengthCurve><strain_at_one_norm_force>0.07</strain_at_one_norm_force></",
        ),
        (
            "<TendonForceLengthCurve><curviness>0.4</curviness></TendonForceLengthCurve>",
            "<TendonForceLengthCurve><strain_at_one_norm_force>0.07</strain_at_one_norm_force>"
            "<curviness>0.5</curviness></",
        ),
        ("", "<TendonForceLengthCurve><strain_at_one_norm_force>0.07</strain_at_one_norm_force></"),
    ],
)
def test_strains_are_written_into_a_curve_however_the_file_holds_it(before, after):
    source = document(PROPERTIES + (f"\t\t\t{_closed(before)}\n" if before else ""))
    change = MuscleChange(3000.0, 0.05, 0.25, curves=CURVES)
    text = calibrated_osim_text(source, {"soleus_r": change}).decode()
    assert f"{after}TendonForceLengthCurve>" in text
    assert calibrated_osim_text(text.encode(), {"soleus_r": change}).decode() == text


def _closed(element: str) -> str:
    return element + "TendonForceLengthCurve>" if element.endswith("</") else element


def test_a_strain_that_is_no_number_is_refused():
    change = MuscleChange(3000.0, 0.05, 0.25, curves={"TendonForceLengthCurve": {"curviness": math.nan}})
    with pytest.raises(ModelError) as caught:
        calibrated_osim_text(document(), {"soleus_r": change}, where="leg.osim")
    assert str(caught.value) == (
        "leg.osim: muscle 'soleus_r' would get <curviness> nan. Expected a finite number. Check the bounds "
        "of the calibration."
    )


def change_soleus(path):
    change = MuscleChange(2999.0, 0.06, 0.26, make_elastic=True)
    text = calibrated_osim_text(path.read_bytes(), {"soleus_r": change}, where=str(path))
    check_xml(text, ModelError, where=str(path), remedy="", encoding=model_encoding(text))


@pytest.mark.parametrize("mutation", XML)
def test_a_mutated_model_is_changed_or_refused(tmp_path, mutation):
    path = mutated(tmp_path / "soleus.osim", document(), mutation)
    check_refusal(change_soleus, path, (ModelError,))


@given(st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_edit_of_a_model_is_changed_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "edited.osim"
    path.write_bytes(data.draw(edited(document())))
    check_refusal(change_soleus, path, (ModelError,))
