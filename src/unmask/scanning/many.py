"""A list of media over any executor; one bad file never stops the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from unmask.core.contracts import Executor, Item, Result
from unmask.core.errors import InputError
from unmask.core.evidence import ScanFailure, ScanReport
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan

_FEW = 4
_pipelines: dict[ScanPlan, Pipeline] = {}


class InProcess:
    """Runs one item after the other in this process."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield one result per item, in order, each as soon as it is done."""
        return map(function, items)


class ProcessPool:
    """Runs items in worker processes of this machine.

    Args:
        workers: Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield one result per item, in order; a worker that dies breaks the pool with `BrokenProcessPool`."""
        with ProcessPoolExecutor(self._workers, mp_context=get_context("spawn")) as pool:
            yield from pool.map(function, items)


def scan_many(
    paths: Sequence[Path], plan: ScanPlan, *, executor: Executor | None = None
) -> Iterator[ScanReport | ScanFailure]:
    """Scan files.

    Args:
        paths: Files.
        plan: What to do; sent to the workers, which open their own models.
        executor: Where to run; in this process when None.

    Yields:
        One report or failure per file, in order.

    Raises:
        ModelError: A model is missing or not the one its card names; no file could be scanned then.
    """
    done, runs = 0, executor or InProcess()
    while done < len(paths):
        try:
            for result in runs.map(partial(scan_one, plan), paths[done:]):
                done += 1
                yield result
        except BrokenProcessPool:  # One died, of this file or of a later one; alone, only the culprit is lost.
            yield _scan_alone(plan, paths[done])
            done += 1


def _scan_alone(plan: ScanPlan, path: Path) -> ScanReport | ScanFailure:
    try:
        return next(ProcessPool(1).map(partial(scan_one, plan), [path]))
    except BrokenProcessPool:
        message = (
            f"{path}: the process that examined it was ended from outside, mostly for lack of memory. Scan it alone, "
            "with --workers 1 and fewer --frames."
        )
        return ScanFailure(str(path), "WorkerDied", message)


def scan_one(plan: ScanPlan, path: Path) -> ScanReport | ScanFailure:
    """Scan one file with the models of this process, which stay warm for the next."""
    if plan not in _pipelines:
        _pipelines[plan] = Pipeline(plan)
    try:
        return _pipelines[plan].scan(path)
    except InputError as error:
        return ScanFailure(str(path), type(error).__name__, str(error))
    except MemoryError:
        return ScanFailure(str(path), "MediaTooLarge", f"{path}: there is not enough memory to decode it.")


def choose_executor(workers: int, files: int, plan: ScanPlan) -> tuple[Executor, ScanPlan]:
    """Choose where to run.

    Args:
        workers: Wanted processes; 0 takes one per processor when there are more than a few files.
        files: Number of files.
        plan: The plan.

    Returns:
        The executor, and the plan with one thread per inference if several processes share the processors.
    """
    count = workers or (min(os.cpu_count() or 1, files) if files > _FEW else 1)
    if count <= 1:
        return InProcess(), plan
    return ProcessPool(count), replace(plan, threads=plan.threads or 1)
