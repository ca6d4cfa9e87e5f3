"""Pictures for the page: heat over faces, spectrograms, and their encoding as PNG, JPEG and data URIs.

Heat and sound are scalar fields, so they are written as PNG with a palette: small, and the colour of a value is exact.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from unmask.core.records import Exhibit, F32Array, U8Array

# Black through violet and red to pale yellow, of even steps in lightness, so that it also reads in grey and for the
# colour-blind (after "inferno" and "magma" by N. Smith and S. van der Walt).
HEAT_STOPS = ((0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85), (227, 89, 51), (249, 140, 10),
              (249, 201, 50), (252, 255, 164))  # fmt: skip
SOUND_STOPS = ((0, 0, 4), (28, 16, 68), (79, 18, 123), (129, 37, 129), (181, 54, 122), (229, 80, 100), (251, 135, 97),
               (254, 194, 135), (252, 253, 191))  # fmt: skip
HEAT_SIDE_PX = 512
HEAT_CALM = 0.5
HEAT_ALPHA = 0.75
HEAT_RISE = 1.3
HEAT_FIRST_STOP = 0.3
FEATHER = 0.15
SOUND_COLUMNS = 1200
SOUND_FLOOR_DB = -80.0
JPEG_QUALITY = 85


def ramp(stops: Sequence[tuple[int, int, int]], count: int = 256, start: float = 0.0) -> U8Array:
    """Draw a colour ramp out of stops.

    Args:
        stops: Colours (R, G, B) at even distances.
        count: Number of colours wanted.
        start: Where in the ramp to begin, in [0, 1).

    Returns:
        Shape (count, 3), uint8, RGB.
    """
    places = np.linspace(start, 1.0, count)
    knots = np.linspace(0.0, 1.0, len(stops))
    table = np.asarray(stops, np.float64)
    return np.stack([np.interp(places, knots, table[:, one]) for one in range(3)], axis=1).round().astype(np.uint8)


def heat_palette() -> tuple[U8Array, U8Array]:
    """Give the colours and opacities of heat: nothing up to `HEAT_CALM`, then ever brighter and denser.

    Returns:
        Colours of shape (256, 3), uint8, RGB, and opacities of shape (256,), uint8, for values 0 to 1.
    """
    values = np.linspace(0.0, 1.0, 256)
    rise = np.clip((values - HEAT_CALM) / (1.0 - HEAT_CALM), 0.0, 1.0)
    colours = ramp(HEAT_STOPS, 256, HEAT_FIRST_STOP)[(rise * 255).round().astype(int)]
    return colours, (255 * HEAT_ALPHA * np.minimum(1.0, HEAT_RISE * rise)).round().astype(np.uint8)


def heat_plane(exhibit: Exhibit) -> F32Array:
    """Lay the heat maps of all faces onto one plane the shape of the picture.

    Args:
        exhibit: A frame with maps in [0, 1]; squares may reach past the border.

    Returns:
        Shape (H, W), float32, in [0, 1], its longer side at most `HEAT_SIDE_PX`; where faces overlap the higher
        counts; 0 outside all squares, with a soft edge so that a square does not look like a finding.
    """
    height, width = exhibit.pixels_rgb_u8.shape[:2]
    scale = min(1.0, HEAT_SIDE_PX / max(height, width))
    plane = np.zeros((max(1, round(height * scale)), max(1, round(width * scale))), np.float32)
    for square, heat in exhibit.heatmaps:
        left, top, right, bottom = (round(edge * scale) for edge in square)
        if right <= left or bottom <= top:
            continue
        patch = _stretched(heat, right - left, bottom - top)
        rows = slice(max(top, 0), min(bottom, plane.shape[0]))
        columns = slice(max(left, 0), min(right, plane.shape[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        cut = patch[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        plane[rows, columns] = np.maximum(plane[rows, columns], cut)
    return plane


def _stretched(heat: F32Array, width: int, height: int) -> F32Array:
    """Resize a map and fade the part above `HEAT_CALM` out towards its border."""
    picture = Image.fromarray(np.ascontiguousarray(heat, np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    fade = np.minimum.outer(_edge(height), _edge(width))
    values = np.clip(np.asarray(picture, np.float32), 0.0, 1.0)
    return np.asarray(np.where(values > HEAT_CALM, HEAT_CALM + (values - HEAT_CALM) * fade, values), np.float32)


def _edge(length: int) -> F32Array:
    """Rise from 0 to 1 over the first `FEATHER` of a side and fall over the last."""
    places = (np.arange(length, dtype=np.float32) + 0.5) / length
    return np.clip(np.minimum(places, 1.0 - places) / FEATHER, 0.0, 1.0)


def heat_png(exhibit: Exhibit) -> bytes | None:
    """Encode the heat of a picture as a transparent PNG; None where no face has a map."""
    if not exhibit.heatmaps:
        return None
    colours, opacities = heat_palette()
    return _palette_png(heat_plane(exhibit), colours, opacities)


def heat_legend_uri() -> str:
    """Encode a strip that shows the heat colours from `HEAT_CALM` to 1 over mid-grey."""
    colours, opacities = heat_palette()
    alpha = opacities[128:, None].astype(np.float64) / 255.0
    strip = (colours[128:] * alpha + 150.0 * (1.0 - alpha)).round().astype(np.uint8)
    return png_uri(_png(Image.fromarray(np.ascontiguousarray(strip[None]))))


def mel_png(mel_db: F32Array) -> bytes:
    """Encode a mel spectrogram as a PNG, high bands on top.

    Args:
        mel_db: Shape (bands, T), float32, dB relative to the maximum; everything below `SOUND_FLOOR_DB` is black.

    Returns:
        A file of at most `SOUND_COLUMNS` columns.
    """
    bands, columns = mel_db.shape
    values = np.clip(1.0 - np.asarray(mel_db, np.float32) / SOUND_FLOOR_DB, 0.0, 1.0)
    if columns > SOUND_COLUMNS:
        picture = Image.fromarray(values).resize((SOUND_COLUMNS, bands), Image.Resampling.BOX)
        values = np.asarray(picture, np.float32)
    return _palette_png(values[::-1], ramp(SOUND_STOPS))


def strip_png(values: F32Array) -> bytes:
    """Encode values in [0, 1] along time, shape (T,), as a PNG one pixel high, in the colours of heat."""
    return _palette_png(np.clip(values[None], 0.0, 1.0), ramp(HEAT_STOPS))


def picture_jpeg(pixels_rgb_u8: U8Array, longest_px: int | None = None) -> bytes:
    """Encode a picture as JPEG.

    Args:
        pixels_rgb_u8: Shape (H, W, 3), uint8, RGB.
        longest_px: Scale down until no side is longer; None keeps the size.

    Returns:
        A file; no metadata of the original can be in it.
    """
    picture = Image.fromarray(np.ascontiguousarray(pixels_rgb_u8))
    if longest_px is not None:
        picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return held.getvalue()


def _palette_png(values: F32Array, colours: U8Array, opacities: U8Array | None = None) -> bytes:
    """Encode values in [0, 1] of shape (H, W) as a PNG whose palette is `colours`."""
    picture = Image.fromarray(np.ascontiguousarray((values * 255).round().astype(np.uint8)))
    picture.putpalette(colours.tobytes())
    return _png(picture, None if opacities is None else opacities.tobytes())


def _png(picture: Image.Image, transparency: bytes | None = None) -> bytes:
    held = io.BytesIO()
    extra = {} if transparency is None else {"transparency": transparency}
    picture.save(held, "PNG", optimize=True, **extra)
    return held.getvalue()


def jpeg_uri(content: bytes) -> str:
    """Write a JPEG as a data URI."""
    return data_uri("image/jpeg", content)


def png_uri(content: bytes) -> str:
    """Write a PNG as a data URI."""
    return data_uri("image/png", content)


def data_uri(kind: str, content: bytes) -> str:
    """Write a file of a media type as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
