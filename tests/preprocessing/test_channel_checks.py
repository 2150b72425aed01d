import numpy as np
from raw_emg_signals import RATE, bursts, raw_emg

from opensim_difcal.preprocessing.channel_checks import (
    ChannelQuality,
    baseline,
    baseline_sentence,
    channel_quality,
)
from opensim_difcal.preprocessing.envelopes import EnvelopeFilter, band_passed, envelopes

TIME = np.arange(6000) / RATE
GOOD = raw_emg(bursts(TIME), seed=1)


def quality(raw) -> ChannelQuality:
    settings = EnvelopeFilter()
    band = band_passed(raw[:, None], RATE, settings)
    return channel_quality(raw, band[:, 0], envelopes(band, RATE, settings)[:, 0], RATE, settings)


def test_a_good_channel_needs_no_words():
    found = quality(GOOD)
    assert not found.is_dead
    assert not found.is_rectified
    assert found.sentences() == []


def test_dead_channels():
    assert quality(np.zeros(6000)).is_dead
    assert quality(np.full(6000, 3.0)).is_dead
    unplugged = np.where(TIME < 5, 7.0, GOOD)
    assert quality(unplugged).is_dead


def test_an_envelope_is_no_raw_emg_but_an_offset_does_no_harm():
    assert quality(np.abs(GOOD - 50)).is_rectified
    assert quality(-np.abs(GOOD - 50)).is_rectified
    assert not quality(GOOD + 1e5).is_rectified


def test_saturation_is_seen_in_runs_of_the_largest_value():
    found = quality(np.clip(GOOD, -400, 400))
    assert found.clipped > 0.01
    assert found.sentences() == [
        f"{100 * found.clipped:.1f} % of the samples lie at the largest value, in a row: the amplifier was "
        "saturated. Bursts are flattened; record with less gain"
    ]
    assert quality(np.round(GOOD)).clipped == 0.0


def test_a_high_baseline_is_told_of_a_channel_that_rests_nowhere():
    restless, resting = quality(raw_emg(0.5 + 0.5 * bursts(TIME), seed=3)), quality(GOOD)
    maximum = restless.rest / 0.4
    assert baseline([restless, resting], maximum) < 0.1
    assert baseline_sentence(baseline([restless, resting], maximum)) == ""
    assert baseline_sentence(baseline([restless], maximum)) == (
        "its envelope at rest is 40 % of its maximum: weak signal, noise, or a muscle that never rests"
    )


def test_mains_hum_is_told_and_the_power_of_muscles_is_none():
    found = quality(GOOD + 600 * np.sin(2 * np.pi * 50 * TIME))
    assert found.line_noise > 0.3
    assert any("is mains hum" in sentence for sentence in found.sentences())
    assert quality(GOOD).line_noise < 0.05
