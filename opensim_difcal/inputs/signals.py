"""Time grids, low-pass filter and interpolation of measured signals."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.signal import butter, sosfiltfilt

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.storage import Table
from opensim_difcal.shapes import TimeArray

Samples = Float[np.ndarray, "time column"]
NewTime = Float[np.ndarray, " new_time"]
Resampled = Float[np.ndarray, "new_time column"]

_JITTER = 0.01  # of the step
_LOWEST_CUTOFF = 1e-4  # of half the sampling rate; a filter far below is numerical noise


def is_uniform(time: TimeArray) -> bool:
    """Whether every time lies within 1 % of a step of a uniform grid.

    The allowance is for times that a file rounds, such as 120 Hz with four decimals.

    Args:
        time: Rising times, s.
    """
    if len(time) < 3:
        return True
    grid = np.linspace(time[0], time[-1], len(time))
    return bool(np.max(np.abs(time - grid)) <= _JITTER * (grid[1] - grid[0]))


def check_uniform(table: Table) -> None:
    """Refuses a table whose time has gaps.

    Args:
        table: A table with at least two rows.

    Raises:
        TrialError: If the steps of the time differ, with the place of the largest difference.
    """
    if is_uniform(table.time):
        return
    steps = np.diff(table.time)
    usual = float(np.median(steps))
    worst = int(np.argmax(np.abs(steps - usual)))
    raise TrialError(
        f"{table.path}: the time steps differ: {usual:.6g} s is usual, but {table.time[worst]:.6g} s is "
        f"followed by {table.time[worst + 1]:.6g} s. Up to 1 % of a step is allowed; fill the gap, or "
        "resample the file to a uniform step."
    )


def check_cutoff(path: Path, time: TimeArray, cutoff_frequency: float) -> None:
    """Refuses a cutoff frequency that a file's sampling rate cannot carry.

    Args:
        path: The file, for the message.
        time: Its times, s.
        cutoff_frequency: Hz; -1 for no filter.

    Raises:
        TrialError: If the cutoff is neither -1 nor between (nearly) 0 and half the sampling rate,
            or the file has fewer than 10 samples to filter.
    """
    if cutoff_frequency == -1:
        return
    if len(time) < 10:
        raise TrialError(
            f"{path}: {len(time)} samples are too few for a low-pass filter. At least 10 are needed; "
            "use a longer file, or set <lowpass_cutoff_frequency_for_coordinates> to -1."
        )
    nyquist = 0.5 / float(np.median(np.diff(time)))
    lowest = _LOWEST_CUTOFF * nyquist
    if not lowest <= cutoff_frequency < nyquist:
        raise TrialError(
            f"{path}: <lowpass_cutoff_frequency_for_coordinates> is {cutoff_frequency:g} Hz. It must lie "
            f"between {lowest:g} and {nyquist:g} Hz, half the sampling rate of the file, or be -1 for no "
            "filter."
        )


def lowpass(time: TimeArray, values: Samples, cutoff_frequency: float) -> Samples:
    """Returns the values after the low-pass of OpenSim's tools.

    A 3rd-order Butterworth filter runs forward and backward, so nothing lags. Each pass has
    the given cutoff, not corrected for the second pass: at the cutoff half the amplitude is
    left. The ends are extended by half the signal, reflected at its first and last value.
    That is what `lowpass_cutoff_frequency_for_coordinates` does in OpenSim, to 1e-8 of the
    motion in a file of 2 s or more; in a shorter one OpenSim, whose filter starts from
    zero, leaves a transient. Times that jitter are splined to their median step for the
    filter, and back.

    Args:
        time: s, at least 10 samples.
        values: One column per signal.
        cutoff_frequency: Hz; -1 returns the values as they are.
    """
    if cutoff_frequency == -1:
        return values
    step = float(np.median(np.diff(time)))
    n_steps = max(1, round((time[-1] - time[0]) / step))
    grid = np.linspace(time[0], time[-1], n_steps + 1)
    jitters = len(grid) != len(time) or bool(np.max(np.abs(grid - time)) > 1e-9)
    sections = butter(3, cutoff_frequency, fs=n_steps / (time[-1] - time[0]), output="sos")
    even = resample(time, values, grid) if jitters else values
    smooth = sosfiltfilt(sections, even, axis=0, padtype="odd", padlen=len(grid) // 2)
    return resample(grid, smooth, time) if jitters else np.ascontiguousarray(smooth)


def resample(time: TimeArray, values: Samples, new_time: NewTime) -> Resampled:
    """Returns the values at other times, by a cubic spline.

    Args:
        time: s, rising.
        values: One column per signal.
        new_time: s, within `time`; rounding errors beyond its ends are forgiven.
    """
    return CubicSpline(time, values, axis=0)(np.clip(new_time, time[0], time[-1]))


def resample_monotone(time: TimeArray, values: Samples, new_time: NewTime) -> Resampled:
    """Returns the values at other times, by a piecewise cubic that never overshoots.

    For excitations: between 0 and a first burst a spline would dip below 0.

    Args:
        time: s, rising.
        values: One column per signal.
        new_time: s, within `time`; rounding errors beyond its ends are forgiven.
    """
    return PchipInterpolator(time, values, axis=0)(np.clip(new_time, time[0], time[-1]))
