"""Checks a C3D file before a reader trusts its sizes.

The header (512 bytes) says how much follows; a damaged one makes readers allocate or
search without end. Format: The C3D File Format, User Guide, c3d.org.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from opensim_difcal.errors import EMGError

_BLOCK = 512
_KEY = 0x50
_MOST_FRAMES = 0xFFFF
_ORDERS = {84: "<", 85: None, 86: ">"}  # Intel, DEC (not supported here), SGI


@dataclass(frozen=True)
class C3dHeader:
    """What is needed beside the channels.

    Attributes:
        analog_rate: Samples per second.
    """

    analog_rate: float


def check_c3d(path: Path, content: bytes) -> C3dHeader:
    """Returns the rate, if the file is as long as its header says.

    Args:
        path: The .c3d file, for messages.
        content: Its bytes.

    Raises:
        EMGError: If it is no C3D file, is cut short, holds no analog data, or holds more frames
            than its header can count, of which readers may drop the rest.
    """
    head, size = content[:_BLOCK], len(content)
    if len(head) < _BLOCK or head[1] != _KEY:
        raise EMGError(f"{path}: no C3D file: its second byte is not 0x50. Export the recording again.")
    start = _BLOCK * (head[0] - 1)
    parameters = content[start : start + 4] if start > 0 else b""
    order = _ORDERS.get(parameters[3]) if len(parameters) == 4 else None
    if order is None:
        raise EMGError(
            f"{path}: the numbers of this C3D file are stored for a processor that is not supported, or the "
            "file is damaged. Export it again for Intel processors."
        )
    n_points, n_analog, first, last = struct.unpack_from(f"{order}4H", head, 2)
    (scale,) = struct.unpack_from(f"{order}f", head, 12)
    data_block, per_frame = struct.unpack_from(f"{order}2H", head, 16)
    (frame_rate,) = struct.unpack_from(f"{order}f", head, 20)
    if n_analog == 0 or per_frame == 0:
        raise EMGError(f"{path}: the file holds no analog channels. Export the recording with its EMG.")
    if not (math.isfinite(frame_rate) and 1 <= frame_rate <= 1e5):
        raise EMGError(f"{path}: the header says {frame_rate:g} frames per second. Export the file again.")
    if n_analog % per_frame:
        raise EMGError(
            f"{path}: the header says {n_analog} analog values in a frame, {per_frame} of each channel, "
            "which does not divide. Export the file again."
        )
    bytes_per_value = 4 if scale < 0 else 2
    n_frames = last - first + 1
    frame = (4 * n_points + n_analog) * bytes_per_value
    if last == _MOST_FRAMES and size - _BLOCK * (data_block - 1) > n_frames * frame + _BLOCK:
        raise EMGError(
            f"{path}: it holds more than {_MOST_FRAMES} frames, which its header cannot count. Export the "
            "recording in shorter pieces, or as .csv."
        )
    needed = _BLOCK * (data_block - 1) + n_frames * frame
    if n_frames < 1 or data_block < 2 or needed > size:
        raise EMGError(
            f"{path}: {size} bytes, but the header says {n_frames} frames of {n_points} markers and "
            f"{n_analog} analog values, {max(needed, 0)} bytes. The file is cut short or damaged; export it "
            "again."
        )
    return C3dHeader(frame_rate * per_frame)
