"""Cut labelled pictures and clips into face crops once, so that epochs need not search for faces again.

A cached crop is the square of `CACHE_MARGIN` around the face at its native resolution, so that training can still
choose margin, offset and scale; the scanner's own cropper cuts it.
"""

from __future__ import annotations

import csv
import errno
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from unmask.core.errors import DiskFull, InputError
from unmask.core.events import Advanced, Listener, ignore
from unmask.core.records import F32Array, Face, Frame
from unmask.datasets.manifest import Row
from unmask.extraction.largest import largest_faces
from unmask.extraction.pool import spread
from unmask.faces.crop import crop_face, quarter_turns, square_around

CACHE_MARGIN = 1.7
CACHE_PX = 352
DARKEST = 18
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


Job = tuple[Row, Path, int]
"""A medium, the folder of crops, frames a clip."""


@dataclass(frozen=True, slots=True)
class CachedCrop:
    """A crop on disk.

    Attributes:
        path: JPEG, quality 97, 4:4:4, square, at most `CACHE_PX` wide.
        label: 0 real, 1 fake.
        source: As in the manifest.
        method: As in the manifest.
        group: As in the manifest.
        medium: The picture or clip it was cut from.
        landmarks_px: Shape (5, 2), float32, in the crop's pixels.
    """

    path: Path
    label: int
    source: str
    method: str
    group: str
    medium: str
    landmarks_px: F32Array


def cut_crops(
    rows: Sequence[Row], folder: Path, *, frames: int = 24, workers: int = 2, listener: Listener = ignore
) -> list[CachedCrop]:
    """Cut the largest face of every picture, and of evenly chosen frames of every clip.

    Media that were cut before are not cut again; broken and faceless ones give no crop.

    Args:
        rows: Pictures and clips.
        folder: Where crops and the index go.
        frames: Frames a clip.
        workers: Processes.
        listener: Hears progress.

    Returns:
        All crops of these rows, in order of the rows.

    Raises:
        DiskFull: What was cut before is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "crops.csv"
    known = _read_index(index)
    todo = [row for row in rows if str(row.path) not in known]
    jobs = [(row, folder, frames) for row in todo]
    with _full_disk_named(folder), index.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for done, (row, lines) in enumerate(zip(todo, spread(_cut, jobs, workers, lost=_killed), strict=True), start=1):
            known[str(row.path)] = [line for line in lines if line[1]]
            writer.writerows(lines)
            file.flush()  # A medium is in the index as a whole or not at all.
            listener(Advanced("crops", done, len(todo), row.path.name))
    return [crop for row in rows for crop in _crops(row, folder, known[str(row.path)])]


@contextmanager
def _full_disk_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = (
            f"{folder}: the disk is full ({error.strerror}). The crops that were cut are kept; free some space and run "
            "the same command again: it goes on with the next file."
        )
        raise DiskFull(message) from error


def without_faces(folder: Path) -> dict[str, str]:
    """Tell why media that were cut gave no crop.

    Args:
        folder: The folder that `cut_crops` filled.

    Returns:
        Reason by path, for example ``no face`` or the error of a broken file.
    """
    with (folder / "crops.csv").open(newline="", encoding="utf-8") as file:
        return {line[0]: line[2] for line in csv.reader(file) if not line[1]}


def _killed(job: Job) -> list[list[str]]:
    return [[str(job[0].path), "", "decoding it ended the process"]]


def _read_index(index: Path) -> dict[str, list[list[str]]]:
    known: dict[str, list[list[str]]] = {}
    if index.is_file():
        _mend(index)
        with index.open(newline="", encoding="utf-8") as file:
            for line in csv.reader(file):
                known.setdefault(line[0], []).extend([line] if line[1] else [])
    return known


def _mend(index: Path) -> None:
    """Drop a last line that a crash cut off; its medium will be cut again."""
    data = index.read_bytes()
    if not data.endswith(b"\n"):
        index.write_bytes(data[: data.rfind(b"\n") + 1])


def _crops(row: Row, folder: Path, lines: list[list[str]]) -> Iterator[CachedCrop]:
    for _, name, points in lines:
        landmarks = np.array(points.split(), np.float32).reshape(5, 2)
        yield CachedCrop(folder / name, row.label, row.source, row.method, row.group, str(row.path), landmarks)


def _cut(job: Job) -> list[list[str]]:
    """Lines of the index: one a crop, or a single one with the reason why there is none."""
    row, folder, count = job
    lines: list[list[str]] = []
    reason = "no face"
    try:
        for frame, face in largest_faces(row, count):
            line = _save(row, frame, face, folder)
            lines.extend([line] if line else [])
    except (InputError, MemoryError, cv2.error) as error:
        reason = str(error) or type(error).__name__  # A broken file gives fewer crops or none.
    return lines or [[str(row.path), "", reason]]


def _save(row: Row, frame: Frame, face: Face, folder: Path) -> list[str] | None:
    side = min(CACHE_PX, round(CACHE_MARGIN * face.size_px))
    crop = crop_face(frame, face, size_px=side, margin=CACHE_MARGIN)
    if float(crop.pixels_rgb_u8.mean()) < DARKEST:
        return None
    name = hashlib.sha256(f"{row.path}#{frame.index}".encode()).hexdigest()[:20] + ".jpg"
    path = folder / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    # Not cv2.imwrite, which is silent where a full disk cuts the file short.
    path.write_bytes(cv2.imencode(".jpg", cv2.cvtColor(crop.pixels_rgb_u8, cv2.COLOR_RGB2BGR), _QUALITY)[1].tobytes())
    points = _landmarks_in_crop(face, side)
    return [str(row.path), f"{name[:2]}/{name}", " ".join(f"{value:.1f}" for value in points.ravel())]


def _landmarks_in_crop(face: Face, side: int) -> F32Array:
    left, top, right, _ = square_around(face.box_xyxy_px, CACHE_MARGIN)
    points = (face.landmarks_px - np.array([left, top], np.float32)) * (side / (right - left))
    for _ in range(quarter_turns(face.landmarks_px)):  # np.rot90: (x, y) -> (y, side - x)
        points = np.stack([points[:, 1], side - points[:, 0]], axis=1)
    return points.astype(np.float32)
