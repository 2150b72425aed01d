import numpy as np
import pytest

from opensim_difcal.errors import ExecutionError
from opensim_difcal.execution.electrodes import Electrodes
from opensim_difcal.execution.execute import Projection

CHANNELS, MUSCLES = ("a", "b"), ("first", "both", "deep", "idle")
DRIVERS = {"first": ("a",), "both": ("a", "b")}
# One synergy that both electrodes show, twice as strongly in b; the deep muscle has half of a.
WEIGHTS = np.array([[0.5], [1.0], [0.25]])


def electrodes(projection: Projection | None = None) -> Electrodes:
    return Electrodes(CHANNELS, MUSCLES, DRIVERS, projection)


def test_muscles_get_the_mean_of_their_electrodes_within_bounds():
    np.testing.assert_allclose(electrodes().excitation(np.array([0.4, 0.8])), [0.4, 0.6, 0.0, 0.0])
    np.testing.assert_allclose(electrodes().excitation(np.array([-0.1, 1.4])), [0.0, 0.5, 0.0, 0.0])


def test_synergies_drive_muscles_without_an_electrode():
    found = electrodes(Projection(WEIGHTS, CHANNELS, ("deep",), 0.0)).excitation(np.array([0.4, 0.8]))
    np.testing.assert_allclose(found, [0.4, 0.6, 0.2, 0.0])


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [([0.1], "[0.1]"), ([0.1, float("nan")], "[0.1 nan]"), ([[0.1, 0.2]], "[[0.1 0.2]]")],
)
def test_other_than_one_number_per_channel_is_refused(recorded, shown):
    with pytest.raises(ExecutionError) as error:
        electrodes().excitation(np.array(recorded))
    assert str(error.value) == f"recorded is {shown}. Expected 2 finite numbers, one per channel: a, b."
