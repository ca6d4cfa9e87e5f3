"""Decode chosen frames of a video in one pass.

Packets are read once from front to back, because seeking costs more than reading and lands where a damaged index says.
The decoder is fed only from the last key frame before a wanted frame up to that frame; it is then drained and restarted
at the key frame before the next one. Only wanted frames are converted to RGB, and one frame is held at a time.

Pixels are upright by the stream's display matrix (turns of 90 degrees; mirroring is not undone) and otherwise as
stored: a non-square pixel aspect is not stretched, transparency is dropped, more than 8 bits are rounded to 8.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from unmask.core.errors import DecodeFailed, InvalidOption, MediaTooLarge, UnsupportedMedia
from unmask.core.records import Frame, U8Array
from unmask.media.ffmpeg import FFMPEG_ERRORS, Warn, no_warning, opened, packets, video_stream
from unmask.media.limits import DEFAULT_LIMITS, Limits
from unmask.media.timing import VideoIndex

_PEEK_PACKETS = 300
"""A stream of which none of the first packets decodes is given up: ten seconds at 30 frames a second."""


def iter_frames(
    path: Path,
    indices: Sequence[int] | NDArray[np.int64],
    index: VideoIndex,
    *,
    limits: Limits = DEFAULT_LIMITS,
    warn: Warn = no_warning,
) -> Iterator[Frame]:
    """Decode the wanted frames, in order.

    Damaged stretches are left out and reported through `warn`; frames that the decoder had to patch up are left out as
    well. The file stays open while the iterator lives.

    Args:
        path: The file that `index` was made from.
        indices: Positions in `index`, any order, repetitions count once.
        index: From `unmask.media.timing.index_video`.
        limits: Upper bounds.
        warn: Takes one sentence for each thing that went wrong without stopping the work.

    Yields:
        Frames with pixels of shape (H, W, 3), uint8, RGB, upright; ascending by `index`.

    Raises:
        InvalidOption: A position is outside the index.
        UnsupportedMedia: The file holds no video any more.
        DecodeFailed: Not one wanted frame could be decoded.
        MediaTooLarge: A frame has more pixels than `limits` allows.
    """
    wanted = np.unique(np.asarray(indices, np.int64))
    if wanted.size == 0:
        return
    if wanted[0] < 0 or wanted[-1] >= index.frame_count:
        raise InvalidOption(f"Frames {wanted[0]} to {wanted[-1]} of {path} wanted; it has {index.frame_count}.")
    # Where the file knows no order of showing, the n-th frame that comes out is frame n.
    places = {int(at if index.counted else index.packets[at]): int(at) for at in wanted}
    decoded = 0
    with opened(path, limits) as container:
        stream = _ready_stream(path, container)
        needed = None if index.counted else frozenset(places)
        decoder = _decode(container, stream, _stretches(wanted, index), needed, warn)
        for count, (position, frame) in enumerate(decoder):
            at = places.pop(count if index.counted else position, None)
            if at is None or frame.is_corrupt:
                continue
            pixels = _pixels(path, frame, limits)
            decoded += 1
            yield Frame(at, float(index.times_s[at]), pixels)
    if decoded == 0:
        raise DecodeFailed(f"{path}: none of {wanted.size} video frames could be decoded; download it again.")
    if decoded < wanted.size:
        warn(f"{wanted.size - decoded} of {wanted.size} chosen video frames could not be decoded.")


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


def displayed_size(path: Path, container: InputContainer, *, limits: Limits = DEFAULT_LIMITS) -> tuple[int, int]:
    """Decode the first frame that can be decoded and return its size when upright.

    Args:
        path: The file.
        container: The same file, open; it may have been read, and is wound back. Opening another takes longer.
        limits: Upper bounds.

    Returns:
        Width and height in pixels.

    Raises:
        UnsupportedMedia: The file holds no video.
        DecodeFailed: Nothing near the beginning of the stream can be decoded.
        MediaTooLarge: Frames have more pixels than `limits` allows.
    """
    size = _first_size(path, container, limits) if _wound_back(container) else None
    if size is None:
        with opened(path, limits) as fresh:
            size = _first_size(path, fresh, limits)
    if size is None:
        raise DecodeFailed(
            f"{path}: the video stream cannot be decoded; expected at least one frame near its beginning. "
            "It may be damaged or encrypted: download it again, or convert it to H.264 in MP4."
        )
    return size


def _wound_back(container: InputContainer) -> bool:
    """Go back to the beginning; not every kind of file can."""
    try:
        container.seek(0)
    except FFMPEG_ERRORS:
        return False
    return True


def _first_size(path: Path, container: InputContainer, limits: Limits) -> tuple[int, int] | None:
    stream = _ready_stream(path, container)
    _check_size(path, stream.codec_context.width, stream.codec_context.height, limits)
    for _, frame in _decode(container, stream, np.array([[0, _PEEK_PACKETS]]), None, no_warning):
        turned = _quarter_turns(frame) % 2 == 1
        return (frame.height, frame.width) if turned else (frame.width, frame.height)
    return None


def _ready_stream(path: Path, container: InputContainer) -> VideoStream:
    stream = video_stream(container)
    if stream is None:
        raise UnsupportedMedia(f"{path} holds no video stream; expected a video. Examine it as sound instead.")
    stream.thread_type = "AUTO"
    return stream


def _stretches(wanted: NDArray[np.int64], index: VideoIndex) -> NDArray[np.int64]:
    """Find what must be decoded.

    Returns:
        Shape (S, 2), int64: first and last packet of each stretch, both inclusive, ascending and apart.
    """
    if index.counted:
        return np.array([[0, int(index.packets[-1])]], np.int64)
    key_frames = np.flatnonzero(index.keyframes)
    key_frames = key_frames[np.argsort(index.packets[key_frames], kind="stable")]
    ends = np.sort(index.packets[wanted])
    if key_frames.size == 0:
        return np.array([[0, ends[-1]]], np.int64)
    by_end = wanted[np.argsort(index.packets[wanted], kind="stable")]
    before = np.searchsorted(index.packets[key_frames], ends, side="right") - 1
    # A frame stored after a key frame but shown before it leans on the group before as well (open groups).
    leading = (before >= 0) & (key_frames[np.maximum(before, 0)] > by_end)
    before -= leading
    starts = np.where(before >= 0, index.packets[key_frames[np.maximum(before, 0)]], 0)
    stretches: list[list[int]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        while stretches and start <= stretches[-1][1] + 1:
            start = min(start, stretches.pop()[0])
        stretches.append([start, end])
    return np.array(stretches, np.int64)


def _decode(
    container: InputContainer,
    stream: VideoStream,
    stretches: NDArray[np.int64],
    needed: frozenset[int] | None,
    warn: Warn,
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield each frame that comes out of the wanted stretches, with the position of its packet.

    Frames that are neither `needed` nor a reference for others are not decoded, which saves about two fifths of the
    time; None decodes all.
    """
    context = stream.codec_context
    position, at = -1, 0
    for packet in packets(container, [stream], warn=warn):
        position += 1
        if position < stretches[at, 0]:
            continue
        # Decoders hand the stamp of a packet on to its frame; the position is a stamp that is never missing or double.
        # (PyAV's `opaque` is made for this, but freeing it on a decoder's thread can lock up against the interpreter.)
        packet.pts = position
        if needed is not None:
            context.skip_frame = "DEFAULT" if position in needed else "NONREF"
        yield from _frames_of(stream, packet)
        if position < stretches[at, 1]:
            continue
        yield from _frames_of(stream, None)
        at += 1
        if at == len(stretches):
            return
        context.flush_buffers()
    yield from _frames_of(stream, None)


def _frames_of(stream: VideoStream, packet: Packet[VideoStream] | None) -> Iterator[tuple[int, VideoFrame]]:
    """Decode one packet, or drain the decoder; what cannot be decoded is missing from the output, nothing more."""
    try:
        frames = stream.codec_context.decode(packet)
    except FFMPEG_ERRORS:
        return
    for frame in frames:
        if frame.pts is not None:
            yield frame.pts, frame


def _pixels(path: Path, frame: VideoFrame, limits: Limits) -> U8Array:
    """Convert to shape (H, W, 3), uint8, RGB, upright."""
    _check_size(path, frame.width, frame.height, limits)
    try:
        pixels = frame.to_ndarray(format="rgb24")
    except FFMPEG_ERRORS as error:
        raise DecodeFailed(
            f"{path}: frames of format {frame.format.name} cannot be converted to RGB ({error}). Convert the video to "
            "H.264 in MP4."
        ) from error
    return np.ascontiguousarray(np.rot90(pixels, _quarter_turns(frame)), np.uint8)


def _quarter_turns(frame: VideoFrame) -> int:
    """Counter-clockwise quarter turns that make the frame upright."""
    return round(frame.rotation / 90) % 4


def _check_size(path: Path, width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_frame_pixels:
        raise MediaTooLarge(
            f"{path} has video frames of {width}x{height} px; expected at most {limits.max_frame_pixels:,} pixels. "
            "Scale the video down, or raise the limit on frame pixels."
        )
