"""Frames drawn beforehand: same order, same errors, nothing drawn after the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from unmask.core.errors import DecodeFailed
from unmask.core.records import Frame
from unmask.media.video import ahead


class Source:
    """Notes which frames were drawn, and in which thread."""

    def __init__(self, count: int, fails_at: int = -1) -> None:
        self.count, self.fails_at = count, fails_at
        self.drawn: list[int] = []
        self.threads: set[int] = set()

    def frames(self) -> Iterator[Frame]:
        for number in range(self.count):
            self.threads.add(threading.get_ident())
            if number == self.fails_at:
                raise DecodeFailed("broken")
            self.drawn.append(number)
            yield Frame(number, float(number), np.zeros((1, 1, 3), np.uint8))


@pytest.mark.parametrize("count", [1, 3, 20])
def test_the_same_frames_in_the_same_order_from_another_thread(count: int) -> None:
    source = Source(7)
    assert [frame.index for frame in ahead(source.frames(), count=count)] == list(range(7))
    assert len(source.threads) == 1
    assert threading.get_ident() not in source.threads


def test_no_more_are_drawn_than_may_be_held() -> None:
    source = Source(50)
    frames = ahead(source.frames(), count=3)
    assert next(frames).index == 0
    frames.close()  # type: ignore[attr-defined]
    assert len(source.drawn) <= 1 + 3 + 1
    assert all(not thread.name.startswith("decode") for thread in threading.enumerate())


def test_an_error_comes_in_its_turn() -> None:
    frames = ahead(Source(5, fails_at=2).frames(), count=4)
    assert [next(frames).index, next(frames).index] == [0, 1]
    with pytest.raises(DecodeFailed, match="broken"):
        next(frames)
