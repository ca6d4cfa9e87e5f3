"""When each frame of a video is shown, and how long a recording is, by the stamps of its packets.

One pass over the packets, without decoding. Headers are not believed: a damaged or forged one may claim ten hours for a
clip of two seconds, or a constant rate for a clip from a telephone, whose rate follows the light.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from unmask.core.errors import DecodeFailed, MediaTooLarge, UnsupportedMedia
from unmask.media.ffmpeg import Warn, opened, packets, video_stream
from unmask.media.file import mp4_claim_s
from unmask.media.limits import DEFAULT_LIMITS, Limits

_NO_STAMP = np.iinfo(np.int64).min
_HYBRID = range(12, 16)
"""Configurations of Opus, the first five bits of a packet, that join both of its layers (RFC 6716, table 2)."""


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """Every frame of a video stream, in the order in which frames are shown.

    Attributes:
        times_s: Shape (N,), float64, presentation time relative to the first frame, ascending.
        keyframes: Shape (N,), bool, whether decoding can start at the frame.
        packets: Shape (N,), int64, position in the file (counting the stream's packets) of the packet that holds it.
        origin_s: Time of the first frame on the container's clock, which the sound shares.
        duration_s: From the first frame to the end of the last one.
        frame_rate: Average rate in frames per second; None if all frames share one moment.
        counted: Whether the file tells only in which order frames are stored (AVI with frames that are shown in another
            order). A frame is then found by counting what the decoder shows, which must start at the first packet.
        warnings: What is odd about the stream.
    """

    times_s: NDArray[np.float64]
    keyframes: NDArray[np.bool_]
    packets: NDArray[np.int64]
    origin_s: float
    duration_s: float
    frame_rate: Fraction | None
    counted: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return int(self.times_s.size)


@dataclass(frozen=True, slots=True)
class SoundSpan:
    """Where the sound track lies on the container's clock.

    Attributes:
        start_s: Time of the first sample.
        end_s: Time just after the last sample.
        bytes: Size of its packets.
        hybrid: Share of its packets that are Opus in the mode that both its layers make (RFC 6716, 3.1); 0 for others.
    """

    start_s: float
    end_s: float
    bytes: int
    hybrid: float = 0.0


class _Sound:
    """Adds up the packets of one sound track."""

    def __init__(self, stream: AudioStream | None) -> None:
        self._is_opus = stream is not None and stream.codec_context.codec.canonical_name == "opus"
        self._first = self._last = _NO_STAMP
        self._bytes = self._packets = self._hybrid = 0

    def add(self, packet: Packet[Any]) -> None:
        if packet.pts is None:
            return
        self._first = packet.pts if self._first == _NO_STAMP else min(self._first, packet.pts)
        self._last = max(self._last, packet.pts + (packet.duration or 0))
        self._bytes += packet.size
        self._packets += 1
        self._hybrid += self._is_opus and packet.size > 0 and memoryview(packet)[0] >> 3 in _HYBRID

    def span(self, base: Fraction) -> SoundSpan | None:
        if self._first == _NO_STAMP:
            return None
        return SoundSpan(float(self._first * base), float(self._last * base), self._bytes, self._hybrid / self._packets)


class _Tape:
    """Collects the stamps of one video stream in flat arrays, 18 bytes a packet, in file order."""

    def __init__(self, *, in_file_order: bool) -> None:
        self.stamps = array("q")
        self.in_file_order = in_file_order
        self.keys = bytearray()
        self.shown = bytearray()
        self.guessed = 0
        self.last_duration = 0
        self._next = 0

    def add(self, packet: Packet[Any], *, hidden: bool) -> None:
        stamp = packet.dts if self.in_file_order else packet.pts
        if stamp is None:
            # Old AVI files hold decoding stamps only; without either, frames follow each other evenly.
            self.guessed += 1
            stamp = packet.dts if packet.dts is not None else self._next
        duration = packet.duration or self.last_duration or 1
        self._next = stamp + duration
        self.last_duration = duration
        self.stamps.append(stamp)
        self.keys.append(packet.is_keyframe)
        self.shown.append(not (packet.is_discard or hidden))


def index_video(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> VideoIndex:
    """Index the first video stream of a file.

    Args:
        path: The file.
        limits: Upper bounds.

    Returns:
        The index, with at least one frame.

    Raises:
        InputError: The file is missing, empty or unreadable.
        UnsupportedMedia: It holds no video.
        DecodeFailed: It holds no frame at all.
        MediaTooLarge: It holds more frames than `limits` allows.
    """
    with opened(path, limits) as container:
        stream = video_stream(container)
        if stream is None:
            raise UnsupportedMedia(f"{path} holds no video stream; expected a video. Examine it as sound instead.")
        index, _ = index_streams(path, container, (stream, None), limits)
    if index is None:
        raise DecodeFailed(f"{path} holds a video stream without a single frame; expected a video. Download it again.")
    return index


def index_streams(
    path: Path, container: InputContainer, streams: tuple[VideoStream | None, AudioStream | None], limits: Limits
) -> tuple[VideoIndex | None, SoundSpan | None]:
    """Index a video stream and measure a sound track in one pass.

    Args:
        path: The file, for messages.
        container: Just opened, nothing read.
        streams: Video and sound, either may be None.
        limits: Upper bounds.

    Returns:
        The index and the span; None for a stream that is None or empty.

    Raises:
        MediaTooLarge: There are more frames than `limits` allows.
    """
    video, sound = streams
    tape = _Tape(in_file_order=video is not None and _knows_no_times(video))
    heard = _Sound(sound)
    warnings: list[str] = []
    hides = video is not None and video.codec_context.name == "vp8"
    for packet in packets(container, [stream for stream in streams if stream is not None], warn=warnings.append):
        if video is not None and packet.stream_index == video.index:
            if len(tape.stamps) >= limits.max_video_frames:
                raise MediaTooLarge(
                    f"{path} holds more than {limits.max_video_frames:,} video frames; expected fewer. "
                    "Cut it into parts, or raise the limit on frames."
                )
            tape.add(packet, hidden=hides and _is_hidden_vp8(packet))
        else:
            heard.add(packet)
    index = None if video is None else _video_index(video, tape, warnings)
    if sound is None:
        return index, None
    return index, heard.span(sound.time_base or Fraction(1, sound.sample_rate))


def _video_index(stream: VideoStream, tape: _Tape, warnings: list[str]) -> VideoIndex | None:
    """Put the collected packets into the order in which they are shown."""
    stamps = np.frombuffer(tape.stamps, np.int64) if tape.stamps else np.empty(0, np.int64)
    shown = np.flatnonzero(np.frombuffer(tape.shown, np.uint8)) if tape.stamps else np.empty(0, np.int64)
    if shown.size == 0:
        return None
    base = float(stream.time_base or 1)
    order = shown[np.argsort(stamps[shown], kind="stable")].astype(np.int64)
    ordered = stamps[order]
    times_s = (ordered - ordered[0]) * base
    keyframes = np.frombuffer(tape.keys, np.uint8)[order] != 0
    if tape.guessed:
        warnings.append(f"{tape.guessed} of {stamps.size} frames carry no presentation time; it was guessed.")
    if stream.frames > stamps.size and stream.container.format.name != "avi":  # AVI counts repeated frames as well
        warnings.append(f"The header announces {stream.frames} frames, but only {stamps.size} are there.")
    for column in (times_s, keyframes, order):
        column.flags.writeable = False
    return VideoIndex(
        times_s,
        keyframes,
        order,
        origin_s=float(ordered[0]) * base,
        duration_s=float(times_s[-1]) + _last_frame_s(times_s, tape.last_duration * base),
        frame_rate=_average_rate(times_s, stream.average_rate),
        counted=tape.in_file_order,
        warnings=tuple(warnings),
    )


def _knows_no_times(stream: VideoStream) -> bool:
    """Whether frames are reordered but packets carry no presentation times, where FFmpeg's guesses go wrong."""
    return stream.container.format.name == "avi" and bool(stream.codec_context.has_b_frames)


def _average_rate(times_s: NDArray[np.float64], stated: Fraction | None) -> Fraction | None:
    """Measure the rate; take the header's exact fraction where it agrees to a thousandth (stamps are rounded)."""
    span_s = float(times_s[-1])
    if span_s <= 0.0:
        return None
    measured = (times_s.size - 1) / span_s
    if stated is not None and abs(float(stated) - measured) <= 1e-3 * measured:
        return stated
    return Fraction(measured).limit_denominator(1001)


def _last_frame_s(times_s: NDArray[np.float64], stated_s: float) -> float:
    """How long the last frame is shown: as stated, unless that is out of all proportion to the other frames."""
    if times_s.size < 2:
        return min(stated_s, 1.0)
    longest_s = float(np.diff(times_s).max())
    return min(stated_s, longest_s) if longest_s > 0.0 else stated_s


def _is_hidden_vp8(packet: Packet[Any]) -> bool:
    """Whether a VP8 packet is only a reference for others (RFC 6386, section 9.1: the show_frame bit)."""
    return not memoryview(packet)[0] >> 4 & 1


def warn_of_claim(path: Path, container: InputContainer, true_s: float, warn: Warn) -> None:
    """Warn if the header's length and the true one differ by more than a second and by more than a twentieth."""
    claimed_s = mp4_claim_s(path) or (container.duration or 0) / 1e6
    if claimed_s > 0.0 and abs(claimed_s - true_s) > max(1.0, 0.05 * true_s):
        warn(f"The header claims {claimed_s:.1f} s, but the recording lasts {true_s:.1f} s.")
