"""Decode the next frames while the last ones are being judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from unmask.core.records import Frame


def ahead(frames: Iterator[Frame], *, count: int) -> Iterator[Frame]:
    """Draw frames in a thread of their own, a few more than were asked for.

    Decoder and networks leave Python while they work, and neither keeps all cores busy alone.

    Args:
        frames: What decodes; whatever it raises is raised here, in its turn.
        count: Most frames to hold in memory beforehand, at least 1.

    Yields:
        The same frames in the same order.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="decode")
    try:
        coming = deque(pool.submit(next, frames, None) for _ in range(count))
        while (frame := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, frames, None))
            yield frame
    finally:
        pool.shutdown(cancel_futures=True)
