"""Keeps muscle geometry in files, so that a second run on the same motion need not compute it."""

import hashlib
import io
import json
import logging
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np
import opensim

from opensim_difcal.atomic import write_atomically
from opensim_difcal.inputs.geometry import METHOD, MuscleGeometry
from opensim_difcal.shapes import TimeArray
from opensim_difcal.user_file import file_fault

MAX_BYTES = 10**9
"""What the files of a folder may take together; the longest unused are removed."""

_CHECKSUM = hashlib.sha256
_CHECKSUM_BYTES = _CHECKSUM().digest_size
_log = logging.getLogger("opensim_difcal")


def geometry_key(
    model_digest: str,
    muscle_names: Sequence[str],
    coordinate_names: Sequence[str],
    time: TimeArray,
    coordinate_values: Mapping[str, TimeArray],
) -> str:
    """Returns a name that no other geometry has: a hash of all that it depends on.

    Args:
        model_digest: Hash of the model's content.
        muscle_names: Wanted muscles.
        coordinate_names: Coordinates whose moment arms are wanted.
        time: s.
        coordinate_values: rad or m, by coordinate.
    """
    moved = sorted(coordinate_values)
    header = {
        "method": METHOD,
        "opensim": opensim.GetVersion(),
        "machine": [sys.platform, platform.machine()],  # whose last digits may differ
        "model": model_digest,
        "muscles": list(muscle_names),
        "coordinates": list(coordinate_names),
        "moved": moved,
        "frames": len(time),
    }
    digest = hashlib.sha256(json.dumps(header).encode())
    for series in (time, *(coordinate_values[name] for name in moved)):
        digest.update(np.ascontiguousarray(series, dtype=np.float64).tobytes())
    return digest.hexdigest()


@final
@dataclass
class GeometryCache:
    """A folder of files, one for each motion of a model.

    A file is an .npz archive, named by its key and followed by a checksum of itself, so that
    whatever happened to it is noticed. No trouble with the folder ends a run.

    Attributes:
        directory: Made when needed.
        max_bytes: What the files may take together.
    """

    directory: Path
    max_bytes: int = MAX_BYTES
    _is_unusable: bool = field(default=False, init=False, repr=False)

    def holds(self, key: str) -> bool:
        """Whether there is a file under a key, sound or not.

        Args:
            key: Of `geometry_key`.
        """
        return file_fault(self._path(key)) is None

    def find(self, key: str) -> MuscleGeometry | None:
        """Returns what is kept under a key; None if nothing is, or it is damaged.

        Args:
            key: Of `geometry_key`.
        """
        path = self._path(key)
        try:
            geometry = _unpacked(path.read_bytes(), key)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            _log.warning("%s: muscle geometry that was kept here is computed again: %s.", path, error)
            return None
        with suppress(OSError):
            os.utime(path)  # lately used
        _log.debug("%s: muscle geometry was taken from here.", path)
        return geometry

    def keep(self, key: str, geometry: MuscleGeometry) -> None:
        """Keeps geometry for a later run; says so once if that is impossible.

        Args:
            key: Of `geometry_key`.
            geometry: What was computed.
        """
        if self._is_unusable:
            return
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path(key), _packed(geometry, key))
            self._make_room()
        except OSError as error:
            self._is_unusable = True
            _log.warning(
                "%s: muscle geometry cannot be kept here for later runs: %s. The run goes on. Name a folder "
                "that you may write into in <cache_directory>, or set <use_cache> to false.",
                self.directory,
                error.strerror or error,
            )

    def _path(self, key: str) -> Path:
        return self.directory / f"{key}.npz"

    def _make_room(self) -> None:
        """Removes the longest unused files beyond the limit."""
        files = []
        for path in self.directory.glob("*.npz"):
            with suppress(FileNotFoundError):  # another run has removed it
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        excess = sum(size for _, size, _ in files) - self.max_bytes
        for _, size, path in sorted(files):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size


def _packed(geometry: MuscleGeometry, key: str) -> bytes:
    content = io.BytesIO()
    np.savez(
        content,
        key=np.array(key),
        muscle_tendon_length=geometry.muscle_tendon_length,
        moment_arm=geometry.moment_arm,
        exact_moment_arms=np.array(geometry.exact_moment_arms, dtype=np.str_).reshape(-1, 2),
    )
    archive = content.getvalue()
    return archive + _CHECKSUM(archive).digest()


def _unpacked(content: bytes, key: str) -> MuscleGeometry:
    """The geometry in a file.

    Raises:
        ValueError: If the file is not what was written under this key.
    """
    archive, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
    if _CHECKSUM(archive).digest() != checksum:
        raise ValueError("its checksum is wrong, so it was cut short or changed")
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        if str(arrays["key"]) != key:
            raise ValueError("it belongs to another motion")
        pairs = tuple((str(coordinate), str(muscle)) for coordinate, muscle in arrays["exact_moment_arms"])
        return MuscleGeometry(arrays["muscle_tendon_length"], arrays["moment_arm"], pairs)
