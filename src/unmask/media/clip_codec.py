"""Send pictures through a video codec in memory, as cameras, messengers and platforms do."""

from __future__ import annotations

import io
from collections.abc import Sequence

import av
import numpy as np
from av.video.stream import VideoStream

from unmask.core.errors import InvalidOption
from unmask.core.records import U8Array

_RATE = 25


def through_h264(frames: Sequence[U8Array], crf: int) -> list[U8Array]:
    """Encode frames as one H.264 clip (x264, 4:2:0 chroma, no look-ahead that drops frames) and decode them again.

    Args:
        frames: At least one of shape (H, W, 3), uint8, RGB, all alike; an odd row or column is repeated for the codec.
        crf: Constant rate factor, 0 (lossless but for the chroma) to 51 (worst).

    Returns:
        As many frames of the same shape, uint8, RGB.

    Raises:
        InvalidOption: `crf` is outside its range.
    """
    if not 0 <= crf <= 51:
        raise InvalidOption(f"through_h264: crf must be from 0 to 51, got {crf}.")
    height, width = frames[0].shape[:2]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"crf": str(crf), "preset": "veryfast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        for pixels in frames:
            even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [np.ascontiguousarray(frame[:height, :width]) for frame in decoded]
