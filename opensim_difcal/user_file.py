"""Reads files that a user names, and says why one cannot be read."""

import stat
from pathlib import Path

from opensim_difcal.errors import DifcalError


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
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path.read_bytes()
        reason, cause = "is a folder" if path.is_dir() else "is a pipe or a device", None
    except (FileNotFoundError, NotADirectoryError) as error:
        reason, cause = "does not exist", error
    except OSError as error:
        reason, cause = f"cannot be read: {error.strerror or error}", error
    except ValueError as error:  # a NUL, or half a character
        reason, cause = f"cannot be read: no file can have that name ({error})", error
    place = "" if path.is_absolute() else f" ({path.absolute()})"
    raise error_type(f"{path}: {what} {reason}{place}. {remedy}") from cause
