"""Records of what was seen and heard: frames, faces, crops, sound.

All records are frozen; arrays are checked at birth and made read-only, so a stage cannot change what another holds.
Units live in the names: ``_px``, ``_s``, ``_hz``; boxes are ``(left, top, right, bottom)`` in pixels of their frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

U8Array = NDArray[np.uint8]
F32Array = NDArray[np.float32]
Kind = Literal["image", "video", "audio"]
Box = tuple[float, float, float, float]


def _frozen(array: NDArray[Any], dtype: type[np.generic], shape: tuple[int | None, ...], what: str) -> NDArray[Any]:
    """Return a read-only view after checking dtype and shape (``None`` in `shape` fits any length)."""
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if array.dtype != dtype or not fits:
        message = f"{what}: expected {np.dtype(dtype).name} of shape {shape}, got {array.dtype} of shape {array.shape}"
        raise ValueError(message)
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a medium is, as found in its bytes (never by its suffix).

    Attributes:
        path: Where it lies.
        kind: image, video or audio.
        format: Short name of the container or codec family, for example ``JPEG``, ``mov,mp4``, ``flac``.
        width_px: Width as displayed (after rotation), 0 for sound.
        height_px: Height as displayed, 0 for sound.
        duration_s: Length by the stamps of its packets; 0 for images.
        frame_rate: Average rate as an exact fraction; None for images and sound.
        frame_count: Number of video frames; 1 for images, 0 for sound.
        has_audio: Whether a decodable sound track exists.
        sample_rate_hz: Of the sound track, 0 without one.
        channels: Of the sound track, 0 without one.
        sound_codec: FFmpeg's name of what the sound track was stored with, for example ``opus``; empty without one.
        sound_kbps: Mean rate of the sound track in kbit/s; 0 without one.
        sound_hybrid: Share of its packets that are Opus in hybrid mode, speech and music coded together; 0 for others.
        sha256: Digest of the bytes, lower-case hexadecimal.
        bytes: Size of the file.
        warnings: What is odd about the file but did not stop it from being read.
    """

    path: Path
    kind: Kind
    format: str
    width_px: int = 0
    height_px: int = 0
    duration_s: float = 0.0
    frame_rate: Fraction | None = None
    frame_count: int = 0
    has_audio: bool = False
    sample_rate_hz: int = 0
    channels: int = 0
    sound_codec: str = ""
    sound_kbps: float = 0.0
    sound_hybrid: float = 0.0
    sha256: str = ""
    bytes: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture.

    Attributes:
        index: Position in presentation order, from 0.
        time_s: Presentation time from the stream's stamps, relative to the first frame.
        pixels_rgb_u8: Shape (H, W, 3), uint8, RGB, upright.
    """

    index: int
    time_s: float
    pixels_rgb_u8: U8Array

    def __post_init__(self) -> None:
        pixels = _frozen(self.pixels_rgb_u8, np.uint8, (None, None, 3), "Frame.pixels_rgb_u8")
        object.__setattr__(self, "pixels_rgb_u8", pixels)


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face.

    Attributes:
        box_xyxy_px: Left, top, right, bottom in the frame's pixels; may reach past the border.
        landmarks_px: Shape (5, 2), float32: right eye, left eye, nose tip, right and left mouth corner (x, y),
            right and left as the person sees them.
        confidence: The face detector's score in [0, 1].
        frame_index: The frame it was found in.
        time_s: That frame's presentation time.
    """

    box_xyxy_px: Box
    landmarks_px: F32Array
    confidence: float
    frame_index: int = 0
    time_s: float = 0.0

    def __post_init__(self) -> None:
        landmarks = _frozen(self.landmarks_px, np.float32, (5, 2), "Face.landmarks_px")
        object.__setattr__(self, "landmarks_px", landmarks)

    @property
    def size_px(self) -> float:
        """Longer side of the box."""
        left, top, right, bottom = self.box_xyxy_px
        return max(right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """A square cut-out around a face, ready for a detector.

    Attributes:
        face: The face it was cut around.
        pixels_rgb_u8: Shape (S, S, 3), uint8, RGB.
        square_xyxy_px: The square in the frame's pixels that the crop shows.
    """

    face: Face
    pixels_rgb_u8: U8Array
    square_xyxy_px: Box

    def __post_init__(self) -> None:
        pixels = _frozen(self.pixels_rgb_u8, np.uint8, (None, None, 3), "FaceCrop.pixels_rgb_u8")
        object.__setattr__(self, "pixels_rgb_u8", pixels)


@dataclass(frozen=True, slots=True)
class PictureView:
    """A square cut-out of a picture as a whole: all of it made smaller, or a piece at its own size.

    Attributes:
        pixels_rgb_u8: Shape (S, S, 3), uint8, RGB.
        square_xyxy_px: The square in the picture's pixels that the view shows.
    """

    pixels_rgb_u8: U8Array
    square_xyxy_px: Box

    def __post_init__(self) -> None:
        pixels = _frozen(self.pixels_rgb_u8, np.uint8, (None, None, 3), "PictureView.pixels_rgb_u8")
        object.__setattr__(self, "pixels_rgb_u8", pixels)


@dataclass(frozen=True, slots=True)
class Track:
    """One person through time: indices into the list of faces that was linked.

    Attributes:
        id: 0 for the most visible person (seen longest, then largest).
        members: Positions in the linked list, in order of time.
    """

    id: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of decoded sound.

    Attributes:
        samples_f32: Shape (N,), float32, mono, finite, nominally in [-1, 1].
        rate_hz: Sample rate.
        start_s: Time of the first sample in the medium.
    """

    samples_f32: F32Array
    rate_hz: int
    start_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples_f32", _frozen(self.samples_f32, np.float32, (None,), "Sound.samples_f32"))

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples_f32.size / self.rate_hz

    @property
    def end_s(self) -> float:
        """Time just after the last sample."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class SpeechWindow:
    """A window of sound with its share of speech.

    Attributes:
        sound: The samples.
        speech: Share of the window that is speech, in [0, 1].
    """

    sound: Sound
    speech: float


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture kept for the report: a frame with what was found in it.

    Attributes:
        time_s: Presentation time.
        pixels_rgb_u8: Shape (H, W, 3), the frame, scaled down so that its longer side is at most 1280 px.
        faces: ``(person id, box in the pixels of this picture, p_fake or None)`` for each face.
        heatmaps: ``(square in the pixels of this picture, map)`` for each scored face; maps of shape (h, w), float32,
            in [0, 1], higher means more evidence for a forgery.
    """

    time_s: float
    pixels_rgb_u8: U8Array
    faces: tuple[tuple[int, Box, float | None], ...] = ()
    heatmaps: tuple[tuple[Box, F32Array], ...] = ()


@dataclass(frozen=True, slots=True)
class SoundExhibit:
    """The sound kept for the report.

    Attributes:
        envelope: Shape (M, 2), float32: minimum and maximum of the samples in each of M equal stretches.
        mel_db: Shape (bands, T), float32, decibels relative to the maximum; low bands first.
        duration_s: Length of the sound that both show, from 0.
        activity: Shape (T2,), float32, what the detector's last feature map answered along time, in [0, 1]; empty
            when no window was scored.
    """

    envelope: F32Array
    mel_db: F32Array
    duration_s: float
    activity: F32Array = field(default_factory=lambda: np.zeros(0, np.float32))
