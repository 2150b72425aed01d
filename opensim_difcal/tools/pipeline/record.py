"""The record of a pipeline: which stages are finished, from which inputs, with which results."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from opensim_difcal.atomic import write_atomically
from opensim_difcal.errors import PipelineError
from opensim_difcal.outputs.subject import package_versions
from opensim_difcal.tools.pipeline.stages import Stage
from opensim_difcal.user_file import read_user_file


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
    """Returns one digest of everything that a stage depends on.

    Raises:
        PipelineError: If an input is missing or cannot be read.
    """
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
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {record.setup_file: record for record in records}


@final
class Records:
    """The records of a pipeline; the file is written anew whenever a stage is added.

    Records of an earlier run stay until their stage has run again, also those of stages after one
    that fails: what they were made of is compared before anything is kept.

    Attributes:
        n_added: Stages of this run.
    """

    def __init__(self, path: Path, setup_files: Sequence[str], earlier: Mapping[str, StageRecord]):
        """Takes the records of an earlier run.

        Args:
            path: The .json file; its folder exists.
            setup_files: Of all stages, in their order.
            earlier: By setup file.
        """
        self.n_added = 0
        self._path, self._order = path, setup_files
        self._records = {name: record for name, record in earlier.items() if name in setup_files}

    @property
    def all(self) -> list[StageRecord]:
        """Every record, in the order of the stages."""
        return [self._records[name] for name in self._order if name in self._records]

    def add(self, record: StageRecord) -> None:
        """Takes the record of a stage that has ended, and writes the file, atomically."""
        self._records[record.setup_file] = record
        self.n_added += 1
        content = {"stages": [asdict(each) for each in self.all]}
        write_atomically(self._path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def _digest(path: Path) -> str:
    remedy = "An earlier stage did not write it, or it was removed; correct the setup file."
    return hashlib.sha256(read_user_file(path, PipelineError, remedy=remedy)).hexdigest()
