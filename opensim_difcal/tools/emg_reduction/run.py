"""Runs a reduction of electrodes: many calibrations in processes, each kept when it is done."""

import hashlib
import json
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from tqdm import tqdm

from opensim_difcal.atomic import write_atomically
from opensim_difcal.cache import cache_subfolder
from opensim_difcal.calibration.electrode_sets import (
    ElectrodeProblem,
    Method,
    SetScores,
    calibrate_set,
    parameter_differences,
    removal_order,
)
from opensim_difcal.calibration.electrode_statistics import Step, advice, compare
from opensim_difcal.errors import CalibrationError, SetupFileError
from opensim_difcal.outputs.electrode_tables import write_ranking, write_steps
from opensim_difcal.outputs.subject import package_versions
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.tools.calibration.inputs import read_inputs
from opensim_difcal.tools.calibration.run import calibration_settings, chosen_muscles
from opensim_difcal.tools.emg_reduction_tool import EMGReductionTool
from opensim_difcal.workers import main_module_hidden

_log = logging.getLogger("opensim_difcal")

METHODS: tuple[Method, ...] = ("emg_driven", "synergy_hybrid")
_LISTS = ("removed", "calibration_rmse", "calibration_r2", "rmse", "r2")
Job = tuple[tuple[str, ...], Method]
"""Electrodes that are taken off, and how the rest is calibrated."""


@dataclass(frozen=True)
class ReductionOutcome:
    """What a reduction found.

    Attributes:
        order: Electrodes in the order of their removal.
        steps: From all electrodes to the fewest.
        advice: Sentences.
        files: That were written.
    """

    order: tuple[str, ...]
    steps: tuple[Step, ...]
    advice: tuple[str, ...]
    files: tuple[Path, ...]


def reduce_electrodes(tool: EMGReductionTool, *, progress: bool, threads: int) -> ReductionOutcome:
    """Ranks, removes, compares and writes.

    Args:
        tool: The settings.
        progress: Whether a progress bar is shown.
        threads: Threads of each calibration.

    Raises:
        DifcalError: As for `EMGReductionTool.run`.
    """
    problem = read_problem(tool)
    check_electrodes(tool, problem.electrodes)
    best_engine(problem.muscles, cache_subfolder("kernels"))  # made once, before the processes need it
    store = FinishedSteps(tool.results_directory / "steps", problem_key(problem), tool.use_finished_steps)
    n_workers = tool.n_workers or os.cpu_count() or 1

    def run(jobs: Sequence[Job], what: str) -> list[SetScores]:
        return run_jobs(problem, jobs, store, n_workers, threads, what if progress else None)

    single = run([((name,), "emg_driven") for name in problem.electrodes], "ranking")
    order = removal_order(single)
    sets = removed_sets(order, tool.fewest_electrodes)
    both = run([(removed, method) for removed in sets for method in METHODS], "removal")
    steps = paired_steps(problem, both)
    return _write(tool, order, single, steps)


def read_problem(tool: EMGReductionTool) -> ElectrodeProblem:
    """Reads what every calibration starts from.

    Raises:
        DifcalError: If an input cannot be used.
    """
    calibration = tool.calibration_tool()
    inputs = read_inputs(calibration)
    muscles = chosen_muscles(calibration, inputs)
    settings = replace(calibration_settings(calibration), identifiability=False)
    return ElectrodeProblem(muscles, inputs.trials, settings)


def problem_key(problem: ElectrodeProblem) -> str:
    """Returns a digest of everything that a calibration depends on, beside the electrodes.

    Of the numbers themselves, not of the files and settings they were computed from: so
    nothing that changes them can be forgotten.
    """
    digest = hashlib.sha256(json.dumps(package_versions()).encode())
    _feed(digest.update, problem)
    return digest.hexdigest()


def _feed(update: Callable[[bytes], None], value: Any) -> None:
    """Feeds a value to a digest, whatever it is made of."""
    update(type(value).__name__.encode())
    if isinstance(value, torch.Tensor | np.ndarray):
        array = np.ascontiguousarray(value.cpu().numpy() if isinstance(value, torch.Tensor) else value)
        update(f"{array.dtype}{array.shape}".encode())
        update(array.tobytes())
    elif is_dataclass(value):
        for field in fields(value):
            update(field.name.encode())
            _feed(update, getattr(value, field.name))
    elif isinstance(value, Mapping):
        _feed(update, tuple(value.items()))
    elif isinstance(value, tuple | list):
        update(str(len(value)).encode())
        for item in value:
            _feed(update, item)
    else:
        update(repr(value).encode())


def removed_sets(order: Sequence[str], fewest: int) -> list[tuple[str, ...]]:
    """Returns what is taken off at every step, beginning with nothing."""
    return [tuple(order[:n]) for n in range(len(order) - fewest + 1)]


def paired_steps(problem: ElectrodeProblem, both: Sequence[SetScores]) -> tuple[Step, ...]:
    """Returns the steps of results that alternate between EMG-driven and synergy-hybrid."""
    reference = both[0]
    steps = []
    for driven, hybrid in zip(both[::2], both[1::2], strict=True):
        scores = driven, hybrid
        differences = tuple(parameter_differences(each, reference, problem.settings) for each in scores)
        steps.append(
            Step(
                electrodes=tuple(name for name in problem.electrodes if name not in driven.removed),
                removed=driven.removed[-1] if driven.removed else "",
                scores=scores,
                differences=(differences[0], differences[1]),
                calibration_rmse=compare(driven.calibration_rmse, hybrid.calibration_rmse),
                calibration_r2=compare(driven.calibration_r2, hybrid.calibration_r2),
                rmse=compare(driven.rmse, hybrid.rmse),
                r2=compare(driven.r2, hybrid.r2),
                parameters=compare(*differences),
            )
        )
    return tuple(steps)


@final
class FinishedSteps:
    """Calibrations that are done, one file each, so that an interrupted run can go on."""

    def __init__(self, folder: Path, key: str, use: bool) -> None:
        """Names the folder, what the files depend on, and whether earlier ones are used."""
        self._folder, self._key, self._use = folder, key, use

    def find(self, job: Job) -> SetScores | None:
        """Returns a finished calibration, if there is one."""
        path = self._path(job)
        if not (self._use and path.is_file()):
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            lists = {name: tuple(values[name]) for name in _LISTS}
            return SetScores(**(values | lists))
        except (ValueError, TypeError, KeyError, RecursionError):  # cut off or of another version: done again
            return None

    def keep(self, job: Job, scores: SetScores) -> None:
        """Keeps a finished calibration."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path(job), json.dumps(asdict(scores)).encode())

    def _path(self, job: Job) -> Path:
        removed, method = job
        text = json.dumps([self._key, sorted(removed), method])
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def run_jobs(
    problem: ElectrodeProblem,
    jobs: Sequence[Job],
    store: FinishedSteps,
    n_workers: int,
    threads: int = 1,
    shown: str | None = None,
) -> list[SetScores]:
    """Runs calibrations in processes, leaving out those that are finished.

    Args:
        problem: With all electrodes.
        jobs: The calibrations.
        store: Finished ones.
        n_workers: Processes.
        threads: Of each.
        shown: What the progress bar says; None for none.

    Returns:
        Their scores, in the order of the jobs.

    Raises:
        CalibrationError: If the user interrupts, or a process dies.
    """
    done = {job: found for job in jobs if (found := store.find(job)) is not None}
    open_jobs = [job for job in dict.fromkeys(jobs) if job not in done]
    bar = tqdm(total=len(set(jobs)), initial=len(done), desc=shown, disable=shown is None, unit="calibration")
    try:
        with bar:
            for job, scores in _results(problem, open_jobs, n_workers, threads):
                store.keep(job, scores)
                done[job] = scores
                bar.update()
    except KeyboardInterrupt:
        raise CalibrationError(
            f"Interrupted by the user after {len(done)} of {len(set(jobs))} calibrations. They are kept; the "
            "same call goes on from there."
        ) from None
    except BrokenProcessPool as error:
        raise CalibrationError(
            "A calibration's process died, perhaps for want of memory. Set <n_workers> to a smaller number; "
            "finished calibrations are kept."
        ) from error
    return [done[job] for job in jobs]


def _results(
    problem: ElectrodeProblem, jobs: Sequence[Job], n_workers: int, threads: int
) -> Iterator[tuple[Job, SetScores]]:
    """Scores as they come."""
    if n_workers == 1 or len(jobs) < 2:  # noqa: PLR2004
        for job in jobs:
            yield job, calibrate_set(problem, *job)
        return
    with _pool(problem, min(n_workers, len(jobs)), threads) as submit:
        futures = {submit(job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()


@contextmanager
def _pool(problem: ElectrodeProblem, n_workers: int, threads: int) -> Iterator[Callable[[Job], Any]]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        n_workers, mp_context=context, initializer=_start_worker, initargs=(problem, threads)
    )
    try:
        with main_module_hidden():
            yield lambda job: pool.submit(_work, job)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


_problem_of_worker: list[ElectrodeProblem] = []


def _start_worker(problem: ElectrodeProblem, threads: int) -> None:
    """Gives a process the problem once, not with every calibration."""
    torch.set_num_threads(threads)
    _problem_of_worker[:] = [problem]


def _work(job: Job) -> SetScores:
    return calibrate_set(_problem_of_worker[0], *job)


def check_electrodes(tool: EMGReductionTool, electrodes: Sequence[str]) -> None:
    """Refuses a reduction that could remove nothing.

    Raises:
        SetupFileError: If there are not more electrodes than are to be kept.
    """
    if len(electrodes) < 2 or tool.fewest_electrodes >= len(electrodes):  # noqa: PLR2004
        raise SetupFileError(
            f"<fewest_electrodes> is {tool.fewest_electrodes}, but {tool.calibration_setup_file} has "
            f"{len(electrodes)} excitation channels: {', '.join(electrodes)}. At least one has to be "
            "removed; ask for fewer, or record more."
        )


def _write(
    tool: EMGReductionTool, order: tuple[str, ...], single: Sequence[SetScores], steps: tuple[Step, ...]
) -> ReductionOutcome:
    """Writes tables, figure and summary."""
    from opensim_difcal.outputs.figures.electrode_reduction import electrode_reduction
    from opensim_difcal.outputs.figures.style import png

    folder = tool.results_directory
    folder.mkdir(parents=True, exist_ok=True)
    sentences = advice(steps, tool.tolerance)
    files = tuple(folder / name for name in tool.output_names())
    write_ranking(files[0], single)
    write_steps(files[1], steps)
    write_atomically(files[2], png(electrode_reduction(steps)))
    content = {
        "tool": type(tool).__name__,
        "name": tool.name,
        "removal_order": list(order),
        "advice": sentences,
        "seconds_of_calibrations": sum(
            scores.seconds for scores in (*single, *(each for step in steps for each in step.scores))
        ),
    }
    write_atomically(files[3], (json.dumps(content, indent=2) + "\n").encode())
    for sentence in sentences:
        _log.info(sentence)
    return ReductionOutcome(order, steps, tuple(sentences), files)
