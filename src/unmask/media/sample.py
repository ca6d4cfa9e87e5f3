"""Which frames, which places of a picture, which stretches of sound to look at. Pure functions; nothing is opened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import InvalidOption
from unmask.core.records import Box, U8Array

VIEW_RULE = "whole-and-pieces-1"
"""Version of `choose_squares`; a graph that was trained on another rule refuses to load."""

LARGEST_SHORT_SIDE_PX = 640
"""Pieces of larger pictures are cut as if their shorter side had been brought down to this first."""

LARGE_SPACING_S = 2.0
"""From this distance between chosen frames on, key frames are preferred: what lies between need not be decoded."""


def choose_frames(times_s: NDArray[np.float64], keyframes: NDArray[np.bool_], *, count: int = 32) -> NDArray[np.int64]:
    """Choose frames evenly over time: the ones nearest to the centres of `count` equal slices.

    When the slices are at least `LARGE_SPACING_S` long, the nearest key frame is taken instead where one lies within a
    quarter of a slice, so that decoding a long video stays cheap.

    Args:
        times_s: Shape (N,), float64, presentation times, ascending.
        keyframes: Shape (N,), bool.
        count: How many frames, at least 1.

    Returns:
        Shape (min(N, count),), int64, strictly ascending positions in `times_s`.

    Raises:
        InvalidOption: `count` is below 1, or the arrays differ in length.
    """
    if count < 1:
        raise InvalidOption(f"choose_frames: count must be at least 1, got {count}.")
    if times_s.shape != keyframes.shape:
        raise InvalidOption(f"choose_frames: {times_s.size} times but {keyframes.size} key-frame flags.")
    total = times_s.size
    if total <= count:
        return np.arange(total, dtype=np.int64)
    span_s = float(times_s[-1] - times_s[0])
    slice_s = (span_s + span_s / (total - 1)) / count
    centres_s = times_s[0] + (np.arange(count) + 0.5) * slice_s - 0.5 * span_s / (total - 1)
    chosen = _nearest(times_s, centres_s)
    keys = np.flatnonzero(keyframes)
    if slice_s >= LARGE_SPACING_S and keys.size:
        nearest_keys = keys[_nearest(times_s[keys], centres_s)]
        close = np.abs(times_s[nearest_keys] - centres_s) <= slice_s / 4
        chosen = np.where(close, nearest_keys, chosen)
    return _distinct(chosen, total)


def choose_between(times_s: NDArray[np.float64], start_s: float, end_s: float, *, count: int) -> NDArray[np.int64]:
    """Choose frames evenly between two moments.

    Args:
        times_s: Shape (N,), float64, presentation times, ascending.
        start_s: First moment.
        end_s: Last moment.
        count: How many at most.

    Returns:
        Positions in `times_s`, int64, strictly ascending; empty where no frame lies between.
    """
    inside = np.flatnonzero((times_s >= start_s) & (times_s <= end_s))
    places = np.unique(np.linspace(0, inside.size - 1, min(count, inside.size)).round().astype(np.int64))
    return inside[places].astype(np.int64)


def every_nth(frame_count: int, step: int) -> NDArray[np.int64]:
    """Choose every `step`-th frame, from the first.

    Args:
        frame_count: Number of frames, at least 0.
        step: Distance, at least 1.

    Returns:
        Shape (ceil(frame_count / step),), int64, strictly ascending.

    Raises:
        InvalidOption: An argument is outside its range.
    """
    if frame_count < 0 or step < 1:
        raise InvalidOption(
            f"every_nth: frame_count must be at least 0 and step at least 1, got {frame_count}, {step}."
        )
    return np.arange(0, frame_count, step, dtype=np.int64)


def choose_windows(
    duration_s: float, *, length_s: float = 4.0, hop_s: float = 2.0, most: int = 600
) -> NDArray[np.float64]:
    """Choose windows of sound.

    Windows follow each other by `hop_s`, and one more ends exactly with the recording if a rest would stay unheard.
    A recording that would need more than `most` windows gets `most`, evenly spread. One that is not longer than a
    window gets a single window, which then reaches past its end.

    Args:
        duration_s: Length of the recording; 0 or less gives no window.
        length_s: Length of a window.
        hop_s: Distance between starts.
        most: Upper bound on windows, at least 1.

    Returns:
        Shape (W,), float64, start times in seconds, strictly ascending.

    Raises:
        InvalidOption: An argument is outside its range.
    """
    if length_s <= 0.0 or hop_s <= 0.0 or most < 1 or not np.isfinite(duration_s):
        raise InvalidOption(
            f"choose_windows: length_s and hop_s must be above 0, most at least 1 and duration_s finite; "
            f"got {length_s}, {hop_s}, {most}, {duration_s}."
        )
    if duration_s <= 0.0:
        return np.empty(0, np.float64)
    last_s = duration_s - length_s
    if last_s <= 0.0:
        return np.zeros(1, np.float64)
    regular = int(last_s / hop_s) + 1
    rest_s = last_s - (regular - 1) * hop_s
    needed = regular + (rest_s > 1e-6)
    if needed > most:
        return np.linspace(0.0, last_s, most) if most > 1 else np.array([last_s / 2])
    starts_s = np.arange(regular) * hop_s
    return np.append(starts_s, last_s) if needed > regular else starts_s.astype(np.float64)


def choose_squares(pixels_rgb_u8: U8Array, *, side_px: int, pieces: int) -> list[Box]:
    """Choose where to look at a picture: the largest centred square, then the pieces with the most texture.

    Pieces lie side by side on an even grid, at the picture's own size; a picture smaller than one has none. Those of
    very large pictures are larger, because detectors learn from pictures of at most `LARGEST_SHORT_SIDE_PX`.

    Args:
        pixels_rgb_u8: Shape (H, W, 3), uint8.
        side_px: Side of a piece of a picture that is not very large.
        pieces: At most so many.

    Returns:
        Left, top, right, bottom in pixels; the whole first, then pieces, the most textured first.
    """
    height, width = pixels_rgb_u8.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    side_px = round(side_px * max(side / LARGEST_SHORT_SIDE_PX, 1.0))
    corners = [(x, y) for y in _grid(height, side_px) for x in _grid(width, side_px)]
    green = pixels_rgb_u8[:, :, 1].astype(np.int16)
    texture = [_texture(green[y : y + side_px, x : x + side_px]) for x, y in corners]
    best = sorted(range(len(corners)), key=lambda place: -texture[place])[:pieces]
    found = [(left, top, left + side, top + side)]
    found += [(x, y, x + side_px, y + side_px) for x, y in (corners[place] for place in best)]
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in found]


def _grid(length: int, side: int) -> list[int]:
    """Starts of as many stretches as fit, evenly spread."""
    count = length // side
    if count < 2:
        return [(length - side) // 2] * count
    return [int(start) for start in np.linspace(0, length - side, count).round()]


def _texture(green: NDArray[np.int16]) -> float:
    """Mean step between neighbours; every fourth row is enough."""
    return float(np.abs(np.diff(green[::4], axis=1)).mean())


def _nearest(times_s: NDArray[np.float64], wanted_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each wanted time, the position of the nearest of the ascending times (the earlier one of two)."""
    after = np.clip(np.searchsorted(times_s, wanted_s), 0, times_s.size - 1)
    before = np.maximum(after - 1, 0)
    earlier = wanted_s - times_s[before] <= times_s[after] - wanted_s
    return np.where(earlier, before, after).astype(np.int64)


def _distinct(chosen: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Move chosen positions as little as needed to make them strictly ascending within ``range(total)``."""
    steps = np.arange(chosen.size)
    # Strictly ascending is the same as (position - rank) never falling.
    slack = np.maximum.accumulate(chosen - steps)
    return (np.minimum(slack, total - chosen.size) + steps).astype(np.int64)
