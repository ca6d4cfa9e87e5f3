"""Read one picture: its header without decoding, or its pixels.

Only the format that the first bytes announce is ever tried, so a crafted file cannot reach the rarely used decoders.
A picture that cannot be decoded to its last line is refused as a whole (`DecodeFailed`): decoders fill what is missing
with grey or repeated lines, and a detector would judge pixels that nobody made.
"""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pillow_heif
from PIL import Image, UnidentifiedImageError

from unmask.core.errors import DecodeFailed, MediaTooLarge, UnsupportedMedia
from unmask.core.records import U8Array
from unmask.media.file import foreign_kind, image_format, read_head, require_file
from unmask.media.limits import DEFAULT_LIMITS, Limits
from unmask.media.pixels import to_rgb, turns_sides, upright

_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "GIF")
_EXIF_ORIENTATION = 0x0112

DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)
"""What Pillow's plugins let escape on damaged files, beyond the OSError they promise."""

_header_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a picture's header says.

    Attributes:
        format: For example ``JPEG``.
        width_px: As displayed, after rotation.
        height_px: As displayed, after rotation.
        warnings: What is odd about the file.
    """

    format: str
    width_px: int
    height_px: int
    warnings: tuple[str, ...] = ()


def read_image_header(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> ImageHeader:
    """Read format and size of a picture without decoding it.

    Args:
        path: The file; its suffix does not matter.
        limits: Upper bounds.

    Returns:
        The header.

    Raises:
        InputError: The file is missing, empty or unreadable.
        UnsupportedMedia: It is no picture of a known format.
        DecodeFailed: Its header is damaged.
        MediaTooLarge: It has more pixels than `limits` allows.
    """
    with opened_picture(path, limits) as opened:
        width_px, height_px = opened.image.size[:: -1 if turns_sides(opened.orientation) else 1]
        return ImageHeader(opened.format, width_px, height_px, opened.warnings)


def read_image(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> tuple[U8Array, tuple[str, ...]]:
    """Decode a picture to upright RGB; of an animation or a multi-page file its first frame.

    Args:
        path: The file; its suffix does not matter.
        limits: Upper bounds.

    Returns:
        Shape (H, W, 3), uint8, RGB in [0, 255], upright by its EXIF orientation; and warnings for people. See
        `unmask.media.pixels` for transparency and for more than 8 bits.

    Raises:
        InputError: The file is missing, empty or unreadable.
        UnsupportedMedia: It is no picture of a known format.
        DecodeFailed: It is damaged, even if only its end is missing.
        MediaTooLarge: It has more pixels than `limits` allows.
    """
    with opened_picture(path, limits) as opened:
        try:
            opened.image.load()
            pixels, odd = to_rgb(opened.image)
        except DECODER_ERRORS as error:
            raise _damaged(path, opened.format, error) from error
        return upright(pixels, opened.orientation), opened.warnings + odd


@dataclass(frozen=True, slots=True)
class OpenedPicture:
    """A picture whose header was read.

    Attributes:
        image: Open, but not decoded.
        format: For example ``JPEG``.
        orientation: By EXIF, still to be undone.
        warnings: What is odd about the file.
    """

    image: Image.Image
    format: str
    orientation: int
    warnings: tuple[str, ...]


@contextmanager
def opened_picture(path: Path, limits: Limits) -> Iterator[OpenedPicture]:
    """Open a picture lazily and check its size.

    Args:
        path: The file; its suffix does not matter.
        limits: Upper bounds.

    Yields:
        The open picture, not decoded.

    Raises:
        InputError: As `read_image_header`, and so for all its kinds.
    """
    require_file(path)
    head = read_head(path)
    name = image_format(head)
    if name is None:
        what = foreign_kind(head) or "no picture of a known kind"
        known = ", ".join(_FORMATS)
        raise UnsupportedMedia(f"{path} is {what}; expected a picture ({known}). Convert it to PNG or JPEG first.")
    with path.open("rb") as stream:
        try:
            opened = _read_header(stream, name)
        except DECODER_ERRORS as error:
            raise _damaged(path, name, error) from error
        with opened.image:
            _check_size(path, opened.image.size, limits)
            yield opened


def _read_header(stream: BinaryIO, name: str) -> OpenedPicture:
    # Pillow warns above one size and refuses above another; `Limits` is the one bound here, so Pillow's own is lifted
    # while it reads the header, and put back for whoever else uses Pillow in this process. What Pillow has to say
    # about damaged metadata is collected instead of printed. Both belong to the whole process, hence the lock.
    with _header_lock, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        theirs = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            image = _open_heif(stream) if name == "HEIF" else Image.open(stream, formats=(name,))
            orientation, odd = _orientation(image, name)
            odd = _frame_warnings(image) + odd
        finally:
            Image.MAX_IMAGE_PIXELS = theirs
    if said and not odd:
        odd = ("The picture's metadata is damaged.",)
    return OpenedPicture(image, name, orientation, odd)


def _open_heif(stream: BinaryIO) -> Image.Image:
    # Not through `register_heif_opener`, which would change Pillow for the whole process.
    image: Image.Image = pillow_heif.HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return image


def _check_size(path: Path, size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise DecodeFailed(f"{path} claims to be {width}x{height} px; expected at least 1x1. Save it again.")
    if width * height > limits.max_image_pixels:
        raise MediaTooLarge(
            f"{path} is a picture of {width}x{height} px; expected at most {limits.max_image_pixels:,} pixels. "
            "Scale it down or crop it to the face."
        )


def _orientation(image: Image.Image, name: str) -> tuple[int, tuple[str, ...]]:
    """Return the EXIF orientation that is still to be undone, and warnings.

    libheif and Pillow's TIFF reader turn pictures by themselves.
    """
    if name in ("HEIF", "TIFF"):
        return 1, ()
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
        return (int(value) if value in range(1, 9) else 1), ()
    except DECODER_ERRORS:
        return 1, ("The EXIF block is damaged; the picture is taken as upright.",)


def _frame_warnings(image: Image.Image) -> tuple[str, ...]:
    """Say that there is more than the first frame; MPO is left out, its further pictures are previews."""
    if image.format == "MPO":
        return ()
    try:
        several = bool(getattr(image, "is_animated", False))
    except DECODER_ERRORS:
        return ("Further frames are damaged; only the first one is examined.",)
    if not several:
        return ()
    if image.format in ("TIFF", "HEIF"):
        return ("The file holds several pictures; only the main one is examined.",)
    return ("The picture is animated; only its first frame is examined.",)


def _damaged(path: Path, name: str, error: BaseException) -> DecodeFailed:
    if isinstance(error, UnidentifiedImageError):  # Its words name a Python object.
        reason = f"it is damaged, or of a kind of {name} that is not supported"
    else:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return DecodeFailed(
        f"{path} starts like {_article(name)} {name} picture but cannot be decoded ({reason}); expected a complete "
        "file. Copy or download it again, or open it and save it as PNG or JPEG."
    )


def _article(name: str) -> str:
    return "an" if name[:1] in "AEIO" else "a"
