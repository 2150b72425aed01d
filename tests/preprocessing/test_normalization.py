import numpy as np
import pytest

from opensim_difcal.errors import EMGError
from opensim_difcal.preprocessing.normalization import channel_maxima, normalized, sustained

NAMES = ("soleus", "tib_ant")
WALK = np.array([[1.0, 4.0], [2.0, 1.0]])
RUN = np.array([[3.0, 2.0], [0.5, 0.5]])
CONTRACTION = np.array([[5.0, 3.0], [1.0, 0.2]])


def test_without_contractions_the_largest_value_of_the_session_normalizes():
    maxima = channel_maxima(NAMES, {"walk": WALK, "run": RUN}, {}, above_one="refuse")
    assert maxima.value.tolist() == [3.0, 4.0]
    assert maxima.source == ("run", "walk")
    assert maxima.notes == ()
    assert normalized(RUN, maxima, above_one="refuse").max() == 1.0


@pytest.mark.parametrize(
    ("policy", "value", "source", "largest", "decision"),
    [
        ("raise_maximum", 4.0, "walk", 1.0, "the trial's maximum was taken instead"),
        ("clip", 3.0, "mvc", 1.0, "values above 1 are cut at 1"),
        ("keep", 3.0, "mvc", 4 / 3, "values above 1 stay"),
    ],
)
def test_a_trial_stronger_than_its_contraction(policy, value, source, largest, decision):
    maxima = channel_maxima(NAMES, {"walk": WALK}, {"mvc": CONTRACTION}, above_one=policy)
    assert maxima.value.tolist() == [5.0, value]
    assert maxima.source == ("mvc", source)
    assert normalized(WALK, maxima, above_one=policy)[:, 1].max() == pytest.approx(largest)
    assert maxima.notes == (
        f"channel 'tib_ant': 133 % of the maximum voluntary contraction (mvc) in walk; {decision}.",
    )


def test_a_trial_stronger_than_its_contraction_can_be_refused():
    with pytest.raises(EMGError) as error:
        channel_maxima(NAMES, {"walk": WALK}, {"mvc": CONTRACTION}, above_one="refuse")
    assert str(error.value) == (
        "channel 'tib_ant': 133 % of the maximum voluntary contraction (mvc) in walk. Record a stronger "
        "contraction, or set <above_one> to raise_maximum, clip or keep."
    )


def test_a_channel_that_is_zero_everywhere_is_refused():
    silent = np.array([[1.0, 0.0]])
    with pytest.raises(EMGError) as error:
        channel_maxima(NAMES, {"walk": silent}, {"mvc": silent}, above_one="clip")
    assert str(error.value) == (
        "tib_ant: no signal in any recording that normalizes. Leave these channels out of <channels>, or "
        "give a recording in which they are active."
    )


def test_a_contraction_without_signal_gives_way_to_the_trial():
    silent = np.array([[6.0, 0.0]])
    maxima = channel_maxima(NAMES, {"walk": WALK}, {"mvc": silent}, above_one="raise_maximum")
    assert maxima.value.tolist() == [6.0, 4.0]
    assert maxima.notes == (
        "channel 'tib_ant': no signal in the maximum voluntary contractions; the trial's maximum was taken "
        "instead.",
    )


def test_a_contraction_counts_with_its_largest_mean_over_a_span():
    envelope = np.array([[0.0, 9.0], [2.0, 0.0], [4.0, 0.0], [6.0, 0.0], [0.0, 0.0]])
    assert sustained(envelope, 10.0, 0.3).max(axis=0).tolist() == [4.0, 3.0]
    assert sustained(envelope, 10.0, 0.0).max(axis=0).tolist() == [6.0, 9.0]
    assert sustained(envelope, 10.0, 60.0).max(axis=0).tolist() == pytest.approx([2.4, 1.8])
    assert sustained(envelope, 10.0, 0.3).shape == envelope.shape
