"""The file before it is decoded: is it there, what do its first bytes say, what is its digest.

Kinds are told by content, never by suffix: a PNG called ``.mp4`` is a PNG.
"""

from __future__ import annotations

import hashlib
import stat
import struct
from pathlib import Path
from typing import BinaryIO

from unmask.core.errors import InputError

HEAD_BYTES = 512
"""How much of a file `read_head` looks at: enough for every signature below."""

_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

_MOST_BOXES = 10_000
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_STREAMS: tuple[tuple[bytes, str], ...] = (
    (b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a FLAC file"),
    (b"ID3", "an MP3 file"),
    (b"FLV\x01", "an FLV file"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
    (b"RF64", "a WAV file"),
    (b"FORM", "an AIFF file"),
    (b"caff", "a CAF file"),
    (b"#!AMR", "an AMR file"),
)

# (signature, where it starts, what it is); only kinds that people hand in by mistake.
_FOREIGN: tuple[tuple[bytes, int, str], ...] = (
    (b"%PDF-", 0, "a PDF document"),
    (b"PK\x03\x04", 0, "a ZIP archive or an Office document"),
    (b"PK\x05\x06", 0, "an empty ZIP archive"),
    (b"Rar!\x1a\x07", 0, "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", 0, "a 7-Zip archive"),
    (b"\x1f\x8b", 0, "a gzip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "an old Office document"),
    (b"8BPS", 0, "a Photoshop document"),
    (b"\xff\x0a", 0, "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", 0, "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", 0, "a JPEG 2000 picture"),
    (b"\x76\x2f\x31\x01", 0, "an OpenEXR picture"),
    (b"qoif", 0, "a QOI picture"),
    (b"\x00\x00\x01\x00", 0, "a Windows icon"),
    (b"%!PS", 0, "a PostScript document"),
    (b"{\\rtf", 0, "an RTF document"),
    (b"\x7fELF", 0, "a program"),
    (b"MZ", 0, "a Windows program"),
    (b"SQLite format 3\x00", 0, "a database"),
    (b"#EXTM3U", 0, "a playlist"),
    (b"ustar", 257, "a tar archive"),
)


def require_file(path: Path) -> int:
    """Check that `path` is a readable, regular, non-empty file.

    Args:
        path: What to look at.

    Returns:
        Its size in bytes.

    Raises:
        InputError: It is missing, a directory, a device or pipe, empty, or may not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a directory; expected a file. Name the files in it, or scan the folder.")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is a device, socket or pipe; expected a regular file. Save it to a file first.")
        with path.open("rb") as stream:
            stream.read(1)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; expected a file. Check the spelling and the folder.") from error
    except PermissionError as error:
        raise InputError(f"{path} may not be read by this user; expected a readable file. Change its mode.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be opened ({error}); expected a readable file. Check its path.") from error
    if status.st_size == 0:
        raise InputError(
            f"{path} is empty (0 bytes); expected an image, a video or a sound. Copy or download it again."
        )
    return status.st_size


def read_head(path: Path) -> bytes:
    """Return the first `HEAD_BYTES` bytes of a file that `require_file` let pass.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}); expected a readable file. Check the disk.") from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hexadecimal, reading it in blocks.

    Raises:
        InputError: It cannot be read to its end.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read to its end ({error}); check the disk or copy it again.") from error


def image_format(head: bytes) -> str | None:
    """Name the picture format that the first bytes of a file announce.

    Args:
        head: The first `HEAD_BYTES` bytes.

    Returns:
        ``JPEG``, ``PNG``, ``GIF``, ``WEBP``, ``TIFF``, ``BMP``, ``AVIF`` or ``HEIF``; None if none of these.
    """
    for signature, name in _PICTURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return _isobmff_image(head)


def stream_format(head: bytes) -> str | None:
    """Name the video or sound container that the first bytes of a file announce.

    Only containers with a clear signature are known here; FFmpeg finds the others by their content.

    Args:
        head: The first `HEAD_BYTES` bytes.

    Returns:
        A phrase with its article, for example ``an MP4 or MOV file``; None if none of these.
    """
    if head[:4] == b"RIFF":
        return {b"AVI ": "an AVI file", b"WAVE": "a WAV file"}.get(head[8:12])
    if head[4:8] in _MP4_BOXES and image_format(head) is None:
        return "an MP4 or MOV file"
    return next((what for signature, what in _STREAMS if head.startswith(signature)), None)


def mp4_claim_s(path: Path) -> float | None:
    """Read the length that an MP4 or MOV claims in its movie header (ISO/IEC 14496-12, box ``mvhd``).

    FFmpeg measures instead of asking the header, so a false claim would go unnoticed.

    Args:
        path: Any file.

    Returns:
        Seconds; None if the file is no MP4, has no such box, or leaves the length open.
    """
    try:
        with path.open("rb") as stream:
            end = _find_box(stream, b"moov", path.stat().st_size)
            if end is None or _find_box(stream, b"mvhd", end) is None:
                return None
            body = stream.read(32)
    except OSError:
        return None
    if len(body) < 32:
        return None
    scale, length = struct.unpack_from(">IQ", body, 20) if body[0] == 1 else struct.unpack_from(">II", body, 12)
    is_open = length in (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
    return None if is_open or scale == 0 else float(length / scale)


def _find_box(stream: BinaryIO, wanted: bytes, end: int) -> int | None:
    """Walk over boxes from here to `end`; stop inside the wanted one and return where it ends."""
    for _ in range(_MOST_BOXES):
        start = stream.tell()
        head = stream.read(8)
        if len(head) < 8 or start >= end:
            return None
        size, name = struct.unpack(">I4s", head)
        if size == 1:
            size = int.from_bytes(stream.read(8), "big")
        if name == wanted:
            return start + size if size else end
        if size < 8:
            return None
        stream.seek(start + size)
    return None


def foreign_kind(head: bytes) -> str | None:
    """Name a well-known kind of file that is neither image, video nor sound for unmask.

    Args:
        head: The first `HEAD_BYTES` bytes.

    Returns:
        A phrase with its article, for example ``a PDF document``; None if nothing is recognised.
    """
    for signature, start, what in _FOREIGN:
        if head.startswith(signature, start):
            return what
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "an SVG drawing"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return "a text file" if _looks_like_text(head) else None


def _isobmff_image(head: bytes) -> str | None:
    """Tell AVIF and HEIF pictures from MP4 by the brands in their first box (ISO/IEC 23008-12)."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {head[at : at + 4] for at in range(16, end - 3, 4)} | {major}
    if major in _AVIF_BRANDS or (major in _HEIF_BRANDS and brands & _AVIF_BRANDS):
        return "AVIF"
    return "HEIF" if major in _HEIF_BRANDS else None


def _looks_like_text(head: bytes) -> bool:
    if any(byte < 9 or 13 < byte < 27 or byte == 127 for byte in head):
        return False
    try:
        head[: HEAD_BYTES - 4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
