"""Sheets: pictures in rows and columns, each with a caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from unmask.core.records import F32Array, SoundExhibit, U8Array
from unmask.report.curves.canvas import FAKE, INK, TYPE, dress, paper, save
from unmask.report.overlay import heat_palette

_MEL_HZ = (250, 500, 1000, 2000, 4000, 8000)
_TOP_MEL = 2595 * np.log10(1 + 8000 / 700)


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a sheet.

    Attributes:
        pixels_rgb_u8: Shape (h, w, 3), uint8, RGB.
        caption: One or two short lines.
    """

    pixels_rgb_u8: U8Array
    caption: str


def save_sheet(tiles: Sequence[Tile], path: Path, *, title: str, across: int = 4) -> Path:
    """Draw pictures in rows, captions below.

    Args:
        tiles: At least one; of any sizes.
        path: Where to write.
        title: Heading.
        across: Pictures in a row.

    Returns:
        `path`.
    """
    across = min(across, len(tiles))
    down = -(-len(tiles) // across)
    shape = max((tile.pixels_rgb_u8.shape for tile in tiles), key=lambda shape: shape[0] / shape[1])
    cell = 12.0 / max(across, 3)
    words = 0.21 * max(tile.caption.count("\n") + 1 for tile in tiles) + 0.12
    height = down * (cell * min(shape[0] / shape[1], 1.6) + words) + 0.7
    figure = paper(max(cell * across, 6), height, title=title)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    for panel, tile in zip(panels, tiles, strict=False):
        panel.imshow(tile.pixels_rgb_u8, interpolation="nearest")
        below = {"xytext": (0, -5), "textcoords": "offset points", "ha": "center", "va": "top"}
        panel.annotate(tile.caption, (0.5, 0), xycoords="axes fraction", fontsize=TYPE - 1, **below)
    return save(figure, path)


def heated(pixels_rgb_u8: U8Array, heat: F32Array) -> U8Array:
    """Lay a heat map over a picture.

    Args:
        pixels_rgb_u8: Shape (h, w, 3), uint8, RGB.
        heat: Shape (a, b), float32, in [0, 1]; up to 0.5 it leaves the picture as it is.

    Returns:
        Shape (h, w, 3), uint8, RGB.
    """
    height, width = pixels_rgb_u8.shape[:2]
    place = (np.clip(cv2.resize(heat, (width, height)), 0, 1) * 255).astype(np.uint8)
    colours, opacity = heat_palette()
    share = opacity[place][..., None] / 255.0
    return np.asarray(pixels_rgb_u8 * (1 - share) + colours[place] * share, np.uint8)


def save_sounds(sounds: Sequence[tuple[SoundExhibit, str]], path: Path, *, title: str) -> Path:
    """Draw mel spectrograms with what the detector answered along time.

    Args:
        sounds: Drawings of recordings with captions; at least one.
        path: Where to write.
        title: Heading.

    Returns:
        `path`.
    """
    across = min(2, len(sounds))
    down = -(-len(sounds) // across)
    figure = paper(7.2 * across, 2.9 * down + 0.9, title=title)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(sounds) :]:
        panel.set_visible(False)
    for panel, (sound, caption) in zip(panels, sounds, strict=False):
        extent = (0, sound.duration_s, 0, sound.mel_db.shape[0])
        panel.imshow(sound.mel_db, origin="lower", aspect="auto", cmap="magma", vmin=-80, vmax=0, extent=extent)
        dress(panel, caption, "time (s)", "Hz")
        panel.grid(visible=False)
        heights = [2595 * np.log10(1 + hertz / 700) / _TOP_MEL * sound.mel_db.shape[0] for hertz in _MEL_HZ]
        panel.set_yticks(heights, [f"{hertz:g}" for hertz in _MEL_HZ])
        if sound.activity.size:
            _activity(panel, sound)
    return save(figure, path)


def _activity(panel, sound: SoundExhibit) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Draw p_fake of the windows over the spectrogram, with an axis of its own."""
    middles = (np.arange(sound.activity.size) + 0.5) / sound.activity.size * sound.duration_s
    right = panel.twinx()
    right.plot(middles, sound.activity, "o-", color="white", linewidth=3.4, markersize=7)
    right.plot(middles, sound.activity, "o-", color=FAKE, linewidth=1.8, markersize=5)
    right.set_ylim(0, 1)
    right.set_ylabel("p_fake", fontsize=TYPE, color=INK)
    right.tick_params(labelsize=TYPE - 2)
