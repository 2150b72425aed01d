"""Worker processes that are safe beside threads and beside a user's script."""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_in_workers(
    n_workers: int,
    function: Callable[..., Result],
    jobs: Sequence[tuple[Any, ...]],
    *,
    on_done: Callable[[int, Future[Result]], None] | None = None,
) -> list[Future[Result]]:
    """Calls a function for every job in worker processes, and returns when all are done.

    The processes are spawned: a fork beside threads, such as torch's, may hang. Ctrl-C ends
    them: nothing waits for jobs that are running or have not begun.

    Args:
        n_workers: Worker processes.
        function: Of a module; pickled, as are its arguments and what it returns.
        jobs: The arguments of each call.
        on_done: Told the position of every job that is done, and its outcome, when it is.

    Returns:
        The outcomes in the order of the jobs. A worker that died left a `BrokenExecutor`.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_ignore_interrupts)
    try:
        with main_module_hidden():
            futures = [pool.submit(function, *job) for job in jobs]
            positions = {future: i for i, future in enumerate(futures)}
            for future in as_completed(futures):
                if on_done is not None:
                    on_done(positions[future], future)
    except BaseException:
        _end(pool)
        raise
    pool.shutdown()
    return futures


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the parent decides what becomes of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(pool: ProcessPoolExecutor) -> None:
    """Ends the worker processes at once; later versions of Python have a method for it."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


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
