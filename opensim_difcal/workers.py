"""Worker processes that are safe beside threads and beside a user's script."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_in_workers(
    n_workers: int, function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]]
) -> list[Future[Result]]:
    """Calls a function for every job in worker processes, and returns when all are done.

    The processes are spawned: a fork beside threads, such as torch's, may hang.

    Args:
        n_workers: Worker processes.
        function: Of a module; pickled, as are its arguments and what it returns.
        jobs: The arguments of each call.

    Returns:
        The outcomes in the order of the jobs. A worker that died left a `BrokenExecutor`.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, mp_context=context) as pool, main_module_hidden():
        return [pool.submit(function, *job) for job in jobs]


@contextmanager
def main_module_hidden() -> Iterator[None]:
    """Keeps worker processes that start meanwhile from running the user's script again.

    A spawned process imports the main module of its parent. Nothing of it is needed
    here, and a script without `if __name__ == "__main__"` would start over in every worker.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
