"""The record of a pipeline: which stages are finished, from which inputs, with which results."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from opensim_difcal.atomic import write_atomically
from opensim_difcal.outputs.subject import file_digests, package_versions
from opensim_difcal.tools.pipeline_stages import Stage


@dataclass(frozen=True)
class StageRecord:
    """A stage that was finished.

    Attributes:
        setup_file: Its setup file.
        tool: Name of the tool.
        inputs: One digest of the setup file, all inputs and the versions of the packages.
        outputs: Digest of each file that it wrote, by path.
        seconds: It took.
        notes: What a user should know.
    """

    setup_file: str
    tool: str
    inputs: str
    outputs: Mapping[str, str]
    seconds: float
    notes: tuple[str, ...]


def inputs_digest(stage: Stage) -> str:
    """Returns one digest of everything that a stage depends on; its inputs exist."""
    parts = [
        stage.tool_name,
        *(f"{name} {version}" for name, version in sorted(package_versions().items())),
        *(_digest(path) for path in (stage.setup_file, *stage.inputs)),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def record_of(
    stage: Stage, files: Sequence[Path], inputs: str, seconds: float, notes: Sequence[str]
) -> StageRecord:
    """Returns the record of a stage that has just ended.

    Args:
        stage: The stage.
        files: What it wrote.
        inputs: `inputs_digest` from before it ran.
        seconds: It took.
        notes: What a user should know.
    """
    outputs = {str(path): _digest(path) for path in files}
    return StageRecord(str(stage.setup_file), stage.tool_name, inputs, outputs, seconds, tuple(notes))


def is_finished(record: StageRecord | None, inputs: str) -> bool:
    """Whether a record is of the same inputs, and its results are as they were written."""
    if record is None or record.inputs != inputs or not record.outputs:
        return False
    return all(
        Path(path).is_file() and _digest(Path(path)) == digest for path, digest in record.outputs.items()
    )


def read_records(path: Path) -> dict[str, StageRecord]:
    """Returns the records of an earlier run by setup file; none where there is no file that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        records = [StageRecord(**{**each, "notes": tuple(each["notes"])}) for each in content["stages"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {record.setup_file: record for record in records}


def write_records(path: Path, records: Sequence[StageRecord]) -> None:
    """Writes the records, atomically.

    Args:
        path: The .json file; its folder exists.
        records: Of all finished stages, in their order.
    """
    text = json.dumps({"stages": [asdict(record) for record in records]}, indent=2, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())


def _digest(path: Path) -> str:
    return next(iter(file_digests([path]).values()))
