"""Media for the benchmark, made in code from scikit-image's public-domain portrait."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from skimage import data

from tests.makers.sounds import speech_like
from unmask.core.records import U8Array
from unmask.media.write import write_clip

WIDTH, HEIGHT, RATE, SECONDS = 1920, 1080, 30, 10


def portrait_frames(count: int, rng: np.random.Generator) -> Iterator[U8Array]:
    """Frames of 1080p as a camera gives them: a portrait that moves, a background that pans, grain."""
    portrait = cv2.resize(data.astronaut(), (900, 900))
    background = cv2.resize(rng.integers(60, 180, (27, 48, 3), dtype=np.uint8), (WIDTH, HEIGHT))
    grain = [rng.integers(0, 12, (HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(8)]
    for number in range(count):
        frame = np.roll(background, 3 * number, axis=1)
        x = 500 + int(200 * np.sin(number / 40))
        frame[90:990, x : x + 900] = portrait
        yield cv2.add(frame, np.roll(grain[number % 8], int(rng.integers(WIDTH)), axis=1))


def make_clip(path: Path) -> Path:
    """A 10-second 1080p clip with one face, encoded as x264 does by default, at a camera's quality."""
    write_clip(
        path, portrait_frames(RATE * SECONDS, np.random.default_rng(0)), rate=Fraction(RATE), crf=18, preset="medium"
    )
    return path


def repeat_clip(source: Path, path: Path, times: int) -> Path:
    """The same packets over and over: a long clip without encoding it."""
    with av.open(str(path), "w") as out:
        stream = None
        shift = 0
        for _ in range(times):
            end = 0
            with av.open(str(source)) as clip:
                video = clip.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                for packet in clip.demux(video):
                    if packet.pts is None or packet.dts is None:
                        continue
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = stream
                    out.mux(packet)
            shift += end
    return path


def make_pictures(folder: Path, count: int) -> list[Path]:
    """JPEG portraits of about a megapixel, each a little different."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    paths = []
    for number in range(count):
        picture = cv2.resize(data.astronaut(), (1024, 1024))
        picture = np.roll(picture, int(rng.integers(-80, 80)), axis=1)
        path = folder / f"{number:03}.jpg"
        cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
        paths.append(path)
    return paths


def make_recording(path: Path, seconds: float) -> Path:
    """A voice-like buzz with pauses, ten seconds over and over, mono at 16 kHz."""
    piece = (speech_like(10.0) * 32767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        for _ in range(round(seconds / 10)):
            file.writeframes(piece)
    return path
