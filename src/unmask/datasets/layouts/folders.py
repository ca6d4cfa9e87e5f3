"""Any tree whose folders are called real and fake, with or without train, valid and test above or below them."""

from __future__ import annotations

from pathlib import Path

from unmask.datasets.found import Found

LABEL_WORDS = {
    **dict.fromkeys(("real", "genuine", "original", "originals", "bonafide", "bona-fide", "bona_fide"), 0),
    **dict.fromkeys(("fake", "forged", "manipulated", "deepfake", "deepfakes", "spoof", "synthetic"), 1),
}
SPLIT_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def read(found: Found) -> None:
    """The lowest folder with a telling name decides; a folder below ``fake`` names the method."""
    skipped = 0
    for path in found.files(found.root, "image", "video", "audio"):
        parts = [part.lower() for part in path.relative_to(found.root).parts[:-1]]
        at = next((at for at in reversed(range(len(parts))) if parts[at] in LABEL_WORDS), None)
        if at is None:
            skipped += 1
            continue
        label = LABEL_WORDS[parts[at]]
        below = next((part for part in parts[at + 1 :] if part not in SPLIT_WORDS), "")
        found.add(path, label, method=(below or "unknown") if label else "", split=split_of(path, found.root))
    if skipped:
        found.note(f"Files outside folders called real or fake were left out: {skipped}.")


def split_of(path: Path, root: Path) -> str:
    """Side by the first folder below the root that names one; empty if none does."""
    parts = (part.lower() for part in path.relative_to(root).parts[:-1])
    return next((SPLIT_WORDS[part] for part in parts if part in SPLIT_WORDS), "")
