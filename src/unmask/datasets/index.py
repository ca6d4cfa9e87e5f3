"""Index a dataset as it was downloaded: which layouts are known, and how one is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unmask.core.errors import DatasetInvalid, UnknownOption, nearest
from unmask.core.events import Listener, ignore
from unmask.datasets.found import Found, Wish
from unmask.datasets.layouts import (
    asvspoof,
    celeb_df,
    combined_faces,
    dfd,
    dfdc,
    expert_faces,
    faceforensics,
    fake_or_real,
    fakeavceleb,
    folders,
    in_the_wild,
    stylegan_faces,
    table,
    wavefake,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A tree of files and lists that many people have on their disks.

    Attributes:
        about: What it is, for people.
        source: What the manifest's column ``source`` says; the folder's own name when empty.
        read: Fills a `Found`.
    """

    about: str
    source: str
    read: Callable[[Found], None]


LAYOUTS = {
    "140k-faces": Layout(
        "140k Real and Fake Faces (FFHQ, StyleGAN): train, valid, test x real, fake",
        stylegan_faces.SOURCE,
        stylegan_faces.read,
    ),
    "real-and-fake-face-detection": Layout(
        "Real and Fake Face Detection (expert composites): training_real, training_fake",
        expert_faces.SOURCE,
        expert_faces.read,
    ),
    "combined-faces": Layout("The two above in one tree: train, valid, test x real, fake", "", combined_faces.read),
    "folders": Layout("Any tree whose folders are called real and fake", "", folders.read),
    "faceforensics": Layout("FaceForensics++, with the official split", "faceforensics", faceforensics.read),
    "celeb-df-v1": Layout("Celeb-DF v1, with the official test list", "celeb-df-v1", celeb_df.read),
    "celeb-df-v2": Layout("Celeb-DF v2, with the official test list", "celeb-df-v2", celeb_df.read),
    "dfdc": Layout("DFDC, parts with metadata.json", "dfdc", dfdc.read),
    "dfd": Layout("DeepFakeDetection (Google, Jigsaw): actors and their swaps", "dfd", dfd.read),
    "fakeavceleb": Layout("FakeAVCeleb, with meta_data.csv", "fakeavceleb", fakeavceleb.read),
    "asvspoof2019-la": Layout("ASVspoof 2019 LA, with its protocols", "asvspoof2019-la", asvspoof.read_2019),
    "asvspoof2021-la": Layout("ASVspoof 2021 LA, with its keys", "asvspoof2021-la", asvspoof.read_2021),
    "asvspoof2021-df": Layout("ASVspoof 2021 DF, with its keys", "asvspoof2021-df", asvspoof.read_2021),
    "in-the-wild": Layout("In-the-Wild voices, with meta.csv", "in-the-wild", in_the_wild.read),
    "wavefake": Layout("WaveFake beside LJSpeech and JSUT", "wavefake", wavefake.read),
    "fake-or-real": Layout("Fake-or-Real voices: for-norm, for-2sec, for-rerec", "fake-or-real", fake_or_real.read),
    "csv": Layout("Any CSV table with a column of files and one of labels", "", table.read),
}


def index_dataset(layout: str, path: Path, *, wish: Wish | None = None, listener: Listener = ignore) -> Found:
    """Read a dataset as it was downloaded; no medium is opened.

    Args:
        layout: A key of `LAYOUTS`.
        path: The dataset's folder; a CSV file for the layout ``csv``.
        wish: What people add.
        listener: Hears how many files were seen.

    Returns:
        Rows, with the official split where there is one, and notes about what is missing.

    Raises:
        UnknownOption: No such layout; the message lists the nearest.
        DatasetInvalid: The path is not there, or holds nothing of this layout.
        ManifestInvalid: A list that comes with the dataset is damaged.
    """
    if layout not in LAYOUTS:
        message = f"There is no layout {layout!r}. {nearest(layout, LAYOUTS)}"
        raise UnknownOption(message)
    if not (path.is_file() if layout == "csv" else path.is_dir()):
        what = "a CSV file" if layout == "csv" else "the dataset's folder"
        message = f"{path}: not there, or of the wrong kind; the layout {layout} expects {what}."
        raise DatasetInvalid(message)
    known = LAYOUTS[layout]
    full = path.absolute()
    found = Found(full, wish or Wish(), known.source or full.stem, listener)
    known.read(found)
    return found.settled()
