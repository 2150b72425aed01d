"""What goes into a subject besides the calibration's own numbers."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.outputs.subject import Provenance, file_digests, package_versions, subject_of


@pytest.fixture
def provenance():
    return Provenance({"a.osim": "00ff"}, {"numpy": "2.0"}, {"time_step": "0.005"}, 7)


def make_subject(result, provenance):
    return subject_of(
        result,
        model_sha256="ab12" * 16,
        time_step=0.005,
        electromechanical_delay=0.035,
        lowpass_cutoff_frequency_for_coordinates=6.0,
        tendon="model",
        elastic_tendon="equilibrium",
        excitation_map=[ExcitationChannel(name="SOL", muscles=("soleus_r",))],
        provenance=provenance,
    )


def test_a_subject_carries_the_numbers_of_its_calibration(result, provenance):
    subject = make_subject(result, provenance)
    assert subject.name == result.name
    assert subject.parameters is result.parameters
    assert subject.strength_groups == result.strength_groups
    assert (subject.time_step, subject.electromechanical_delay) == (0.005, 0.035)


def test_a_muscle_in_no_group_is_a_group_of_its_own(result, provenance):
    coefficients = {**result.strength_coefficients, "soleus_r": 1.1}
    subject = make_subject(replace(result, strength_coefficients=coefficients), provenance)
    assert subject.strength_groups["soleus_r"] == ("soleus_r",)


def test_a_subject_without_synergies_has_none(result, provenance):
    assert make_subject(result, provenance).synergies is None


def test_weights_by_trial_become_their_mean(hybrid_result_by_trial, provenance):
    outcome = hybrid_result_by_trial.synergies
    synergies = make_subject(hybrid_result_by_trial, provenance).synergies
    assert synergies is not None
    assert (synergies.n_synergies, synergies.ratio) == (2, 1.0 / 3.0)
    assert synergies.variance_accounted_for == 0.95
    assert tuple(synergies.recorded) == outcome.channel_names
    assert tuple(synergies.synthesized) == outcome.synthesized_muscles
    mean = (outcome.weights["walk_00"] + outcome.weights["walk_01"]) / 2
    np.testing.assert_allclose(synergies.weights, mean, rtol=1e-15)


def test_files_of_the_same_name_keep_separate_digests(tmp_path):
    paths = [tmp_path / "walk" / "ik.mot", tmp_path / "run" / "ik.mot"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    assert file_digests(paths) == {
        "ik.mot": hashlib.sha256(b"walk").hexdigest(),
        "ik.mot (2)": hashlib.sha256(b"run").hexdigest(),
    }


def test_every_package_that_moves_numbers_has_a_version():
    versions = package_versions()
    assert list(versions) == ["opensim_difcal", "opensim", "torch", "numpy", "scipy"]
    assert versions["numpy"][0].isdigit()
