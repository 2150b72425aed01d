"""Models that cannot be loaded, and parts that they do not have."""

import pytest
from two_segments import arm_model, initialized

from opensim_difcal.errors import ModelError
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
