"""What a file says about itself: EXIF, comments, PNG text, tags of containers and tracks, and the raw XMP packet.

Only entries about software, devices and times are read: never the place, never the owner's name. Nothing here raises
for damaged metadata: what cannot be read is left out, and a note says so. Not looked at: XMP in MP4 and MOV, and
whatever stands behind the pixels of a PNG.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from unmask.core.errors import InputError
from unmask.core.records import Kind
from unmask.media.ffmpeg import opened
from unmask.media.image import DECODER_ERRORS, opened_picture
from unmask.media.limits import DEFAULT_LIMITS, Limits

MOST_TAGS = 200
MOST_LETTERS = 65_536

_EXIF = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x9C9C: "XPComment",
}
_EXIF_MORE = {0x9003: "DateTimeOriginal", 0x9286: "UserComment", 0xA434: "LensModel"}
_EXIF_IFD = 0x8769
_CHARSETS = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16-be", b"JIS\0\0\0\0\0": "iso2022_jp"}
_NO_TEXT = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp", "icc_profile"}


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry.

    Attributes:
        where: Part of the file, for example ``EXIF``.
        name: Name of the entry, at most `MOST_LETTERS`.
        value: Its text, at most `MOST_LETTERS`.
    """

    where: str
    name: str
    value: str


@dataclass(slots=True)
class Tags:
    """Everything that was read.

    Attributes:
        entries: At most `MOST_TAGS`, in file order.
        xmp: The raw packet (XML), empty without one.
        notes: What could not be read, for people.
    """

    entries: list[Tag] = field(default_factory=list)
    xmp: bytes = b""
    notes: list[str] = field(default_factory=list)

    def add(self, where: str, name: str, value: str) -> None:
        """Keep an entry, if it says anything and there is room."""
        text = value.strip(" \t\r\n\0")[:MOST_LETTERS]
        if text and len(self.entries) < MOST_TAGS:
            self.entries.append(Tag(where, name[:MOST_LETTERS], text))


def read_tags(path: Path, kind: Kind, *, limits: Limits = DEFAULT_LIMITS) -> Tags:
    """Read what a file says about itself; nothing is decoded.

    Args:
        path: A file that `unmask.media.probe.probe` let pass.
        kind: What it is.
        limits: Upper bounds.

    Returns:
        The entries; empty with a note where the metadata is damaged.
    """
    tags = Tags()
    try:
        if kind == "image":
            with opened_picture(path, limits) as found:
                _picture(found.image, found.format, tags)
        else:
            _container(path, limits, tags)
    except (InputError, *DECODER_ERRORS):
        tags.notes.append("The file's own description of itself is damaged and was left out.")
    return tags


def _picture(image: Image.Image, name: str, tags: Tags) -> None:
    info: dict[Any, Any] = dict(image.info)
    for key in ("xmp", "XML:com.adobe.xmp"):
        packet = info.get(key, b"")
        tags.xmp = tags.xmp or (packet.encode("utf-8", "replace") if isinstance(packet, str) else bytes(packet))
    if name == "PNG":
        for key, value in info.items():
            if isinstance(value, str) and key not in _NO_TEXT:
                tags.add("PNG text", str(key), value)
    elif comment := info.get("comment"):
        tags.add("comment", "comment", _text(comment))
    # Without this, Pillow would decode a whole PNG to look for EXIF behind its pixels.
    if name != "PNG" or "exif" in info:
        for key, text in _exif(image):
            tags.add("EXIF", key, text)


def _exif(image: Image.Image) -> Iterator[tuple[str, str]]:
    exif = image.getexif()
    for block, names in ((dict(exif), _EXIF), (dict(exif.get_ifd(_EXIF_IFD)), _EXIF_MORE)):
        for number, name in names.items():
            if number in block:
                yield name, _text(block[number], wide=name.startswith("XP"))


def _text(value: object, *, wide: bool = False) -> str:
    if not isinstance(value, bytes):
        return str(value)
    value = value[: 4 * MOST_LETTERS]
    charset = _CHARSETS.get(value[:8])
    if charset is not None:
        return value[8:].decode(charset, "replace")
    return value.decode("utf-16-le" if wide else "utf-8", "replace")


def _container(path: Path, limits: Limits, tags: Tags) -> None:
    with opened(path, limits) as container:
        _mapping("container", container.metadata, tags)
        for stream in container.streams:
            _mapping({"video": "video track", "audio": "sound track"}.get(stream.type, "track"), stream.metadata, tags)


def _mapping(where: str, found: Mapping[str, str], tags: Tags) -> None:
    for key, value in found.items():
        if "location" not in key.lower() and "gps" not in key.lower():
            tags.add(where, key, value)
