"""Models that cannot be loaded, and parts that they do not have."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import FILES, XML, check_refusal, edited, in_the_way, mutated
from two_segments import arm_model, initialized

from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import find_coordinate, find_muscles, load_model


def test_an_unknown_coordinate_names_the_closest():
    with pytest.raises(ModelError) as caught:
        find_coordinate(initialized(arm_model()), "elbo")
    assert str(caught.value) == (
        "arm: the model has no coordinate 'elbo'. Did you mean 'elbow'? The coordinates are: elbow, wrist."
    )


def test_an_unknown_muscle_names_the_closest():
    with pytest.raises(ModelError) as caught:
        find_muscles(initialized(arm_model()), ["longflexor"])
    assert str(caught.value) == (
        "arm: the model has no muscle 'longflexor'. Did you mean 'long_flexor'? "
        "The muscles are: flexor, long_flexor."
    )


def test_a_missing_model_is_refused(tmp_path):
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path / "leg.osim")
    assert str(caught.value) == (f"{tmp_path}/leg.osim: the model file does not exist. Check <model_file>.")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "<OpenSimDocument Version='40600'>\n<Model name='leg'>\n",
            "line 3, column 1: not well-formed XML, no element found",
        ),
        ("<OpenSimDocument>\n<Model na", "line 2, column 1: not well-formed XML, unclosed token"),
        ("", "line 1, column 1: not well-formed XML, no element found"),
    ],
)
def test_a_model_file_that_is_cut_short_is_refused(tmp_path, text, reason):
    path = tmp_path / "leg.osim"
    path.write_text(text)
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert str(caught.value) == (f"{path}: {reason}. The file may be cut short. Save it again from OpenSim.")


@pytest.mark.parametrize("declaration", ["", "<?xml version='1.0' encoding='latin-99'?>"])
def test_a_model_that_opensim_cannot_read_is_refused(tmp_path, declaration):
    path = tmp_path / "leg.osim"
    path.write_text(
        declaration + "<OpenSimDocument Version='40600'><Model name='leg'><ground/></Model></OpenSimDocument>"
    )
    with pytest.raises(ModelError) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: OpenSim cannot load the model: ")
    assert message.endswith(" Open it in the OpenSim GUI to see which component is wrong.")


@pytest.fixture(scope="module")
def valid(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("valid") / "arm.osim"
    initialized(arm_model()).printToXML(str(path))
    return path.read_bytes()


def read(path):
    model = load_model(path)
    read_muscles(model, muscle_names(model))


@pytest.mark.parametrize("mutation", XML)
def test_a_mutated_model_is_read_or_refused(tmp_path, valid, mutation):
    """OpenSim would crash, and this process with it, of levels that are nested too deep."""
    check_refusal(read, mutated(tmp_path / "arm.osim", valid, mutation), (ModelError,))


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_readable_model_is_refused(tmp_path, obstacle):
    assert check_refusal(load_model, in_the_way(tmp_path / "arm.osim", obstacle), (ModelError,))


@given(st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_edit_of_a_model_is_read_or_refused(tmp_path_factory, valid, data):
    path = tmp_path_factory.getbasetemp() / "edited.osim"
    path.write_bytes(data.draw(edited(valid)))
    check_refusal(read, path, (ModelError,))


@pytest.mark.parametrize("levels", [100, 101])
def test_a_model_nested_too_deep_is_refused_before_opensim_crashes(tmp_path, levels):
    path = tmp_path / "arm.osim"
    path.write_bytes(b"<a>" * levels + b"</a>" * levels)
    with pytest.raises(ModelError) as caught:
        load_model(path)
    reason = (
        "line 1, column 301: elements are nested more than 100 deep. Save the file again from its program."
    )
    assert (str(caught.value) == f"{path}: {reason}") == (levels == 101)


def test_levels_that_an_instruction_hides_are_refused(tmp_path):
    path = tmp_path / "arm.osim"
    path.write_bytes(b"<OpenSimDocument><?a ><b>?></OpenSimDocument>")
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert str(caught.value) == (
        f"{path}: line 1, column 18: an instruction <?...?> with a '>' inside is not allowed. Remove it."
    )
