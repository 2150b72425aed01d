"""Files of a run are written beside its results and moved in place together, or not at all."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staging_folder(directory: Path, name: str) -> Iterator[Path]:
    """Gives an empty, hidden folder inside a results directory, and removes it at the end.

    Args:
        directory: Where results go; made when it does not exist.
        name: Of the run; the folder's name starts with it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{name}_", dir=directory))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def move_into_place(staging: Path, directory: Path, *, last: str) -> tuple[Path, ...]:
    """Moves every file, each atomically; or none, if one cannot be.

    Args:
        staging: Holds the files, and no folder.
        directory: Where they go; files of the same name there are replaced.
        last: Name of the file that is moved at the end.

    Returns:
        The files where they are now, in the order of their moving.

    Raises:
        OSError: If a file cannot be moved. The directory is then as it was.
    """
    names = sorted(path.name for path in staging.iterdir())
    names.sort(key=lambda name: name == last)
    earlier = staging / "earlier"
    earlier.mkdir()
    for name in names:
        if (directory / name).exists():
            shutil.copy2(directory / name, earlier / name)
    try:
        try:
            _move(staging, directory, names)
        except KeyboardInterrupt:  # too late: half a set of results would help nobody
            _move(staging, directory, names)
    except OSError:
        _put_back(staging, directory, earlier, names)
        raise
    return tuple(directory / name for name in names)


def _move(staging: Path, directory: Path, names: Sequence[str]) -> None:
    """Moves what is not yet moved."""
    for name in names:
        if (staging / name).exists():
            (staging / name).replace(directory / name)


def _put_back(staging: Path, directory: Path, earlier: Path, names: Sequence[str]) -> None:
    """Undoes `_move` with the copies in the folder `earlier`."""
    for name in names:
        if (staging / name).exists():
            continue  # was not moved
        if (earlier / name).exists():
            (earlier / name).replace(directory / name)
        else:
            (directory / name).unlink()
