"""The pictures on the page: frames with numbered faces, and heat to be laid over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from unmask.core.evidence import ScanReport
from unmask.core.records import Box, Exhibit, U8Array
from unmask.report.gauge import thresholds
from unmask.report.overlay import heat_png, jpeg_uri, mel_png, picture_jpeg, png_uri
from unmask.report.words import NOUNS, clock, percent, person_name

THUMBNAIL_PX = 160
FACE_PX = 96
FACE_MARGIN = 1.4
LEVELS = {"fake": "above the upper threshold", "real": "below the lower threshold", "unknown": "between the thresholds"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture, ready for the page.

    Attributes:
        picture: JPEG as a data URI.
        heat: Transparent PNG as a data URI; None without heat maps.
        boxes: SVG with the numbered boxes.
        alt: What the picture shows.
        moment: Time in the medium; empty for pictures.
        go_s: The same in seconds.
        faces: ``(name, probability, level in words)`` for each box.
        width_px: Width of the picture.
        height_px: Height of the picture.
    """

    picture: str
    heat: str | None
    boxes: Markup
    alt: str
    moment: str
    go_s: float
    faces: tuple[tuple[str, str, str], ...]
    width_px: int
    height_px: int


def figures(report: ScanReport) -> list[Figure]:
    """Prepare every exhibit of a report, in order of time."""
    limits = thresholds(report.evidence, "face")
    timed = report.media.kind != "image"
    ordered = sorted(report.exhibits, key=lambda exhibit: exhibit.time_s)
    return [_figure(exhibit, limits, NOUNS[report.media.kind] if timed else "") for exhibit in ordered]


def thumbnail(report: ScanReport) -> str | None:
    """Encode a small picture of a medium: its first exhibit, or its spectrogram; None if there is neither."""
    if report.exhibits:
        return jpeg_uri(picture_jpeg(report.exhibits[0].pixels_rgb_u8, THUMBNAIL_PX))
    if report.sound is not None and report.sound.mel_db.size:
        return png_uri(mel_png(report.sound.mel_db[:, :: max(1, report.sound.mel_db.shape[1] // THUMBNAIL_PX)]))
    return None


def thumbnails(report: ScanReport) -> dict[int, bytes]:
    """Cut a small picture of each person out of the exhibits, where the face is largest.

    Args:
        report: What was concluded, with its exhibits.

    Returns:
        JPEG of at most `FACE_PX` on a side, by person id; people whom no exhibit shows are left out.
    """
    seen: dict[int, tuple[float, Exhibit, Box]] = {}
    for exhibit in report.exhibits:
        for person, box, _ in exhibit.faces:
            side = max(box[2] - box[0], box[3] - box[1])
            if person not in seen or side > seen[person][0]:
                seen[person] = (side, exhibit, box)
    cuts = {person: _square(exhibit, box) for person, (_, exhibit, box) in sorted(seen.items())}
    return {person: picture_jpeg(cut, FACE_PX) for person, cut in cuts.items() if cut.size}


def _square(exhibit: Exhibit, box: Box) -> U8Array:
    """Cut a square around a face, with some hair and chin, as far as the picture reaches."""
    left, top, right, bottom = box
    half = FACE_MARGIN * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    rows = slice(max(round(y - half), 0), max(round(y + half), 0))
    columns = slice(max(round(x - half), 0), max(round(x + half), 0))
    return exhibit.pixels_rgb_u8[rows, columns]


def level(p_fake: float | None, limits: tuple[float, float] | None) -> str:
    """Name the zone that a probability lies in: fake, real, or unknown."""
    if p_fake is None or limits is None:
        return "unknown"
    return "fake" if p_fake > limits[1] else "real" if p_fake < limits[0] else "unknown"


def _figure(exhibit: Exhibit, limits: tuple[float, float] | None, noun: str) -> Figure:
    height, width = exhibit.pixels_rgb_u8.shape[:2]
    heat = heat_png(exhibit)
    moment = clock(exhibit.time_s) if noun else ""
    faces = tuple(
        (
            person_name(person),
            "not judged" if p_fake is None else percent(p_fake),
            LEVELS[level(p_fake, limits)] if p_fake is not None and limits is not None else "",
        )
        for person, _, p_fake in exhibit.faces
    )
    count = {0: "no face", 1: "one face"}.get(len(faces), f"{len(faces)} faces")
    what = f"Frame of the {noun} at {moment}" if noun else "The picture"
    return Figure(
        picture=jpeg_uri(picture_jpeg(exhibit.pixels_rgb_u8)),
        heat=None if heat is None else png_uri(heat),
        boxes=_boxes(exhibit.faces, (width, height), limits),
        alt=f"{what}, {count} marked.",
        moment=moment,
        go_s=exhibit.time_s,
        faces=faces,
        width_px=width,
        height_px=height,
    )


def _boxes(
    faces: Sequence[tuple[int, Box, float | None]], size_px: tuple[int, int], limits: tuple[float, float] | None
) -> Markup:
    """Draw boxes with numbers; places in per cent so that the numbers keep their size on small screens."""
    box = Markup(
        '<rect class="face-halo" x="{x:.2f}%" y="{y:.2f}%" width="{w:.2f}%" height="{h:.2f}%"/>'
        '<rect class="face-box level-{level}" x="{x:.2f}%" y="{y:.2f}%" width="{w:.2f}%" height="{h:.2f}%"/>'
        '<svg class="face-tag" x="{x:.2f}%" y="{y:.2f}%" width="1" height="1">'
        '<rect x="0" y="{lift}" width="{tag}" height="22"/>'
        '<text x="{middle}" y="{line}" text-anchor="middle">{number}</text></svg>'
    )
    drawn = []
    for person, (left, top, right, bottom), p_fake in faces:
        x0, x1 = (100 * min(max(x / size_px[0], 0.0), 1.0) for x in (left, right))
        y0, y1 = (100 * min(max(y / size_px[1], 0.0), 1.0) for y in (top, bottom))
        number = str(person + 1)
        tag = 14 + 8 * len(number)
        # The number stands on top of its box, where there is room, so that it hides nothing of a small face.
        lift = -22 if y0 > 12.0 else 0
        places = {"x": x0, "y": y0, "w": x1 - x0, "h": y1 - y0}
        drawn.append(
            box.format(
                **places, level=level(p_fake, limits), number=number, tag=tag, middle=tag / 2, lift=lift, line=lift + 16
            )
        )
    return Markup('<svg class="boxes" aria-hidden="true" width="100%" height="100%">{}</svg>').format(
        Markup("").join(drawn)
    )
