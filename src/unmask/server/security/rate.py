"""How often one caller may hand in media."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class TooOften(Exception):
    """A caller handed in too much in a minute.

    Attributes:
        retry_s: Seconds until it may go on.
    """

    def __init__(self, retry_s: int) -> None:
        super().__init__(f"Too many submissions within a minute; go on in {retry_s} s.")
        self.retry_s = retry_s


class RateLimit:
    """Counts submissions over the last minute.

    Args:
        per_minute: Most submissions of one caller.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, caller: str) -> None:
        """Count one submission.

        Raises:
            TooOften: It is one too many.
        """
        if not self._limiter.hit(self._item, caller):
            reset_at = self._limiter.get_window_stats(self._item, caller).reset_time
            raise TooOften(max(1, math.ceil(reset_at - time.time())))
