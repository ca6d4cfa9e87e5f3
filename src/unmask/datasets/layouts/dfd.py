"""DeepFakeDetection (Google and Jigsaw 2019): paid actors and their swaps.

Names: ``01__exit_phone_room.mp4`` (actor, scene) in ``original_sequences/actors`` or ``DFD_original sequences``, and
``01_02__exit_phone_room__YVGY8LOK.mp4`` (actor, donor, scene, key) in ``manipulated_sequences/DeepFakeDetection`` or
``DFD_manipulated_sequences``. The group is the actor whose clip it is; donors are actors of other groups.
"""

from __future__ import annotations

import re

from unmask.datasets.found import Found
from unmask.datasets.layouts.faceforensics import compression_of

_REAL = re.compile(r"(\d{2})__([a-z_]+)")
_FAKE = re.compile(r"(\d{2})_(\d{2})__([a-z_]+)__[0-9A-Z]{8}")


def read(found: Found) -> None:
    """Names alone decide, wherever the clips lie; masks are passed over."""
    for path in found.files(found.root, "video"):
        named = _REAL.fullmatch(path.stem) or _FAKE.fullmatch(path.stem)
        if named is None or "masks" in path.parts:
            continue
        label = int(named.re is _FAKE)
        found.add(path, label, method="dfd" if label else "", group=named.group(1), compression=compression_of(path))
