"""What is known about every EMG channel, as a table."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.preprocessing.channel_checks import ChannelQuality
from opensim_difcal.preprocessing.normalization import Maxima

_HEADER = (
    "channel",
    "recording",
    "role",
    "maximum",
    "maximum_in",
    "peak",
    "rest",
    "clipped",
    "line_noise",
)


def write_channels(
    path: Path,
    channel_names: Sequence[str],
    maxima: Maxima,
    recordings: Sequence[tuple[str, str, Sequence[float], Sequence[ChannelQuality]]],
) -> None:
    """Writes one line per recording and channel.

    The columns: what the channel was divided by (`maximum`, in the unit of the raw file) and the
    recording it comes from; largest normalized envelope (`peak`); envelope at rest in parts of
    the maximum (`rest`); shares of saturated samples and of mains hum.

    Args:
        path: The .csv file.
        channel_names: In the order of the columns.
        maxima: What channels were divided by.
        recordings: Name, role, peak by channel and quality by channel.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for name, role, peaks, qualities in recordings:
        for c, (channel, peak, quality) in enumerate(zip(channel_names, peaks, qualities, strict=True)):
            shares = (quality.rest / maxima.value[c], quality.clipped, quality.line_noise)
            maximum = (f"{maxima.value[c]:.6g}", maxima.source[c])
            writer.writerow(
                [channel, name, role, *maximum, f"{peak:.4f}", *(f"{share:.4f}" for share in shares)]
            )
    write_atomically(path, text.getvalue().encode())
