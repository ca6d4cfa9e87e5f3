"""What came out of a job: one folder each, which appears only when it is whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from unmask.core.evidence import ScanReport
from unmask.core.records import Box
from unmask.report.figures import thumbnails
from unmask.report.overlay import heat_png, mel_png, picture_jpeg, strip_png
from unmask.report.to_html import render_timeline
from unmask.report.to_json import to_json
from unmask.server.storage.files import full_disk_named
from unmask.server.storage.records import load_record, save_record
from unmask.server.storage.tables import new_id


class StoredPicture(BaseModel):
    """A frame that was kept; its files are ``picture-N.jpg`` and, with heat, ``overlay-N.png``."""

    model_config = ConfigDict(frozen=True)

    t_s: float
    width: int
    height: int
    heat: bool
    faces: tuple[tuple[int, Box, float | None], ...]


class StoredExhibits(BaseModel):
    """The list of a result's pictures."""

    model_config = ConfigDict(frozen=True)

    pictures: tuple[StoredPicture, ...]
    people: tuple[int, ...]
    sound_s: float | None
    activity: bool


class ResultStore:
    """Keeps results.

    Args:
        root: Folder of the server's data.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / "results"
        self._root.mkdir(parents=True, exist_ok=True)

    def save(self, job: str, report: ScanReport, name: str) -> None:
        """Write everything that came out; an earlier result of the same job is replaced.

        Args:
            job: Its id.
            report: What was concluded.
            name: Of the medium, as people know it.
        """
        partial = self._root / f".{new_id()}"
        named = replace(report, media=replace(report.media, path=Path(name)))
        try:
            with full_disk_named():
                partial.mkdir()
                _write(named, partial)
                self.remove(job)
                partial.rename(self._folder(job))
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def file(self, job: str, name: str) -> Path | None:
        """Find one file of a result; None if there is none of this name."""
        path = self._folder(job) / name
        return path if path.is_file() else None

    def rendered(self, job: str, name: str, save: Callable[[ScanReport, Path], object]) -> Path | None:
        """Find a file of a result, and make it from the stored record if nobody asked for it before.

        Args:
            job: Its id.
            name: Of the file.
            save: Writes it whole or not at all.
        """
        record = self.file(job, "record.npz")
        if record is None:
            return None
        path = record.with_name(name)
        if not path.is_file():
            save(load_record(record), path)
        return path

    def exhibits(self, job: str) -> StoredExhibits | None:
        """List the pictures of a result."""
        path = self.file(job, "exhibits.json")
        return None if path is None else StoredExhibits.model_validate_json(path.read_bytes())

    def remove(self, job: str) -> None:
        """Delete a result, if it is there."""
        shutil.rmtree(self._folder(job), ignore_errors=True)

    def jobs(self) -> list[str]:
        """List the jobs that have a result."""
        return [path.name for path in self._root.iterdir() if not path.name.startswith(".")]

    def _folder(self, job: str) -> Path:
        return self._root / job


def _write(report: ScanReport, folder: Path) -> None:
    save_record(report, folder / "record.npz")
    (folder / "report.json").write_text(to_json(report), encoding="utf-8")
    if (timeline := render_timeline(report)) is not None:
        (folder / "timeline.html").write_text(timeline, encoding="utf-8")
    pictures = []
    for number, exhibit in enumerate(report.exhibits):
        heat = heat_png(exhibit)
        (folder / f"picture-{number}.jpg").write_bytes(picture_jpeg(exhibit.pixels_rgb_u8))
        if heat is not None:
            (folder / f"overlay-{number}.png").write_bytes(heat)
        height, width = exhibit.pixels_rgb_u8.shape[:2]
        pictures.append(
            StoredPicture(t_s=exhibit.time_s, width=width, height=height, heat=heat is not None, faces=exhibit.faces)
        )
    people = thumbnails(report)
    for person, thumb in people.items():
        (folder / f"person-{person}.jpg").write_bytes(thumb)
    sound = report.sound
    if sound is not None:
        (folder / "spectrogram.png").write_bytes(mel_png(sound.mel_db))
        if sound.activity.size:
            (folder / "evidence.png").write_bytes(strip_png(sound.activity))
    found = StoredExhibits(
        pictures=tuple(pictures),
        people=tuple(people),
        sound_s=None if sound is None else sound.duration_s,
        activity=sound is not None and sound.activity.size > 0,
    )
    (folder / "exhibits.json").write_text(found.model_dump_json(), encoding="utf-8")
