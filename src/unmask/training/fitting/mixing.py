"""Mixup and cutmix: examples between examples."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from unmask.training.recipe import Schedule


def mix(batch: tuple[Tensor, ...], schedule: Schedule, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Mix a batch with a shuffled copy of itself, as the schedule says.

    Args:
        batch: Units, shape (N, S, S, 3) or (N, T, S, S, 3), uint8, or (N, samples), float32; labels, shape (N,); and
            perhaps masks, shape (N, h, w), -1 where unknown.
        schedule: With `mixup` and `cutmix`.
        rng: Source of all choices.

    Returns:
        A batch of the same shapes and kinds; unchanged if neither is wanted. Mixed masks of which one was unknown are
        unknown.
    """
    kinds = [(kind, alpha) for kind, alpha in (("mixup", schedule.mixup), ("cutmix", schedule.cutmix)) if alpha]
    if not kinds:
        return batch
    kind, alpha = kinds[int(rng.integers(len(kinds)))]
    kept = float(rng.beta(alpha, alpha))
    order = torch.from_numpy(rng.permutation(batch[0].shape[0])).to(batch[0].device)
    if kind == "cutmix":
        return _cut(batch, order, kept, rng)
    units, labels, *masks = (_between(part, part[order], kept) for part in batch)
    if masks:
        unknown = (batch[2] < 0) | (batch[2][order] < 0)
        masks = [torch.where(unknown, -1.0, masks[0])]
    return (units, labels, *masks)


def _between(one: Tensor, other: Tensor, kept: float) -> Tensor:
    mixed = one.float() * kept + other.float() * (1 - kept)
    return mixed if one.is_floating_point() else mixed.round().to(one.dtype)


def _cut(batch: tuple[Tensor, ...], order: Tensor, kept: float, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Paste a box (in sound: a stretch) of the other example; labels follow the share that was pasted."""
    units, labels, *masks = batch
    spatial = (-3, -2) if units.ndim >= 4 else (-1,)
    side = (1 - kept) ** (1 / len(spatial))
    begins = [float(rng.uniform(0, 1 - side)) for _ in spatial]
    pasted, share = _paste(units, order, dict(zip(spatial, begins, strict=True)), side)
    found = [pasted, labels * (1 - share) + labels[order] * share]
    if masks:
        found.append(
            _paste(masks[0], order, {axis + 1: begin for axis, begin in zip(spatial, begins, strict=True)}, side)[0]
        )
    return tuple(found)


def _paste(part: Tensor, order: Tensor, begins: dict[int, float], side: float) -> tuple[Tensor, float]:
    place: list[slice] = [slice(None)] * part.ndim
    share = 1.0
    for axis, begin in begins.items():
        size = part.shape[axis]
        first, last = round(begin * size), round((begin + side) * size)
        place[axis] = slice(first, last)
        share *= (last - first) / size
    pasted = part.clone()
    pasted[tuple(place)] = part[order][tuple(place)]
    return pasted, share
