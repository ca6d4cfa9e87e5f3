"""Send sound and clips through a codec in memory, as cameras, telephones, messengers and platforms do."""

from __future__ import annotations

import io
from collections.abc import Sequence

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.fft import irfft, rfft

from unmask.core.errors import InvalidOption
from unmask.core.records import F32Array, U8Array

RATE_HZ = 16000
_FRAME_RATE = 25
_FORMATS = {"libopus": "ogg", "libmp3lame": "mp3", "aac": "adts", "g722": "wav", "pcm_mulaw": "wav", "pcm_alaw": "wav"}
_TELEPHONE = ("pcm_mulaw", "pcm_alaw")


def through_codec(samples_f32: F32Array, codec: str, *, kbps: int) -> F32Array:
    """Encode and decode sound in memory.

    Args:
        samples_f32: Shape (N,), float32, 16 kHz.
        codec: FFmpeg's name: libopus, libmp3lame, aac, g722, pcm_mulaw or pcm_alaw (the last two at 8 kHz).
        kbps: Rate, where the codec has one to choose.

    Returns:
        Shape (N,), float32, 16 kHz, shifted back so that it lines up with the input.
    """
    rate = 8000 if codec in _TELEPHONE else RATE_HZ
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=_FORMATS[codec]) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, AudioStream), codec
        stream.layout = "mono"
        if codec not in (*_TELEPHONE, "g722"):
            stream.bit_rate = kbps * 1000
        frame = av.AudioFrame.from_ndarray(np.clip(samples_f32, -1, 1)[None], format="flt", layout="mono")
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    buffer.seek(0)
    found = _decoded(buffer)
    shift = _lag(samples_f32, found)
    found = found[shift:] if shift >= 0 else np.pad(found, (-shift, 0))
    return np.pad(found, (0, max(samples_f32.size - found.size, 0)))[: samples_f32.size]


def band_pass(samples_f32: F32Array, low_hz: float, high_hz: float) -> F32Array:
    """Keep one band of a sound, as a telephone does (300 to 3400 Hz, ITU-T G.712), with edges of a tenth of an octave.

    Args:
        samples_f32: Shape (N,), float32, 16 kHz.
        low_hz: Lower end of the band.
        high_hz: Upper end.

    Returns:
        Shape (N,), float32, 16 kHz.
    """
    octaves = np.log2(np.maximum(np.fft.rfftfreq(samples_f32.size, 1 / RATE_HZ), 1e-3))
    rise = np.clip((octaves - np.log2(low_hz)) / 0.1 + 1, 0, 1)
    fall = np.clip((np.log2(high_hz) - octaves) / 0.1 + 1, 0, 1)
    return irfft(rfft(samples_f32) * rise * fall, samples_f32.size).astype(np.float32)


def _decoded(buffer: io.BytesIO) -> F32Array:
    pieces = []
    with av.open(buffer, "r") as container:
        resampler = av.AudioResampler("flt", "mono", RATE_HZ)
        for frame in [*container.decode(audio=0), None]:
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame) if piece is not None]
    return np.concatenate(pieces).astype(np.float32)


def _lag(sent: F32Array, got: F32Array, *, reach: int = 3000) -> int:
    """Delay of `got` in samples, at most `reach`, by cross-correlation."""
    size = max(sent.size, got.size) + reach
    around = irfft(rfft(got, size) * np.conj(rfft(sent, size)), size)
    lags = np.concatenate([around[-reach:], around[: reach + 1]])
    return int(np.argmax(lags)) - reach


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
        stream = container.add_stream("libx264", rate=_FRAME_RATE, options={"crf": str(crf), "preset": "veryfast"})
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
