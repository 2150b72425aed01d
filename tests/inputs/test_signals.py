"""Time grids, the low-pass filter and interpolation."""

from pathlib import Path

import numpy as np
import opensim
import pytest

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.inputs.signals import (
    check_cutoff,
    check_uniform,
    is_uniform,
    lowpass,
    resample,
    resample_monotone,
)
from opensim_difcal.inputs.storage import Table, read_storage

TIME = np.linspace(0.0, 4.0, 401)


def sine(frequency: float, time: np.ndarray = TIME) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * time)[:, None]


def table(time: np.ndarray) -> Table:
    return Table(Path("ik.mot"), "", ("knee",), time, np.zeros((len(time), 1)), in_degrees=False)


def test_rounded_times_of_120_hz_are_uniform():
    assert is_uniform(np.round(np.arange(100) / 120, 4))


def test_two_samples_are_uniform():
    assert is_uniform(np.array([0.0, 1.0]))


def test_uniform_time_passes():
    check_uniform(table(TIME))


def test_a_gap_is_refused_with_its_place():
    with pytest.raises(TrialError) as caught:
        check_uniform(table(np.delete(TIME, [150, 151])))
    assert str(caught.value) == (
        "ik.mot: the time steps differ: 0.01 s is usual, but 1.49 s is followed by 1.52 s. "
        "Up to 1 % of a step is allowed; fill the gap, or resample the file to a uniform step."
    )


def test_lowpass_keeps_slow_and_removes_fast_motion():
    kept, removed = lowpass(TIME, sine(0.5), 6.0), lowpass(TIME, sine(30.0), 6.0)
    assert np.max(np.abs(kept - sine(0.5))) < 1e-3
    assert np.max(np.abs(removed[50:-50])) < 3e-3


def test_lowpass_leaves_half_the_amplitude_at_the_cutoff_and_no_lag():
    middle = slice(100, 301)
    smooth = lowpass(TIME, sine(6.0), 6.0)
    assert smooth[middle] == pytest.approx(0.5 * sine(6.0)[middle], abs=1e-3)


def test_lowpass_returns_a_line_as_it_is():
    line = (3.0 * TIME - 1.0)[:, None]
    assert lowpass(TIME, line, 6.0) == pytest.approx(line, abs=1e-9)


def test_lowpass_of_minus_one_changes_nothing():
    assert np.array_equal(lowpass(TIME, sine(30.0), -1.0), sine(30.0))


def test_lowpass_of_jittering_times_agrees_with_that_of_even_times():
    jittering = TIME + 5e-5 * np.sin(17 * np.arange(len(TIME)))
    jittering[[0, -1]] = TIME[[0, -1]]
    smooth = lowpass(jittering, sine(1.0, jittering), 6.0)
    assert smooth == pytest.approx(resample(TIME, lowpass(TIME, sine(1.0), 6.0), jittering), abs=1e-4)


def test_lowpass_is_that_of_opensim_on_a_walking_trial(shared_data):
    ik = read_storage(shared_data / "rajagopal_walk/ik.mot")
    with quiet_opensim():
        theirs = opensim.TimeSeriesTable(ik.time)
        for label in ik.labels:
            theirs.appendColumn(label, opensim.Vector.createFromMat(ik.column(label).copy()))
        opensim.TableUtilities.filterLowpass(theirs, 6.0, True)
    first = len(ik.time) // 2  # OpenSim keeps its padding
    smooth = lowpass(ik.time, ik.values, 6.0)
    for column, label in enumerate(ik.labels):
        values = theirs.getDependentColumn(label).to_numpy()[first : first + len(ik.time)]
        # Degrees, in motions of up to 70. OpenSim's filter starts from zero, ours at rest:
        # over the padding of 1.2 s that transient decays to 5e-9.
        assert smooth[:, column] == pytest.approx(values, abs=1e-8)


def test_a_cutoff_within_the_sampling_rate_passes():
    check_cutoff(Path("ik.mot"), TIME, 6.0)
    check_cutoff(Path("ik.mot"), TIME[:3], -1.0)


@pytest.mark.parametrize("cutoff", [0.0, 1e-300, 0.0049, -6.0, 50.0])
def test_a_cutoff_beyond_the_sampling_rate_is_refused(cutoff):
    with pytest.raises(TrialError) as caught:
        check_cutoff(Path("ik.mot"), TIME, cutoff)
    assert str(caught.value) == (
        f"ik.mot: <lowpass_cutoff_frequency_for_coordinates> is {cutoff:g} Hz. It must lie between 0.005 "
        "and 50 Hz, half the sampling rate of the file, or be -1 for no filter."
    )


def test_too_few_samples_for_a_filter_are_refused():
    with pytest.raises(TrialError) as caught:
        check_cutoff(Path("ik.mot"), TIME[:9], 6.0)
    assert str(caught.value) == (
        "ik.mot: 9 samples are too few for a low-pass filter. At least 10 are needed; use a longer file, or "
        "set <lowpass_cutoff_frequency_for_coordinates> to -1."
    )


def test_resample_follows_a_sine_between_its_samples():
    between = np.linspace(0.5, 3.5, 777)
    assert resample(TIME, sine(2.0), between) == pytest.approx(sine(2.0, between), abs=1e-5)


def test_resample_beyond_the_end_holds_the_last_value():
    assert resample(TIME, sine(0.3), np.array([4.0 + 1e-7]))[0] == pytest.approx(sine(0.3)[-1])


def test_resample_monotone_stays_within_the_samples():
    burst = np.where(TIME > 2.0, 1.0, 0.0)[:, None]
    values = resample_monotone(TIME, burst, np.linspace(1.9, 2.1, 500))
    assert values.min() >= 0
    assert values.max() <= 1
