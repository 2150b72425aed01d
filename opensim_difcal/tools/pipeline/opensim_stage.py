"""Runs one of OpenSim's own tools, in a process of its own."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import opensim

from opensim_difcal.errors import PipelineError
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.tools.pipeline.opensim_setup import OpenSimSetup, write_absolute_setup


@dataclass(frozen=True)
class StageRun:
    """How a tool of OpenSim ended.

    Attributes:
        files: It wrote.
        seconds: It took.
        notes: What its log tells a user: how well markers fit.
    """

    files: tuple[Path, ...]
    seconds: float
    notes: tuple[str, ...]


def run_opensim_tool(setup: OpenSimSetup, staging: Path) -> StageRun:
    """Runs the tool and moves its files where they belong; none is touched if it fails.

    Args:
        setup: What to run.
        staging: An empty folder on the file system of the outputs, for files meanwhile.

    Raises:
        PipelineError: If OpenSim fails, with the last words of its log.
    """
    begin = time.perf_counter()
    copy, places = write_absolute_setup(setup, staging)
    log = staging / "opensim.log"
    with quiet_opensim(), _silent():
        _run(setup, copy, log)
    missing = [target for target in setup.outputs if not places[target].is_file()]
    if missing:
        raise PipelineError(
            f"{setup.path}: {setup.tool} wrote no {missing[0].name}. {_last_words(log)} Run the setup in "
            "OpenSim itself to see more."
        )
    written = {target: staged for target, staged in places.items() if staged.is_file()}
    for target, staged in written.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(target)
    return StageRun(tuple(written), time.perf_counter() - begin, _marker_notes(log))


def _run(setup: OpenSimSetup, copy: Path, log: Path) -> None:
    opensim.Logger.addFileSink(str(log))
    opensim.Logger.setLevelString("Info")
    try:
        done = getattr(opensim, setup.tool)(str(copy)).run()
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:400]
        raise PipelineError(
            f"{setup.path}: {setup.tool} failed: {reason} {_last_words(log)}".strip()
        ) from None
    finally:
        opensim.Logger.removeFileSink()
    if not done:
        raise PipelineError(f"{setup.path}: {setup.tool} failed. {_last_words(log)}".strip())


def _last_words(log: Path) -> str:
    """Errors and warnings at the end of OpenSim's log."""
    if not log.is_file():
        return ""
    lines = [
        line for line in log.read_text(errors="replace").splitlines() if "[error]" in line or "[warn" in line
    ]
    return f"Its log says: {lines[-1].split(']')[-1].strip()[:300]}." if lines else ""


def _marker_notes(log: Path) -> tuple[str, ...]:
    """How far markers are from where the model has them, over all frames of the log."""
    found = _MARKER_ERROR.findall(log.read_text(errors="replace"))
    if not found:
        return ()
    mean = sum(float(rms) for rms, _, _ in found) / len(found)
    _, largest, marker = max(found, key=lambda each: float(each[1]))
    return (
        f"markers fit to {1e3 * mean:.1f} mm (RMS, mean of {len(found)} frames); at worst "
        f"{1e3 * float(largest):.1f} mm, {marker}",
    )


_MARKER_ERROR = re.compile(r"marker error: RMS = ([\d.eE+-]+), max = ([\d.eE+-]+) \(([^)]*)\)")


@contextmanager
def _silent() -> Iterator[None]:
    """Sends what OpenSim prints to nowhere; its log goes to a file."""
    kept = os.dup(1), os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            for target, original in zip((1, 2), kept, strict=True):
                os.dup2(original, target)
                os.close(original)
