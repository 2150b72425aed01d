"""Makes machine code of recorded functions, and keeps it for the next run."""

import hashlib
import importlib.util
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, final

import torch
from torch import Tensor

from opensim_difcal.physics.compiled.recording import Recording, record
from opensim_difcal.physics.compiled.templates import Inputs, Template
from opensim_difcal.physics.curves import CurveTable
from opensim_difcal.physics.elementwise import Elementwise
from opensim_difcal.physics.muscle import Muscles

_log = logging.getLogger("opensim_difcal")

_PHYSICS = Path(__file__).resolve().parents[1]


def _with_constants(muscles: Muscles, values: dict[str, Tensor]) -> Muscles:
    """The muscles with other tensors in the place of the fixed ones."""
    rebuilt: dict[str, Any] = {}
    for field in fields(muscles):
        value = getattr(muscles, field.name)
        if isinstance(value, CurveTable):
            parts = {each.name: values[f"{field.name}_{each.name}"] for each in fields(value)}
            rebuilt[field.name] = CurveTable(**parts)
        else:
            rebuilt[field.name] = values.get(field.name, value)
    return Muscles(**rebuilt)


def kernel_source(function: Elementwise, template: Template, muscles: Muscles, *, with_partials: bool) -> str:
    """Returns the source of a kernel, from one run of the function on one muscle.

    Args:
        function: What it computes.
        template: The loops around it.
        muscles: Any muscles.
        with_partials: Whether it also computes the derivatives.
    """
    one = muscles.select(torch.tensor([0]))
    one = one.with_mechanical([torch.ones(1, dtype=torch.float64) for _ in one.mechanical])
    fixed = one.fixed.tensors
    n_variables = function.n_variables(one)
    variables = [torch.ones(1, dtype=torch.float64) for _ in range(n_variables)]

    def run(*tensors: Tensor) -> Sequence[Tensor]:
        muscle = _with_constants(one, dict(zip(fixed, tensors[n_variables:], strict=True)))
        if not with_partials:
            with torch.no_grad():
                return function.function(*tensors[:n_variables], muscle)
        values, derivatives = function.with_partials(tensors[:n_variables], muscle)
        return [*values, *(each for by_value in derivatives for each in by_value)]

    recording = record(run, variables, list(fixed.values()))
    return template(recording, _inputs(recording, fixed))


def _inputs(recording: Recording, fixed: dict[str, Tensor]) -> Inputs:
    """The constants that the recording uses: muscles' numbers, their rows in tables, tables."""
    used = recording.used()
    names: tuple[list[str], list[str], list[str]] = ([], [], [])
    loads, called = [], {}
    for (name, tensor), value in zip(fixed.items(), recording.constants, strict=True):
        if value not in used:
            continue
        group = 2 if tensor.dim() == 2 else 1 if tensor.dtype == torch.int64 else 0
        called[value] = name if group == 2 else f"c_{name}"
        if group < 2:
            loads.append(f"c_{name} = {('numbers', 'rows')[group]}[{len(names[group])}, m]")
        names[group].append(name)
    return Inputs(tuple(names[0]), tuple(names[1]), tuple(names[2]), tuple(loads), called)


@final
class Kernel:
    """Machine code of a template around a function; rows are shared among threads."""

    def __init__(self, module: ModuleType) -> None:
        """Takes the imported file of a kernel.

        Raises:
            ImportError: If the file is not whole.
        """
        self._run: Callable[..., None] = module.kernel
        if not getattr(module, "COMPLETE", False):  # the last line of the file
            raise ImportError("the file is cut short")
        self._numbers, self._rows, self._tables = module.CONSTANTS

    def __call__(
        self, n_rows: int, arrays: Sequence[Tensor], *others: float, muscles: Muscles | None = None
    ) -> None:
        """Fills the arrays of results.

        Args:
            n_rows: How many rows there are: series that are independent of each other.
            arrays: What is read and, at the end, what is written.
            others: Further numbers that the kernel takes.
            muscles: Parameters, where the kernel has constants.
        """
        arguments = [*(each.numpy() for each in arrays), *others]
        if muscles is not None:
            fixed = muscles.fixed
            arguments += [fixed.stack(self._numbers)]
            arguments += [fixed.stack(self._rows)] if self._rows else []
            arguments += [fixed.tensors[name].numpy() for name in self._tables]
        n_threads = min(torch.get_num_threads(), n_rows)
        if n_threads <= 1:
            self._run(0, n_rows, *arguments)
            return
        ends = [n_rows * i // n_threads for i in range(n_threads + 1)]
        with ThreadPoolExecutor(n_threads) as threads:
            list(threads.map(lambda i: self._run(ends[i], ends[i + 1], *arguments), range(n_threads)))


def build(name: str, source: Callable[[], str], folder: Path | None) -> Kernel:
    """Returns a kernel, from the folder where an earlier run left it if there is one.

    Args:
        name: What it computes, for the file's name.
        source: Writes the source; only called when there is none.
        folder: Where sources and machine code are kept; None for nowhere.
    """
    kept = None if folder is None else _kept(name, source, folder)
    if kept is not None:
        return kept
    with tempfile.TemporaryDirectory() as temporary:
        return _new(name, source, Path(temporary))


def _kept(name: str, source: Callable[[], str], folder: Path) -> Kernel | None:
    """The kernel of a folder, made there if it is missing or damaged; None if it cannot be."""
    file = folder / f"{name}_{fingerprint()}.py"
    if file.is_file():
        try:
            return Kernel(_load(file))
        except Exception as error:  # whatever is wrong with it, a new one is as good
            _log.warning("%s: the compiled code there cannot be used (%s); it is made anew.", file, error)
            with suppress(OSError):
                for old in folder.rglob(f"{file.stem}*"):
                    old.unlink()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _new(file.stem, source, folder)
    except Exception as error:  # the folder, or numba in it: elsewhere it may work
        _log.warning("%s: compiled code cannot be kept there (%s); every run makes it.", folder, error)
        return None


def _new(name: str, source: Callable[[], str], folder: Path) -> Kernel:
    """Writes a kernel's file in one piece, so that another process sees all or nothing of it."""
    text = source()
    with tempfile.NamedTemporaryFile(
        "w", dir=folder, prefix=f".{name}", suffix=".py", delete=False, encoding="utf-8"
    ) as stream:
        stream.write(text)
    return Kernel(_load(Path(stream.name).replace(folder / f"{name}.py")))


@cache
def fingerprint() -> str:
    """Changes with everything that machine code depends on."""
    digest = hashlib.sha256()
    for file in sorted(_PHYSICS.rglob("*.py")):
        digest.update(file.read_bytes())
    for package in ("torch", "numba", "numpy"):
        digest.update(version(package).encode())
    digest.update(sys.version.encode())
    return digest.hexdigest()[:16]


def _load(file: Path) -> ModuleType:
    """Imports a kernel's file, which compiles it or takes the machine code beside it."""
    spec = importlib.util.spec_from_file_location(f"opensim_difcal_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # numba asks for it by name
    spec.loader.exec_module(module)
    return module
