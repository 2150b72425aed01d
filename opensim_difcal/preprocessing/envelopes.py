"""Raw EMG to linear envelopes: band-pass, rectify, low-pass (the paper's Section III-A)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.signal import butter, sosfilt, sosfiltfilt

from opensim_difcal.errors import EMGError
from opensim_difcal.shapes import TimeArray

Channels = Float[np.ndarray, "time channel"]
LessTime = Float[np.ndarray, " less_time"]
LowerRate = Float[np.ndarray, "less_time channel"]
PerChannel = Float[np.ndarray, " channel"]


@dataclass(frozen=True, kw_only=True)
class EnvelopeFilter:
    """The filters between raw EMG and its envelope.

    Attributes:
        band: Lower and upper cutoff frequency of the band-pass, Hz.
        band_order: Order of the Butterworth band-pass (of the low-pass it is made from, as
            scipy and MATLAB count).
        cutoff: Cutoff frequency of the low-pass after rectification, Hz.
        cutoff_order: Order of the Butterworth low-pass.
        zero_lag: Whether both filters run forward and backward. Nothing lags then; each pass
            has the given order and cutoff, so that at a cutoff a half of the amplitude is left,
            not 0.7. Otherwise they run forward, as in real time, and the envelope lags.
    """

    band: tuple[float, float] = (30.0, 300.0)
    band_order: int = 3
    cutoff: float = 5.0
    cutoff_order: int = 4
    zero_lag: bool = True


def check_filter(where: str, rate: float, n_samples: int, settings: EnvelopeFilter) -> None:
    """Refuses filters that a recording cannot carry.

    Args:
        where: The file, for the message.
        rate: Samples per second.
        n_samples: Length of the recording.
        settings: The filters.

    Raises:
        EMGError: If a cutoff frequency reaches half the sampling rate, or the recording is
            shorter than one period of the low-pass.
    """
    low, high = settings.band
    nyquist = rate / 2
    if not 0 < low < high < nyquist:
        raise EMGError(
            f"{where}: <band_pass_cutoff_frequencies> are {low:g} and {high:g} Hz, and the recording has "
            f"{rate:g} samples per second. They must rise and lie between 0 and {nyquist:g} Hz, half of "
            "that. Lower the upper one, or record faster."
        )
    if not 0 < settings.cutoff < nyquist:
        raise EMGError(
            f"{where}: <low_pass_cutoff_frequency> is {settings.cutoff:g} Hz. It must lie between 0 and "
            f"{nyquist:g} Hz, half of the recording's samples per second. Usual are 4 to 10 Hz."
        )
    if n_samples < rate / settings.cutoff:
        raise EMGError(
            f"{where}: the recording lasts {n_samples / rate:g} s, less than one period of "
            f"<low_pass_cutoff_frequency>, {1 / settings.cutoff:g} s. Use a longer recording."
        )


def band_passed(raw: Channels, rate: float, settings: EnvelopeFilter) -> Channels:
    """Returns the raw EMG without offset, motion artifact and high-frequency noise.

    Args:
        raw: In any unit.
        rate: Samples per second.
        settings: The filters.
    """
    sections = np.asarray(butter(settings.band_order, settings.band, "bandpass", fs=rate, output="sos"))
    return _filtered(sections, raw - raw.mean(axis=0), rate / settings.band[0], zero_lag=settings.zero_lag)


def envelopes(band_passed_emg: Channels, rate: float, settings: EnvelopeFilter) -> Channels:
    """Returns linear envelopes in the unit of the EMG; never negative.

    Args:
        band_passed_emg: From `band_passed`.
        rate: Samples per second.
        settings: The filters.
    """
    sections = np.asarray(butter(settings.cutoff_order, settings.cutoff, fs=rate, output="sos"))
    rectified = np.abs(band_passed_emg)
    smooth = _filtered(
        sections, rectified, rate / settings.cutoff, zero_lag=settings.zero_lag, extension="even"
    )
    return np.maximum(smooth, 0.0)


def downsampled(time: TimeArray, values: Channels, rate: float) -> tuple[LessTime, LowerRate]:
    """Returns envelopes at a lower rate, on whole multiples of its step where the first one lies.

    An envelope has nothing above the low-pass, so that interpolation loses nothing as long
    as the rate is several times its cutoff frequency.

    Args:
        time: s, uniform.
        values: Envelopes.
        rate: Samples per second; at or above the recording's, nothing is changed.
    """
    if rate >= 1 / float(np.median(np.diff(time))) * (1 - 1e-6):
        return time, values
    first, last = np.ceil(time[0] * rate - 1e-6), np.floor(time[-1] * rate + 1e-6)
    grid = np.arange(first, last + 1) / rate + 0.0  # no -0
    columns = [np.interp(grid, time, column) for column in values.T]
    return grid, np.stack(columns, axis=-1)


def _filtered(
    sections: np.ndarray, values: Channels, period: float, *, zero_lag: bool, extension: str = "odd"
) -> Channels:
    """Filters along time; the ends are extended by up to three periods of the cutoff.

    A signal around zero is extended odd, by its point reflection. A rectified one is mirrored
    (even): its point reflection would be negative and pull the envelope to zero at both ends.
    """
    if not zero_lag:
        return np.asarray(sosfilt(sections, values, axis=0))
    padding = min(len(values) - 1, round(3 * period))
    return sosfiltfilt(sections, values, axis=0, padtype=extension, padlen=padding)
