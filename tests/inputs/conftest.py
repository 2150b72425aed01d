"""A synthetic elbow, whose files tests write anew, and a walking person."""

import opensim
import pytest
from elbow_trial import elbow_files, elbow_model

from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.inputs.trial_files import TrialFiles


@pytest.fixture(scope="session")
def arm() -> opensim.Model:
    return elbow_model()


@pytest.fixture
def files(tmp_path) -> TrialFiles:
    return elbow_files(tmp_path)


@pytest.fixture(scope="session")
def rajagopal(shared_data):
    return load_model(shared_data / "rajagopal_walk/subject_walk_scaled.osim")


@pytest.fixture(scope="session")
def walk(shared_data):
    return read_storage(shared_data / "rajagopal_walk/ik.mot")
