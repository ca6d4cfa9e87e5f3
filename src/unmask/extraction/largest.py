"""The largest face of a picture, and of evenly chosen frames of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2

from unmask.core.records import Face, Frame
from unmask.datasets.manifest import Row
from unmask.faces.detect import STILL_SEARCH, VIDEO_SEARCH, FaceFinder
from unmask.media.image import read_image
from unmask.media.sample import choose_frames
from unmask.media.timing import index_video
from unmask.media.video import iter_frames
from unmask.models import catalogue, store

SMALLEST_FACE_PX = 24


def largest_faces(row: Row, count: int) -> Iterator[tuple[Frame, Face]]:
    """Search a medium for faces, on one thread.

    Args:
        row: A picture or a clip.
        count: Frames of a clip that are looked at.

    Returns:
        Each frame that shows a face of at least `SMALLEST_FACE_PX`, with its largest.

    Raises:
        InputError: The medium cannot be read.
    """
    search = STILL_SEARCH if row.kind == "image" else VIDEO_SEARCH
    for frame in _frames(row, count):
        found = _finder().find(frame, search)
        if found and found[0].size_px >= SMALLEST_FACE_PX:
            yield frame, found[0]


@cache
def _finder() -> FaceFinder:
    cv2.setNumThreads(1)
    return FaceFinder(store.locate(catalogue.find("yunet-2023mar")))


def _frames(row: Row, count: int) -> Iterator[Frame]:
    if row.kind == "image":
        yield Frame(0, 0.0, read_image(row.path)[0])
        return

    index = index_video(row.path)
    chosen = choose_frames(index.times_s, index.keyframes, count=count)
    yield from iter_frames(row.path, chosen, index)
