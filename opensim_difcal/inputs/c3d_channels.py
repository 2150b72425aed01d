"""Analog channels of a C3D file, read by ezc3d in a process of its own.

ezc3d is the best-kept reader there is, but a damaged file can make it search for minutes or
end the process. So it runs in a process with a limit of time, and what happens to that process
becomes an error with words.
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from jaxtyping import Float

from opensim_difcal.errors import EMGError

_SECONDS, _SECONDS_PER_BYTE = 1.0, 1e-7
"""Processor time that reading may take: at least, and by size; a good file takes a tenth of it."""

_WAIT = 30.0
"""How much longer the clock may run than the processor, on a busy machine, s."""


def analog_channels(path: Path) -> tuple[tuple[str, ...], Float[np.ndarray, "time channel"]]:
    """Returns labels and values of all analog channels.

    Args:
        path: The .c3d file; its header was checked.

    Raises:
        EMGError: If ezc3d cannot read it, or does not come to an end.
    """
    seconds = _SECONDS + _SECONDS_PER_BYTE * path.stat().st_size
    command = [sys.executable, "-m", __name__, str(path), str(int(np.ceil(seconds)))]
    try:
        ended = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_WAIT + seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise EMGError(f"{path}: {_REFUSED} it does not come to an end. {_REMEDY}") from None
    if ended.returncode:
        reason = ended.stderr.decode(errors="replace").strip().splitlines() if ended.returncode == 1 else []
        because = reason[-1][:200] if reason else f"it broke down ({ended.returncode})."
        raise EMGError(f"{path}: {_REFUSED} {because.rstrip('.')}. {_REMEDY}")
    head, _, body = ended.stdout.partition(b"\n")
    return tuple(json.loads(head)), np.load(io.BytesIO(body), allow_pickle=False)


_REFUSED = "ezc3d cannot read the file:"
_REMEDY = "The file is damaged, or no C3D file; export it again."


def _main(path: str, seconds: int) -> None:
    """Writes labels, and values as .npy, to the standard output."""
    _limit_processor_time(seconds)
    import ezc3d

    try:
        content = ezc3d.c3d(path)
        parameters = content["parameters"]["ANALOG"]
        labels: list[str] = []
        for name in ("LABELS", "LABELS2", "LABELS3"):
            labels += [str(label).strip() for label in parameters.get(name, {}).get("value", [])]
        blocks = content["data"]["analogs"]
        values = np.concatenate(list(blocks), axis=0).T if len(blocks) else np.zeros((0, 0))
    except Exception as error:  # whatever its C++ throws
        sys.exit(str(error) or type(error).__name__)
    sys.stdout.buffer.write(json.dumps(labels).encode() + b"\n")
    np.save(sys.stdout.buffer, np.asarray(values, dtype=np.float64))


def _limit_processor_time(seconds: int) -> None:
    """Ends the process after so many seconds of work; on Windows only the clock does."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
