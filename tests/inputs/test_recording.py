import numpy as np

from opensim_difcal.inputs.recording import Recording

RECORDING = Recording(
    ("front", "side"),
    np.array([[0.2, 0.4], [0.6, 0.0]]),
    {"rectus": ("front",), "vastus": ("front", "side"), "gluteus": ("side",)},
)


def test_a_muscle_of_several_channels_gets_their_mean():
    excitation = RECORDING.by_muscle(("vastus", "psoas", "rectus"))
    np.testing.assert_allclose(excitation[:, 0], [0.3, 0.3])
    assert not excitation[:, 1].any()
    np.testing.assert_array_equal(excitation[:, 2], [0.2, 0.6])


def test_without_an_electrode_its_muscles_keep_others_or_are_unrecorded():
    left = RECORDING.without({"front"})
    assert left.channel_names == ("side",)
    assert left.drivers == {"vastus": ("side",), "gluteus": ("side",)}
    np.testing.assert_array_equal(left.by_muscle(("rectus", "vastus")), [[0.0, 0.4], [0.0, 0.0]])
