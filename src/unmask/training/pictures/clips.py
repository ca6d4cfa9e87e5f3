"""Sequences of crops of one clip as training examples, for networks that look at how faces change."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from torch.utils.data import Dataset

from unmask.core.errors import InvalidOption, UnknownOption, nearest
from unmask.core.records import U8Array
from unmask.extraction.crops import CachedCrop
from unmask.training.pictures.disturb import AUGMENT, disturb
from unmask.training.pictures.portraits import read_crop
from unmask.training.recipe import Recipe


class ClipStream(Dataset[tuple[U8Array, np.float32]]):
    """Endless sequences: of each two, the first is genuine and the second is fake; source first, then clip, then place.

    All crops of a sequence are disturbed alike, so that what changes from frame to frame is the clip's own.

    Args:
        crops: The training side.
        recipe: Its augmentation and seed.
        frames: Crops in a sequence.
        size_px: Side of what the network sees.
        margin: The scanner's margin.

    Raises:
        UnknownOption: ``[augment]`` has an unknown key.
        InvalidOption: A label has no clip with that many crops.
    """

    def __init__(
        self, crops: Sequence[CachedCrop], recipe: Recipe, *, frames: int, size_px: int, margin: float
    ) -> None:
        for key in recipe.augment:
            if key not in AUGMENT:
                raise UnknownOption(f"[augment] has no setting {key!r} for clips. {nearest(key, AUGMENT)}")
        self._clips: dict[int, dict[str, list[list[CachedCrop]]]] = {0: {}, 1: {}}
        for clip in _media(crops).values():
            if len(clip) >= frames:
                self._clips[clip[0].label].setdefault(clip[0].source, []).append(clip)
        if not (self._clips[0] and self._clips[1]):
            message = f"{recipe.name}: it takes genuine and forged clips with {frames} faces each; one kind is missing."
            raise InvalidOption(message)
        self._frames, self._size_px, self._margin = frames, size_px, margin
        self._seed, self._often = recipe.schedule.seed, {**AUGMENT, **recipe.augment}

    def __getitem__(self, number: int) -> tuple[U8Array, np.float32]:
        """Make example `number`: shape (frames, size_px, size_px, 3), uint8, and its label."""
        cv2.setNumThreads(1)
        label = number % 2
        rng = np.random.default_rng([self._seed, number])
        sources = self._clips[label]
        clips = sources[sorted(sources)[int(rng.integers(len(sources)))]]
        clip = clips[int(rng.integers(len(clips)))]
        begin = int(rng.integers(len(clip) - self._frames + 1))
        seed = int(rng.integers(2**32))
        return np.stack([self._seen(crop, seed) for crop in clip[begin : begin + self._frames]]), np.float32(label)

    def _seen(self, crop: CachedCrop, seed: int) -> U8Array:
        pixels = read_crop(crop)
        nowhere = np.zeros(pixels.shape[:2], np.uint8)
        alike = np.random.default_rng(seed)
        return disturb(pixels, nowhere, alike, size_px=self._size_px, margin=self._margin, often=self._often)[0]


def whole_sequences(crops: Sequence[CachedCrop], frames: int) -> list[CachedCrop]:
    """Keep the first whole sequence of each clip, in order, so that each `frames` crops in a row are one clip's."""
    return [crop for clip in _media(crops).values() if len(clip) >= frames for crop in clip[:frames]]


def _media(crops: Sequence[CachedCrop]) -> dict[str, list[CachedCrop]]:
    found: dict[str, list[CachedCrop]] = {}
    for crop in crops:
        found.setdefault(crop.medium, []).append(crop)
    return found
