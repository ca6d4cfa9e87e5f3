"""Work spread over processes that outlives the file which kills one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

# Forked processes inherit the locks of OpenCV's threads and may wait for them for ever.
_FRESH = get_context("spawn")

Job = TypeVar("Job")
Answer = TypeVar("Answer")


def spread(
    work: Callable[[Job], Answer], jobs: Sequence[Job], workers: int, *, lost: Callable[[Job], Answer]
) -> Iterator[Answer]:
    """Do jobs in several processes; where one dies, its job is done alone, so that only the culprit is lost.

    Args:
        work: A function of a module, since processes import it.
        jobs: What to do.
        workers: Processes.
        lost: Answers for a job that ended its process.

    Returns:
        Answers in the order of the jobs, each as soon as it and those before it are there.
    """
    done = 0
    while done < len(jobs):
        try:
            with ProcessPoolExecutor(workers, mp_context=_FRESH) as pool:
                for answer in pool.map(work, jobs[done:], chunksize=8):
                    done += 1
                    yield answer
        except BrokenProcessPool:
            yield _alone(work, jobs[done], lost)
            done += 1


def _alone(work: Callable[[Job], Answer], job: Job, lost: Callable[[Job], Answer]) -> Answer:
    try:
        with ProcessPoolExecutor(1, mp_context=_FRESH) as pool:
            return next(pool.map(work, [job]))
    except BrokenProcessPool:
        return lost(job)
