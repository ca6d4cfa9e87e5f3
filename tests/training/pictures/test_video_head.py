from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from unmask.core.errors import InvalidOption
from unmask.core.events import ignore
from unmask.core.records import F32Array, U8Array
from unmask.datasets.split import SplitRule
from unmask.extraction.crops import CachedCrop
from unmask.training.architectures.clip_layers import LAYERS, WIDTH, Head
from unmask.training.pictures.video_head import ClipFaces, fit_video_head, weigh_layers
from unmask.training.recipe import Recipe, Schedule

PARTS = len(LAYERS) * 3
WIDE = PARTS * WIDTH


def spread(part: int, value: float) -> F32Array:
    """Features that say `value` in one part and nothing elsewhere."""
    found = np.zeros((PARTS, WIDTH), np.float32)
    found[part] = value / WIDTH
    return found.ravel()


def clips(rng: np.random.Generator, count: int = 20) -> list[ClipFaces]:
    """The first part misleads in clips, the second tells them apart."""
    found = []
    for number in range(count):
        label = number % 2
        faces = [
            spread(0, rng.normal(1 - 2 * label, 0.5)) + spread(1, rng.normal(2 * label - 1, 0.5)) for _ in range(3)
        ]
        found.append(ClipFaces(np.stack(faces), label, "a" if number < count // 2 else "b"))
    return found


def ones() -> Head:
    return np.ones(WIDE), 0.5


def test_parts_that_hold_in_clips_count_more_and_parts_that_mislead_less() -> None:
    weights, offset = weigh_layers((np.zeros(WIDE), 0.0), ones(), clips(np.random.default_rng(0)))
    by_part = weights.reshape(PARTS, WIDTH)
    assert by_part[1].min() > 0 > by_part[0].max()
    assert by_part[2] == pytest.approx(0)
    judged = clips(np.random.default_rng(1))
    right = [(float(clip.features.mean(axis=0) @ weights + offset) > 0) == bool(clip.label) for clip in judged]
    assert np.mean(right) > 0.9


def test_a_heavy_penalty_leaves_the_head_for_pictures_but_for_its_scale() -> None:
    head = np.random.default_rng(2).normal(0, 1, WIDE)
    weights, _ = weigh_layers((head, 0.0), ones(), clips(np.random.default_rng(0)), penalty=1e4)
    assert abs(np.corrcoef(weights, head)[0, 1]) > 0.999


def test_a_label_of_many_clips_does_not_outvote_the_other() -> None:
    rng = np.random.default_rng(3)
    few = [ClipFaces(spread(1, value)[None], label, "a") for value, label in ((-1.0, 0), (1.0, 1))]
    many = few + [ClipFaces(spread(1, rng.normal(1, 0.1))[None], 1, "a") for _ in range(30)]
    weights, offset = weigh_layers((np.zeros(WIDE), 0.0), ones(), many)
    assert float(spread(1, -1.0) @ weights + offset) < 0 < float(spread(1, 1.0) @ weights + offset)


def encode(pixels: U8Array) -> F32Array:
    """Redness in the first part, blueness in the second."""
    level = pixels.mean(axis=(1, 2)) / 255
    return np.stack([spread(0, float(row[0])) + spread(1, float(row[2])) for row in level])


def crop(folder: Path, source: str, label: int, number: int) -> CachedCrop:
    path = folder / f"{source}-{label}-{number}.jpg"
    colour = (200, 90, 90) if label else (90, 90, 200)  # OpenCV's order: fakes are blue.
    cv2.imwrite(str(path), np.full((64, 64, 3), colour, np.uint8))
    medium = f"{source}-{label}" if source == "moving" else path.name
    return CachedCrop(path, label, source, "", f"{number}", medium, np.zeros((5, 2), np.float32))


def recipe(**network: object) -> Recipe:
    return Recipe("tiny", "face", "clip_layers", "", Schedule(1, 2, 1.0, seed=4), SplitRule(), network=network)


def test_it_is_fitted_to_faces_and_clips_of_the_named_sources(tmp_path: Path) -> None:
    crops = [crop(tmp_path, source, label, n) for source in ("swaps", "moving") for label in (0, 1) for n in range(9)]
    heard: list[int] = []
    found = fit_video_head(
        recipe(clip_swaps="swaps", clip_sources=["moving"]),
        crops,
        (np.zeros(WIDE), 0.0),
        encode=encode,
        margin=1.3,
        listener=lambda event: heard.append(event.done),
    )
    assert found is not None
    assert heard == [*range(1, 19), 1, 2]
    judged = encode(np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in ((90, 90, 200), (200, 90, 90))]))
    fake, real = judged @ found[0] + found[1]
    assert fake > 0 > real


def test_a_recipe_that_asks_for_none_gets_none() -> None:
    assert fit_video_head(recipe(), [], ones(), encode=encode, margin=1.3, listener=ignore) is None


@pytest.mark.parametrize("network", [{"clip_swaps": "moving"}, {"clip_swaps": "none"}, {}])
def test_without_faces_or_clips_it_says_what_it_takes(tmp_path: Path, network: dict[str, str]) -> None:
    crops = [crop(tmp_path, "moving", 1, 0)]
    with pytest.raises(InvalidOption, match=r"network\.clip_swaps"):
        fit_video_head(
            recipe(clip_sources=["moving"], **network), crops, ones(), encode=encode, margin=1.3, listener=ignore
        )
