"""Fake-or-Real (Reimao and Tzerpos 2019): ``for-norm``, ``for-2seconds``, ``for-rerecorded``, ``for-original``.

Tree: ``for-norm/{training,validation,testing}/{real,fake}/file1.wav_16k.wav_norm.wav_mono.wav_silence.wav``. Variants
hold the same recordings; side, label and number make the group, so that they stay together.
"""

from __future__ import annotations

from unmask.datasets.found import Found
from unmask.datasets.layouts.folders import LABEL_WORDS, split_of


def read(found: Found) -> None:
    """Folders give variant, side and label; the variant goes into the column ``compression``."""
    for path in found.files(found.root, "audio"):
        label, split = LABEL_WORDS.get(path.parent.name.lower()), split_of(path, found.root)
        if label is None or not split:
            continue
        variant = next((part for part in (found.root / path).parts if part.startswith("for-")), "")
        group = f"{split}-{path.parent.name.lower()}-{path.name.split('.')[0]}"
        method = "unknown" if label else ""
        found.add(path, label, method=method, group=group, split=split, compression=variant)
