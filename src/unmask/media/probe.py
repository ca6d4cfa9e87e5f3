"""Say what a medium is, by its content."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import InputContainer

from unmask.core.errors import DecodeFailed, MediaTooLarge, UnsupportedMedia
from unmask.core.records import MediaInfo
from unmask.media.ffmpeg import opened, short_format, sound_stream, video_stream
from unmask.media.file import digest, image_format, read_head, require_file
from unmask.media.image import read_image_header
from unmask.media.limits import DEFAULT_LIMITS, Limits
from unmask.media.timing import SoundSpan, VideoIndex, index_streams, warn_of_claim
from unmask.media.video import displayed_size


def probe(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> MediaInfo:
    """Say what a medium is; its suffix is never looked at.

    An animated picture (GIF, WebP, AVIF, PNG) counts as the image of its first frame. A recording with a cover picture
    is audio. Lengths and frame counts come from the packets; where the header disagrees, a warning says so.

    Args:
        path: The file.
        limits: Upper bounds.

    Returns:
        Kind, size, length and digest, and warnings for people.

    Raises:
        InputError: The file is missing, a directory, empty or unreadable.
        UnsupportedMedia: It is neither image, video nor sound.
        DecodeFailed: It is one of these, but damaged.
        MediaTooLarge: It passes one of the `limits`.
    """
    info, _ = probe_with_index(path, limits=limits)
    return info


def probe_with_index(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> tuple[MediaInfo, VideoIndex | None]:
    """Do what `probe` does and also return the index of a video, which takes the same pass to make.

    Args:
        path: The file.
        limits: Upper bounds.

    Returns:
        What `probe` returns, and the index of a video (None for images and sound).

    Raises:
        InputError: As `probe`, and so for all its kinds.
    """
    size_bytes = require_file(path)
    index = None
    if image_format(read_head(path)) is not None:
        header = read_image_header(path, limits=limits)
        info = MediaInfo(
            path, "image", header.format, header.width_px, header.height_px, frame_count=1, warnings=header.warnings
        )
    else:
        info, index = _probe_streams(path, limits)
    if info.duration_s > limits.max_duration_s:
        message = f"{path} lasts {info.duration_s:.1f} s; expected at most {limits.max_duration_s:g} s. Cut it first."
        raise MediaTooLarge(message)
    return dataclasses.replace(info, sha256=digest(path), bytes=size_bytes), index


def _probe_streams(path: Path, limits: Limits) -> tuple[MediaInfo, VideoIndex | None]:
    with opened(path, limits) as container:
        video, sound = video_stream(container), sound_stream(container)
        if video is None and sound is None:
            raise _nothing_usable(path, container)
        index, span = index_streams(path, container, (video, sound), limits)
        if index is not None:
            return _video_info(path, container, index, (sound, span), limits), index
        if sound is not None and span is not None:
            return _audio_info(path, container, sound, span), None
    raise DecodeFailed(
        f"{path} is a {short_format(container)} file without a single frame or sample; expected some. "
        "It may be cut off: copy or download it again."
    )


def _video_info(
    path: Path,
    container: InputContainer,
    index: VideoIndex,
    heard: tuple[AudioStream | None, SoundSpan | None],
    limits: Limits,
) -> MediaInfo:
    width_px, height_px = displayed_size(path, container, limits=limits)
    sound, span = heard
    warnings = list(index.warnings)
    duration_s = index.duration_s
    if sound is None or span is None:
        sound = None
    else:
        duration_s = max(duration_s, span.end_s - index.origin_s)
    warn_of_claim(path, container, duration_s, warnings.append)
    return MediaInfo(
        path,
        "video",
        short_format(container),
        width_px,
        height_px,
        duration_s=duration_s,
        frame_rate=index.frame_rate,
        frame_count=index.frame_count,
        has_audio=sound is not None,
        sample_rate_hz=sound.codec_context.sample_rate if sound else 0,
        channels=sound.codec_context.channels if sound else 0,
        sound_codec=sound.codec_context.codec.canonical_name if sound else "",
        sound_kbps=_kbps(span) if sound and span else 0.0,
        sound_hybrid=span.hybrid if sound and span else 0.0,
        warnings=tuple(warnings),
    )


def _audio_info(path: Path, container: InputContainer, sound: AudioStream, span: SoundSpan) -> MediaInfo:
    warnings: list[str] = []
    duration_s = span.end_s - span.start_s
    warn_of_claim(path, container, duration_s, warnings.append)
    return MediaInfo(
        path,
        "audio",
        short_format(container),
        duration_s=duration_s,
        has_audio=True,
        sample_rate_hz=sound.codec_context.sample_rate,
        channels=sound.codec_context.channels,
        sound_codec=sound.codec_context.codec.canonical_name,
        sound_kbps=_kbps(span),
        sound_hybrid=span.hybrid,
        warnings=tuple(warnings),
    )


def _kbps(span: SoundSpan) -> float:
    seconds = span.end_s - span.start_s
    return span.bytes * 8e-3 / seconds if seconds > 0 else 0.0


def _nothing_usable(path: Path, container: InputContainer) -> UnsupportedMedia | DecodeFailed:
    kinds = sorted({stream.type or "unknown" for stream in container.streams})
    if not kinds:
        return DecodeFailed(
            f"{path} is a {short_format(container)} file without any stream; expected video or sound. "
            "It may be cut off: copy or download it again."
        )
    return UnsupportedMedia(
        f"{path} is a {short_format(container)} file that holds only {', '.join(kinds)} of no usable kind; expected "
        "video or sound that can be decoded. Convert it first: videos to MP4 (H.264, AAC), sound to WAV."
    )
