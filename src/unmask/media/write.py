"""Write small clips, pictures and recordings: for the demo, for stress tests, for tests with media made in code."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream

from unmask.core.records import F32Array, Sound, U8Array

_SOUND_RATE_HZ = 48000
_BLOCK = 1024


def write_clip(
    path: Path,
    frames: Iterable[U8Array],
    *,
    rate: Fraction,
    sound: F32Array | None = None,
    crf: int = 20,
    preset: str = "veryfast",
) -> None:
    """Write an H.264 clip, with AAC sound if given.

    Args:
        path: Ends in .mp4, .mov or .mkv.
        frames: Shape (H, W, 3) each, uint8, RGB, even sides, all alike.
        rate: Frames per second.
        sound: Shape (N,), float32, mono, 48 kHz, in [-1, 1].
        crf: Constant rate factor, lower is better.
        preset: x264's trade of speed for size.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": preset})
        video.pix_fmt = "yuv420p"
        track = container.add_stream("aac", rate=_SOUND_RATE_HZ, layout="mono") if sound is not None else None
        for number, pixels in enumerate(frames):
            if number == 0:
                video.height, video.width = pixels.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        if track is not None and sound is not None:
            for start in range(0, sound.size, _BLOCK):
                block = av.AudioFrame.from_ndarray(sound[None, start : start + _BLOCK], format="fltp", layout="mono")
                block.sample_rate, block.pts = _SOUND_RATE_HZ, start
                container.mux(track.encode(block))
            container.mux(track.encode(None))


def write_picture(path: Path, pixels: U8Array) -> None:
    """Write a picture without loss.

    Args:
        path: Ends in .png.
        pixels: Shape (H, W, 3), uint8, RGB.
    """
    _, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    path.write_bytes(encoded.tobytes())


def write_sound(path: Path, samples: F32Array, rate_hz: int) -> None:
    """Write a recording without loss but for rounding to 16 bits.

    Args:
        path: Ends in .wav.
        samples: Shape (N,), float32, mono, in [-1, 1]; louder ones are clipped.
        rate_hz: Sample rate.
    """
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())


def write_coded_sound(path: Path, samples: F32Array, rate_hz: int, *, kbps: int) -> None:
    """Write a recording with loss, as messengers, calls and platforms do.

    Args:
        path: Its end names the codec: .opus (at 48 kHz, in the mode for speech), .mp3 or .m4a (AAC).
        samples: Shape (N,), float32, mono, in [-1, 1]; louder ones are clipped.
        rate_hz: Sample rate.
        kbps: Rate of the codec in kbit/s.
    """
    codec = {".opus": "libopus", ".mp3": "libmp3lame", ".m4a": "aac"}[path.suffix]
    rate, options = (_SOUND_RATE_HZ, {"application": "voip"}) if codec == "libopus" else (rate_hz, {})
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, rate=rate, layout="mono", options=options)
        assert isinstance(track, AudioStream)
        track.bit_rate = 1000 * kbps
        frame = av.AudioFrame.from_ndarray(np.clip(samples, -1, 1)[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, 0
        container.mux(track.encode(frame))
        container.mux(track.encode(None))


def sound_as_mp3(blocks: Iterable[Sound], *, kbps: int, most_bytes: int) -> bytes | None:
    """Encode sound as MP3, which every browser plays; gaps between blocks become silence.

    Args:
        blocks: Mono sound of one rate (16, 24 or 32 kHz), ascending in time.
        kbps: Rate.
        most_bytes: Give up as soon as the file is larger.

    Returns:
        The file, without any metadata of where the sound came from; None if it would be too large or there is no sound.
    """
    held, track, done = io.BytesIO(), None, 0
    with av.open(held, "w", format="mp3") as container:
        for block in blocks:
            if track is None:
                track = container.add_stream("libmp3lame", rate=block.rate_hz, layout="mono")
                track.bit_rate = 1000 * kbps
            silence = np.zeros(max(round(block.start_s * block.rate_hz) - done, 0), np.float32)
            samples = np.concatenate([silence, np.clip(block.samples_f32, -1, 1)])
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = block.rate_hz, done
            done += samples.size
            container.mux(track.encode(frame))
            if held.tell() > most_bytes:
                return None
        if track is None:
            return None
        container.mux(track.encode(None))
    return held.getvalue()
