"""Small C3D files."""

from pathlib import Path

import ezc3d
import numpy as np


def write_c3d(path: Path, values: np.ndarray) -> Path:
    """Writes two analog channels of 1000 Hz beside one marker of 100 Hz.

    Args:
        path: The file.
        values: One row per sample, ten to a frame; columns SOL and TA.
    """
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [100]
    file["parameters"]["POINT"]["LABELS"]["value"] = ("M1",)
    file["data"]["points"] = np.ones((4, 1, len(values) // 10))
    file["parameters"]["ANALOG"]["RATE"]["value"] = [1000]
    file["parameters"]["ANALOG"]["LABELS"]["value"] = ("SOL", "TA")
    file["data"]["analogs"] = values.T[None]
    file.write(str(path))
    return path
