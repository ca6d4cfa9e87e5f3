"""A head of its own for the faces of clips: the layers of a second head, weighed by clips.

Codecs move what every layer says, and of clips with labels there are far fewer than features. So clips choose no more
than fifteen numbers: what each summary of a layer (class token, mean and deviation of its patches) counts of a second
head, beside the answer of the head for pictures. The second one knows swapped faces and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import InvalidOption
from unmask.core.events import Advanced, Listener
from unmask.core.records import F32Array, U8Array
from unmask.extraction.crops import CachedCrop
from unmask.training.architectures.clip_layers import LAYERS, SIZE_PX, Head, fit_head
from unmask.training.pictures.disturb import AUGMENT, disturb
from unmask.training.pictures.portraits import as_scanned, read_crop
from unmask.training.recipe import Recipe

PENALTY = 0.03
_SWAP_STRENGTH = 1e-3
_MOST_FACES = 8
_LOOSE = 30.0
"""How much smaller the ridge is on the answer for pictures than on the layers: it is where the fit starts from."""


@dataclass(frozen=True, slots=True)
class ClipFaces:
    """Faces of one clip.

    Attributes:
        features: Shape (N, 5 * 3 * 768), float32, N >= 1.
        label: 0 real, 1 fake.
        source: As in the manifest.
    """

    features: F32Array
    label: int
    source: str


def fit_video_head(
    recipe: Recipe,
    crops: Sequence[CachedCrop],
    head: Head,
    *,
    encode: Callable[[U8Array], F32Array],
    margin: float,
    listener: Listener,
) -> Head | None:
    """Fit what the recipe asks for.

    Args:
        recipe: ``network.clip_swaps`` names the source of genuine and swapped faces, ``network.clip_sources`` those of
            clips, ``network.clip_penalty`` the ridge on the fifteen numbers, 0.03 by default.
        crops: The training side.
        head: For pictures.
        encode: Crops, shape (N, 224, 224, 3), uint8, to features.
        margin: The scanner's.
        listener: Hears of every face and clip.

    Returns:
        The head for clips; None where the recipe asks for none.

    Raises:
        InvalidOption: One label has no such faces, or no clips.
    """
    named = recipe.network.get("clip_sources", ())
    if not named:
        return None
    swaps = [crop for crop in crops if crop.source == recipe.network.get("clip_swaps", "")]
    clips = _clips([crop for crop in crops if crop.source in named])
    if not {crop.label for crop in swaps} == {clip[0].label for clip in clips} == {0, 1}:
        message = f"{recipe.name}: a head for clips takes faces of network.clip_swaps and clips, both of both labels."
        raise InvalidOption(message)
    seen = []
    for number, crop in enumerate(swaps):
        rng = np.random.default_rng([recipe.schedule.seed, number])
        seen.append(encode(_views(crop, rng, margin=margin, often={**AUGMENT, **recipe.augment})))
        listener(Advanced("views", number + 1, len(swaps), "swapped faces for the head for clips"))
    labels = np.repeat([crop.label for crop in swaps], 2)
    second = fit_head(np.concatenate(seen), labels, strength=_SWAP_STRENGTH)
    faces = []
    for number, clip in enumerate(clips):
        pixels = np.stack([as_scanned(read_crop(crop), size_px=SIZE_PX, margin=margin) for crop in clip])
        faces.append(ClipFaces(encode(pixels), clip[0].label, clip[0].source))
        listener(Advanced("views", number + 1, len(clips), "clips for their head"))
    return weigh_layers(head, second, faces, penalty=float(recipe.network.get("clip_penalty", PENALTY)))


def weigh_layers(head: Head, second: Head, clips: Sequence[ClipFaces], *, penalty: float = PENALTY) -> Head:
    """Add to a head the parts of a second one, each as much as clips say.

    Args:
        head: Where the fit starts from; its answer as a whole gets a scale.
        second: Its weights are split by layer and summary; its offset is not used.
        clips: Of both labels. Both count alike, and so do sources inside a label; those with fewer than eight clips
            count less.
        penalty: Ridge on the fifteen numbers, in units of their spread over the clips.

    Returns:
        Weights and offset for plain features: a logistic regression on means over the faces of a clip.
    """
    from sklearn.linear_model import LogisticRegression

    means = np.stack([clip.features.mean(axis=0, dtype=np.float64) for clip in clips])
    labels = np.array([clip.label for clip in clips])
    parts = (means * second[0]).reshape(len(clips), len(LAYERS) * 3, -1).sum(axis=2)
    columns = np.column_stack([means @ head[0] + head[1], parts])
    middle, spread = columns.mean(axis=0), columns.std(axis=0) + 1e-9
    spread[0] /= _LOOSE
    model = LogisticRegression(C=1 / (2 * penalty), max_iter=1000)
    model.fit((columns - middle) / spread, labels, sample_weight=_shares(clips))
    scales = model.coef_[0] / spread
    by_part = np.repeat(scales[1:], len(second[0]) // len(scales[1:]))
    offset = float(model.intercept_[0] + scales[0] * head[1] - scales @ middle)
    return scales[0] * head[0] + by_part * second[0], offset


def _shares(clips: Sequence[ClipFaces]) -> NDArray[np.float64]:
    """What each clip counts; the sum over all is 1."""
    keys = [(clip.label, clip.source) for clip in clips]
    shares = np.array([1 / max(keys.count(key), 8) for key in keys])
    labels = np.array([label for label, _ in keys])
    for label in (0, 1):
        shares[labels == label] /= 2 * shares[labels == label].sum()
    return shares


def _clips(crops: Sequence[CachedCrop]) -> list[list[CachedCrop]]:
    """A few crops of each clip, spread over it."""
    media: dict[str, list[CachedCrop]] = {}
    for crop in crops:
        media.setdefault(crop.medium, []).append(crop)
    return [clip[:: -(-len(clip) // _MOST_FACES)] for clip in media.values()]


def _views(crop: CachedCrop, rng: np.random.Generator, *, margin: float, often: Mapping[str, float]) -> U8Array:
    """A face as the scanner sees it, and disturbed once."""
    pixels = read_crop(crop)
    nowhere = np.zeros(pixels.shape[:2], np.uint8)
    worn, _ = disturb(pixels, nowhere, rng, size_px=SIZE_PX, margin=margin, often=often)
    return np.stack([as_scanned(pixels, size_px=SIZE_PX, margin=margin), worn])
