"""Muscles of several trials: computed once, and found again."""

import numpy as np
import pytest
from two_segments import arm_model, initialized

from opensim_difcal.inputs import muscle_paths
from opensim_difcal.inputs.geometry_cache import GeometryCache
from opensim_difcal.inputs.muscle_paths import MusclePaths

TIME = np.arange(4.0)
VALUES = {"elbow": np.array([0.2, 0.7, 1.3, 1.1])}


@pytest.fixture(scope="module")
def model():
    return initialized(arm_model())


def never(*_, **__):
    raise AssertionError("computed again")


def test_geometry_is_computed_once_for_a_motion(model, tmp_path, monkeypatch):
    names = ("flexor", "long_flexor"), ("elbow", "wrist")
    plain = MusclePaths(model, *names).along(TIME, VALUES)
    paths = MusclePaths(model, *names, GeometryCache(tmp_path), "digest of the model")
    first = paths.along(TIME, VALUES)
    monkeypatch.setattr(muscle_paths, "muscle_geometry", never)
    second = paths.along(TIME, VALUES)
    for geometry in (first, second):
        assert geometry.muscle_tendon_length.tobytes() == plain.muscle_tendon_length.tobytes()
        assert geometry.moment_arm.tobytes() == plain.moment_arm.tobytes()
        assert geometry.exact_moment_arms == plain.exact_moment_arms == ()
    with pytest.raises(AssertionError, match="^computed again$"):
        paths.along(TIME, {"elbow": VALUES["elbow"] + 1e-12})


def test_what_muscles_span_is_looked_at_once(model, monkeypatch):
    paths = MusclePaths(model, ("flexor", "long_flexor"), ("elbow", "wrist"))
    assert paths.crosses.tolist() == [[True, True], [False, True]]
    monkeypatch.setattr(muscle_paths, "crossing", never)
    assert paths.along(TIME, VALUES).moment_arm.shape == (4, 2, 2)


def test_what_opensim_had_to_compute_is_remembered(tmp_path):
    model = initialized(arm_model(loop=True))
    paths = MusclePaths(model, ("flexor",), ("elbow",), GeometryCache(tmp_path), "a loop")
    first, second = (paths.along(np.zeros(1), {"elbow": np.array([0.3])}) for _ in range(2))
    assert first.exact_moment_arms == second.exact_moment_arms == (("elbow", "flexor"),)
    assert first.moment_arm.tobytes() == second.moment_arm.tobytes()


def test_workers_prepare_what_is_not_kept_and_what_they_cannot_is_computed_here(model, tmp_path, monkeypatch):
    names = ("flexor", "long_flexor"), ("elbow", "wrist")
    marked = MusclePaths(model, *names).along(TIME, VALUES)
    cache, asked = GeometryCache(tmp_path), []
    paths = MusclePaths(model, *names, cache, "digest of the model", tmp_path / "arm.osim")
    kept, prepared, failed = ({"elbow": VALUES["elbow"] + shift} for shift in (0.1, 0.2, 0.3))

    def work(n_workers, model_file, motions, *_):
        asked.extend(motions)
        assert (n_workers, model_file) == (2, tmp_path / "arm.osim")
        return [marked, None]

    monkeypatch.setattr(muscle_paths, "workers_that_pay", lambda *counts: 2 if counts == (8, 2, 2) else 1)
    monkeypatch.setattr(muscle_paths, "geometry_in_workers", work)
    paths.along(TIME, kept)
    paths.prepare([(TIME, kept), (TIME, prepared), (TIME, failed)])
    assert [values for _, values in asked] == [prepared, failed]
    assert paths.along(TIME, prepared) is marked
    assert paths.along(TIME, failed).moment_arm.shape == (4, 2, 2)
    paths.prepare([(TIME, kept), (TIME, prepared), (TIME, failed)])  # all are kept by now
    assert len(asked) == 2


def test_a_model_without_a_file_of_its_own_has_no_workers(model, monkeypatch):
    monkeypatch.setattr(muscle_paths, "workers_that_pay", never)
    MusclePaths(model, ("flexor",), ("elbow",)).prepare([(TIME, VALUES)])
