"""The sidecar reads back exactly and says what is wrong with a broken one."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import FILES, XML, check_refusal, edited, in_the_way, mutated

from opensim_difcal.calibration.unknowns import PARAMETER_NAMES
from opensim_difcal.errors import ModelError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.outputs.subject import Provenance, SubjectSynergies, subject_of
from opensim_difcal.outputs.subject_file import read_subject, write_subject

REMEDY = "Use the file as the calibration wrote it, or calibrate again."


def make_subject(result):
    return subject_of(
        result,
        model_sha256="ab12" * 16,
        time_step=0.1 + 0.2,
        electromechanical_delay=0.035,
        lowpass_cutoff_frequency_for_coordinates=-1.0,
        tendon="model",
        elastic_tendon="equilibrium",
        excitation_map=[
            ExcitationChannel(name="Soleus & <more>", muscles=("soleus_r",)),
            ExcitationChannel(name="HAM", muscles=("bflh_r", "semimem_r")),
        ],
        provenance=Provenance(
            input_files={"a.osim": "00ff", "b.mot": "ff00"},
            versions={"numpy": "2.4.6"},
            settings={"results_directory": ' with\n\ttab and "quotes" ', "name": "Jörg"},
            seed=2**63,
        ),
    )


@pytest.fixture
def subject(result):
    return make_subject(result)


@pytest.fixture
def path(tmp_path, subject):
    path = tmp_path / "subject01_subject.xml"
    write_subject(path, subject)
    return path


def replaced(path, pattern, new):
    text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"), count=1, flags=re.DOTALL)
    assert count == 1
    path.write_text(text, encoding="utf-8")


def test_a_subject_reads_back_exactly(path, subject):
    read = read_subject(path)
    for name in PARAMETER_NAMES:
        for end in ("initial", "final", "lower", "upper", "at_bound"):
            np.testing.assert_array_equal(
                getattr(read.parameters[name], end), getattr(subject.parameters[name], end)
            )
    same = {name: getattr(subject, name) for name in vars(subject) if name != "parameters"}
    assert {name: getattr(read, name) for name in same} == same


def test_the_same_subject_gives_the_same_bytes(path, tmp_path):
    again = tmp_path / "again.xml"
    write_subject(again, read_subject(path))
    assert again.read_bytes() == path.read_bytes()


def test_a_subject_whose_ranges_are_not_known_reads_back(path, subject):
    unknown = replace(subject, muscle_tendon_length_ranges={}, normalized_fiber_length_ranges={})
    write_subject(path, unknown)
    assert "_range>" not in path.read_text()
    read = read_subject(path)
    assert (read.muscle_tendon_length_ranges, read.normalized_fiber_length_ranges) == ({}, {})


def test_ranges_of_some_muscles_only_are_refused(path):
    replaced(path, "<muscle_tendon_length_range>.*?</muscle_tendon_length_range>", "")
    with pytest.raises(ModelError, match="lacks <muscle_tendon_length_range>"):
        read_subject(path)


@pytest.fixture
def hybrid_path(tmp_path, hybrid_result):
    path = tmp_path / "hybrid_subject.xml"
    write_subject(path, make_subject(hybrid_result))
    return path


def test_synergies_read_back_exactly(hybrid_path, hybrid_result):
    written = make_subject(hybrid_result).synergies
    read = read_subject(hybrid_path).synergies
    assert read is not None
    assert read == written
    assert list(read.recorded) == list(hybrid_result.synergies.channel_names)
    np.testing.assert_array_equal(read.weights, hybrid_result.synergies.shared_weights)


def test_synergies_without_synthesized_muscles_read_back(tmp_path, subject):
    synergies = SubjectSynergies(1, 0.5, 0.9, {"SOL": (0.1,)}, {})
    write_subject(tmp_path / "a.xml", replace(subject, synergies=synergies))
    assert read_subject(tmp_path / "a.xml").synergies == synergies


def test_an_emg_driven_sidecar_says_nothing_of_synergies(path):
    assert "synergies" not in path.read_text(encoding="utf-8")
    replaced(path, "<provenance>", "<synergies/><provenance>")
    assert read_subject(path).synergies is None


@pytest.mark.parametrize(
    ("pattern", "new", "message"),
    [
        (
            r"<weights>[^<]*</weights>",
            "<weights>0.5</weights>",
            " <synergies> <recorded> <RecordedChannel 'emg_addlong_r'>: <weights> is '0.5'. "
            "Expected 2 numbers.",
        ),
        (
            r"<ratio>[^<]*</ratio>",
            "",
            " <synergies> lacks <ratio>. Expected each of <n_synergies>, <ratio>, <recorded>, <synthesized>, "
            "<variance_accounted_for> once.",
        ),
        (
            r"<synergies>",
            r"<synergies/><synergies>",
            " repeats <synergies>. Expected each of <elastic_tendon>, <electromechanical_delay>, "
            "<excitation_map>, <lowpass_cutoff_frequency_for_coordinates>, <made_elastic>, <model_sha256>, "
            "<muscles>, <provenance>, <strength_bounds>, <strength_groups>, <tendon>, <time_step> once.",
        ),
    ],
)
def test_broken_synergies_name_the_element(hybrid_path, pattern, new, message):
    replaced(hybrid_path, pattern, new)
    with pytest.raises(ModelError) as error:
        read_subject(hybrid_path)
    assert str(error.value) == f"{hybrid_path}: <NMSSubject>{message} {REMEDY}"


def test_the_file_looks_like_one_of_opensim(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<!--Written by opensim_difcal')
    assert (
        '<OpenSimDocument Version="40600">\n\t<NMSSubject name="subject01">\n\t\t<model_sha256>ab12' in text
    )
    assert text.count("<at_bound>true</at_bound>") == 2
    assert text.endswith("</OpenSimDocument>\n")


def test_empty_lists_read_back(tmp_path, path, subject):
    replaced(path, "<made_elastic>soleus_r</made_elastic>", "<made_elastic/>")
    replaced(path, "<excitation_map>.*</excitation_map>", "<excitation_map/>")
    read = read_subject(path)
    assert (read.made_elastic, read.excitation_map) == ((), ())


@pytest.mark.parametrize(
    ("pattern", "new", "message"),
    [
        (
            r"<time_step>[^<]*</time_step>",
            "",
            " lacks <time_step>. Expected each of <elastic_tendon>, <electromechanical_delay>, "
            "<excitation_map>, <lowpass_cutoff_frequency_for_coordinates>, <made_elastic>, <model_sha256>, "
            "<muscles>, <provenance>, <strength_bounds>, <strength_groups>, <tendon>, <time_step> once.",
        ),
        (
            r"(<seed>\d+</seed>)",
            r"\1\1",
            " <provenance> repeats <seed>. "
            "Expected each of <input_files>, <seed>, <settings>, <versions> once.",
        ),
        (
            r"<initial>",
            r"<old>1</old><initial>",
            " <muscles> <MuscleParameters 'addlong_r'> <optimal_fiber_length> has an unknown <old>. "
            "Expected each of <at_bound>, <final>, <initial>, <lower>, <upper> once.",
        ),
        (
            r"<MuscleParameters name=.addlong_r.>.*?</MuscleParameters>",
            "<Muscle/>",
            " <muscles> has an unknown <Muscle>. Expected <MuscleParameters> elements.",
        ),
        (
            r"<elastic_tendon>[^<]*</elastic_tendon>",
            "<elastic_tendon>soft</elastic_tendon>",
            ": <elastic_tendon> is 'soft'. Expected one of rosenbrock, equilibrium.",
        ),
        (
            r"<time_step>[^<]*</time_step>",
            "<time_step>five</time_step>",
            ": <time_step> is 'five'. Expected 1 number.",
        ),
        (
            r"<strength_bounds>[^<]*</strength_bounds>",
            "<strength_bounds>0.5</strength_bounds>",
            ": <strength_bounds> is '0.5'. Expected 2 numbers.",
        ),
        (r"<seed>\d+", "<seed>0.5", " <provenance>: <seed> is '0.5'. Expected 1 whole number."),
        (
            ' sha256="00ff"',
            "",
            " <provenance> <input_files> <InputFile 'a.osim'> lacks the attribute 'sha256'.",
        ),
    ],
)
def test_a_broken_sidecar_names_the_element(path, pattern, new, message):
    replaced(path, pattern, new)
    with pytest.raises(ModelError) as error:
        read_subject(path)
    assert str(error.value) == f"{path}: <NMSSubject>{message} {REMEDY}"


def test_a_missing_sidecar_is_named(tmp_path):
    with pytest.raises(ModelError) as error:
        read_subject(tmp_path / "a.xml")
    assert str(error.value) == (f"{tmp_path / 'a.xml'}: the subject file does not exist. Correct the path.")


def test_a_file_that_is_not_xml_is_refused(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text("<a>\n<b></a>")
    with pytest.raises(ModelError) as error:
        read_subject(path)
    assert str(error.value) == f"{path}: line 2, column 6: not well-formed XML, mismatched tag. {REMEDY}"


@pytest.mark.parametrize(
    "text", ["<a/>", "<OpenSimDocument/>", "<OpenSimDocument><Model/></OpenSimDocument>"]
)
def test_another_document_is_refused(tmp_path, text):
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(ModelError) as error:
        read_subject(path)
    assert str(error.value) == (
        f"{path}: there is no <NMSSubject> in an <OpenSimDocument>. "
        "Expected the file <name>_subject.xml that a calibration wrote beside <name>.osim."
    )


@pytest.fixture(scope="module")
def valid(tmp_path_factory, hybrid_result) -> bytes:
    """Every element that a sidecar may have."""
    path = tmp_path_factory.mktemp("valid") / "hybrid_subject.xml"
    write_subject(path, make_subject(hybrid_result))
    return path.read_bytes()


@pytest.mark.parametrize("mutation", XML)
def test_a_mutated_sidecar_is_read_or_refused(tmp_path, valid, mutation):
    path = mutated(tmp_path / "a_subject.xml", valid, mutation)
    if check_refusal(read_subject, path, (ModelError,)) is None:
        assert_usable(read_subject(path))


@pytest.mark.parametrize("obstacle", FILES)
def test_what_is_no_readable_sidecar_is_refused(tmp_path, obstacle):
    assert check_refusal(read_subject, in_the_way(tmp_path / "a_subject.xml", obstacle), (ModelError,))


@given(st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_edit_of_a_sidecar_is_read_or_refused(tmp_path_factory, valid, data):
    path = tmp_path_factory.getbasetemp() / "edited_subject.xml"
    path.write_bytes(data.draw(edited(valid)))
    if check_refusal(read_subject, path, (ModelError,)) is None:
        assert_usable(read_subject(path))


def assert_usable(subject):
    """What was read holds numbers for every muscle, none of them NaN or infinite."""
    assert subject.muscle_names
    assert len(set(subject.muscle_names)) == len(subject.muscle_names)
    for change in subject.parameters.values():
        for end in ("initial", "final", "lower", "upper"):
            assert getattr(change, end).shape == (len(subject.muscle_names),)
            assert np.isfinite(getattr(change, end)).all()
    assert subject.time_step > 0.0
    assert np.isfinite([subject.time_step, subject.electromechanical_delay, *subject.strength_bounds]).all()
    assert set(subject.strength_coefficients) == set(subject.strength_groups)
    if subject.synergies:
        assert subject.synergies.n_synergies > 0
        assert np.isfinite(subject.synergies.weights).all()
