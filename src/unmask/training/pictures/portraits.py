"""Face crops as training examples, drawn fairly: labels, sources, media, forgeries and their own sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import cv2
import numpy as np
from torch.utils.data import Dataset

from unmask.core.errors import DecodeFailed, InvalidOption, UnknownOption, nearest
from unmask.core.records import F32Array, U8Array
from unmask.extraction.crops import CACHE_MARGIN, CachedCrop
from unmask.faces.crop import cut_square
from unmask.training.forge.forger import Forger
from unmask.training.pictures.disturb import AUGMENT, disturb
from unmask.training.recipe import Recipe

_OLD_NAMES = {"self-blend": "self_blend"}  # As a fake source in [shares.fake], from before there was a table [forge].
_MASK_PX = 32
_TRIES = 100

Example = tuple[U8Array, np.float32] | tuple[U8Array, np.float32, F32Array]


class PortraitStream(Dataset[Example]):
    """Endless augmented crops: of each two, the first is genuine and the second is fake.

    Sources are drawn by share, then a medium, then a crop of it, so that neither label nor source nor long clip drowns
    the others. Example n depends on the seed and on n alone.

    Args:
        crops: The training side.
        recipe: Its shares, forgeries, augmentation and seed.
        size_px: Side of what the network sees.
        margin: The scanner's margin, from the model card.

    Raises:
        UnknownOption: ``[augment]`` has an unknown key.
        InvalidOption: A forgery has nothing to be made from.
    """

    def __init__(self, crops: Sequence[CachedCrop], recipe: Recipe, *, size_px: int, margin: float) -> None:
        for key in recipe.augment:
            if key not in AUGMENT:
                raise UnknownOption(f"[augment] has no setting {key!r} for pictures. {nearest(key, AUGMENT)}")
        genuine = [crop for crop in crops if crop.label == 0]
        forgeries = recipe.forge.shares()
        self._real = _Pool(genuine, recipe.shares.get("real", {}), {})
        self._fake = _Pool([crop for crop in crops if crop.label == 1], recipe.shares.get("fake", {}), forgeries)
        self._partners: dict[tuple[str, str], list[CachedCrop]] = {}
        for crop in genuine:
            self._partners.setdefault((crop.source, crop.group), []).append(crop)
        self._forger = Forger(recipe.forge, genuine, read_crop)
        self._paired, self._masked = recipe.forge.paired, recipe.forge.mask_weight > 0
        self._seed = recipe.schedule.seed
        self._shape = {"size_px": size_px, "margin": margin}
        self._often = {**AUGMENT, **recipe.augment}

    def __getitem__(self, number: int) -> Example:
        """Make an example.

        Args:
            number: From 0; without end.

        Returns:
            Pixels, shape (size_px, size_px, 3), uint8; the label; and, if the recipe weighs masks, where it was forged,
            shape (32, 32), float32, -1 where nobody knows.
        """
        cv2.setNumThreads(1)
        label = number % 2
        rng = np.random.default_rng([self._seed, number // 2])
        pixels, mask, seed = self._pair(rng)[label]()
        looks = np.random.default_rng(seed)
        size_px, margin = int(self._shape["size_px"]), self._shape["margin"]
        where = np.zeros(pixels.shape[:2], np.uint8) if mask is None else np.round(mask * 255).astype(np.uint8)
        pixels, where = disturb(pixels, where, looks, size_px=size_px, margin=margin, often=self._often)
        if not self._masked:
            return pixels, np.float32(label)
        if mask is None:
            return pixels, np.float32(label), np.full((_MASK_PX, _MASK_PX), -1, np.float32)
        small = cv2.resize(where, (_MASK_PX, _MASK_PX), interpolation=cv2.INTER_AREA)
        return pixels, np.float32(label), (small / 255).astype(np.float32)

    def _pair(self, rng: np.random.Generator) -> tuple[Callable[[], _Made], Callable[[], _Made]]:
        """Draw a genuine and a fake example, of which the caller needs one, so that only that one is made."""
        drawn = self._fake.draw(rng)
        base = self._base(drawn, rng) if isinstance(drawn, str) else None
        paired = rng.random() < self._paired
        other = self._real.draw(rng)
        assert isinstance(other, CachedCrop)
        if paired and isinstance(drawn, CachedCrop):
            partners = self._partners.get((drawn.source, drawn.group), [other])
            other = partners[int(rng.integers(len(partners)))]
        seeds = rng.integers(2**32, size=3)
        fake_seed = seeds[0] if paired else seeds[1]

        def genuine() -> _Made:
            if paired and base is not None:
                pixels = self._forger.make(str(drawn), base, np.random.default_rng(seeds[2])).source
            else:
                pixels = read_crop(other)
            return pixels, np.zeros(pixels.shape[:2], np.float32), int(seeds[0])

        def fake() -> _Made:
            if base is None:
                pixels = read_crop(drawn) if isinstance(drawn, CachedCrop) else read_crop(other)
                return pixels, None, int(fake_seed)
            forgery = self._forger.make(str(drawn), base, np.random.default_rng(seeds[2]))
            return forgery.pixels, forgery.mask, int(fake_seed)

        return genuine, fake

    def _base(self, method: str, rng: np.random.Generator) -> CachedCrop:
        for _ in range(_TRIES):
            crop = self._real.draw(rng)
            if isinstance(crop, CachedCrop) and self._forger.can(method, crop):
                return crop
        return self._forger.some(method, rng)


_Made = tuple[U8Array, F32Array | None, int]


class _Pool:
    """Crops of one label by source and medium, so that long clips and large sets do not drown small ones.

    Args:
        crops: Of one label.
        shares: Weight by source; ``"*"`` for sources not named.
        forgeries: Share of all draws that are a forgery of this name instead.
    """

    def __init__(
        self, crops: Iterable[CachedCrop], shares: Mapping[str, float], forgeries: Mapping[str, float]
    ) -> None:
        sources: dict[str, dict[str, list[CachedCrop]]] = {}
        for crop in crops:
            sources.setdefault(crop.source, {}).setdefault(crop.medium, []).append(crop)
        self._media = {source: list(media.values()) for source, media in sources.items()}
        others = [source for source in sources if source not in shares]
        weights = {source: shares.get("*", 0.0 if shares else 1.0) / max(len(others), 1) for source in others}
        weights.update({name: share for name, share in shares.items() if name in sources or name in _OLD_NAMES})
        total = sum(weights.values())
        rest = 1 - sum(forgeries.values()) if total else 0.0
        lots = {name: rest * weight / total for name, weight in weights.items()} if total else {}
        for name, share in forgeries.items():
            lots[name] = lots.get(name, 0.0) + share
        self._names = [name for name, lot in lots.items() if lot > 0]
        if not self._names:
            message = f"[shares] leaves nothing to draw of one label. Sources at hand: {', '.join(sources) or 'none'}."
            raise InvalidOption(message)
        chances = np.array([lots[name] for name in self._names])
        self._chances = chances / chances.sum()

    def draw(self, rng: np.random.Generator) -> CachedCrop | str:
        """Draw a crop, or the name of a forgery."""
        name = self._names[int(rng.choice(len(self._names), p=self._chances))]
        if name not in self._media:
            return _OLD_NAMES.get(name, name)
        media = self._media[name]
        crops = media[int(rng.integers(len(media)))]
        return crops[int(rng.integers(len(crops)))]


def read_crop(crop: CachedCrop) -> U8Array:
    """Read a cached crop, shape (S, S, 3), uint8, RGB."""
    pixels = cv2.imread(str(crop.path))
    if pixels is None:
        message = f"{crop.path}: the cached crop cannot be read. Remove the folder of crops and train again."
        raise DecodeFailed(message)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def as_scanned(pixels: U8Array, *, size_px: int, margin: float) -> U8Array:
    """Cut a cached crop as the scanner would have cut the frame.

    Args:
        pixels: Shape (S, S, 3), a cached crop.
        size_px: Side of the result.
        margin: The scanner's margin.

    Returns:
        Shape (size_px, size_px, 3), uint8.
    """
    side = pixels.shape[0]
    half = side * margin / CACHE_MARGIN / 2
    return cut_square(pixels, (side / 2 - half, side / 2 - half, side / 2 + half, side / 2 + half), size_px)
