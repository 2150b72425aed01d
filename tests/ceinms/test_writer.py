import re
from dataclasses import replace
from pathlib import Path

import pytest
from ceinms_strategies import NAMES, SUBJECTS, subject_of
from hypothesis import given, settings
from hypothesis import strategies as st

from opensim_difcal.ceinms.excitation_generator import read_excitation_generator
from opensim_difcal.ceinms.notes import Notes
from opensim_difcal.ceinms.schema import DOUBLE, subject_faults
from opensim_difcal.ceinms.subject_reader import read_subject
from opensim_difcal.ceinms.writer import excitation_generator_text, number_text, subject_text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back_exactly_and_have_no_exponent(value):
    text = number_text(value)
    assert float(text) == value
    assert DOUBLE.fullmatch(text)
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("writer") / "subject.xml"


@given(drawn=SUBJECTS)
@settings(max_examples=50, deadline=None)
def test_a_subject_is_read_back_exactly_and_fits_the_schema(path, drawn):
    subject = subject_of(drawn)
    path.write_text(subject_text(subject, "a comment -- with dashes -->"), encoding="utf-8")
    assert subject_faults(path.read_bytes()) == []
    assert read_subject(path, Notes()) == replace(subject, path=path)


@given(drawn=SUBJECTS)
@settings(max_examples=20, deadline=None)
def test_an_uncalibrated_subject_fits_the_schema(drawn):
    text = subject_text(replace(subject_of(drawn), calibrated=None), "none")
    assert subject_faults(text.encode()) == []


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_an_excitation_generator_is_read_back_exactly(path, data):
    signals = data.draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    mixes = st.dictionaries(st.sampled_from(signals), st.floats(-2, 2))
    mapping = data.draw(st.dictionaries(NAMES, mixes, min_size=1, max_size=4))
    path.write_text(excitation_generator_text(signals, mapping), encoding="utf-8")
    generator = read_excitation_generator(path, Notes())
    assert (generator.input_signals, generator.mapping) == (tuple(signals), mapping)
