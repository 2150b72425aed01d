import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_emg_signals import RATE, bursts, raw_emg

from opensim_difcal.errors import EMGError
from opensim_difcal.preprocessing.envelopes import (
    EnvelopeFilter,
    band_passed,
    check_filter,
    downsampled,
    envelopes,
)

TIME = np.arange(8000) / RATE


def envelope_of(raw, **settings):
    chosen = EnvelopeFilter(**settings)
    return envelopes(band_passed(raw[:, None], RATE, chosen), RATE, chosen)[:, 0]


def test_the_envelope_follows_the_excitation_and_does_not_lag():
    excitation = bursts(TIME)
    envelope = envelope_of(raw_emg(excitation, seed=1))
    assert np.corrcoef(envelope, excitation)[0, 1] > 0.97
    lags = np.arange(-60, 61)
    best = max(lags, key=lambda lag: np.corrcoef(np.roll(envelope, -lag), excitation)[0, 1])
    assert abs(best) <= 10


def test_filters_that_run_forward_lag():
    excitation = bursts(TIME)
    envelope = envelope_of(raw_emg(excitation, seed=1), zero_lag=False)
    peaks = TIME[np.argmax(envelope[4000:5000]) + 4000], TIME[np.argmax(excitation[4000:5000]) + 4000]
    assert 0.03 < peaks[0] - peaks[1] < 0.2


def test_offset_drift_and_tones_outside_the_band_leave_nothing():
    disturbance = 500 + 300 * np.sin(2 * np.pi * 2 * TIME) + 200 * np.sin(2 * np.pi * 450 * TIME)
    assert envelope_of(disturbance)[1000:-1000].max() < 2.0


def test_a_tone_in_the_band_has_the_mean_of_its_rectified_signal():
    envelope = envelope_of(100 * np.sin(2 * np.pi * 97 * TIME))
    np.testing.assert_allclose(envelope[1000:-1000], 100 * 2 / np.pi, rtol=0.01)


def test_the_ends_of_a_constant_activity_stay_up():
    envelope = envelope_of(raw_emg(np.ones(len(TIME)), seed=2))
    assert envelope[:100].min() > 0.5 * np.median(envelope)
    assert envelope[-100:].min() > 0.5 * np.median(envelope)


@given(seed=st.integers(0, 1000), scale=st.floats(1e-6, 1e6))
def test_envelopes_are_finite_not_negative_and_scale_with_the_signal(seed, scale):
    raw = np.random.default_rng(seed).standard_normal(600)
    one, scaled = envelope_of(raw), envelope_of(scale * raw)
    assert np.isfinite(one).all()
    assert one.min() >= 0
    np.testing.assert_allclose(scaled, scale * one, rtol=1e-6, atol=scale * 1e-9)


def test_a_lower_rate_keeps_the_envelope_on_whole_multiples_of_its_step():
    values = np.stack([np.sin(2 * np.pi * TIME), TIME], axis=-1)
    time, lower = downsampled(TIME + 0.0013, values, 200.0)
    np.testing.assert_allclose(time * 200, np.round(time * 200), atol=1e-9)
    assert time[0] == pytest.approx(0.005)
    np.testing.assert_allclose(lower[:, 1], time - 0.0013, atol=1e-9)


def test_a_rate_above_the_recordings_changes_nothing():
    values = np.ones((len(TIME), 1))
    time, same = downsampled(TIME, values, 5000.0)
    assert time is TIME
    assert same is values


@pytest.mark.parametrize(
    ("rate", "samples", "settings", "message"),
    [
        (
            500.0,
            5000,
            {},
            "walk.sto: <band_pass_cutoff_frequencies> are 30 and 300 Hz, and the recording has 500 samples "
            "per second. They must rise and lie between 0 and 250 Hz, half of that. Lower the upper one, or "
            "record faster.",
        ),
        (
            2000.0,
            5000,
            {"band": (300.0, 30.0)},
            "walk.sto: <band_pass_cutoff_frequencies> are 300 and 30 Hz, and the recording has 2000 samples "
            "per second. They must rise and lie between 0 and 1000 Hz, half of that. Lower the upper one, or "
            "record faster.",
        ),
        (
            2000.0,
            5000,
            {"cutoff": 1500.0},
            "walk.sto: <low_pass_cutoff_frequency> is 1500 Hz. It must lie between 0 and 1000 Hz, half of "
            "the recording's samples per second. Usual are 4 to 10 Hz.",
        ),
        (
            2000.0,
            200,
            {},
            "walk.sto: the recording lasts 0.1 s, less than one period of <low_pass_cutoff_frequency>, 0.2 "
            "s. Use a longer recording.",
        ),
    ],
)
def test_filters_that_a_recording_cannot_carry_are_refused(rate, samples, settings, message):
    with pytest.raises(EMGError) as error:
        check_filter("walk.sto", rate, samples, EnvelopeFilter(**settings))
    assert str(error.value) == message
