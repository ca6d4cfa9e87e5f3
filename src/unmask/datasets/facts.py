"""What can be measured of a medium without judging it: its form, its digest, and whether it can be decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from unmask.core.errors import InputError
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import MediaInfo
from unmask.datasets.manifest import Row
from unmask.media.audio import stream_sound
from unmask.media.file import digest, require_file
from unmask.media.image import read_image, read_image_header
from unmask.media.pixels import jpeg_quantisation, perceptual_hash
from unmask.media.probe import probe_with_index
from unmask.media.sample import choose_frames
from unmask.media.video import iter_frames

_RATE_HZ = 16000
_FRAME = 320
_SILENT = 1e-5
_FEW = 64
"""Fewer files are looked at in this process: starting others would take longer."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured; what does not apply is 0.

    Attributes:
        format: Family of the file format, by content.
        bytes: Size of the file.
        width_px: As displayed.
        height_px: As displayed.
        duration_s: Length.
        frame_rate_hz: Average of a video.
        sample_rate_hz: Of the sound track.
        channels: Of the sound track.
        quantisation: Mean step of a JPEG's luminance table.
        level_db: Root mean square of the sound, relative to full scale.
        floor_db: Level that one frame of 20 ms in ten stays below.
        phash: Perceptual hash of the picture or of a video's middle frame; empty for sound.
        sha256: Of the bytes; empty unless decoded.
        fault: Why it cannot be used; empty if it can.
        is_missing: Whether there is no such file.
    """

    format: str = ""
    bytes: int = 0
    width_px: int = 0
    height_px: int = 0
    duration_s: float = 0.0
    frame_rate_hz: float = 0.0
    sample_rate_hz: int = 0
    channels: int = 0
    quantisation: float = 0.0
    level_db: float = 0.0
    floor_db: float = 0.0
    phash: str = ""
    sha256: str = ""
    fault: str = ""
    is_missing: bool = False


def measure(
    rows: Sequence[Row], *, decode: bool, workers: int = 1, stage: str = "look", listener: Listener = ignore
) -> Iterator[Facts]:
    """Measure media in order; a bad file gives a fault, never an error.

    Args:
        rows: Media.
        decode: Whether to decode them (all of a picture and of sound, three frames of a video), hash them and take
            digests; otherwise only headers and packets are read.
        workers: Processes.
        stage: Name of the work, for the listener.
        listener: Hears progress.

    Yields:
        One `Facts` a row.
    """
    function = partial(measure_one, decode=decode)
    if workers <= 1 or len(rows) < _FEW:
        results: Iterator[Facts] = map(function, rows)
        yield from _told(results, rows, stage, listener)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from _told(pool.map(function, rows, chunksize=16), rows, stage, listener)


def measure_one(row: Row, *, decode: bool) -> Facts:
    """Measure one medium."""
    if not row.path.is_file():
        return Facts(fault=f"{row.path} is not there.", is_missing=True)
    try:
        size = require_file(row.path)
        return _picture(row.path, size, decode=decode) if row.kind == "image" else _stream(row, size, decode=decode)
    except InputError as error:
        return Facts(fault=str(error))
    except MemoryError:
        return Facts(fault=f"{row.path}: there is not enough memory to decode it.")


def _told(results: Iterator[Facts], rows: Sequence[Row], stage: str, listener: Listener) -> Iterator[Facts]:
    for done, (row, facts) in enumerate(zip(rows, results, strict=True), start=1):
        listener(Advanced(stage, done, len(rows), row.path.name))
        yield facts


def _picture(path: Path, size: int, *, decode: bool) -> Facts:
    header = read_image_header(path)
    return Facts(
        format=header.format,
        bytes=size,
        width_px=header.width_px,
        height_px=header.height_px,
        quantisation=jpeg_quantisation(path) if header.format == "JPEG" else 0.0,
        phash=perceptual_hash(read_image(path)[0]) if decode else "",
        sha256=digest(path) if decode else "",
    )


def _stream(row: Row, size: int, *, decode: bool) -> Facts:
    info, index = probe_with_index(row.path)
    if row.kind != info.kind:
        return Facts(fault=f"{row.path} is {info.kind}, but the manifest calls it {row.kind}.")
    level_db, floor_db = _levels(row.path) if decode and info.kind == "audio" else (0.0, 0.0)
    phash = ""
    if decode and index is not None:
        chosen = choose_frames(index.times_s, index.keyframes, count=3)
        frames = list(iter_frames(row.path, chosen, index))
        phash = perceptual_hash(frames[len(frames) // 2].pixels_rgb_u8) if frames else ""
    return _of_info(info, size, (level_db, floor_db), phash if decode else "", info.sha256 if decode else "")


def _of_info(info: MediaInfo, size: int, levels: tuple[float, float], phash: str, sha256: str) -> Facts:
    return Facts(
        format=info.format,
        bytes=size,
        width_px=info.width_px,
        height_px=info.height_px,
        duration_s=info.duration_s,
        frame_rate_hz=float(info.frame_rate or 0),
        sample_rate_hz=info.sample_rate_hz,
        channels=info.channels,
        level_db=levels[0],
        floor_db=levels[1],
        phash=phash,
        sha256=sha256,
    )


def _levels(path: Path) -> tuple[float, float]:
    """Level and noise floor in dB of full scale."""
    powers = []
    for sound in stream_sound(path, rate_hz=_RATE_HZ):
        whole = sound.samples_f32[: sound.samples_f32.size // _FRAME * _FRAME].reshape(-1, _FRAME)
        powers.append(np.square(whole, dtype=np.float64).mean(axis=1))
    power = np.concatenate(powers) if powers else np.zeros(0)
    if power.size == 0:
        return 0.0, 0.0
    level, floor = np.sqrt([power.mean(), np.percentile(power, 10)])
    return float(20 * np.log10(max(level, _SILENT))), float(20 * np.log10(max(floor, _SILENT)))
