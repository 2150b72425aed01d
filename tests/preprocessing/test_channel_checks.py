import numpy as np
import pytest
from raw_emg_signals import RATE, bursts, raw_emg

from opensim_difcal.preprocessing.channel_checks import (
    ChannelQuality,
    baseline,
    baseline_sentence,
    channel_quality,
    is_dead,
    looks_rectified,
)
from opensim_difcal.preprocessing.envelopes import EnvelopeFilter, band_passed, envelopes

TIME = np.arange(6000) / RATE
GOOD = raw_emg(bursts(TIME), seed=1)


def quality(raw) -> ChannelQuality:
    settings = EnvelopeFilter()
    band = band_passed(raw[:, None], RATE, settings)
    return channel_quality(TIME, raw, band[:, 0], envelopes(band, RATE, settings)[:, 0], settings)


def test_a_good_channel_needs_no_words():
    assert not is_dead(GOOD, RATE)
    assert not looks_rectified(GOOD)
    assert quality(GOOD).sentences() == []


def test_dead_channels():
    assert is_dead(np.zeros(6000), RATE)
    assert is_dead(np.full(6000, 3.0), RATE)
    assert is_dead(np.where(TIME < 4, 7.0, GOOD), RATE)
    assert not is_dead(np.round((GOOD - 50) / 60), RATE), "coarse, but no electrode that is off"


def test_an_electrode_that_falls_off_is_told_with_its_times():
    found = quality(np.where((TIME > 2.5) & (TIME < 4), 7.0, GOOD))
    (off,) = found.off
    assert off == pytest.approx((2.501, 3.999))
    assert found.sentences() == [
        "no signal from 2.50 to 4.00 s: the electrode was off. Cycles in it are rejected"
    ]


def test_a_signal_as_small_as_the_converters_steps_is_told():
    (sentence,) = [each for each in quality(np.round((GOOD - 50) / 60)).sentences() if "converter" in each]
    assert sentence.endswith(
        "% of the samples repeat the one before: the converter's steps are too large for this signal. Record "
        "with more gain"
    )


def test_an_envelope_is_no_raw_emg_but_an_offset_does_no_harm():
    assert looks_rectified(np.abs(GOOD - 50))
    assert looks_rectified(-np.abs(GOOD - 50))
    assert not looks_rectified(GOOD + 1e5)


def test_saturation_is_seen_in_runs_of_the_largest_value():
    found = quality(np.clip(GOOD, -400, 400))
    assert found.clipped > 0.01
    assert found.sentences() == [
        f"{100 * found.clipped:.1f} % of the samples lie at the largest or smallest value, in a row: the "
        "amplifier was saturated. Bursts are flattened; record with less gain"
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
