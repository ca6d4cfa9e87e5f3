"""Which part of a face a forgery covers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from unmask.core.records import F32Array
from unmask.faces.blend import elastic, face_mask, hull_mask, soft_mask
from unmask.faces.mesh import EYES, LIPS

Part = Literal["any", "face", "mouth"]
_PARTS = ("whole", "inner", "mouth", "eyes")
_OFTEN = (0.5, 0.25, 0.15, 0.1)


def region(
    shape: tuple[int, int],
    landmarks_px: F32Array,
    mesh_px: F32Array | None,
    rng: np.random.Generator,
    *,
    part: Part = "any",
) -> F32Array:
    """Draw a soft region of a face, its outline bent at random.

    Args:
        shape: Height and width.
        landmarks_px: Shape (5, 2): eyes, nose tip, mouth corners.
        mesh_px: Shape (468, 2), or None where there is no face-mesh network.
        rng: Source of all choices.
        part: ``any`` chooses one; ``face`` and ``mouth`` do not.

    Returns:
        Shape `shape`, float32, in [0, 1]; 0 at the picture's border.
    """
    names = {"any": str(rng.choice(_PARTS, p=_OFTEN)), "face": "inner", "mouth": "mouth"}
    hard = (
        _hull(shape, mesh_px, names[part]) if mesh_px is not None else face_mask(shape, landmarks_px, rng, names[part])
    )
    length = float(np.hypot(*(landmarks_px[3:].mean(axis=0) - landmarks_px[:2].mean(axis=0))))
    bent = elastic(hard, rng, reach_px=0.06 * length)
    bent[[0, -1], :] = 0
    bent[:, [0, -1]] = 0
    return soft_mask(bent, landmarks_px, rng)


def _hull(shape: tuple[int, int], mesh_px: F32Array, part: str) -> F32Array:
    points = {"mouth": mesh_px[list(LIPS)], "eyes": mesh_px[list(EYES)]}.get(part, mesh_px)
    grown = {"inner": 0.85, "mouth": 1.5, "eyes": 1.1}.get(part, 1.0)
    centre = points.mean(axis=0)
    return hull_mask(shape, centre + grown * (points - centre))
