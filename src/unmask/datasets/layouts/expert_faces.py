"""Real and Fake Face Detection (CIPLab, Yonsei University): photographs against composites made by experts.

Tree: ``training_real/real_NNNNN.jpg``, ``training_fake/{easy,mid,hard}_N_DDDD.jpg``. Each of the four digits tells
whether one feature (eyes, nose, mouth) was replaced; they are kept in the method. Difficulty was judged by eye, and
its makers advise against using it as a class.
"""

from __future__ import annotations

import re

from unmask.datasets.found import Found

SOURCE = "real-and-fake-face-detection"
FAKE_NAME = re.compile(r"(easy|mid|hard)_(\d+)_([01]{4})")
REAL_NAME = re.compile(r"real_\d{5}")


def read(found: Found) -> None:
    """Two folders; there is no official split."""
    for folder, label in (("training_real", 0), ("training_fake", 1)):
        place = found.folder(folder)
        if place is None:
            found.note(f"The folder {folder} is missing.")
            continue
        for path in found.files(place, "image"):
            found.add(path, label, method=method_of(path.stem) if label else "", group=path.stem)


def method_of(stem: str) -> str:
    """For example ``composite-1110``."""
    named = FAKE_NAME.fullmatch(stem)
    return f"composite-{named.group(3)}" if named else "composite"
