"""How much a medium may ask for before it is refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds that are checked from headers, before anything is decoded.

    A few hundred bytes can claim to be a picture of many gigabytes; the bounds keep one file from taking the machine.

    Attributes:
        max_image_pixels: Width times height of a picture.
        max_frame_pixels: Width times height of a video frame.
        max_video_frames: Frames of a video (its index takes 9 bytes each).
        max_duration_s: Length of a video or recording.
    """

    max_image_pixels: int = 100_000_000
    max_frame_pixels: int = 8192 * 8192
    max_video_frames: int = 20_000_000
    max_duration_s: float = float("inf")


DEFAULT_LIMITS = Limits()
"""The bounds that apply where a caller names none."""
