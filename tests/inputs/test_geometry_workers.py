"""Worker processes: the same numbers, and only where they pay."""

from pathlib import Path

import numpy as np
import pytest
from two_segments import COORDINATES

from opensim_difcal.inputs import geometry_workers
from opensim_difcal.inputs.crossing import crossing
from opensim_difcal.inputs.geometry import muscle_geometry
from opensim_difcal.inputs.geometry_workers import geometry_in_workers, workers_that_pay
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.opensim_model import load_model

LEG = Path(__file__).parents[2] / "models" / "leg" / "leg_scaled.osim"


@pytest.mark.parametrize(
    ("n_cores", "n_frames", "n_motions", "expected"),
    [
        (2, 7_200, 10, 1),  # ten trials of 40 muscles
        (2, 24_000, 30, 1),
        (2, 30_000, 30, 2),
        (1, 10**6, 30, 1),
        (16, 30_000, 30, 8),
        (16, 30_000, 3, 3),
        (16, 10**6, 1, 1),
    ],
)
def test_workers_are_used_where_they_pay(monkeypatch, n_cores, n_frames, n_motions, expected):
    monkeypatch.setattr(geometry_workers, "_usable_cores", lambda: n_cores)
    assert workers_that_pay(n_frames, 40, n_motions) == expected


def test_there_is_a_core_to_work_with(monkeypatch):
    assert geometry_workers._usable_cores() >= 1
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert geometry_workers._usable_cores() >= 1


def test_without_processes_nothing_is_computed_but_nothing_fails(monkeypatch):
    def no_memory(*_):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(geometry_workers, "run_in_workers", no_memory)
    motions = [(np.arange(2.0), {"knee_angle_r": np.zeros(2)})] * 3
    crosses = np.ones((1, 1), dtype=bool)
    assert geometry_in_workers(2, LEG, motions, ("soleus_r",), ("knee_angle_r",), crosses) == [None] * 3


@pytest.mark.slow
def test_workers_give_the_same_bytes_and_none_for_a_motion_without_sense():
    model, time = load_model(LEG), np.arange(30.0)
    names = muscle_names(model), COORDINATES
    bends = [{"knee_angle_r": -np.linspace(0.1, last, 30)} for last in (0.9, 1.1)]
    crosses = crossing(model, *names)
    motions = [(time, bends[0]), (time, {"knee_angle_r": np.full(30, np.nan)}), (time, bends[1])]
    first, without_sense, second = geometry_in_workers(2, LEG, motions, *names, crosses)
    assert without_sense is None
    for geometry, values in zip((first, second), bends, strict=True):
        expected = muscle_geometry(model, time, values, *names)
        assert geometry is not None
        assert geometry.muscle_tendon_length.tobytes() == expected.muscle_tendon_length.tobytes()
        assert geometry.moment_arm.tobytes() == expected.moment_arm.tobytes()
        assert geometry.exact_moment_arms == expected.exact_moment_arms
