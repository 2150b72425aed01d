"""Reads files that a user names, and says why one cannot be read."""

import stat
from pathlib import Path

from opensim_difcal.errors import DifcalError
from opensim_difcal.wording import shortened

_LONGEST_PATH = 1000  # characters that a message shows


def read_user_file(
    path: Path, error_type: type[DifcalError], *, what: str = "the file", remedy: str
) -> bytes:
    """Returns every byte of a file.

    Pipes and devices are refused, since reading them may never end.

    Args:
        path: The file.
        error_type: Raised when it cannot be read.
        what: What the file is for, as messages call it.
        remedy: A sentence.

    Raises:
        DifcalError: Of the given type, if there is no such file or it cannot be read.
    """
    reason = file_fault(path)
    if reason is None:
        try:
            return path.read_bytes()
        except OSError as error:
            reason = _cannot_be_read(error)
    place = "" if path.is_absolute() else f" ({path.absolute()})"
    raise error_type(f"{shortened(str(path), _LONGEST_PATH)}: {what} {reason}{place}. {remedy}")


def file_fault(path: Path) -> str | None:
    """Returns why a path names no file, as "does not exist"; None when it names one.

    Args:
        path: The file; may also be what no file can be called.
    """
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return None
        return "is a folder" if path.is_dir() else "is a pipe or a device"
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except OSError as error:
        return _cannot_be_read(error)
    except ValueError as error:  # a NUL, or half a character
        return f"cannot be read: no file can have that name ({error})"


def _cannot_be_read(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
