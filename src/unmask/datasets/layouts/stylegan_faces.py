"""140k Real and Fake Faces (xhlulu, Kaggle): 70,000 of FFHQ against 70,000 of StyleGAN, 256 px.

Tree: ``real_vs_fake/real-vs-fake/{train,valid,test}/{real,fake}/*.jpg`` beside train.csv, valid.csv and test.csv with
the columns original_path, id, label (1 is real there!), label_str and path.
"""

from __future__ import annotations

import re
from pathlib import Path

from unmask.datasets.found import Found
from unmask.datasets.layouts.folders import LABEL_WORDS, split_of
from unmask.datasets.manifest import read_table

SOURCE = "140k-faces"
METHOD = "stylegan"
NAMES = (re.compile(r"\d{5}"), re.compile(r"[0-9A-Z]{10}"))
"""Stems of genuine pictures (numbers of FFHQ) and of generated ones."""


def read(found: Found) -> None:
    """The folder decides; the tables, where present, tell what is missing."""
    here = set()
    for path in found.files(found.root, "image"):
        label = LABEL_WORDS.get(path.parent.name.lower())
        if label is None or not split_of(path, found.root):
            continue
        found.add(path, label, method=METHOD if label else "", group=path.stem, split=split_of(path, found.root))
        here.add(_key(path))
    for name in ("train.csv", "valid.csv", "test.csv"):
        _compare(found, name, here)


def _compare(found: Found, name: str, here: set[tuple[str, ...]]) -> None:
    table = found.file(name)
    if table is None:
        found.note(f"{name} is missing; nobody can tell whether the pictures of that side are complete.")
        return
    for line in read_table(table, ("path", "label_str"))[1]:
        path = Path(line["path"])
        if _key(path) not in here:
            found.miss(name, line["path"])
        elif path.parent.name != line["label_str"]:
            found.note(f"{name} calls {line['path']} {line['label_str']}; the folder was believed.")


def _key(path: Path) -> tuple[str, ...]:
    return path.parts[-3:]
