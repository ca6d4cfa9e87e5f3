"""140k Real and Fake Faces and Real and Fake Face Detection in one tree: {train,valid,test}/{real,fake}.

The names tell the two apart: ``31355.jpg`` and ``0A1B2C3D4E.jpg`` against ``real_00001.jpg`` and ``easy_1_1110.jpg``.
`unmask datasets combine` writes such a tree.
"""

from __future__ import annotations

from unmask.datasets.found import Found
from unmask.datasets.layouts import expert_faces, stylegan_faces
from unmask.datasets.layouts.folders import LABEL_WORDS, split_of


def read(found: Found) -> None:
    """Folders give side and label, names give source and method; other names keep the folder's name as source."""
    whole, others = found.source, 0
    for path in found.files(found.root, "image"):
        label, split = LABEL_WORDS.get(path.parent.name.lower()), split_of(path, found.root)
        if label is None or not split:
            continue
        found.source, method = _origin(path.stem, label) or (whole, "unknown" if label else "")
        others += found.source == whole
        found.add(path, label, method=method, group=path.stem, split=split)
    found.source = whole
    if others:
        found.note(f"Names of neither dataset, taken as of {whole}: {others}.")


def _origin(stem: str, label: int) -> tuple[str, str] | None:
    expert = (expert_faces.REAL_NAME, expert_faces.FAKE_NAME)[label]
    if expert.fullmatch(stem):
        return expert_faces.SOURCE, expert_faces.method_of(stem) if label else ""
    if stylegan_faces.NAMES[label].fullmatch(stem):
        return stylegan_faces.SOURCE, stylegan_faces.METHOD if label else ""
    return None
