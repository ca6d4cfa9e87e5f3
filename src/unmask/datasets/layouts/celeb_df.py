"""Celeb-DF v1 and v2 (Li et al. 2020): celebrities of YouTube and their swaps.

Tree: ``Celeb-real/id0_0000.mp4``, ``Celeb-synthesis/id0_id1_0000.mp4`` (face of id1 in a clip of id0),
``YouTube-real/00000.mp4``, and ``List_of_testing_videos.txt`` with lines such as ``1 YouTube-real/00170.mp4``, in which
1 means real. The group is the person whose clip it is; the official test list does not keep people apart.
"""

from __future__ import annotations

from pathlib import Path

from unmask.core.errors import DatasetInvalid, ManifestInvalid
from unmask.datasets.found import Found

_FOLDERS = {"Celeb-real": 0, "YouTube-real": 0, "Celeb-synthesis": 1}
_LIST = "List_of_testing_videos.txt"
_LIST_LABELS = {"1": 0, "0": 1}


def read(found: Found) -> None:
    """Folders give the label; what the list does not name is for training."""
    listed = _testing(found)
    here = set()
    for folder, label in _FOLDERS.items():
        place = found.folder(folder)
        if place is None:
            found.note(f"The folder {folder} is missing.")
            continue
        for path in found.files(place, "video"):
            key = f"{folder}/{path.name}".lower()
            here.add(key)
            if listed.get(key, label) != label:
                message = f"{_LIST} contradicts the folder of {key}; download the list again."
                raise DatasetInvalid(message)
            split = ("test" if key in listed else "train") if listed else ""
            person = path.stem.split("_")[0] if folder != "YouTube-real" else f"youtube-{path.stem}"
            found.add(path, label, method="celeb-df" if label else "", group=person, split=split)
    for key in sorted(set(listed) - here):
        found.miss(_LIST, key)


def _testing(found: Found) -> dict[str, int]:
    """Label (0 real) of each listed clip, by ``folder/name`` in lower case."""
    path = found.file(_LIST)
    if path is None:
        found.note(f"{_LIST} is missing, so nothing carries a split. It comes with the dataset.")
        return {}
    listed = {}
    for line in path.read_text(encoding="utf-8").strip().splitlines():
        number, _, name = line.strip().partition(" ")
        if number not in _LIST_LABELS:
            message = f"{path}: expected lines such as '1 YouTube-real/00170.mp4', got {line!r}; download it again."
            raise ManifestInvalid(message)
        listed[_key(name)] = _LIST_LABELS[number]
    return listed


def _key(name: str) -> str:
    path = Path(name.strip())
    return f"{path.parts[0]}/{path.name}".lower()
