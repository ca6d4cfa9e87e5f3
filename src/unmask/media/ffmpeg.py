"""The door to FFmpeg: open a container safely, find its streams, read packets without ever raising an FFmpeg error.

- Only the demuxers of `_DEMUXERS` may open a file, and only local files may be read. Playlists (HLS, DASH, concat) name
  other files or addresses, so opening one could read what the user never meant to hand in.
- PyAV throws FFmpeg's own messages away unless a program asks for them with ``av.logging.set_level``; nothing is set
  here, so importing this module changes nothing for others, and nothing reaches stderr.
- Metadata that is no UTF-8 is read with replacement characters instead of failing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from unmask.core.errors import DecodeFailed, UnsupportedMedia
from unmask.media.file import foreign_kind, image_format, read_head, require_file, stream_format
from unmask.media.limits import Limits

Warn = Callable[[str], None]
"""Takes one sentence for people about something odd that did not stop the work."""

# PyAV raises FFmpegError, and plain Python errors where its own bookkeeping meets damaged data.
FFMPEG_ERRORS = (av.error.FFmpegError, OSError, ValueError, LookupError, TypeError, RuntimeError, MemoryError)

_DEMUXERS = (
    "mov,matroska,avi,asf,flv,live_flv,mpegts,mpeg,mxf,dv,ivf,nut,rm,yuv4mpegpipe,"
    "ogg,wav,w64,flac,mp3,aac,aiff,amr,amrnb,amrwb,caf,ape,wv,tta,tak,au,ac3,eac3,dts,voc"
)
_SLOWEST_HZ = 1000
_NOT_MOVING = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


def no_warning(message: str) -> None:
    """Drop a warning: the default `Warn`."""


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[InputContainer]:
    """Open a container for reading; its header is read, nothing is decoded.

    Args:
        path: The file; its suffix does not matter.
        limits: Upper bounds; no decoder opened here makes a larger frame.

    Yields:
        The open container.

    Raises:
        InputError: The file is missing, empty or unreadable.
        UnsupportedMedia: It is no container of a known kind.
        DecodeFailed: It is one, but its header is damaged.
    """
    require_file(path)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": _DEMUXERS,
        "max_pixels": str(limits.max_frame_pixels),
    }
    try:
        # An absolute path, so that a file called "http:x" is a file and not an address.
        container = av.open(str(path.absolute()), options=options, metadata_errors="replace")
    except FFMPEG_ERRORS as error:
        raise _refusal(path, error) from error
    with container:
        yield container


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the first stream of moving pictures that can be decoded; covers and thumbnails do not count."""
    for stream in container.streams.video:
        context = stream.codec_context
        if not stream.disposition & _NOT_MOVING and context is not None and context.width > 0 and context.height > 0:
            return stream
    return None


def sound_stream(container: InputContainer) -> AudioStream | None:
    """Return the first sound track that can be decoded; a rate at which nothing can be heard counts as damage."""
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is not None and context.sample_rate >= _SLOWEST_HZ and context.channels > 0:
            return stream
    return None


def packets(
    container: InputContainer, streams: list[VideoStream | AudioStream], *, warn: Warn = no_warning
) -> Iterator[Packet[Any]]:
    """Yield the packets that hold data, in file order; where reading breaks, warn and stop."""
    demuxed = container.demux(*streams)
    while True:
        try:
            packet = next(demuxed, None)
        except FFMPEG_ERRORS as error:
            warn(f"The file is damaged or cut off ({_reason(error)}); only what comes before was read.")
            return
        if packet is None:
            return
        if packet.size > 0:
            yield packet


def short_format(container: InputContainer) -> str:
    """Return at most two of FFmpeg's names for the container, for example ``mov,mp4``."""
    return ",".join(container.format.name.split(",")[:2])


def _refusal(path: Path, error: BaseException) -> UnsupportedMedia | DecodeFailed:
    """Choose the error for a file that no demuxer opens."""
    head = read_head(path)
    name = stream_format(head)
    if name is not None:
        return DecodeFailed(
            f"{path} starts like {name} but cannot be opened ({_reason(error)}); expected a complete file. "
            "It may be cut off or still being written: copy or download it again."
        )
    if image_format(head) is not None:
        return UnsupportedMedia(f"{path} is a picture; expected a video or a sound. Read it as a picture.")
    what = foreign_kind(head) or "of no kind that unmask knows"
    return UnsupportedMedia(
        f"{path} is {what}; expected an image, a video or a sound. "
        "Convert it to PNG, MP4 or WAV first, or take the picture or recording out of it."
    )


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).rstrip(".")
