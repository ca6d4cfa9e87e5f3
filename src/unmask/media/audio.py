"""Decode sound as a stream of mono blocks, or as windows cut from that stream.

Any rate, layout and sample format becomes mono float32 at one rate (FFmpeg's resampler; channels are
mixed with FFmpeg's standard weights, scaled so that they add up to at most 1).
Nothing larger than a block and the open windows is held, whatever the length of the recording.

Time runs on one clock with the pictures: 0 is the first video frame, or the first sample where there is no video. A gap
in the stamps of more than `_GAP_S` moves the clock; smaller ones and overlaps are put down to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from av import AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from unmask.core.errors import DecodeFailed, InvalidOption, UnsupportedMedia
from unmask.core.records import F32Array, Sound
from unmask.media.ffmpeg import FFMPEG_ERRORS, Warn, no_warning, opened, packets, sound_stream, video_stream
from unmask.media.limits import DEFAULT_LIMITS

_GAP_S = 0.1
# Without this FFmpeg mixes to floats at full weight: two equal channels would come out 1.4 times as loud as each.
_DOWN_MIX = {"rematrix_maxval": "1.0"}
_FLOAT_FORMATS = frozenset({"flt", "fltp", "dbl", "dblp"})
_WILD = 1e6
"""No recording is a million times louder than full scale; such samples, NaN and infinity are damage."""


class _Faults:
    """Counts what went wrong, to be told once at the end."""

    def __init__(self) -> None:
        self.packets = 0
        self.samples = 0

    def tell(self, warn: Warn) -> None:
        if self.packets:
            warn(f"Damaged pieces of sound that were skipped: {self.packets}.")
        if self.samples:
            warn(f"Sound samples that are no usable numbers and were silenced: {self.samples}.")


class _ToMono:
    """Resamples frames to mono float32; starts anew where the stream changes its own format midway."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler: AudioResampler | None = None
        self._setup: tuple[object, ...] = ()

    def push(self, frame: AudioFrame) -> list[F32Array]:
        setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        pieces: list[F32Array] = []
        if self._resampler is None or setup != self._setup:
            pieces = self.flush()
            self._resampler = AudioResampler(format="flt", layout="mono", rate=self._rate_hz, options=_DOWN_MIX)
            self._setup = setup
        # Time is kept by the caller; stamps inside the resampler would make it fill gaps by itself.
        frame.pts = None
        return pieces + [_samples(piece) for piece in self._resampler.resample(frame)]

    def flush(self) -> list[F32Array]:
        if self._resampler is None:
            return []
        rest: list[AudioFrame | None] = list(self._resampler.resample(None))  # [None] where nothing is resampled
        self._resampler = None
        return [_samples(frame) for frame in rest if frame is not None]


def stream_sound(
    path: Path, *, rate_hz: int = 16000, block_s: float = 10.0, warn: Warn = no_warning
) -> Iterator[Sound]:
    """Decode the first sound track of a file from front to back.

    Damaged packets are skipped and counted; samples that are NaN, infinite or absurdly large become 0. Both are
    reported through `warn` when the track ends.

    Args:
        path: A sound or video file.
        rate_hz: Wanted sample rate.
        block_s: Length of a block; the last block and one before a gap may be shorter.
        warn: Takes one sentence for each thing that went wrong without stopping the work.

    Yields:
        Blocks of mono float32 samples of shape (N,), ascending in time.

    Raises:
        InvalidOption: `rate_hz` or `block_s` is not above 0.
        InputError: The file is missing, empty or unreadable.
        UnsupportedMedia: It holds no sound.
        DecodeFailed: Not one sample could be decoded.
    """
    if rate_hz < 1 or block_s * rate_hz < 1:
        raise InvalidOption(f"stream_sound: rate_hz and block_s must be above 0, got {rate_hz} and {block_s}.")
    faults = _Faults()
    total = 0
    try:
        for start_s, samples in _blocks(_pieces(path, rate_hz, faults, warn), rate_hz, round(block_s * rate_hz)):
            total += samples.size
            yield Sound(samples, rate_hz, start_s)
    except GeneratorExit:  # Whoever listens has heard enough; what was wrong so far is told all the same.
        faults.tell(warn)
        raise
    if total == 0:
        raise DecodeFailed(f"{path}: the sound track holds no sample that can be decoded. Copy or download it again.")
    faults.tell(warn)


def iter_sound(
    path: Path,
    starts_s: Sequence[float] | NDArray[np.float64],
    *,
    length_s: float,
    rate_hz: int = 16000,
    warn: Warn = no_warning,
) -> Iterator[Sound]:
    """Decode windows of sound in one pass.

    A window that reaches past the end is cut there; one that meets no sound at all is left out; gaps inside are silent.

    Args:
        path: A sound or video file.
        starts_s: Start times, any order; windows may overlap.
        length_s: Length of a window.
        rate_hz: Wanted sample rate.
        warn: See `stream_sound`.

    Yields:
        One `Sound` per window, ascending in time, each starting exactly at its start time.

    Raises:
        InvalidOption: `length_s` or `rate_hz` is not above 0.
        InputError: The file is missing, empty or unreadable.
        UnsupportedMedia: It holds no sound.
        DecodeFailed: Not one sample could be decoded.
    """
    size = round(length_s * rate_hz)
    if size < 1:
        raise InvalidOption(f"iter_sound: length_s and rate_hz must be above 0, got {length_s} and {rate_hz}.")
    waiting = sorted(float(start_s) for start_s in starts_s)
    if not waiting:
        return
    windows: list[_Window] = []
    for sound in stream_sound(path, rate_hz=rate_hz, warn=warn):
        while waiting and waiting[0] < sound.end_s:
            windows.append(_Window(waiting.pop(0), size, rate_hz))
        for window in windows:
            window.take(sound)
        while windows and windows[0].end_s <= sound.end_s:
            yield from windows.pop(0).sound()
        if not windows and not waiting:
            return
    for window in windows:
        yield from window.sound()


class _Window:
    """A window that is being filled."""

    def __init__(self, start_s: float, size: int, rate_hz: int) -> None:
        self.start_s = start_s
        self.end_s = start_s + size / rate_hz
        self._rate_hz = rate_hz
        self._samples = np.zeros(size, np.float32)
        self._filled = 0

    def take(self, sound: Sound) -> None:
        offset = round((sound.start_s - self.start_s) * self._rate_hz)
        begin, end = max(offset, 0), min(offset + sound.samples_f32.size, self._samples.size)
        if begin < end:
            self._samples[begin:end] = sound.samples_f32[begin - offset : end - offset]
            self._filled = max(self._filled, end)

    def sound(self) -> Iterator[Sound]:
        if self._filled:
            yield Sound(self._samples[: self._filled], self._rate_hz, self.start_s)


def _blocks(pieces: Iterator[tuple[float, F32Array]], rate_hz: int, size: int) -> Iterator[tuple[float, F32Array]]:
    """Gather pieces into blocks of `size` samples, broken where the clock jumps."""
    held: list[F32Array] = []
    count, start_s = 0, 0.0
    for piece_s, piece in pieces:
        if count and piece_s - (start_s + count / rate_hz) > _GAP_S / 2:
            yield start_s, np.concatenate(held)
            held, count = [], 0
        if not count:
            start_s = piece_s
        held.append(piece)
        count += piece.size
        if count >= size:
            joined = np.concatenate(held)
            for at in range(0, count - size + 1, size):
                yield start_s + at / rate_hz, joined[at : at + size].copy()
            rest = count % size
            held = [joined[count - rest :].copy()] if rest else []
            start_s += (count - rest) / rate_hz
            count = rest
    if count:
        yield start_s, np.concatenate(held)


def _pieces(path: Path, rate_hz: int, faults: _Faults, warn: Warn) -> Iterator[tuple[float, F32Array]]:
    """Yield resampled pieces with the time of their first sample."""
    with opened(path, DEFAULT_LIMITS) as container:
        stream = sound_stream(container)
        if stream is None:
            raise UnsupportedMedia(f"{path} holds no sound track that can be decoded; expected sound.")
        origin_s = _video_start_s(container)
        to_mono = _ToMono(rate_hz)
        next_s: float | None = None
        for frame in _frames(container, stream, faults, warn):
            frame_s = frame.time
            if origin_s is None:
                origin_s = frame_s or 0.0
            arrives_s = (next_s or 0.0) if frame_s is None else frame_s - origin_s
            if next_s is None or arrives_s - next_s > _GAP_S:
                yield from _timed(to_mono.flush(), next_s or 0.0, rate_hz)
                next_s = arrives_s
            try:
                pieces = to_mono.push(_finite(frame, faults))
            except FFMPEG_ERRORS:  # a damaged header can announce a rate or a layout that nothing can be made of
                faults.packets += 1
                continue
            yield from _timed(pieces, next_s, rate_hz)
            next_s += sum(piece.size for piece in pieces) / rate_hz
        yield from _timed(to_mono.flush(), next_s or 0.0, rate_hz)


def _samples(frame: AudioFrame) -> F32Array:
    return np.array(frame.to_ndarray()[0], np.float32)


def _timed(pieces: list[F32Array], start_s: float, rate_hz: int) -> Iterator[tuple[float, F32Array]]:
    for piece in pieces:
        if piece.size:
            yield start_s, piece
            start_s += piece.size / rate_hz


def _frames(container: InputContainer, stream: AudioStream, faults: _Faults, warn: Warn) -> Iterator[AudioFrame]:
    """Decode packet by packet, so that a damaged one costs only itself."""
    for packet in packets(container, [stream], warn=warn):
        try:
            yield from stream.codec_context.decode(packet)
        except FFMPEG_ERRORS:
            faults.packets += 1
    try:
        yield from stream.codec_context.decode(None)
    except FFMPEG_ERRORS:
        faults.packets += 1


def _finite(frame: AudioFrame, faults: _Faults) -> AudioFrame:
    """Silence samples that are no usable numbers, before the resampler's filter spreads them."""
    if frame.format.name not in _FLOAT_FORMATS:
        return frame
    samples: NDArray[Any] = frame.to_ndarray()
    wild = ~(np.abs(samples) <= _WILD)
    count = int(np.count_nonzero(wild))
    if not count:
        return frame
    faults.samples += count
    clean = AudioFrame.from_ndarray(
        np.where(wild, 0, samples).astype(samples.dtype), format=frame.format.name, layout=frame.layout.name
    )
    clean.sample_rate = frame.sample_rate
    clean.time_base = frame.time_base
    return clean


def _video_start_s(container: InputContainer) -> float | None:
    """Time of the first video frame on the container's clock; None without video."""
    video = video_stream(container)
    if video is None or video.start_time is None or video.time_base is None:
        return None
    return float(video.start_time * video.time_base)
