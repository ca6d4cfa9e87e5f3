"""Sound as Opus leaves it: detectors whose training heard nothing else are to hear the same in a scan."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from unmask.core.records import F32Array, Sound

_GAP_S = 0.01


def _every(_block: Sound) -> bool:
    return True


def through_opus(blocks: Iterator[Sound], *, kbps: int, wanted: Callable[[Sound], bool] = _every) -> Iterator[Sound]:
    """Send a stream of sound through Opus, block by block.

    Args:
        blocks: Mono sound of one rate that Opus knows (8, 12, 16, 24 or 48 kHz), in order of time.
        kbps: Rate of the codec in kbit/s.
        wanted: Says of which blocks somebody listens to what comes out; the others are passed on as they are.

    Yields:
        The same sound, decoded again, on the same clock; a gap in the stream stays one.
    """
    coder: _Coder | None = None
    for block in blocks:
        taken = wanted(block)
        if coder is not None and not (taken and abs(block.start_s - coder.fed_s) <= _GAP_S):
            yield from coder.rest()
            coder = None
        if not taken:
            yield block
            continue
        coder = coder or _Coder(block.start_s, block.rate_hz, kbps)
        yield from coder.feed(block.samples_f32)
    if coder is not None:
        yield from coder.rest()


class _Coder:
    """One unbroken stretch on its way through encoder and decoder."""

    def __init__(self, start_s: float, rate_hz: int, kbps: int) -> None:
        self._start_s, self._rate_hz = start_s, rate_hz
        self._fed = self._given = 0
        encoder = av.CodecContext.create("libopus", "w")
        decoder = av.CodecContext.create("opus", "r")
        assert isinstance(encoder, AudioCodecContext)
        assert isinstance(decoder, AudioCodecContext)
        encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = rate_hz, "mono", "flt", 1000 * kbps
        encoder.open()
        decoder.extradata = encoder.extradata
        self._encoder, self._decoder = encoder, decoder
        self._resampler = av.AudioResampler("flt", "mono", rate_hz)

    @property
    def fed_s(self) -> float:
        """Where the next block is expected."""
        return self._start_s + self._fed / self._rate_hz

    def feed(self, samples_f32: F32Array) -> Iterator[Sound]:
        """Encode a block, and give what is decoded by now."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(np.clip(samples_f32, -1, 1))[None], format="flt", layout="mono"
        )
        frame.sample_rate, frame.pts = self._rate_hz, self._fed
        self._fed += samples_f32.size
        yield from self._decoded(frame)

    def rest(self) -> Iterator[Sound]:
        """Give what is still on its way; no more than went in."""
        yield from self._decoded(None)

    def _decoded(self, frame: av.AudioFrame | None) -> Iterator[Sound]:
        packets = self._encoder.encode(frame)
        frames = [got for packet in packets for got in self._decoder.decode(packet)]
        last = [*self._decoder.decode(None), None] if frame is None else []
        pieces = [piece.to_ndarray()[0] for got in [*frames, *last] for piece in self._resampler.resample(got)]
        if not pieces:
            return
        samples = np.concatenate(pieces).astype(np.float32)
        samples = samples[: self._fed - self._given]
        if samples.size:
            yield Sound(samples, self._rate_hz, self._start_s + self._given / self._rate_hz)
            self._given += samples.size
